"""Figures and tables in Markdown."""

from __future__ import annotations

import math

import pytest

from sectow_benchmarks.board.markdown import md_safe, number, shown, table
from sectow_benchmarks.stats import rate

KNOWN = rate([1.0, 0.0, 0.0, 0.0], ["a", "b", "c", "d"])
NOTHING = rate([], [])


def test_a_table_has_a_rule_under_its_heads() -> None:
    assert table(("a", "b"), [("1", "2")]) == ["| a | b |", "|---|---|", "| 1 | 2 |"]
    assert table(("a",), [], rule=" --- ") == ["| a |", "| --- |"]


def test_only_a_table_of_strange_texts_is_escaped() -> None:
    assert table(("a|",), [("`1`",)], escape=True)[::2] == ["| a\\| |", "| \\`1\\` |"]
    assert table(("a",), [("`1`",)])[-1] == "| `1` |"


def test_an_estimate_is_shown_with_interval_and_count() -> None:
    low, high = KNOWN.low, KNOWN.high
    assert shown(KNOWN) == f"0.250 [{low:.3f}, {high:.3f}] n=4"
    assert shown(KNOWN, signed=True, count=" (n {})") == f"+0.250 [{low:+.3f}, {high:+.3f}] (n 4)"
    assert shown(KNOWN, digits=2, count="") == f"0.25 [{low:.2f}, {high:.2f}]"


@pytest.mark.parametrize("text", [shown(None), shown(NOTHING), number(None), number(math.nan)])
def test_what_is_missing_is_a_dash_and_no_zero(text: str) -> None:
    assert text == "-"


def test_a_zero_is_a_number() -> None:
    assert (number(0.0), number(2.0, 0)) == ("0.000", "2")


def test_a_name_cannot_steer_a_terminal_or_bring_markup() -> None:
    assert md_safe("a\x1b[31m\n|<b>") == "a [31m \\|&lt;b&gt;"
    assert "](" not in md_safe("[a](javascript:b)")
