"""The README.md of a checkpoint: what it is, how it was made, and what was measured of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sectow_agents.models.weights import weights_digest
from sectow_agents.run.digests import CARD
from sectow_agents.run.folder import Finished, RunFolder
from sectow_agents.settings.adapters import adapter_base
from sectow_agents.settings.file import load_config
from sectow_benchmarks.board.figures import Measured, measured
from sectow_benchmarks.board.markdown import md_safe, shown, table
from sectow_benchmarks.board.words import made_by
from sectow_benchmarks.report.public import public_name, public_runs
from sectow_benchmarks.results.run import EvaluationRun
from sectow_env.errors import ConfigError
from sectow_env.files import write_text
from sectow_env.game import SEATS, Seat
from sectow_env.reading import read_json, read_text

if TYPE_CHECKING:
    from huggingface_hub import EvalResult

HUB_ID = re.compile(r"[\w-][\w.-]{0,95}/[\w-][\w.-]{0,95}")
MARK = "Written by `sectow card`."
PEFT_DRAFT = "[More Information Needed]"
"""What a card has that a library left for somebody to fill in."""
LIMITS = (
    "What is refused here was refused in what was measured, and says little about other attacks: "
    "attackers adapt. A low attack success can also mean that a model forgot what it was asked "
    "for, so read it beside recall, over-refusal and capability. Verdicts are those of the named "
    "judge, with its errors. Figures from an invented world are statements about that world."
)


@dataclass(frozen=True)
class Training:
    """The training run that a checkpoint is from."""

    folder: RunFolder
    seat: Seat
    done: Finished


def write_card(
    model: Path,
    *,
    evaluation: EvaluationRun | None = None,
    base: str | None = None,
    licence: str | None = None,
    force: bool = False,
) -> Path:
    """Write the card of a checkpoint into its folder.

    Args:
        model: The folder.
        evaluation: Of these weights.
        base: Id of the base model on the hub, where the checkpoint does not name it.
        licence: Of the weights, as the hub names it.
        force: Replace a card that somebody wrote.

    Raises:
        ConfigError: It is not a checkpoint, the evaluation is of other weights, or there is a card.
    """
    digest = weights_digest(model)
    if digest is None or not any((model / name).is_file() for name in _CONFIGS):
        raise ConfigError(
            given=f"the model {model}",
            why="it has no weights (*.safetensors) or no config.json",
            fix="give the folder of a checkpoint, such as RUN/rounds/2/defender",
        )
    _check_free(model / CARD, force)
    if evaluation is not None and evaluation.about["model"].get("sha256") != digest:
        raise ConfigError(
            given=f"the evaluation {evaluation.path}",
            why="it is of other weights than those in the folder",
            fix=f"measure these: sectow bench --model {model}",
        )
    text = card(model, digest, evaluation, base or adapter_base(model), licence)
    write_text(model / CARD, text)
    return model / CARD


def card(
    model: Path,
    digest: str,
    evaluation: EvaluationRun | None,
    base: str | None,
    licence: str | None,
) -> str:
    """The text of a card."""
    training = training_of(model)
    name = f"{training.folder.path.name} {training.seat}" if training else model.resolve().name
    shown_run = None if evaluation is None else public_runs([evaluation])[0]
    figures = [] if shown_run is None else measured(shown_run.scores)
    origin = public_name(base) if base else None
    parts = [
        [f"# {md_safe(name)}", "", MARK, ""],
        [f"- weights sha256: {digest}", *([f"- base: {md_safe(origin)}"] if origin else [])],
        _made(training),
        _figures(shown_run, figures),
        ["", "## Limits", "", LIMITS],
        _again(training, shown_run),
    ]
    front = _front(model, name, base, licence, shown_run, figures)
    return front + "\n".join(line for lines in parts for line in lines) + "\n"


def training_of(model: Path) -> Training | None:
    """The run that a checkpoint is in, as `RUN/rounds/K/SEAT`; None for any other."""
    path = model.resolve()
    seat = next((seat for seat in SEATS if seat == path.name), None)
    if seat is None or len(path.parents) < 3 or not path.parent.name.isdecimal():
        return None
    if not (path.parents[2] / "run.json").is_file():
        return None
    folder, number = RunFolder.open(path.parents[2]), int(path.parent.name)
    for done in folder.state.phases:
        if (done.summary.seat, done.summary.round) == (seat, number):
            return Training(folder, seat, done)
    return None


def _front(
    model: Path,
    name: str,
    base: str | None,
    licence: str | None,
    run: EvaluationRun | None,
    figures: list[Measured],
) -> str:
    """The block of YAML at the top, as the hub reads it."""
    from huggingface_hub import ModelCardData

    config = next(model / each for each in _CONFIGS if (model / each).is_file())
    tree = read_json(config)
    sees = isinstance(tree, dict) and "vision_config" in tree
    # A folder of ours is not a model that the hub knows.
    known = base is not None and HUB_ID.fullmatch(base) and not Path(base).exists()
    task = "image-text-to-text" if sees or run is not None else "text-generation"
    data = ModelCardData(
        model_name=name,
        base_model=base if known else None,
        license=licence,
        library_name="peft" if config.name.startswith("adapter") else "transformers",
        pipeline_tag=task,
        tags=["sectow", "safety", "red-teaming"],
        eval_results=None if run is None else list(_results(run, figures, task)) or None,
    )
    return f"---\n{data.to_yaml()}\n---\n\n"


def _results(run: EvaluationRun, figures: list[Measured], task: str) -> Iterator[EvalResult]:
    from huggingface_hub import EvalResult

    beside = {suite["name"]: suite["revision"] for suite in run.about["other_suites"]}
    for each in figures:
        if not each.estimate.known:
            continue
        suite = each.figure.suite
        tree = each.estimate.to_json()
        yield EvalResult(
            task_type=task,
            dataset_type=suite,
            dataset_name=", ".join(filter(None, (suite, run.about["world"].get("id")))),
            dataset_revision=str(beside.get(suite, run.about["suites"].get(suite, ""))),
            dataset_config=each.decoding,
            metric_type=each.figure.key,
            metric_name=each.figure.title,
            metric_value=round(tree["value"], 6),
            metric_args={key: tree[key] for key in ("low", "high", "n", "clusters", "missing")},
        )


def _made(training: Training | None) -> list[str]:
    if training is None:
        return ["", "How it was made is not known here: the folder is not in a training run."]
    about, done = training.folder.about, training.done
    config = load_config(training.folder.path / "config.yaml", follow=False)
    settings = config.training(training.seat)
    facts: Mapping[str, Any] = {
        "world": (about.get("world") or {}).get("id"),
        "judge": about.get("judge"),
        "round": f"{done.summary.round} of {config.rounds}",
        "algorithm": settings.algorithm,
        "optimizer steps of the phase": done.summary.steps,
        "learning rate": f"{settings.learning_rate:g}",
        "batch": settings.batch,
        "adapter": None if settings.lora is None else f"LoRA, rank {settings.lora.rank}",
        "seed": config.seed,
        "settings sha256": about.get("config_sha256"),
        "versions": ", ".join(f"{key} {value}" for key, value in about.get("versions", {}).items()),
        "objections of the monitor": "; ".join(done.objections),
    }
    how = (
        f"As the {training.seat} of a Secure Tug-of-War (arXiv 2507.22037): attacker and defender "
        "are trained in turn."
    )
    return [
        *("", "## How it was made", "", how, ""),
        *(f"- {name}: {md_safe(str(value))}" for name, value in facts.items() if value),
    ]


def _figures(run: EvaluationRun | None, figures: list[Measured]) -> list[str]:
    if run is None:
        return ["", "## Figures", "", "None was given: see `sectow bench`."]
    rows = [(each.figure.title, each.decoding, shown(each.estimate)) for each in figures]
    known = [each.estimate.method for each in figures if each.estimate.known]
    ground = [("World", run.about["world"].get("id")), ("judge", ", ".join(_judges(run)))]
    how = ", ".join(f"{word} {md_safe(str(value))}" for word, value in ground if value)
    how = f"{how[:1].upper()}{how[1:]}. {made_by(known)}"
    return [
        *("", "## Figures", "", how, ""),
        *table(("figure", "decoding", "measured"), rows, escape=True),
    ]


def _judges(run: EvaluationRun) -> list[str]:
    """That of the world, or those of the suites where none was played."""
    own = [run.about["judge"]] if run.about["judge"] else []
    return own or list(dict.fromkeys(str(suite["judge"]) for suite in run.about["other_suites"]))


def _again(training: Training | None, run: EvaluationRun | None) -> list[str]:
    lines = ["", "## To reproduce", "", "```sh"]
    if training is not None:
        lines.append("sectow train --config config.yaml   # of the training run")
    lines.append("sectow bench --model FOLDER_OR_ID")
    if run is not None:
        lines.append("sectow verify EVALUATION")
    return [*lines, "```"]


def _check_free(file: Path, force: bool) -> None:
    if not file.exists() or force:
        return
    text = read_text(file, follow=False)
    if MARK not in text and PEFT_DRAFT not in text:
        raise ConfigError(
            given=f"the card {file}",
            why="somebody wrote it",
            fix="keep it, or replace it with --force",
        )


_CONFIGS = ("config.json", "adapter_config.json")
