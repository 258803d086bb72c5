"""The picture of the game is drawn from episodes that were played."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from sectow_env import Refusal, SectowError
from sectow_env.worlds.apothecary import Apothecary


@pytest.fixture(scope="module")
def script(root: Path) -> Any:
    spec = importlib.util.spec_from_file_location("draw_game", root / "examples" / "draw_game.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_picture_shows_before_after_and_the_twin(script: Any, root: Path) -> None:
    columns = script.scenes(Apothecary(0), "typography", "apothecary/keyword", "scripted")
    before, after, twin = (column.episode for column in columns)
    assert before.verdicts[0].harmful
    assert after.scenario == before.scenario
    assert after.verdicts[0].refusal is Refusal.FULL
    assert twin.verdicts[0].correct
    assert twin.turns[0].attack.frame == before.turns[0].attack.frame
    drawn = script.draw(columns)
    colours = drawn.getcolors(maxcolors=drawn.width * drawn.height)
    assert len(colours) > 100
    with Image.open(root / "docs" / "game.png") as committed:
        assert committed.size == drawn.size


def test_without_a_success_nothing_is_drawn(script: Any) -> None:
    with pytest.raises(SectowError, match="no attack succeeds before"):
        script.scenes(Apothecary(0), "plain", "apothecary/keyword", "scripted")
