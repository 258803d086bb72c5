"""Tables and pages at every width: whole numbers, whole words, nothing beside the terminal."""

from __future__ import annotations

import io

import pytest

from sectow_env.display.console import SafeConsole
from sectow_env.display.page import print_page
from sectow_env.display.tables import print_table

HEADS = ("rank", "defender", "ASR greedy", "ASR at T=1", "over-refusal", "note")
FIGURES = ("0.411 [0.313, 0.515] n=128", "0.402 [0.3, 0.5] n=128", "0.000 [0.000, 0.028] n=64")
NOTE = "over-refusal 0.300 > 0.10; accuracy on twins 0.120 under base"


def shown(width: int, rows: int, hostile: str = "") -> str:
    out = io.StringIO()
    console = SafeConsole(file=out, width=width)
    lines = [(str(place), f"round {place}{hostile}", *FIGURES, NOTE) for place in range(rows)]
    print_table(HEADS, lines, console, keys=2, title=f"a board{hostile}")
    return out.getvalue()


@pytest.mark.parametrize("rows", [1, 2, 5, 12])
@pytest.mark.parametrize("width", [30, 40, 60, 80, 120, 200])
def test_numbers_and_words_stay_whole(width: int, rows: int) -> None:
    text = shown(width, rows)
    assert max(map(len, text.splitlines())) <= width
    words = text.split()
    for cell in (*FIGURES, NOTE):
        for word in cell.split():
            assert words.count(word) >= rows, word
    assert all(head in " ".join(words) for head in ("rank", "defender", "ASR at T=1", "note"))


def test_a_table_that_fits_is_one_table() -> None:
    assert shown(240, 12).count("defender") == 1


def test_a_few_models_stand_side_by_side_where_they_fit() -> None:
    assert shown(80, 2).count("defender") == 1
    assert shown(80, 5).count("defender") == 2


def test_what_steers_a_terminal_is_shown() -> None:
    text = shown(240, 2, "\x1b[2J\n\u202e")
    assert "\\x1b[2J\\n\\u202e" in text
    assert "\x1b" not in text


def test_a_word_longer_than_the_terminal_is_folded() -> None:
    out = io.StringIO()
    print_table(("a", "b"), [("x", "y" * 100)], SafeConsole(file=out, width=40))
    assert max(map(len, out.getvalue().splitlines())) <= 40
    assert out.getvalue().count("y") == 100


PAGE = """# A page

Printed by `sectow bench`. **Two** lines
that belong together, 1 &lt; 2.

| model | ASR |
|---|---|
| refuse\\_all \\| x | 0.1 &gt; 0 |

- one thing
- another
"""


def test_a_page_loses_its_marks() -> None:
    out = io.StringIO()
    print_page(PAGE, SafeConsole(file=out, width=60))
    text = out.getvalue()
    assert "Printed by sectow bench. Two lines that belong together, 1 < 2." in " ".join(
        text.split()
    )
    assert "refuse_all | x" in text
    assert "0.1 > 0" in text
    assert not [mark for mark in ("&gt;", "\\_", "**", "---", "`", "# A") if mark in text]
    assert "- one thing\n- another" in text
