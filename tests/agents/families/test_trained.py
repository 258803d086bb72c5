"""One optimizer step of every family: what moves, what is read, what is left behind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
    AutoModelForImageTextToText,
    AutoProcessor,
    AutoTokenizer,
)

from sectow_agents.algorithms import common
from sectow_agents.algorithms.dataset import Prompt
from sectow_agents.algorithms.job import Job, TrainingData, train
from sectow_agents.algorithms.rewards import SeatReward
from sectow_agents.models.chat_model import LocalModel
from sectow_agents.models.generator import Generator
from sectow_agents.models.load import check_source, load_model
from sectow_agents.models.quiet import quiet
from sectow_agents.models.text_processor import TextProcessor
from sectow_agents.settings.run_config import Dtype
from sectow_agents.settings.training import GrpoSettings, LoraSettings, SftSettings
from sectow_env.errors import ConfigError
from sectow_env.game import Episode
from sectow_env.game.messages import Message
from tests.agents.families.conftest import Built
from tests.agents.families.every import EVERY
from tests.agents.families.parts import LAYERS, Tiny
from tests.agents.families.test_asked import SHORT, SQUARE, SYSTEM, WIDE, ids, picture, user
from tests.agents.tiny import weights

pytestmark = pytest.mark.slow

every = pytest.mark.parametrize("tiny", EVERY, indirect=True)
trained = pytest.mark.parametrize(
    "tiny", [name for name, tiny in EVERY.items() if tiny.closed is None], indirect=True
)
closed = pytest.mark.parametrize(
    "tiny", [name for name, tiny in EVERY.items() if tiny.closed is not None], indirect=True
)
algorithms = pytest.mark.parametrize("algorithm", ["grpo", "sft"])

LANGUAGE = LoraSettings(rank=2, target_modules="language")


class Alternating(SeatReward):
    """Every second completion is worth something, whatever it says."""

    seat = "defender"

    def __call__(self, *, completions: Sequence[Any], item: Sequence[int], **_: object) -> Any:
        return [float(place % 2) for place, _ in enumerate(item)]

    def play(self, items: Sequence[int], texts: Sequence[str]) -> list[Episode]:
        return []


def prompts(tiny: Tiny, pictures: bool) -> list[Prompt]:
    texts = [
        Prompt((user("hello"),)),
        Prompt((Message(role="system", text=SYSTEM), user("which jar is the oldest ?"))),
    ]
    if tiny.tower is None or not pictures:
        return texts * 2
    shown = [
        Prompt((user("what is drawn ?", picture(*SQUARE)),)),
        Prompt((Message(role="system", text=SYSTEM), user("and here ?", picture(*WIDE)))),
    ]
    return [*texts, *shown]


def step(
    algorithm: str,
    tiny: Tiny,
    source: Path,
    out: Path,
    *,
    pictures: bool = True,
    lora: LoraSettings | None = None,
    dtype: Dtype = "auto",
    **settings: Any,
) -> Path:
    """One optimizer step on texts and pictures together; the checkpoint's folder."""
    out.mkdir()
    given = {"steps": 1, "learning_rate": 1e-2, "schedule": "constant", **settings}
    given["lora"] = lora and lora.model_dump()
    training: GrpoSettings | SftSettings
    if algorithm == "sft":
        training = SftSettings.model_validate({"batch": 4, "micro_batch": 2, **given})
    else:
        sizes = {"batch": 8, "micro_batch": 4, "group": 2, "max_new_tokens": 4}
        training = GrpoSettings.model_validate({**sizes, **given})
    data = TrainingData(
        prompts(tiny, pictures), [0, 1, 2, 3], Alternating(), ["jar", "a jar", "jars", "no"]
    )
    job = Job("defender", 1, 0, training, source, out, dtype=dtype)
    train(job, data)
    return out


def moved(before: Path, after: Path) -> set[str]:
    """Names of the tensors that are not what they were."""
    old, new = weights(before), weights(after)
    assert old.keys() == new.keys()
    return {name for name in old if not torch.equal(old[name], new[name])}


def of(names: set[str], *begins: str | None) -> set[str]:
    """Names of a part; files leave out the first word of some."""
    parts = [f".{begin.removeprefix('model.')}" for begin in begins if begin]
    return {name for name in names if any(part in f".{name}" for part in parts)}


class Whole(NamedTuple):
    """A phase of all weights: its checkpoint, and what the model was called with in training."""

    out: Path
    calls: list[dict[str, Any]]


@pytest.fixture(scope="session")
def whole(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Whole]:
    """Phases by family and algorithm, each run once."""

    @cache
    def run(name: str, algorithm: str) -> Whole:
        calls: list[dict[str, Any]] = []

        def note(module: Any, _: tuple[Any, ...], given: dict[str, Any]) -> None:
            if module.training and torch.is_grad_enabled():
                calls.append(given)

        def hooked(*given: Any, **settings: Any) -> tuple[Any, Any]:
            model, processor = load_model(*given, **settings)
            model.register_forward_pre_hook(note, with_kwargs=True)
            return model, processor

        out = tmp_path_factory.mktemp(f"{name}-{algorithm}") / "out"
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(common, "load_model", hooked)
            step(algorithm, EVERY[name], built.folder(name), out)
        return Whole(out, calls)

    return run


@algorithms
@trained
def test_all_that_the_loss_reaches_moves(
    algorithm: str, tiny: Tiny, folder: Path, whole: Callable[[str, str], Whole]
) -> None:
    names = set(weights(folder))
    idle = {name for name in names if any(part in name for part in tiny.idle)}
    assert moved(folder, whole(tiny.name, algorithm).out) == names - idle


@trained
def test_texts_alone_move_the_language_model_alone(
    tiny: Tiny, folder: Path, tmp_path: Path
) -> None:
    names = set(weights(folder))
    out = step("grpo", tiny, folder, tmp_path / "out", pictures=False)
    assert moved(folder, out) == names - of(names, tiny.tower, *tiny.projector)


@trained
def test_a_frozen_encoder_stays_and_its_projector_moves(
    tiny: Tiny, folder: Path, tmp_path: Path
) -> None:
    if tiny.tower is None:
        return
    names = set(weights(folder))
    out = step("sft", tiny, folder, tmp_path / "out", train_vision=False)
    frozen = of(names, tiny.tower) - of(names, *tiny.projector)
    assert moved(folder, out) == names - frozen


@trained
def test_an_adapter_of_the_language_model_is_kept_continued_and_merged(
    tiny: Tiny, folder: Path, generator: Generator, tmp_path: Path
) -> None:
    from peft import PeftModel

    first = step("sft", tiny, folder, tmp_path / "first", lora=LANGUAGE)
    pairs = {name for name in weights(first) if "lora_A" in name}
    assert len(pairs) == 7 * LAYERS
    assert not any("vision" in name or "visual" in name for name in pairs)
    second = step("grpo", tiny, first, tmp_path / "second", lora=LANGUAGE)
    assert {name for name in moved(first, second) if "lora_B" in name} == {
        name.replace("lora_A", "lora_B") for name in pairs
    }
    base = plain_model(tiny, folder)
    with quiet():
        merged = PeftModel.from_pretrained(base, second).merge_and_unload()
    for conversation in ([user("hello")], [user("which jar ?")]):
        adapted = LocalModel(second).generator
        text = adapted.prompt(conversation)
        inputs = adapted.encode([text], [[]])
        with torch.inference_mode():
            logits = [model(**inputs).logits for model in (adapted.model, merged, generator.model)]
        torch.testing.assert_close(logits[0], logits[1], atol=1e-4, rtol=1e-4)
        assert not torch.allclose(logits[0], logits[2], atol=1e-4)


def plain_model(tiny: Tiny, folder: Path) -> Any:
    """As somebody loads it who knows nothing of us."""
    kind = AutoModelForCausalLM if tiny.tower is None else AutoModelForImageTextToText
    model, report = kind.from_pretrained(
        folder, dtype=torch.float32, output_loading_info=True, device_map=None
    )
    assert not any(report[name] for name in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    return model


@trained
def test_a_checkpoint_is_one_of_plain_transformers(
    tiny: Tiny, generator: Generator, whole: Callable[[str, str], Whole]
) -> None:
    out = whole(tiny.name, "sft").out
    model = plain_model(tiny, out)
    if tiny.tower is None:
        processor: Any = TextProcessor(AutoTokenizer.from_pretrained(out))
    else:
        processor = AutoProcessor.from_pretrained(out)
        assert type(processor) is type(generator.processor)
    again = Generator(model, processor)
    for prompt in prompts(tiny, pictures=True):
        assert ids(again, prompt.conversation) == ids(generator, prompt.conversation)
    chats = [prompt.conversation for prompt in prompts(tiny, pictures=True)]
    assert again.generate(chats, SHORT) == LocalModel(out).generator.generate(chats, SHORT)


@algorithms
@trained
def test_training_reads_what_is_read_in_play(
    algorithm: str,
    tiny: Tiny,
    generator: Generator,
    whole: Callable[[str, str], Whole],
) -> None:
    known = {tuple(ids(generator, prompt.conversation)) for prompt in prompts(tiny, pictures=True)}
    seen: set[tuple[int, ...]] = set()
    for call in whole(tiny.name, algorithm).calls:
        rows = zip(call["input_ids"], call["attention_mask"].bool(), strict=True)
        for row in (tuple(tokens[mask].tolist()) for tokens, mask in rows):
            begins = {prompt for prompt in known if row[: len(prompt)] == prompt}
            assert len(begins) == 1, (algorithm, row)
            seen |= begins
        _check_types(tiny, generator, call)
    assert seen == known


def _check_types(tiny: Tiny, generator: Generator, call: dict[str, Any]) -> None:
    """The marks of tokens that stand for pictures are where those are."""
    number = generator.processor.tokenizer.convert_tokens_to_ids(tiny.shown)
    for name in ("token_type_ids", "mm_token_type_ids"):
        if call.get(name) is not None and call[name].any():
            assert torch.equal(call[name] == 1, call["input_ids"] == number), name


@closed
def test_what_cannot_be_trained_is_refused_before_it_is_loaded(
    tiny: Tiny, folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=str(tiny.closed)):
        check_source(folder).check_shown("it", "a prompt shows a picture", trained=True)
    check_source(folder).check_shown("it", "a prompt shows a picture", trained=False)
    for algorithm in ("grpo", "sft"):
        with pytest.raises(ConfigError, match=str(tiny.closed)):
            step(algorithm, tiny, folder, tmp_path / algorithm)


@closed
def test_what_is_shown_no_picture_is_trained_all_the_same(
    tiny: Tiny, folder: Path, tmp_path: Path
) -> None:
    for algorithm in ("grpo", "sft"):
        out = step(algorithm, tiny, folder, tmp_path / algorithm, pictures=False)
        assert moved(folder, out)


def test_a_text_model_is_trained_on_no_picture(built: Built, tmp_path: Path) -> None:
    blind, seeing = EVERY["llama"], EVERY["llava"]
    refused = partial(step, "grpo", seeing, built.folder(blind.name), tmp_path / "out")
    with pytest.raises(ConfigError, match="the model sees none"):
        refused()


@pytest.mark.parametrize("tiny", ["qwen2_5_vl", "gemma3"], indirect=True)
def test_an_adapter_in_full_precision_is_trained_on_a_base_in_half(
    tiny: Tiny, folder: Path, tmp_path: Path
) -> None:
    out = step("grpo", tiny, folder, tmp_path / "out", lora=LANGUAGE, dtype="bfloat16")
    assert {tensor.dtype for tensor in weights(out).values()} == {torch.float32}
    model, processor = load_model(out, dtype="bfloat16")
    assert model.get_base_model().dtype == torch.bfloat16
    shown = [user("what is drawn ?", picture(*SQUARE))]
    assert len(Generator(model, processor).generate([shown, [user("hello")]], SHORT)) == 2
