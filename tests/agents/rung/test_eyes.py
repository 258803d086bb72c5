"""A text model with eyes is a stock LLaVA: it loads, sees, learns, and keeps its language."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from sectow_agents.models.chat_model import LocalModel
from sectow_agents.models.load import load_model
from sectow_agents.rung import eyes
from sectow_agents.rung.eyes import IMAGE, build_eyes, join, reading
from sectow_env.game.decoding import Decoding
from sectow_env.game.messages import Message
from sectow_env.images.typography import draw_words
from tests.agents import tiny


@pytest.fixture(scope="module")
def language(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.llama(tmp_path_factory.mktemp("llama"))


def test_eyes_are_added_and_taught_and_the_language_stays(
    language: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(eyes, "BATCH", 2)
    out = build_eyes(language, tmp_path / "eyes", steps=2)
    seeing, processor = load_model(out, device="cpu")
    text = load_model(language, device="cpu")[0]
    before = join(language, 0)[0]
    for name, weight in text.model.state_dict().items():
        kept = seeing.model.language_model.state_dict()[name]
        assert torch.equal(kept[: len(weight)], weight), name
    for part in ("vision_tower", "multi_modal_projector"):
        old, new = (getattr(model.model, part).state_dict() for model in (before, seeing))
        assert any(not torch.equal(old[name], new[name]) for name in old)
    model = LocalModel(out, device="cpu")
    assert model.sees_images
    ask = Message(role="user", text="Read it.", pictures=(draw_words(("ink", "map")),))
    plain = Message(role="user", text="Hello.")
    assert len(model.chat([(ask,), (plain,)], Decoding(max_new_tokens=3))) == 2
    assert build_eyes(language, out, steps=2) == out
    assert processor.image_token == IMAGE


def test_reading_depends_on_what_is_seen(language: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(eyes, "BATCH", 2)
    model, processor = join(language, 0)
    loss = reading(model, processor, 0)
    assert loss(0).item() == loss(0).item()
    value = loss(0)
    value.backward()
    projector = model.model.multi_modal_projector.linear_1.weight
    assert projector.grad is not None
    assert float(projector.grad.abs().sum()) > 0
