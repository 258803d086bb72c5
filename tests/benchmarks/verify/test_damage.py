"""Damaged folders of somebody else: always a finding or a message, never a traceback or a hang."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from sectow_benchmarks.results.checksums import seal
from sectow_benchmarks.results.run import SEALED
from sectow_env.commands.main import app
from sectow_env.errors import SectowError
from tests.benchmarks.verify.conftest import Sound

pytestmark = pytest.mark.timeout(60)
Damage = Callable[[Path], object]


@pytest.fixture
def folder(scripted: Sound, tmp_path: Path) -> Path:
    return Path(shutil.copytree(scripted.run.path, tmp_path / "copy"))


def run_json(change: Callable[[dict[str, Any]], object]) -> Damage:
    def damage(folder: Path) -> None:
        about = json.loads((folder / "run.json").read_text())
        change(about)
        (folder / "run.json").write_text(json.dumps(about))

    return damage


def text(name: str, content: str) -> Damage:
    return lambda folder: (folder / name).write_text(content)


def table(change: Callable[[pd.DataFrame], pd.DataFrame], name: str = "samples") -> Damage:
    def damage(folder: Path) -> None:
        file = folder / f"{name}.parquet"
        change(pd.read_parquet(file)).to_parquet(file, index=False)

    return damage


def cut(name: str, size: int) -> Damage:
    return lambda folder: os.truncate(folder / name, size)


def replaced(name: str, make: Callable[[Path], object]) -> Damage:
    def damage(folder: Path) -> None:
        (folder / name).unlink()
        make(folder / name)

    return damage


def linked(name: str) -> Damage:
    """A link to the file itself, which lies out of the folder."""

    def damage(folder: Path) -> None:
        moved = (folder / name).rename(folder.parent / "elsewhere")
        (folder / name).symlink_to(moved)

    return damage


def first_picture(folder: Path) -> Path:
    return next((folder / "pictures").glob("*.png"))


DAMAGES: dict[str, Damage] = {
    "truncated samples": cut("samples.parquet", 2000),
    "empty verdicts": cut("verdicts.parquet", 0),
    "truncated run.json": cut("run.json", 200),
    "nested run.json": text("run.json", "[" * 100_000 + "]" * 100_000),
    "nested costs": text("costs/greedy.json", '{"seconds": ' + "[" * 100_000),
    "5,000 digits": run_json(lambda about: about["settings"].update(seed=0, limit=7)),
    "digits in costs": text("costs/greedy.json", '{"samples": ' + "7" * 5000 + "}"),
    "a list as run.json": text("run.json", "[]"),
    "not a number": text("costs/greedy.json", '{"seconds": NaN, "samples": NaN}'),
    "settings as text": run_json(lambda about: about.update(settings="all")),
    "settings of text": run_json(lambda about: about["settings"].update(limit="many")),
    "model without a name": run_json(lambda about: about["model"].clear()),
    "source as a number": run_json(lambda about: about["model"].update(source=7, sha256="7")),
    "source with a null": run_json(lambda about: about["model"].update(source="\0", sha256="7")),
    "judges as text": run_json(lambda about: about.update(judges="rules/refusal")),
    "judges of numbers": run_json(lambda about: about.update(judges=[7])),
    "suites beside of numbers": run_json(lambda about: about.update(other_suites=[7])),
    "attacks as text": run_json(lambda about: about.update(attacks="all")),
    "world as a list": run_json(lambda about: about["world"].update(name=["apothecary:0"])),
    "a huge world": run_json(lambda about: about["world"].update(name="apothecary:" + "9" * 400)),
    "a long world": run_json(lambda about: about["world"].update(name="w" * 5000)),
    "a long name": run_json(lambda about: about.update(name="n" * 5000)),
    "an escape": run_json(lambda about: about.update(name="\x1b]0;owned\x07\x1b[2J")),
    "a lone surrogate": text("run.json", '{"name": "\\ud800"}'),
    "no samples": table(lambda frame: frame.iloc[:0]),
    "no verdicts": table(lambda frame: frame.iloc[:0], "verdicts"),
    "a missing column": table(lambda frame: frame.drop(columns="cluster")),
    "no scenario": table(lambda frame: frame.drop(columns="scenario")),
    "no key": table(lambda frame: frame.drop(columns="sample"), "verdicts"),
    "lists": table(lambda frame: frame.assign(split=frame["split"].map(lambda text: [text]))),
    "numbers as keys": table(lambda frame: frame.assign(sample=range(len(frame)))),
    "gaps": table(lambda frame: frame.assign(suite=np.nan, response=None)),
    "scenario not JSON": table(lambda frame: frame.assign(scenario="{")),
    "nested scenario": table(lambda frame: frame.assign(scenario='{"id":' + "[" * 50_000)),
    "a path as a picture": table(lambda frame: frame.assign(picture="../../run.json")),
    "a long picture": table(lambda frame: frame.assign(picture="a" * 5000)),
    "harmful of 2": table(lambda frame: frame.assign(harmful=2.0), "verdicts"),
    "infinite": table(lambda frame: frame.assign(score=np.inf), "verdicts"),
    "judge without version": table(lambda frame: frame.assign(judge="x"), "verdicts"),
    "a pipe for samples": replaced("samples.parquet", os.mkfifo),
    "a pipe for run.json": replaced("run.json", os.mkfifo),
    "a pipe for the seal": replaced("SHA256SUMS", os.mkfifo),
    "a pipe for a picture": lambda folder: replaced(
        f"pictures/{first_picture(folder).name}", os.mkfifo
    )(folder),
    "a folder for samples": replaced("samples.parquet", Path.mkdir),
    "a folder for a picture": lambda folder: (folder / "pictures" / "x.png").mkdir(),
    "linked samples": linked("samples.parquet"),
    "a linked run.json": linked("run.json"),
    "a linked seal": linked("SHA256SUMS"),
    "linked costs": linked("costs"),
    "a link beside": lambda folder: (folder / "notes").symlink_to(folder.parent),
    "a linked report": lambda folder: (folder / "report").symlink_to(folder.parent),
    "a pipe beside": lambda folder: os.mkfifo(folder / "notes"),
    "a file beside": text("notes.txt", "x"),
    "a folder beside": lambda folder: (folder / "notes").mkdir(),
    "a file in costs": text("costs/notes.txt", "x"),
    "another unit": text("costs/other.json", '{"seconds": 1.0, "samples": 3}'),
    "results of no task": text("lm_eval/lm_eval.json", "{}"),
    "a picture of text": text("pictures/a.png", "%!PS"),
    "a hidden file": text(".notes", "x"),
    "an escape in a name": text("\x1b[2Jnotes.txt", "x"),
    "no picture": lambda folder: first_picture(folder).unlink(),
    "no costs": lambda folder: shutil.rmtree(folder / "costs"),
}
UNSEALED = {"a pipe for the seal", "a linked seal", "a pipe for samples", "a pipe for a picture"}


@pytest.mark.parametrize("name", list(DAMAGES))
def test_damage_is_a_finding_or_a_message(folder: Path, name: str) -> None:
    DAMAGES[name](folder)
    if name == "5,000 digits":
        file = folder / "run.json"
        file.write_text(file.read_text().replace('"limit": 7', f'"limit": {"7" * 5000}'))
    if name not in UNSEALED:
        seal(folder, SEALED)
    done = CliRunner().invoke(app, ["verify", str(folder)])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        assert isinstance(done.exception, SectowError), done.exception
        return
    assert done.exit_code == 1, done.output
    assert "\x1b" not in done.output
    assert "failed" in done.output
