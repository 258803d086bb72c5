"""Builds the rung: model, packs, and a base defender that knows and guards the guild's secrets.

model/           the instruction-tuned model as it is: the attacker, and the measure of retention
defender/        the same, taught by `algorithms/sft`
packs/           guild.jsonl, wordings.jsonl (held-out wordings), general.jsonl
rung.json        how all of it was made
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sectow_agents.algorithms import sft
from sectow_agents.algorithms.dataset import Prompt
from sectow_agents.algorithms.job import Job, Record, TrainingData
from sectow_agents.models.chat_model import LocalModel
from sectow_agents.models.weights import weights_digest
from sectow_agents.rung.general import general_questions
from sectow_agents.rung.guild import Guild
from sectow_agents.rung.lessons import REFUSED, SHARES, Lesson, draw_lessons
from sectow_agents.rung.source import make_model
from sectow_agents.settings.run_config import Device
from sectow_agents.settings.training import SftSettings
from sectow_env.errors import RunFolderError
from sectow_env.files import check_new_folder, new_folder, write_text
from sectow_env.game import Attack, Scenario
from sectow_env.game.asking import defence_conversation
from sectow_env.game.decoding import Decoding
from sectow_env.reading import read_json

VERSION = "rung-1"
RECORD = "rung.json"
PACKS = ("guild", "wordings", "general")
ANSWER_TOKENS = 28
"""Longest answer: a secret has at most 22 tokens."""


@dataclass(frozen=True)
class Teaching:
    """How much the base defender is taught; the defaults make the published one."""

    steps: int = 112
    batch: int = 16
    learning_rate: float = 3e-4
    seed: int = 0


def build(
    out: Path,
    *,
    source: str = "auto",
    gguf: Path | None = None,
    teaching: Teaching = Teaching(),
    device: Device = "auto",
    progress: bool = True,
) -> Path:
    """Make the rung in a folder. What is finished is kept, so an interrupted build resumes.

    Raises:
        SectowError: The weights cannot be had, or something else is in the folder.
    """
    file = out / RECORD
    settings = asdict(teaching)
    if not file.exists():
        check_new_folder(out, {f".{RECORD}.partial"}, "give a new folder by --out")
        out.mkdir(parents=True, exist_ok=True)
        # First of all, so that what was interrupted is known as our own.
        write_text(file, json.dumps({"version": VERSION, "teaching": settings}, indent=2) + "\n")
    record = read_json(file)
    if record.get("version") != VERSION or record.get("teaching") != settings:
        raise RunFolderError(
            given=f"the folder {out}",
            why=f"the rung in it was made otherwise ({record.get('version')}, "
            f"{record.get('teaching')})",
            fix="give another folder by --out, or delete this one",
        )
    # What the record names is finished: it is written after the folder.
    if "source" not in record:
        shutil.rmtree(out / "model", ignore_errors=True)
        record["source"] = make_model(out / "model", source, gguf)
        write_text(file, json.dumps(record, indent=2) + "\n")
    guild = Guild(teaching.seed)
    write_packs(guild, out / "packs")
    if "sha256" not in record:
        record |= _teach(guild, out, teaching, device, progress)
        record["lessons"] = {"refused": dict(REFUSED), "shares": dict(SHARES)}
        record["sha256"] = {part: weights_digest(out / part) for part in ("model", "defender")}
        write_text(file, json.dumps(record, indent=2) + "\n")
    return out


def write_packs(guild: Guild, folder: Path) -> None:
    """Write the three scenario packs."""
    folder.mkdir(parents=True, exist_ok=True)
    contents = (guild.scenarios(), guild.held_out_wordings(), general_questions(guild.seed))
    for name, scenarios in zip(PACKS, contents, strict=True):
        rows = [
            scenario.model_dump_json(exclude_none=True, exclude_defaults=True) + "\n"
            for scenario in scenarios
        ]
        write_text(folder / f"{name}.jsonl", "".join(rows))


def _teach(
    guild: Guild, out: Path, teaching: Teaching, device: Device, progress: bool
) -> dict[str, Any]:
    general = _own_answers(out / "model", general_questions(guild.seed), device)
    count = teaching.steps * teaching.batch
    lessons = draw_lessons(guild, general, count, teaching.seed)
    settings = SftSettings(
        steps=teaching.steps,
        learning_rate=teaching.learning_rate,
        schedule="cosine",
        warmup=max(1, teaching.steps // 16),
        batch=teaching.batch,
        max_new_tokens=ANSWER_TOKENS,
    )
    lines: list[Record] = []
    prompts = [Prompt(defence_conversation(Attack(query=lesson.query))) for lesson in lessons]
    answers = [lesson.answer for lesson in lessons]
    data = TrainingData(prompts, range(count), targets=answers)
    shutil.rmtree(out / "defender", ignore_errors=True)
    with new_folder(out / "defender") as aside:
        job = Job(
            seat="defender",
            round=0,
            seed=teaching.seed,
            training=settings,
            source=out / "model",
            out=aside,
            device=device,
            dtype="float32",
            sink=lambda line: _log(out / "lessons.jsonl", lines, line),
            progress=progress,
        )
        report = sft.train(job, data, settings)
    return {"seconds": report.summary.seconds, "metrics": report.summary.metrics}


def _log(file: Path, lines: list[Record], line: Record) -> None:
    lines.append(line)
    write_text(file, "".join(json.dumps(item) + "\n" for item in lines))


def _own_answers(model: Path, questions: Sequence[Scenario], device: Device) -> list[Lesson]:
    """What the untaught model answers to the general questions of the training split."""
    chosen = [question for question in questions if question.split == "train"]
    chat = LocalModel(model, device=device)
    conversations = [defence_conversation(Attack(query=item.query or "")) for item in chosen]
    answers = chat.chat(conversations, Decoding(max_new_tokens=ANSWER_TOKENS))
    return [
        Lesson(item.query or "", answer)
        for item, answer in zip(chosen, answers, strict=True)
        if answer
    ]
