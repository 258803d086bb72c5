"""Model cards: what the hub reads at their top, and what people read below."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, cast

import pytest
from huggingface_hub import ModelCard, ModelCardData
from typer.testing import CliRunner

from sectow_agents.run.digests import check_checkpoint, folder_digests
from sectow_agents.run.folder import RunFolder
from sectow_benchmarks.api import evaluate
from sectow_benchmarks.evaluation.measure import measure
from sectow_benchmarks.evaluation.policies import defender_under_test
from sectow_benchmarks.evaluation.settings import MeasureSettings
from sectow_benchmarks.hub.model_card import write_card
from sectow_benchmarks.results.run import EvaluationRun
from sectow_env.commands.main import app
from sectow_env.errors import ConfigError
from tests.agents.stubs import StubPhases, stub_run
from tests.benchmarks.scripted import WORLD
from tests.benchmarks.suites.replicas import xstest

SETTINGS = MeasureSettings(
    splits=("test",), per_cell=1, per_kind=1, decodings=("greedy",), max_new_tokens=2, limit=4
)


@pytest.fixture(scope="module")
def run(organism_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> EvaluationRun:
    """An evaluation of an untrained organism."""
    subject = defender_under_test(organism_folder, WORLD, name="tiny | <b>")
    return measure(subject, SETTINGS, tmp_path_factory.mktemp("carded") / "run")


@pytest.fixture
def model(organism_folder: Path, tmp_path: Path) -> Path:
    """A copy of it that gets a card."""
    return Path(shutil.copytree(organism_folder, tmp_path / "tiny"))


def read(file: Path) -> ModelCardData:
    """What the hub reads."""
    return cast("ModelCardData", ModelCard.load(file).data)


def test_the_hub_reads_the_figures_with_their_intervals(model: Path, run: EvaluationRun) -> None:
    file = write_card(model, evaluation=run, base="owner/base", licence="apache-2.0")
    data = read(file)
    assert data.base_model == "owner/base"
    assert (data.library_name, data.pipeline_tag) == ("transformers", "image-text-to-text")
    assert data.eval_results is not None
    asr = data.eval_results[0]
    assert asr.metric_args is not None
    assert asr.metric_args["low"] <= asr.metric_value <= asr.metric_args["high"]
    assert asr.metric_args["n"] > 0
    text = file.read_text()
    assert "## Limits" in text
    assert "clustered" in text or "cluster" in text


def test_suites_without_a_world(model: Path, tmp_path: Path) -> None:
    xstest.write(tmp_path / "xstest")
    suites = [f"xstest?path={tmp_path / 'xstest'}"]
    run = evaluate(str(model), suites=suites, decodings=("greedy",), out=tmp_path / "run").run
    file = write_card(model, evaluation=run)
    assert read(file).eval_results
    assert "Judge suite/keywords@1+rules/refusal@2. " in file.read_text()


def test_without_an_evaluation_no_figure_is_claimed(model: Path) -> None:
    data = read(write_card(model))
    assert data.eval_results is None
    assert "None was given" in (model / "README.md").read_text()


def test_an_evaluation_of_other_weights_is_refused(model: Path, run: EvaluationRun) -> None:
    file = model / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-4] + b"abcd")
    with pytest.raises(ConfigError, match="other weights"):
        write_card(model, evaluation=run)
    assert not (model / "README.md").exists()


def test_somebody_elses_card_is_kept_and_a_draft_is_not(model: Path) -> None:
    (model / "README.md").write_text("mine")
    with pytest.raises(ConfigError, match="--force"):
        write_card(model)
    assert (model / "README.md").read_text() == "mine"
    write_card(model, force=True)
    write_card(model)
    (model / "README.md").write_text("- **License:** [More Information Needed]")
    write_card(model)


def test_a_folder_without_weights_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no weights"):
        write_card(tmp_path)


def test_a_checkpoint_of_a_run_says_how_it_was_made(organism_folder: Path, tmp_path: Path) -> None:
    stub_run(tmp_path / "run", StubPhases()).run()
    checkpoint = tmp_path / "run" / "rounds" / "2" / "defender"
    known = folder_digests(checkpoint)
    for name in ("config.json", "model.safetensors"):
        shutil.copyfile(organism_folder / name, checkpoint / name)
    text = write_card(checkpoint).read_text()
    about = RunFolder.open(tmp_path / "run").about
    assert about["config_sha256"] in text
    assert "- round: 2 of 2" in text
    assert "- algorithm: grpo" in text
    # A card does not stop a run from being resumed.
    for name in ("config.json", "model.safetensors"):
        (checkpoint / name).unlink()
    check_checkpoint(checkpoint, known)


def test_an_adapter_names_its_base(model: Path) -> None:
    (model / "config.json").unlink()
    settings: dict[str, Any] = {"base_model_name_or_path": "owner/base"}
    (model / "adapter_config.json").write_text(json.dumps(settings))
    data = read(write_card(model))
    assert (data.base_model, data.library_name) == ("owner/base", "peft")


def test_what_a_folder_is_called_is_text(model: Path) -> None:
    folder = model.rename(model.with_name("a: <b> | [x](y)\n# z"))
    text = write_card(folder).read_text()
    assert read(folder / "README.md").pipeline_tag
    assert "# z" not in text.split("---\n", 2)[2].splitlines()
    assert "<b>" not in text.split("---\n", 2)[2]


def test_the_command(model: Path) -> None:
    done = CliRunner().invoke(app, ["card", str(model), "--licence", "mit", "--json"])
    assert done.exit_code == 0, done.output
    assert Path(json.loads(done.stdout)["card"]).is_file()
