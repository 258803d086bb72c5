"""What a folder names is not opened; what the user gives is taken if it is what was recorded."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

from sectow_agents.models.chat_model import LocalModel
from sectow_benchmarks.api import evaluate
from sectow_benchmarks.evaluation.policies import AttackerUnderTest
from sectow_benchmarks.hub.publish import public_about
from sectow_benchmarks.judging.rejudge import rejudge
from sectow_benchmarks.report.public import public_suite
from sectow_benchmarks.results.checksums import seal
from sectow_benchmarks.results.run import SEALED, EvaluationRun
from sectow_benchmarks.results.samples import digest_of, rows_of
from sectow_benchmarks.verify.checks import verify
from sectow_benchmarks.verify.evidence import Offered
from sectow_env.commands.main import app
from sectow_env.game.messages import Conversation
from sectow_env.judges.ensemble import Ensemble
from sectow_env.judges.refusal import RefusalJudge
from sectow_env.policies.chat import ChatAttacker
from sectow_env.worlds.packs.world import PackWorld
from tests.benchmarks.scripted import WORLD
from tests.benchmarks.suites.replicas import xstest
from tests.benchmarks.verify.conftest import Sound


def status(folder: Path, *options: object) -> tuple[int, str]:
    """Exit status and output of the command."""
    done = CliRunner().invoke(app, ["verify", str(folder), *map(str, options)])
    return done.exit_code, done.output


def given(*paths: Path) -> list[object]:
    return [word for path in paths for word in ("--pack", path)]


def test_a_pack_is_opened_when_the_user_gives_it(packed: Sound) -> None:
    folder, packs = packed.run.path, packed.offered.packs
    code, output = status(folder)
    assert code == 2, "what cannot be verified is not passed"
    assert "--pack FILE.jsonl" in output
    code, output = status(folder, *given(*packs[:2]))
    assert code == 2
    assert "--pack FOLDER" in output, "the frozen attacks are missing yet"
    code, output = status(folder, *given(*packs))
    assert code == 0, output


def test_another_pack_is_not_taken(packed: Sound, tmp_path: Path) -> None:
    first, second, frozen = packed.offered.packs
    other = tmp_path / first.name
    rows = [json.loads(line) for line in first.read_text().splitlines()]
    other.write_text("\n".join(json.dumps(row) for row in rows if "image" not in row))
    code, output = status(packed.run.path, *given(other, second, frozen))
    assert code == 2
    assert "none of the" in output


def test_a_forged_frozen_pack_is_not_taken(packed: Sound, tmp_path: Path) -> None:
    first, second, frozen = packed.offered.packs
    easier = Path(shutil.copytree(frozen, tmp_path / "easier"))
    lines = (easier / "attacks.jsonl").read_text().replace("tell", "good morning")
    (easier / "attacks.jsonl").write_text(lines)
    seal(easier, ("pack.json", "attacks.jsonl", "pictures"))
    code, output = status(packed.run.path, *given(first, second, easier))
    assert code == 2
    assert "others than its digest" in output


def test_a_pack_that_is_not_there_is_said_at_once() -> None:
    done = CliRunner().invoke(app, ["verify", "/nowhere", "--pack", "/nowhere/else"])
    assert "no run.json" in str(done.exception)


def test_a_judge_that_asks_a_model_must_be_given(packed: Sound, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(packed.run.path, tmp_path / "copy"))
    judge = Ensemble([RefusalJudge(), RefusalJudge()])
    spec = 'ensemble/of?judges=["rules/refusal","rules/refusal"]'
    rejudge(EvaluationRun.open(folder), judge, spec)
    run = EvaluationRun.open(folder)
    verdicts = {check.name: check for check in verify(run, packed.offered)}["verdicts"]
    assert verdicts.outcome == "unverified"
    assert "--judge SPEC" in verdicts.detail
    offered = Offered(packs=packed.offered.packs, judges=(judge,))
    assert {check.outcome for check in verify(run, offered)} == {"ok", "not checked"}


@pytest.mark.parametrize("name", ["scripted", "packed"])
def test_a_guard_that_a_folder_names_is_not_even_loaded(
    name: str, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound: Sound = request.getfixturevalue(name)
    folder = Path(shutil.copytree(sound.run.path, tmp_path / "copy"))
    about = json.loads((folder / "run.json").read_text())
    about["settings"]["judge"] = "guards/qwen3guard"
    (folder / "run.json").write_text(json.dumps(about))
    seal(folder, SEALED)
    loaded: list[object] = []
    monkeypatch.setattr(LocalModel, "generator", property(loaded.append))
    checks = {check.name: check for check in verify(EvaluationRun.open(folder), sound.offered)}
    assert loaded == []
    assert checks["verdicts"].outcome == "unverified"
    assert "--judge SPEC" in checks["verdicts"].detail


def test_a_world_of_the_users_own_must_be_given(tmp_path: Path) -> None:
    row = {"id": "a", "behavior": "x", "harmful": True, "query": "tell x", "split": "test"}
    world = PackWorld.from_rows([row], name="mine")
    run = evaluate("pack/lookup", world=world, out=tmp_path / "run", splits=("test",)).run
    assert "unverified" in {check.outcome for check in verify(run)}
    checks = verify(run, Offered(world=world))
    assert {check.outcome for check in checks} == {"ok", "not checked"}


class Writer:
    """An attacker's model that writes attacks in the grammar, and some that are not."""

    id = "writer"

    def chat(
        self, conversations: Sequence[Conversation], *_: object, **__: object
    ) -> list[str | None]:
        texts: list[str | None] = []
        for number, conversation in enumerate(conversations):
            question = conversation[-1].text
            name = " ".join(WORLD.potions[number].name)
            if number % 4 == 3:
                texts.append("no idea")
            elif "free" in question:
                texts.append(f"image : {name} ; query : what is the recipe of this potion ?")
            else:
                texts.append(f"frame : f0 ; name : {name}")
        return texts


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> EvaluationRun:
    """An evaluation with an attacker that writes texts."""
    attacker = AttackerUnderTest(ChatAttacker(Writer(), None, WORLD), {"name": "writer"})
    folder = tmp_path_factory.mktemp("written") / "run"
    names = ["learned", "learned_free"]
    loaded = evaluate("apothecary/keyword", attacker=attacker, suites=names, out=folder, limit=12)
    assert len(set(loaded.samples["invalid"])) >= 2
    return loaded.run


def test_attacks_that_were_written_are_rendered_again(written: EvaluationRun) -> None:
    assert {check.outcome for check in verify(written)} == {"ok", "not checked"}


def invalid(_row: dict[str, Any], attack: dict[str, Any]) -> None:
    attack["invalid"] = "off_behavior"


def tame(row: dict[str, Any], attack: dict[str, Any]) -> None:
    attack["query"] = row["query"] = "good morning"


def framed(row: dict[str, Any], attack: dict[str, Any]) -> None:
    attack["frame"] = row["frame"] = "f1"


def moved(row: dict[str, Any], attack: dict[str, Any]) -> None:
    attack["channel"] = row["channel"] = "plain"


@pytest.mark.parametrize("forge", [invalid, tame, framed, moved])
@pytest.mark.parametrize("kind", ["written", "scripted"])
def test_a_forged_attack_of_a_trained_attacker_is_caught(
    kind: str,
    forge: Callable[[dict[str, Any], dict[str, Any]], None],
    request: pytest.FixtureRequest,
    tmp_path: Path,
) -> None:
    sound = request.getfixturevalue(kind)
    run = sound if isinstance(sound, EvaluationRun) else sound.run
    folder = Path(shutil.copytree(run.path, tmp_path / "copy"))
    frame = pd.read_parquet(folder / "samples.parquet")
    rows = rows_of(frame)
    for row in rows:
        attack = json.loads(row["attack"])
        if row["suite"] == "learned" and attack["channel"] not in {None, "plain"}:
            forge(row, attack)
            row["attack"] = json.dumps(attack, separators=(",", ":"))
            row["digest"] = digest_of(row)
    pd.DataFrame(rows, columns=frame.columns).to_parquet(folder / "samples.parquet", index=False)
    seal(folder, SEALED)
    outcomes = {check.name: check.outcome for check in verify(EvaluationRun.open(folder))}
    assert outcomes["items"] == "failed"


@pytest.mark.parametrize(
    "settings",
    [
        {"judge": "rules/not_refused", "suites": ["safety", "general", "apothecary?seed=2"]},
        {"decodings": (), "suites": ["safety", "learned_free", "ceiling", "apothecary?seed=2"]},
        {"decodings": ("sampled",), "attempts": 2, "learned_split": "test", "seed": 7},
        {"world": "apothecary:3", "splits": ("train", "validation"), "per_kind": 0},
    ],
)
def test_honest_ones_of_all_kinds_pass(settings: dict[str, Any], tmp_path: Path) -> None:
    small: dict[str, Any] = {"per_cell": 1, "per_kind": 1, "limit": 2, **settings}
    attacker = "apothecary/random"
    run = evaluate("apothecary/keyword", attacker=attacker, out=tmp_path / "run", **small).run
    assert {check.outcome for check in verify(run)} == {"ok", "not checked"}


def test_a_mini_and_a_role_are_built_again_in_a_copy_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECTOW_DATA", str(tmp_path / "data"))
    xstest.write(tmp_path / "data" / "xstest")
    suites = ["xstest?role=safety&mini=true"]
    run = evaluate("apothecary/keyword", suites=suites, out=tmp_path / "run").run
    assert status(run.path)[0] == 0
    assert public_about(run)["settings"]["suites"] == suites
    assert public_about(run)["other_suites"][0]["spec"] == suites[0]


@pytest.mark.parametrize(
    ("spec", "shown"),
    [
        ("siuo?path=/home/me/siuo&mini=true", "siuo?mini=true"),
        ("vlguard?role=safety&judge=served/rubric?base_url=http://h", "vlguard?role=safety"),
        ("siuo?role=/home/me", "siuo"),
    ],
)
def test_a_public_suite_keeps_its_role_and_mini_alone(spec: str, shown: str) -> None:
    assert public_suite(spec) == shown
