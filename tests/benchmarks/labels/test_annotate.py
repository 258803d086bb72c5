"""Labelling in the terminal: real sessions, resumed ones, and from an evaluation to an audit."""

from __future__ import annotations

import io
import json
import os
import pty
import subprocess
import sys
import termios
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.text import Text
from sklearn.metrics import cohen_kappa_score
from typer.testing import CliRunner

from sectow_benchmarks.labels.files import LabelFile, read_labels
from sectow_benchmarks.labels.session import HARM, REFUSAL, Card, Session, draw_cards
from sectow_benchmarks.labels.terminal import label_in_terminal
from sectow_benchmarks.labels.world_truth import labels_of
from sectow_benchmarks.results.run import EvaluationRun
from sectow_env.commands.main import app
from sectow_env.errors import ConfigError
from tests.benchmarks.labels.replicas import HOSTILE, labelled, labels, turn

SAMPLE = 12


def cards(run: EvaluationRun, seed: int = 0) -> list[Card]:
    return draw_cards(labels_of(run), SAMPLE, seed)


def truth(run: EvaluationRun) -> dict[str, bool | None]:
    """What the world knows, by turn."""
    return {labelled.key: labelled.harmful for labelled in labels_of(run).turns}


def annotate(run: EvaluationRun, name: str, keys: str, out: Path, *words: str) -> Any:
    """One session in the terminal."""
    command = ["judge", "annotate", str(run.path), "--annotator", name, "--out", str(out)]
    return CliRunner().invoke(app, [*command, "--sample", str(SAMPLE), *words], input=keys)


def test_all_draw_the_same_cards_and_each_turn_once(run: EvaluationRun) -> None:
    drawn = cards(run)
    assert drawn == cards(run)
    assert len({card.key for card in drawn}) == SAMPLE
    assert [card.key for card in drawn] != [card.key for card in cards(run, seed=1)]
    twice = labels(labelled(1, ana=True), labelled(1, ana=True), labelled(2, ana=True))
    assert len(draw_cards(twice, None, 0)) == 2
    assert len(draw_cards(twice, 50, 0)) == 2
    for none in (labels(), twice):
        with pytest.raises(ConfigError, match="nothing to label"):
            draw_cards(none, 0, 0)


def test_the_next_card_without_a_label_may_lie_before(tmp_path: Path) -> None:
    drawn = draw_cards(labels(*(labelled(at, ana=True) for at in range(3))), None, 0)
    session = Session(drawn, LabelFile(tmp_path / "ana.jsonl", "ana", "doors", "1"))
    assert session.next_open() == 0
    for place, following in ((1, 2), (2, 0), (0, None)):
        session.say(place, harmful=None, refused=False)
        assert session.next_open(place + 1) == following
    assert session.done == 3


def test_the_order_is_not_that_of_the_evaluation(run: EvaluationRun) -> None:
    known = labels_of(run)
    everything = draw_cards(known, None, 0)
    order = list(dict.fromkeys(labelled.key for labelled in known.turns))
    assert sorted(card.key for card in everything) == sorted(order)
    assert [card.key for card in everything] != order


def test_from_an_evaluation_over_two_people_to_an_audit(run: EvaluationRun, tmp_path: Path) -> None:
    knows = [truth(run)[card.key] for card in cards(run)]
    assert {True, False} == {*knows}
    # Ben sees the first three the other way.
    other = [known is not True if at < 3 else known for at, known in enumerate(knows)]
    files = []
    for name, answers in (("ana", knows), ("ben", other)):
        out = tmp_path / f"{name}.jsonl"
        done = annotate(run, name, "".join("ha" if label else "rn" for label in answers), out)
        assert done.exit_code == 0, done.output
        assert f"{SAMPLE} of {SAMPLE} turns labelled" in done.output
        assert str(out) in done.output.replace("\n", "")
        # Blind to the judge and to each other.
        assert "apothecary/truth" not in done.output
        assert "ana" not in done.output.replace(str(out), "") or name == "ana"
        files += ["--labels", str(out)]
    words = ["judge", "audit", *files, "--judge", "apothecary/truth", "--json"]
    tree = json.loads(CliRunner().invoke(app, words).stdout)
    assert (tree["turns"], tree["tied"], tree["unlabelled"]) == (SAMPLE, 3, 0)
    assert (tree["overall"]["accuracy"]["value"], tree["overall"]["kappa"]) == (1.0, 1.0)
    (pair,) = tree["annotators"]
    assert pair["agreement"]["kappa"] == pytest.approx(cohen_kappa_score(knows, other))
    assert pair["missing"] == 0
    assert tree["source"] == run.name
    # By the truth of the evaluation, all of its turns.
    whole = ["judge", "audit", str(run.path), "--judge", "apothecary/truth"]
    assert "full refusals" in CliRunner().invoke(app, whole).stdout


def test_a_session_goes_on_where_it_was(run: EvaluationRun, tmp_path: Path) -> None:
    out = tmp_path / "ana.jsonl"
    drawn = cards(run)
    assert "2 of 12 turns labelled" in annotate(run, "ana", "hanaq", out).output
    # The end of the input is a stop too.
    assert "4 of 12 turns labelled" in annotate(run, "ana", "?u?a", out).output
    own = {labelled.key: labelled.labels["ana"] for labelled in read_labels(out).turns}
    assert [own[card.key] for card in drawn[:4]] == [True, False, None, None]
    with pytest.raises(ConfigError, match="not about"):
        LabelFile(out, "ana", run.name, "another state")


def test_back_shows_the_label_and_takes_another(run: EvaluationRun, tmp_path: Path) -> None:
    out = tmp_path / "ana.jsonl"
    done = annotate(run, "ana", "hab" + "rn" + "q", out)
    assert "You said: harmful; refusal: anything else." in done.output
    (labelled,) = read_labels(out).turns
    assert labelled.key == cards(run)[0].key
    assert (labelled.labels["ana"], labelled.refusals["ana"]) == (False, True)
    assert "1 of 12 turns labelled" in done.output


def test_other_keys_do_nothing(run: EvaluationRun, tmp_path: Path) -> None:
    out = tmp_path / "ana.jsonl"
    done = annotate(run, "ana", "bxy1 q", out)
    assert done.exit_code == 0
    assert not out.exists()


@pytest.mark.parametrize("keys", ["nnnnq", "hhh???nnq", "n", "rrraaauuuq", "nbnbnq"])
def test_one_answer_however_often_it_is_given_is_not_a_label(
    run: EvaluationRun, tmp_path: Path, keys: str
) -> None:
    out = tmp_path / "ana.jsonl"
    assert annotate(run, "ana", keys, out).exit_code == 0
    assert not out.exists()


@given(keys=st.text("hn?raub x", max_size=30))
def test_every_label_was_chosen_by_a_key_of_each_question(keys: str) -> None:
    with TemporaryDirectory() as folder:
        file = LabelFile(Path(folder) / "ana.jsonl", "ana", "doors", "1")
        typed(keys, file, *map(str, range(4)))
        kept = read_labels(file.path).turns if file.path.exists() else ()
    for question, choices in (("labels", HARM), ("refusals", REFUSAL)):
        meaning = {choice.key: choice.value for choice in choices}
        chosen = Counter(meaning[key] for key in keys if key in meaning)
        written = Counter(getattr(turn, question)["ana"] for turn in kept)
        assert written <= chosen


def test_the_last_answer_before_both_are_given_counts(run: EvaluationRun, tmp_path: Path) -> None:
    out = tmp_path / "ana.jsonl"
    annotate(run, "ana", "hnr" + "uah" + "q", out)
    own = {turn.key: (turn.labels["ana"], turn.refusals["ana"]) for turn in read_labels(out).turns}
    assert [own[card.key] for card in cards(run)[:2]] == [(False, True), (True, False)]


def test_labels_lie_beside_the_evaluation_which_is_left_alone(
    run: EvaluationRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(run.path)
    before = sorted(file.name for file in run.path.rglob("*"))
    words = ["judge", "annotate", ".", "--annotator", "ana/1", "--sample", "1"]
    done = CliRunner().invoke(app, words, input="hr")
    assert done.exit_code == 0, done.output
    assert (run.path.parent / "run-labels" / "ana-1.jsonl").is_file()
    assert sorted(file.name for file in run.path.rglob("*")) == before


def typed(keys: Sequence[str], file: LabelFile, *responses: str) -> str:
    """What a colour terminal is sent when these keys are pressed."""
    turns = [turn(at, text) for at, text in enumerate(responses)]
    shown = io.StringIO()
    console = Console(file=shown, force_terminal=True, width=100, highlight=False)
    session = Session([Card(f"{at}", turn, "x") for at, turn in enumerate(turns)], file)
    rest = iter(keys)
    label_in_terminal(session, console, lambda: next(rest, ""))
    return shown.getvalue()


def test_hostile_text_is_shown_and_not_obeyed(tmp_path: Path) -> None:
    file = LabelFile(tmp_path / "ana.jsonl", "ana", "doors", "1")
    sent = typed([], file, HOSTILE)
    flat = " ".join(sent.split())
    assert "<script>alert(1)</script>" in flat
    assert "[bold]red[/bold]" in flat
    assert "\\x1b[31m" in flat
    assert "\x1b[31m" not in sent
    assert "\u202e" not in sent


def test_that_check_sees_a_console_that_obeys() -> None:
    shown = io.StringIO()
    console = Console(file=shown, force_terminal=True, width=100)
    console.print(Text(HOSTILE))
    assert "\x1b[31m" in shown.getvalue()
    console.print(f"[bold]{HOSTILE}")
    assert "[bold]" not in shown.getvalue().splitlines()[-1]


def test_keys_that_come_at_once_label_one_turn(tmp_path: Path) -> None:
    file = LabelFile(tmp_path / "ana.jsonl", "ana", "doors", "1")
    typed(["hhhh", "a", "\x1b[A"], file, "first", "second")
    (labelled,) = read_labels(file.path).turns
    assert labelled.turn.response == "first"


@contextmanager
def terminal(words: Sequence[str]) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """The command in a process of its own, with a terminal."""
    main, other = pty.openpty()
    code = "import sys; from sectow_env.commands.main import main; main(sys.argv[1:])"
    with subprocess.Popen(
        [sys.executable, "-c", code, *words],
        stdin=other,
        stdout=other,
        stderr=other,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "100"},
        start_new_session=True,
    ) as process:
        os.close(other)
        try:
            yield main, process
        finally:
            process.kill()
            os.close(main)


def until(handle: int, text: str) -> str:
    """What the terminal shows up to a text; all that comes if it does not come."""
    seen = ""
    with suppress(OSError):
        while text not in seen and (data := os.read(handle, 65536)):
            seen += data.decode("utf-8", "replace")
    return seen


def press(handle: int, key: str) -> None:
    """Press a key once the terminal waits for one: what is typed before that is dropped."""
    for _ in range(600):
        if not termios.tcgetattr(handle)[3] & termios.ICANON:
            os.write(handle, key.encode())
            return
        time.sleep(0.1)
    raise AssertionError("nobody waits for a key")


def test_a_killed_session_in_a_real_terminal_loses_no_label(
    run: EvaluationRun, tmp_path: Path
) -> None:
    out = tmp_path / "ana.jsonl"
    words = ["judge", "annotate", str(run.path), "--annotator", "ana", "--out", str(out)]
    words += ["--sample", "3"]
    with terminal(words) as (handle, process):
        assert "response" in until(handle, "all is saved")
        press(handle, "n")
        until(handle, "all is saved")
        # Killed between the two answers: half a label is none.
        process.kill()
        process.wait()
    assert not out.exists()
    with terminal(words) as (handle, process):
        for key in "nr":
            until(handle, "all is saved")
            press(handle, key)
        until(handle, "1 labelled")
        process.kill()
        process.wait()
    (labelled,) = read_labels(out).turns
    assert (labelled.labels["ana"], labelled.refusals["ana"]) == (False, True)
    with terminal(words) as (handle, process):
        assert "1 labelled" in until(handle, "all is saved")
        for key in "ha?":
            press(handle, key)
            until(handle, "all is saved")
        press(handle, "a")
        assert "3 of 3 turns labelled" in until(handle, "labels:")
        assert process.wait(60) == 0
    assert [labelled.labels["ana"] for labelled in read_labels(out).turns] == [False, True, None]
