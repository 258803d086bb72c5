"""What differs between families is in one record, found by the model's type."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest
import torch

from sectow_agents.algorithms.common import lora_config
from sectow_agents.models.chat_model import LocalModel
from sectow_agents.models.families import IDEFICS3, LLAVA, QWEN_VL, Family, family_of
from sectow_agents.models.generator import suppressed_tokens
from sectow_agents.models.load import load_model
from sectow_agents.settings.training import LoraSettings
from sectow_env.errors import ConfigError
from sectow_env.game.messages import Message

FAMILY = """
from sectow_agents.models.families import Family
from sectow_agents.models.thinking import Marks
FAMILY = Family("Strange", sees_images=False, placeholders=("a",), thinking=(Marks("b", "c"),))
"""


def install(folder: Path, kind: str, target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stranger's distribution that registers a family."""
    info = folder / "strange-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.4\nName: strange\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[sectow.families]\n{kind} = {target}\n")
    (folder / "strange_family.py").write_text(FAMILY)
    monkeypatch.syspath_prepend(folder)
    importlib.invalidate_caches()


def test_a_family_is_found_by_its_type_and_else_by_looking(
    llava_next_folder: Path, idefics3_folder: Path, random_guard: Path
) -> None:
    assert LocalModel(llava_next_folder).generator.family is LLAVA
    assert LocalModel(idefics3_folder).generator.family is IDEFICS3
    text = LocalModel(random_guard)
    assert text.generator.family == Family("llama", sees_images=False)
    assert not text.sees_images
    assert text.generator.family.language_targets() == "all-linear"


@pytest.mark.parametrize("folder", ["llava_next_folder", "idefics3_folder"])
def test_adapters_of_the_language_model_and_the_vision_module_do_not_meet(
    folder: str, request: pytest.FixtureRequest
) -> None:
    model, _ = load_model(request.getfixturevalue(folder))
    family = family_of(model.config)
    vision = {id(module) for module in family.vision_module(model).modules()}
    chosen = [
        module
        for name, module in model.named_modules()
        if re.fullmatch(family.language_targets(), name)
    ]
    assert len(chosen) == 7 * model.config.get_text_config().num_hidden_layers
    assert all(isinstance(module, torch.nn.Linear) for module in chosen)
    assert not vision & {id(module) for module in chosen}


@pytest.mark.parametrize("folder", ["llava_next_folder", "idefics3_folder", "random_guard"])
def test_the_modules_of_an_adapter_are_there(folder: str, request: pytest.FixtureRequest) -> None:
    model, _ = load_model(request.getfixturevalue(folder))
    family = family_of(model.config)
    for targets, message in (
        ("nothing", "matches no module; choose among .*q_proj.*; whole names are such as model"),
        (["q_projection"], "matches no module"),
        ("(", "not a valid regular expression"),
        (".*norm", "norm.*, which takes no adapter"),
    ):
        with pytest.raises(ConfigError, match=message):
            lora_config(LoraSettings(target_modules=targets), family, model)
    for fitting in ("all-linear", "language", ["q_proj"], r".*\.q_proj"):
        assert lora_config(LoraSettings(target_modules=fitting), family, model).r == 16


def test_a_vision_module_is_found_by_its_name() -> None:
    model = torch.nn.ModuleDict({"model": torch.nn.ModuleDict({"visual": torch.nn.Linear(1, 1)})})
    assert QWEN_VL.vision_module(model) is model["model"]["visual"]


def test_what_is_not_known_is_asked_for() -> None:
    with pytest.raises(ConfigError, match="name of its language model is not known"):
        Family("new").language_targets()
    with pytest.raises(ConfigError, match="pip install no_such_package"):
        Family("new", needs=("torch", "no_such_package")).check()


def test_a_new_family_is_one_record_and_one_registration(
    random_guard: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, "llama", "strange_family:FAMILY", monkeypatch)
    model = LocalModel(random_guard)
    assert model.generator.family.name == "Strange"
    processor = model.generator.processor
    token = processor.tokenizer.convert_tokens_to_ids("a")
    assert token in suppressed_tokens(model.generator.model, processor)
    monkeypatch.setattr(processor, "batch_decode", lambda *_, **__: ["b hidden c open"])
    assert model.chat([[Message(role="user", text="x")]]) == ["open"]


def test_what_is_registered_must_be_a_family(
    random_guard: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, "llama", "strange_family:Marks", monkeypatch)
    with pytest.raises(ConfigError, match="leads to type"):
        load_model(random_guard)


def test_what_a_chat_template_refuses_is_a_clear_error(
    llava_next_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = LocalModel(llava_next_folder)
    template = "{{ raise_exception('no system prompt beside a picture') }}"
    monkeypatch.setattr(model.generator.processor, "chat_template", template)
    with pytest.raises(ConfigError, match="no system prompt beside"):
        model.chat([[Message(role="user", text="x")]])
