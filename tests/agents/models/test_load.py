"""From names to models, and what is said about a name that leads nowhere."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from sectow_agents.models.load import find_source, load_model, pick_device, pick_dtype
from sectow_env.errors import ConfigError, UnknownNameError
from sectow_env.worlds.apothecary import Apothecary


def test_a_folder_is_its_own_source(tmp_path: Path) -> None:
    assert find_source(tmp_path) == tmp_path
    assert find_source(str(tmp_path)) == tmp_path


def test_a_misspelt_registered_name_is_no_hub_id() -> None:
    with pytest.raises(UnknownNameError, match="organism/defender"):
        find_source("organism/defendr")


def test_a_hub_id_is_taken_as_it_is() -> None:
    assert find_source("some-org/some.model-7B") == "some-org/some.model-7B"


def test_a_scripted_policy_has_no_weights() -> None:
    with pytest.raises(ConfigError, match="no weights"):
        find_source("apothecary/keyword", Apothecary(0))


def test_an_unknown_name_is_told_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="apothecary/keyword"):
        find_source("apothecary/keyword/")


def test_a_policy_with_weights_may_be_named_by_an_import_path() -> None:
    assert find_source("tests.agents.models.test_load:backed", Apothecary(0)) == Path("weights/0")


class Backed:
    def __init__(self, source: Path) -> None:
        self.source = source


def backed(*, world: Apothecary) -> Backed:
    return Backed(Path("weights") / str(world.seed))


def test_a_model_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be loaded"):
        load_model(tmp_path)
    with pytest.raises(ConfigError, match="cannot be loaded"):
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
