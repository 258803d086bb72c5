"""Picture files are opened in one place, by one rule."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PLACES = ("sectow_env", "agents", "benchmarks", "examples")
HOME = Path("sectow_env/game/picture.py")
OPENS = re.compile(r"\bImage\.open\(|from PIL\.Image import|\bimread\(")


def openers(root: Path) -> set[Path]:
    """The files that open pictures."""
    return {
        file.relative_to(root)
        for place in PLACES
        for file in (root / place).rglob("*.py")
        if OPENS.search(file.read_text("utf-8"))
    }


def test_one_module_opens_pictures(root: Path) -> None:
    assert openers(root) == {HOME}


@pytest.mark.parametrize("line", ["PIL.Image.open(x)", "from PIL.Image import open", "imread(x)"])
def test_another_place_is_seen(tmp_path: Path, line: str) -> None:
    (tmp_path / "examples").mkdir()
    (tmp_path / "examples" / "mine.py").write_text(line)
    assert openers(tmp_path) == {Path("examples/mine.py")}
