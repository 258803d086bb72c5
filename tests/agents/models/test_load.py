"""From weights to models, and the errors about those that cannot be loaded."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from sectow_agents.models.load import load_model, pick_device, pick_dtype
from sectow_env.errors import ConfigError


def test_a_missing_model_is_reported(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="it has no model in it"):
        load_model(tmp_path)
    with pytest.raises(ConfigError, match="there is no such folder"):
        load_model(tmp_path / "gone")
    with pytest.raises(ConfigError, match=r"taken as an id of the hub.*cannot be loaded"):
        load_model("no-such-org/no-such-model")


def test_a_model_without_chat_template_is_refused(llava_next_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "bare"
    shutil.copytree(llava_next_folder, folder)
    (folder / "chat_template.jinja").unlink()
    with pytest.raises(ConfigError, match="no chat template"):
        load_model(folder)


def test_weights_that_are_pickles_are_refused(llava_next_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pickled"
    shutil.copytree(llava_next_folder, folder)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(ConfigError, match="cannot be loaded"):
        load_model(folder)


def test_an_adapter_that_is_a_pickle_is_refused(tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": "a/b"}))
    (tmp_path / "adapter_model.bin").write_bytes(b"")
    with pytest.raises(ConfigError, match=r"no adapter_model\.safetensors"):
        load_model(tmp_path)


def test_padding_is_on_the_left(llava_next_folder: Path) -> None:
    _, processor = load_model(llava_next_folder)
    assert processor.tokenizer.padding_side == "left"


def test_types_follow_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    assert pick_dtype("auto", "cpu", full=False) == "float32"
    assert pick_dtype("auto", "cuda", full=False) == "bfloat16"
    assert pick_dtype("auto", "cuda", full=True) == "float32"
    assert pick_dtype("bfloat16", "cpu", full=True) == "bfloat16"
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert pick_device("auto") == "cpu"
    with pytest.raises(ConfigError, match="no CUDA device"):
        pick_device("cuda")
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    assert pick_device("auto") == "cuda"
    assert pick_device("cpu") == "cpu"
