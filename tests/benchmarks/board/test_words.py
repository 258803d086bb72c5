"""What pages say of the statistics is what the code does: the method, its constants, the gates."""

from __future__ import annotations

import html
from pathlib import Path

import pytest

from sectow_benchmarks.board.board import board
from sectow_benchmarks.board.entry import Board, Gates
from sectow_benchmarks.board.files import to_markdown
from sectow_benchmarks.board.words import intervals, ranking
from sectow_benchmarks.report import build_report
from sectow_benchmarks.results.run import EvaluationRun
from sectow_benchmarks.stats import (
    FEW_CLUSTERS,
    METHODS,
    Estimate,
    clustered,
    compare_methods,
    difference,
    hierarchical,
    mean_of,
    paired,
    rate,
    success_at_k,
)

Pair = tuple[EvaluationRun, EvaluationRun]
DOCS = Path(__file__).parents[3] / "docs"
MANY = [str(number) for number in range(40)]
ESTIMATES = {
    "korn-graubard": rate([1.0] * 10 + [0.0] * 30, MANY),
    "bootstrap": difference([0.0] * 40, [1.0] * 10 + [0.0] * 30, MANY),
    "agresti-min": difference([0.0] * 40, [1.0] * 2 + [0.0] * 38, MANY),
    "student-t": success_at_k([1.0, 0.0] * 20, sorted(MANY[:20] * 2), 1),
    "hierarchical-bootstrap": compare_methods(
        {"a": [1.0, 0.0], "b": [0.0, 0.0]}, {"a": [1.0, 1.0], "b": [0.0, 1.0]}
    ).change,
    "mover": mean_of([rate([1.0, 0.0], ["a", "b"]), rate([0.0], ["c"])]),
    "none": rate([], []),
}


@pytest.mark.parametrize(("method", "estimate"), ESTIMATES.items())
def test_each_method_is_that_of_an_estimator_and_has_words(method: str, estimate: Estimate) -> None:
    assert estimate.method == method
    assert METHODS[method]


def test_there_are_words_for_no_other_method() -> None:
    assert set(METHODS) == set(ESTIMATES)


def test_the_words_have_the_constants_of_the_code() -> None:
    assert f"fewer than {clustered.FEW_EVENTS} clusters" in METHODS[clustered.METHOD]
    assert f"{paired.DRAWS} resamples" in METHODS[paired.BOOTSTRAP]
    assert f"fewer than {paired.FEW_CHANGES} clusters" in METHODS[paired.FEW]
    assert f"{hierarchical.DRAWS} resamples" in METHODS[hierarchical.METHOD]


def test_only_the_methods_that_occur_are_explained() -> None:
    text = intervals([ESTIMATES["korn-graubard"], None, ESTIMATES["none"]])
    assert "Korn and Graubard" in text
    assert "resamples" not in text


def test_page_and_tables_say_how_their_intervals_are_made(
    evaluations: Pair, tmp_path: Path
) -> None:
    gates = Gates(over_refusal=0.07, twins_drop=0.33, general_share=0.42)
    build_report(evaluations, tmp_path, gates=gates)
    page = html.unescape((tmp_path / "index.html").read_text("utf-8"))
    used = {"korn-graubard", "bootstrap", "agresti-min"}
    for method in used:
        assert METHODS[method] in page
    assert "Wilson" not in page
    for name in ("leaderboard.md", "figures.md"):
        text = (tmp_path / name).read_text("utf-8")
        assert METHODS["korn-graubard"] in text
    assert "resamples" not in (tmp_path / "figures.md").read_text("utf-8"), "it has no change"
    rule = ranking("test", gates)
    assert rule in page
    assert rule in (tmp_path / "leaderboard.md").read_text("utf-8")
    for limit in ("0.07", "0.33", "0.42"):
        assert limit in rule


def test_the_temperature_is_the_one_that_was_measured(evaluations: Pair, tmp_path: Path) -> None:
    run = evaluations[0]
    settings = {**run.about["settings"], "temperature": 0.7, "attempts": 3}
    other = EvaluationRun(run.path, {**run.about, "settings": settings})
    page = build_report([other], tmp_path).page.read_text("utf-8")
    assert "T = 0.7 draws one" in page
    assert "T\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}1" not in page
    assert "3 sampled attempts a scenario" in page


def test_an_empty_board_has_no_caption() -> None:
    assert "intervals" not in to_markdown(Board(rows=tuple(board([]))))


def test_the_documentation_has_the_methods_and_constants_of_the_code() -> None:
    text = (DOCS / "statistics.md").read_text("utf-8")
    for name in ("Korn and Graubard", "Clopper and Pearson", "Agresti and Min", "Student's t"):
        assert name in text
    for count in (f"{paired.DRAWS} resamples", f"{hierarchical.DRAWS} resamples"):
        assert count in text
    assert (clustered.FEW_EVENTS, paired.FEW_CHANGES, FEW_CLUSTERS) == (5, 5, 20)
    assert text.count("fewer than five clusters") == 2
    assert "Under 20 clusters" in text


def test_what_the_documentation_says_of_coverage_is_in_the_table() -> None:
    text = (DOCS / "statistics.md").read_text("utf-8")
    table = (DOCS / "results" / "coverage.md").read_text("utf-8").split("| clusters |")[1]
    rows = [
        [float(cell) for cell in line.strip("|").split("|")]
        for line in table.splitlines()[2:]
        if line.startswith("|")
    ]
    enough = [row for row in rows if row[0] >= FEW_CLUSTERS]
    covered, resampled = (min(row[column] for row in enough) for column in (3, 5))
    assert f"at least {covered:.3f}, resampled clusters as little as {resampled:.3f}" in text
    assert max(row[4] / row[6] for row in enough if row[2] >= 0.1) <= 1.5
