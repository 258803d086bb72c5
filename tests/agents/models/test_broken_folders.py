"""What is wrong with a model's folder is reported when it is loaded, in words, before anything."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoProcessor, AutoTokenizer

from sectow_agents.models.chat_model import LocalModel
from sectow_agents.models.load import load_model
from sectow_agents.models.quiet import quiet
from sectow_agents.models.weights import weights_digest
from sectow_env.errors import ConfigError, SectowError
from sectow_env.game.decoding import Decoding
from sectow_env.game.messages import Message
from sectow_env.images.typography import draw_words
from tests.agents import tiny

Break = Callable[[Path], object]
Tensors = dict[str, torch.Tensor]
WEIGHTS = "model.safetensors"
INDEX = f"{WEIGHTS}.index.json"
SHORT = Decoding(max_new_tokens=4)


@pytest.fixture(params=["llava_next_folder", "idefics3_folder", "random_guard"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of a whole model, to be broken: two that see pictures, and one that does not."""
    return copied(request.getfixturevalue(request.param), tmp_path)


def copied(source: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(source, tmp_path / "model"))


def edited(change: Callable[[Tensors], Tensors]) -> Break:
    def apply(folder: Path) -> None:
        tensors = change(load_file(folder / WEIGHTS))
        save_file(tensors, folder / WEIGHTS, metadata={"format": "pt"})

    return apply


def without_first(tensors: Tensors) -> Tensors:
    return {name: tensor for name, tensor in tensors.items() if name != min(tensors)}


def reshaped(tensors: Tensors) -> Tensors:
    return {**tensors, min(tensors): torch.zeros(3, 5)}


def spoilt(value: float) -> Callable[[Tensors], Tensors]:
    def change(tensors: Tensors) -> Tensors:
        name = max(tensors)
        tensors[name].view(-1)[-1] = value
        return tensors

    return change


def cut(length: int) -> Break:
    return lambda folder: os.truncate(folder / WEIGHTS, length)


def linked(target: str) -> Break:
    def apply(folder: Path) -> None:
        (folder / WEIGHTS).unlink()
        (folder / WEIGHTS).symlink_to(target)

    return apply


def indexed(text: str) -> Break:
    def apply(folder: Path) -> None:
        (folder / WEIGHTS).rename(folder / "shard.safetensors")
        (folder / INDEX).write_text(text)

    return apply


def shard(name: object) -> Break:
    return indexed(json.dumps({"metadata": {}, "weight_map": {"a": name}}))


def merged(file: str, **values: object) -> Break:
    def apply(folder: Path) -> None:
        given = json.loads((folder / file).read_text())
        (folder / file).write_text(json.dumps({**given, **values}))

    return apply


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (edited(without_first), "missing from its files, and would be random: "),
        (edited(lambda tensors: {**tensors, "a.b": torch.zeros(2)}), "not part of .*: a.b"),
        (edited(reshaped), "another shape than"),
        (edited(spoilt(float("nan"))), "as torch.float32, tensors contain NaN or infinity"),
        (edited(spoilt(-float("inf"))), "tensors contain NaN or infinity"),
        (cut(0), "not a whole safetensors file"),
        (cut(100), "not a whole safetensors file"),
        (cut(5000), "not a whole safetensors file"),
        (linked("/etc/passwd"), "not a whole safetensors file"),
        (linked("/dev/zero"), "not a regular file"),
        (linked("gone"), "not a regular file"),
        (lambda folder: os.mkfifo(folder / "x.json"), "x.json; it is not a regular file"),
        (indexed("{"), r"index\.json.*JSON"),
        (indexed("[]"), "not an index"),
        (indexed("{}"), "not an index"),
        (shard(7), "not an index"),
        (shard("../shard.safetensors"), "not a safetensors file beside it"),
        (shard("shard.bin"), "not a safetensors file beside it"),
        (shard("gone.safetensors"), "which is missing"),
        (merged("config.json", quantization_config={"quant_method": "mine"}), r"unknown .*\(mine"),
        (merged("config.json", quantization_config="mine"), "cannot be loaded"),
        (
            merged("config.json", quantization_config={"quant_method": "torchao"}),
            "No module named 'torchao'.*install what it names",
        ),
        (lambda folder: (folder / "generation_config.json").write_text("{"), "JSON"),
        (lambda folder: (folder / "generation_config.json").write_text("[]"), "not an object"),
        (merged("generation_config.json", suppress_tokens="x"), "neither a number nor a list"),
        (lambda folder: (folder / "config.json").write_text("[]"), "cannot be loaded"),
        (lambda folder: (folder / "tokenizer.json").write_text("{"), "cannot be loaded"),
    ],
)
def test_a_broken_folder_is_refused_in_words(folder: Path, damage: Break, message: str) -> None:
    damage(folder)
    with pytest.raises(SectowError, match=message):
        load_model(folder)


def test_a_package_that_a_processor_needs_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a family without a record: what those need is in theirs."""

    def without(*_: object, **__: object) -> None:
        raise ImportError("\nGlm4vVideoProcessor requires the Torchvision library but it was not")

    for kind in (AutoProcessor, AutoTokenizer):
        monkeypatch.setattr(kind, "from_pretrained", without)
    with pytest.raises(ConfigError, match="pip install torchvision"):
        load_model(folder)


def test_a_digest_waits_for_no_writer(folder: Path) -> None:
    whole = weights_digest(folder)
    os.mkfifo(folder / "x.safetensors")
    assert weights_digest(folder) == whole


def test_shards_and_tied_weights_are_whole(folder: Path) -> None:
    model, processor = load_model(folder)
    model.config.get_text_config().tie_word_embeddings = True
    model.config.tie_word_embeddings = True
    model.tie_weights()
    tied = folder / "tied"
    model.save_pretrained(tied, max_shard_size="20KB")
    processor.save_pretrained(tied)
    assert (tied / INDEX).exists()
    if (folder / "chat_template.jinja").exists():
        shutil.copy(folder / "chat_template.jinja", tied)
    load_model(tied)
    (tied / "model-00001-of-00002.safetensors").unlink(missing_ok=True)
    next(iter(sorted(tied.glob("*.safetensors")))).unlink()
    with pytest.raises(ConfigError, match="which is missing"):
        load_model(tied)


@pytest.mark.parametrize(
    "given",
    [
        {"num_return_sequences": 2, "do_sample": True},
        {"num_beams": 3},
        {"no_repeat_ngram_size": 1},
        {"bad_words_ids": [[7], [8]]},
        {"forced_eos_token_id": 1},
        {"max_time": 0.0},
        {"stop_strings": ["a"]},
        {"return_dict_in_generate": True},
        {"prompt_lookup_num_tokens": 2},
        {"pad_token_id": -1},
    ],
    ids=lambda given: next(iter(given)),
)
def test_how_answers_are_drawn_is_ours_to_say(folder: Path, given: dict[str, Any]) -> None:
    chats = [[Message(role="user", text=text)] for text in ("open the door", "x")]
    whole = LocalModel(folder).chat(chats, SHORT)
    merged("generation_config.json", **given)(folder)
    assert LocalModel(folder).chat(chats, SHORT) == whole


SEEING = pytest.mark.parametrize("kind", ["llava_next_folder", "idefics3_folder"])
LOOP = "{%- for message in messages -%}"


@SEEING
@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{{ raise_exception('never') }}", "refuses it .never"),
        ("{% for", "refuses it"),
        ("{{ ''.__class__.__mro__[1].__subclasses__() }}", "unsafe"),
        ("{{ 1 / 0 }}", "division by zero"),
        ("{% for i in range(10000000) %}{% endfor %}", "Range too big"),
        ("hello", "leaves out what a user writes"),
        (tiny.TEMPLATE.replace("<image>", ""), "no place for a picture"),
        (tiny.TEMPLATE.replace("<image>", "[picture]"), "processor fails"),
    ],
)
def test_a_chat_template_is_tried_when_the_model_is_loaded(
    kind: str, template: str, message: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    folder = copied(request.getfixturevalue(kind), tmp_path)
    (folder / "chat_template.jinja").write_text(template)
    with pytest.raises(ConfigError, match=message):
        load_model(folder)


@SEEING
@pytest.mark.parametrize(
    "start",
    [
        "{%- if messages[0]['role'] == 'system' -%}{{ raise_exception('no') }}{%- endif -%}" + LOOP,
        LOOP.replace(" -%}", " if message['role'] != 'system' -%}"),
    ],
    ids=["refused", "dropped"],
)
def test_a_system_prompt_without_a_place_comes_before_the_users_words(
    kind: str, start: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    folder = copied(request.getfixturevalue(kind), tmp_path)
    chat = [Message(role="system", text="be kind"), Message(role="user", text="hello")]
    shown = [chat[0], chat[1].model_copy(update={"pictures": (draw_words(("x",)),)})]
    assert "<|system|>be kind" in LocalModel(folder).generator.prompt(chat)
    (folder / "chat_template.jinja").write_text(tiny.TEMPLATE.replace(LOOP, start))
    generator = LocalModel(folder).generator
    assert generator.prompt(chat) == "<|user|>be kind\n\nhello<|end|><|assistant|>"
    assert generator.prompt(shown) == "<|user|><image>be kind\n\nhello<|end|><|assistant|>"


@pytest.fixture
def adapter(llava_next_folder: Path, tmp_path: Path) -> Path:
    from peft import LoraConfig, get_peft_model

    model, processor = load_model(llava_next_folder)
    lora = LoraConfig(target_modules=r".*language_model.*q_proj", task_type="CAUSAL_LM", r=2)
    with quiet():
        adapted = get_peft_model(model, lora)
        adapted.peft_config["default"].base_model_name_or_path = str(llava_next_folder)
        adapted.save_pretrained(tmp_path / "adapter")
    processor.save_pretrained(tmp_path / "adapter")
    return tmp_path / "adapter"


def change_adapter(folder: Path, change: Callable[[Tensors], Tensors]) -> None:
    file = folder / "adapter_model.safetensors"
    save_file(change(load_file(file)), file)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (without_first, "missing from its files"),
        (
            lambda tensors: {**tensors, "base_model.model.a.lora_A.weight": torch.ones(2)},
            "not part",
        ),
        (
            lambda tensors: {name.replace("q_proj", "k_proj"): t for name, t in tensors.items()},
            "missing",
        ),
        (reshaped, "cannot be loaded.*size mismatch"),
        (spoilt(float("nan")), "tensors contain NaN"),
    ],
)
def test_a_broken_adapter_is_refused_in_words(
    adapter: Path, change: Callable[[Tensors], Tensors], message: str
) -> None:
    load_model(adapter)
    change_adapter(adapter, change)
    with pytest.raises(ConfigError, match=message):
        load_model(adapter)


def test_an_adapter_names_its_base_and_its_file_is_whole(adapter: Path) -> None:
    merged("adapter_config.json", base_model_name_or_path=None)(adapter)
    with pytest.raises(ConfigError, match="names no base model"):
        load_model(adapter)
    os.truncate(adapter / "adapter_model.safetensors", 30)
    with pytest.raises(ConfigError, match=r"adapter_model\.safetensors; it is not a whole"):
        load_model(adapter)
