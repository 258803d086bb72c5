"""The one console: bars that end, lines that stay, and nothing that steers a terminal."""

from __future__ import annotations

import json

import pytest
from rich.text import Text

from sectow_env.display import console
from sectow_env.display.console import Bar, print_json
from tests.terminal import in_terminal, piped, python

HOSTILE = "red\x1b[31m \u202edlrow\u2066 \x9b2J \x07 \r"
LINES = tuple(f"line {number} of the phase" for number in range(60))
PROGRAM = """
import sys, time
from sectow_env.display.console import Bar, libraries_silenced, note, say
say("Secure Tug-of-War")
with Bar("questions, greedy", 60) as outer:
    for number in range(60):
        outer.update(number)
        with Bar(f"phase {number}", 60) as inner:
            inner.update(number, "reward 0.50  asr 0.25  over_refusal 0.50  " * 9)
            time.sleep(0.01)
            (say if number % 2 else note)(f"line {number} of the phase")
            if number == 30:
                print("printed by a library")
        with libraries_silenced():
            print("Loading weights: 100%|#####| 9/9 [00:00]", file=sys.stderr)
            Bar("inside", 5).close()
say("page: " + "x" * 300)
"""
EVERYTHING = ("Secure Tug-of-War", *LINES, "page:")


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_lines_stay_and_bars_end(columns: int) -> None:
    shown = in_terminal(python(PROGRAM), columns)
    assert shown.code == 0, shown.text
    assert "questions, greedy" in shown.raw, "the bars were there"
    assert [line for line in EVERYTHING if line not in shown.text] == []
    assert "printed by a library" in shown.text
    assert shown.stale_bars == []
    assert shown.too_wide(columns) == []
    assert "Loading weights" not in shown.raw


@pytest.mark.parametrize("wish", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_a_plain_terminal_gets_no_escape_codes(wish: dict[str, str]) -> None:
    shown = in_terminal(python(PROGRAM), 80, wish)
    assert "\x1b" not in shown.raw
    assert [line for line in EVERYTHING if line not in shown.text] == []


def test_a_pipe_gets_no_escape_codes_and_whole_lines() -> None:
    done = piped(python(PROGRAM))
    assert "\x1b" not in done.stdout + done.stderr
    assert "page: " + "x" * 300 in done.stdout.splitlines()
    assert "line 1 of the phase" in done.stdout
    assert "line 2 of the phase" in done.stderr


def test_an_interrupted_bar_ends() -> None:
    program = (
        "from sectow_env.display.console import *\nwith Bar('x', 9):\n  raise KeyboardInterrupt"
    )
    shown = in_terminal(python(program), 80)
    assert shown.stale_bars == []
    assert shown.raw.rstrip().endswith("KeyboardInterrupt")


@pytest.mark.parametrize("given", [HOSTILE, Text(HOSTILE)])
def test_control_characters_are_shown(
    given: str | Text, capsys: pytest.CaptureFixture[str]
) -> None:
    console.say(given)
    console.stdout().print(given)
    shown = capsys.readouterr().out
    assert "\\x1b[31m" in shown
    assert all(character.isprintable() or character == "\n" for character in shown)


def test_json_is_ascii_and_knows_no_nan(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"a": [float("nan"), float("inf"), 1.5], "b": HOSTILE})
    shown = capsys.readouterr().out
    assert shown.isascii()
    assert json.loads(shown) == {"a": [None, None, 1.5], "b": HOSTILE}


def test_there_is_no_bar_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with Bar("x", 3) as bar:
        bar.update(2)
    assert capsys.readouterr() == ("", "")
