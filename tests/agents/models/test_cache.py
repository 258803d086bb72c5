"""Whatever the cache, the answers are the same."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from transformers import GenerationConfig

from sectow_agents.models.batching import AUTO_TOKENS, room_for
from sectow_agents.models.cache import Cache
from sectow_agents.models.chat_model import LocalModel
from sectow_agents.models.shared import InMemory
from sectow_agents.settings.run_config import GenerationSettings
from sectow_env.game.decoding import Decoding
from sectow_env.game.messages import Message
from sectow_env.images.typography import draw_words

STATIC = InMemory(generation=GenerationSettings(cache="static"))
PICTURE = draw_words(("ab",), "1")


@pytest.mark.parametrize("family", ["llava_next_folder", "idefics3_folder", "organism_folder"])
@pytest.mark.parametrize("sampled", [False, True])
def test_a_static_cache_changes_no_answer(
    family: str, sampled: bool, request: pytest.FixtureRequest
) -> None:
    folder = Path(request.getfixturevalue(family))
    questions = [
        [Message(role="user", text="a")],
        [Message(role="user", text="what is in the jar ?")],
        [Message(role="user", text="what ?", pictures=(PICTURE,))],
    ]
    decoding = Decoding(sampled, 1.0, 6, seed=3)
    dynamic, static = (LocalModel(folder, memory=memory) for memory in (InMemory(), STATIC))
    assert static.generator._cache.static
    assert not dynamic.generator._cache.static
    assert static.chat(questions, decoding) == dynamic.chat(questions, decoding)


class Failing:
    """A model on a GPU whose decoding cannot be compiled."""

    device = torch.device("cuda")
    _can_compile_fullgraph = True

    def __init__(self) -> None:
        self.tried: list[str | None] = []

    def generate(self, generation_config: GenerationConfig) -> str:
        self.tried.append(generation_config.cache_implementation)
        if generation_config.cache_implementation == "static":
            raise RuntimeError("no compiler")
        return "written"


def test_what_cannot_be_compiled_is_written_as_before() -> None:
    model = Failing()
    cache = Cache(model, GenerationSettings())
    assert cache.filled(list(range(17))) == [*range(17), *[16] * 15]
    settings = GenerationConfig(max_new_tokens=4)
    for _ in range(2):
        assert cache.generate(model, generation_config=settings) == "written"
    assert model.tried == ["static", None, None]
    assert cache.filled([1]) == [1]
    strict = Cache(model, GenerationSettings(cache="static"))
    with pytest.raises(RuntimeError, match="no compiler"):
        strict.generate(model, generation_config=settings)


def test_without_a_gpu_nothing_is_compiled(organism_folder: Path) -> None:
    model = LocalModel(organism_folder).generator.model
    cache = Cache(model, GenerationSettings())
    assert not cache.static
    assert cache.padding == {}
    assert room_for(model) == AUTO_TOKENS


def test_the_first_batch_fits_the_memory_of_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (60 * 2**30, 80 * 2**30))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda _: 0)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda _: 0)
    text = SimpleNamespace(num_hidden_layers=36, hidden_size=2048, intermediate_size=11008)
    model: Any = SimpleNamespace(
        device=torch.device("cuda"),
        dtype=torch.bfloat16,
        config=SimpleNamespace(get_text_config=lambda: text),
    )
    # 64 prompts of 336 x 336 pixels with 128 new tokens each are one batch.
    assert room_for(model) > 64 * 400
