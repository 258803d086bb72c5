"""What the commands leave on a real terminal, and in a pipe."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from sectow_benchmarks.results.run import EvaluationRun
from sectow_benchmarks.studies.presets import SMALL
from tests.terminal import Shown, in_terminal, piped, sectow

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
    return sectow("demo", "--small", "--rounds", "1", "--out", str(out), *models)


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


QUICK: dict[str, tuple[tuple[str, ...], str]] = {
    "an error": (("check", "apothecary/" + "long " * 60), "fix: known: SecTOW-v0"),
    "check": (("check", "apothecary/truth"), "passed in"),
    "doctor": (("doctor",), "free disk"),
    "doctor of a configuration": (
        ("doctor", "configs/apothecary.yaml", "run=runs/none", "judge=rules/refusl"),
        "would fail",
    ),
    "pack check": (("pack", "check", "examples/packs/lantern_shop.jsonl"), "fingerprint"),
    "play": (("play", "--seat", "defender"), "0 played"),
}


@pytest.mark.parametrize("name", QUICK)
def test_a_quick_command_fits_and_obeys_the_wish_for_plain_text(name: str) -> None:
    words, last = QUICK[name]
    assert faults(in_terminal(sectow(*words), 80, keys="q\n"), 80, (last,)) == []
    plain = in_terminal(sectow(*words), 80, {"NO_COLOR": "1"}, keys="q\n")
    assert faults(plain, 80, (last,)) == []
    assert ESCAPE not in plain.raw
    assert ESCAPE not in in_terminal(sectow(*words), 80, {"TERM": "dumb"}, keys="q\n").raw


def test_help_in_a_pipe_has_no_escape_codes() -> None:
    assert ESCAPE not in piped(sectow("--help")).stdout


@pytest.mark.slow
@pytest.mark.parametrize("columns", [80, 200])
def test_training_keeps_its_lines_and_ends_its_bars(
    organism_folder: Path, tmp_path: Path, columns: int
) -> None:
    models = [f"{seat}.model={organism_folder}" for seat in ("attacker", "defender")]
    settings = ["train", "--config", "configs/apothecary.yaml", *SMALL, *models, "rounds=1"]
    shown = in_terminal(sectow(*settings, "--run", str(tmp_path / "run")), columns)
    assert shown.code == 0, shown.text
    assert "round 1 attacker" in shown.raw, "the bars were there"
    lines = ("training in", "after", "base", "1 attacker", "1 defender", "run folder:")
    assert faults(shown, columns, lines) == []


COMMANDS: dict[str, tuple[str, ...]] = {
    "bench": ("measuring apothecary/keyword", "worst channel", "page:"),
    "bench --dry-run": ("safety", "nothing was asked"),
    "bench compare": ("comparing", "ASR, test potions", "retention: within a loss of 0.03."),
    "report": ("rendering the report", "defender", "round 1", "page:"),
    # The scripted model counts tokens, which no real one without weights does.
    "verify": ("checking", "outcome", "of a model that has no tokens", "Not ranked"),
    "bench crossplay": ("play 1 defenders", "Cross-play", "Worst attacker of each defender"),
    "judge rerun": ("looks at", "rules/refusal@", "page:"),
    "judge audit": ("looks at", "turns."),
}


@pytest.fixture(scope="module")
def words(
    evaluations: tuple[EvaluationRun, EvaluationRun], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, list[str]]:
    out = tmp_path_factory.mktemp("out")
    # A rerun adds to what it looks at.
    base, after = (
        str(shutil.copytree(run.path, out / "evaluations" / run.path.name)) for run in evaluations
    )
    keyword = ["bench", "--model", "apothecary/keyword", "--per-cell", "1", "--per-kind", "1"]
    seats = ["--attacker", "apothecary/random", "--defender", "apothecary/keyword"]
    return {
        "bench": [*keyword, "--split", "test", "--out", str(out / "bench")],
        "bench --dry-run": [*keyword, "--dry-run"],
        "bench compare": ["bench", "compare", base, after],
        "report": ["report", after, "--base", base, "--out", str(out / "page")],
        "verify": ["verify", base, after],
        "bench crossplay": ["bench", "crossplay", *seats, "--out", str(out / "crossplay")],
        "judge rerun": [
            "judge",
            "rerun",
            base,
            "--judge",
            "rules/refusal",
            "--out",
            str(out / "r"),
        ],
        "judge audit": ["judge", "audit", base, "--judge", "rules/refusal"],
    }


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_fits_a_terminal_of_80_columns(name: str, words: dict[str, list[str]]) -> None:
    shown = in_terminal(sectow(*words[name]), 80)
    assert shown.code in (0, 1), shown.text
    assert faults(shown, 80, COMMANDS[name]) == []
    assert not [line for line in shown.lines if "\\_" in line or "&gt;" in line or "| ---" in line]
