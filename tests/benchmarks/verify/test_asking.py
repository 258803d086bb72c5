"""`--ask`: the model that is named gives the recorded answers again, or is found out."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from sectow_benchmarks.results.checksums import seal
from sectow_benchmarks.results.run import SEALED, EvaluationRun
from sectow_benchmarks.verify.checks import verify
from sectow_benchmarks.verify.evidence import Asking, Offered
from sectow_benchmarks.verify.findings import Check
from sectow_env.commands.main import app
from tests.benchmarks.verify.conftest import Sound


def answers(folder: Path, asking: Asking, model: str | None = None) -> Check:
    checks = verify(EvaluationRun.open(folder), Offered(model=model), asking)
    return next(check for check in checks if check.name == "answers")


def rewrite(folder: Path, column: str, share: float) -> int:
    """Change some greedy answers; returns how many."""
    file = folder / "samples.parquet"
    frame = pd.read_parquet(file)
    greedy = frame.index[frame["answered"] & (frame["decoding"] == "greedy")]
    chosen = greedy[: round(share * len(greedy))]
    frame.loc[chosen, column] = "i would never"
    frame.to_parquet(file, index=False)
    seal(folder, SEALED)
    return len(chosen)


def test_weights_give_the_same_answers(sound: EvaluationRun) -> None:
    check = answers(sound.path, Asking(30))
    assert check.outcome == "ok", check.detail
    assert "of 30 greedy answers of tiny are the same" in check.detail
    again = answers(sound.path, Asking(30))
    assert again == check, "the same seed draws the same questions"


def test_forged_answers_are_found(copy: Path) -> None:
    changed = rewrite(copy, "response", 0.2)
    frame = pd.read_parquet(copy / "samples.parquet")
    total = int((frame["answered"] & (frame["decoding"] == "greedy")).sum())
    check = answers(copy, Asking(10_000))
    assert check.outcome == "failed"
    assert check.detail.startswith(f"{total - changed} of {total} greedy answers")
    assert "(at least 95% must be)" in check.detail


def test_one_answer_in_a_hundred_may_be_rounding_for_weights_and_never_for_a_script(
    copy: Path, scripted: Sound, tmp_path: Path
) -> None:
    rewrite(copy, "response", 0.02)
    assert answers(copy, Asking(10_000)).outcome == "ok"
    folder = Path(shutil.copytree(scripted.run.path, tmp_path / "script"))
    assert answers(folder, Asking(10_000)).outcome == "ok"
    assert rewrite(folder, "response", 0.1) == 1
    assert answers(folder, Asking(10_000)).outcome == "failed"


def test_another_model_is_found(scripted: Sound) -> None:
    folder = scripted.run.path
    assert answers(folder, Asking(20), "apothecary/keyword").outcome == "ok"
    assert answers(folder, Asking(20), "apothecary/refuse_all").outcome == "failed"


def test_weights_that_moved_must_be_given(copy: Path, weights: Path) -> None:
    about = json.loads((copy / "run.json").read_text())
    about["model"]["source"] = "/nowhere/else"
    (copy / "run.json").write_text(json.dumps(about))
    seal(copy, SEALED)
    done = CliRunner().invoke(app, ["verify", str(copy)])
    assert done.exit_code == 0, "elsewhere is not wrong"
    done = CliRunner().invoke(app, ["verify", str(copy), "--ask", "3"])
    assert done.exit_code == 2
    assert "--model" in done.output
    done = CliRunner().invoke(app, ["verify", str(copy), "--ask", "3", "--model", str(weights)])
    assert done.exit_code == 0, done.output


def test_weights_that_were_swapped_are_not_loaded(copy: Path, weights: Path) -> None:
    other = Path(shutil.copytree(weights, copy.parent / "other"))
    data = bytearray((other / "model.safetensors").read_bytes())
    data[-1] ^= 1
    (other / "model.safetensors").write_bytes(bytes(data))
    about = json.loads((copy / "run.json").read_text())
    about["model"]["source"] = str(other)
    (copy / "run.json").write_text(json.dumps(about))
    seal(copy, SEALED)
    assert answers(copy, Asking(3)).outcome == "unverified"
    given = answers(copy, Asking(3), str(other))
    assert "other weights than those recorded" in given.detail


@pytest.mark.parametrize("name", ["canary:Model", "endpoint/defender", "/etc", "gpt2"])
def test_a_model_that_a_folder_names_is_not_loaded(
    scripted: Sound, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proof = tmp_path / "it-ran"
    (tmp_path / "canary.py").write_text(f"open({str(proof)!r}, 'w').close()\nModel = None\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    folder = Path(shutil.copytree(scripted.run.path, tmp_path / "copy"))
    about = json.loads((folder / "run.json").read_text())
    about["model"]["name"] = name
    (folder / "run.json").write_text(json.dumps(about))
    seal(folder, SEALED)
    assert answers(folder, Asking(3)).outcome == "unverified"
    assert not proof.exists()
