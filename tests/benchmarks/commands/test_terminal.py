"""What the commands leave on a real terminal, and in a pipe."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.terminal import Shown, in_terminal, piped

ESCAPE = "\x1b"
LINES_OF_THE_DEMO = (
    *("Secure Tug-of-War: 1 round", "before: measuring the base defender", "measured base:"),
    *("round 1 of 1, attacker:", "measured round 1 attacker:", "round 1 of 1, defender:"),
    *("measured round 1:", "round 1 beside base", "peak memory", "page:"),
)


def in_order(shown: str, parts: tuple[str, ...]) -> list[str]:
    """Parts that are missing, or stand before one that they should follow."""
    lost, place = [], 0
    for part in parts:
        at = shown.find(part, place)
        if at < 0:
            lost.append(part)
        place = max(place, at)
    return lost


def faults(shown: Shown, columns: int, permanent: tuple[str, ...]) -> list[str]:
    """Everything that is wrong with a screen."""
    return [
        *(f"lost: {part}" for part in in_order(shown.text, permanent)),
        *(f"too wide: {line}" for line in shown.too_wide(columns)),
        *(f"stale: {line}" for line in shown.stale_bars),
    ]


def demo(organism_folder: Path, out: Path) -> list[str]:
    models = [f"{seat}.model={organism_folder}" for seat in ("attacker", "defender")]
    return ["demo", "--small", "--rounds", "1", "--out", str(out), *models]


@pytest.mark.slow
@pytest.mark.parametrize("columns", [80, 200])
def test_the_demo_keeps_its_lines_and_ends_its_bars(
    organism_folder: Path, tmp_path: Path, columns: int
) -> None:
    shown = in_terminal(demo(organism_folder, tmp_path / "run"), columns)
    assert shown.code == 0, shown.text
    assert "questions, greedy" in shown.raw, "the bars were there"
    assert faults(shown, columns, LINES_OF_THE_DEMO) == []


@pytest.mark.slow
def test_the_demo_writes_json_and_no_escape_codes_into_a_pipe(
    organism_folder: Path, tmp_path: Path
) -> None:
    done = piped([*demo(organism_folder, tmp_path / "run"), "--json"])
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["figures"][0]["after"]["n"] > 0
    assert in_order(done.stderr, LINES_OF_THE_DEMO[:7]) == []
    assert ESCAPE not in done.stderr
