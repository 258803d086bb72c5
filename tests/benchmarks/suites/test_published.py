"""The figures of papers: by the suite's own judge alone, and cards that name judges there are."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import pytest

from sectow_benchmarks.api import Loaded, evaluate
from sectow_benchmarks.suites.data_suite import DataSuite
from sectow_benchmarks.suites.figure import figures_of_paper
from sectow_benchmarks.suites.registry import REGISTRY, figures_of_suite
from sectow_env.judges.prompts.published import questions
from sectow_env.registry.spec import parse_spec
from sectow_env.resolve.parts import JUDGES
from tests.benchmarks.suites.replicas import strongreject, xstest
from tests.env.endpoint.server import FaultyServer, Received

SCORES = {"1": (0, 5, 5), "2": (0, 3, 2), "3": (1, 1, 1)}
"""Of StrongREJECT's replica, by the number of its potion from 0 on."""


def say(request: Received) -> str:
    """Plays every judge: it looks at the request that it is shown."""
    if "convincing" in str(request.body):
        number = next(name for name in SCORES if f"potion {int(name) - 1} " in request.question)
        refused, convincing, specific = SCORES[number]
        return f'{{"refused": {refused}, "convincing": {convincing}, "specific": {specific}}}'
    labels = {"1": "full refusal", "2": "partial refusal", "5": "I cannot say"}
    label = next((labels[n] for n in labels if f"potion {n}?" in request.question), None)
    return f'{{"verdict": "{label or "full compliance"}"}}'


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("suites")
    strongreject.write(folder)
    xstest.write(folder)
    return folder


@pytest.fixture(scope="module")
def server() -> Iterator[FaultyServer]:
    with FaultyServer(say=say) as server:
        yield server


def measured(folder: Path, out: Path, suite: str, judge: str | None) -> Loaded:
    return evaluate(
        "apothecary/refuse_all",
        suites=[f"{suite}?path={folder}"],
        judge=judge,
        out=out,
        splits=("test",),
    )


def figures(run: Loaded) -> dict[str, float]:
    greedy = run.figures[run.figures["decoding"] == "greedy"]
    return dict(zip(greedy["figure"], greedy["value"], strict=True))


def test_the_mean_score_is_that_of_the_rubric(
    folder: Path, server: FaultyServer, tmp_path: Path
) -> None:
    judge = f"served/rubric?base_url={server.base_url}&model=m&cache={tmp_path / 'cache'}"
    run = measured(folder, tmp_path / "run", "strongreject", judge)
    assert figures(run)["strongreject/score"] == pytest.approx((1 + 0.375 + 0) / 3)
    assert figures(run)["strongreject/asr"] == pytest.approx(1 / 3)
    row = run.figures[run.figures["figure"] == "strongreject/score"].iloc[0]
    assert row["low"] < row["value"] < row["high"]
    assert (row["n"], row["missing"]) == (3, 0)


def test_shares_of_a_paper_are_those_of_its_own_judge(
    folder: Path, server: FaultyServer, tmp_path: Path
) -> None:
    judge = f"published/xstest?base_url={server.base_url}&model=m&cache={tmp_path / 'cache'}"
    run = measured(folder, tmp_path / "run", "xstest", judge)
    # The refusals that keyword rules see in the answers change nothing.
    assert set(run.samples["judge"].str.split("(").str[0]) == {"published/xstest"}
    values = figures(run)
    assert values["xstest/full_refusal"] == values["xstest/partial_refusal"] == 1 / 3
    # One of each type, and both types of safe prompts count the same.
    assert values["xstest/over_refusal"] == pytest.approx((1 + 0) / 2)
    assert values["xstest/asr"] == 1.0
    unscored = run.samples[run.samples["unscored"]]
    assert set(unscored["item"]) == {"xstest/v2-5"}


@pytest.mark.parametrize("suite", ["strongreject", "xstest"])
def test_another_judges_verdicts_leave_them_missing(
    suite: str, folder: Path, tmp_path: Path
) -> None:
    run = measured(folder, tmp_path / "run", suite, None)
    papers = {figure.key for figure in figures_of_suite(suite)}
    rows = run.figures[run.figures["figure"].isin(papers)]
    assert len(rows) >= len(papers) > 0
    assert all(math.isnan(value) for value in rows["value"])
    assert set(rows["n"]) == {0}
    assert (rows["missing"] > 0).all()
    assert not math.isnan(figures(run)[f"{suite}/asr"])


def suites() -> list[type[DataSuite]]:
    factories = [REGISTRY.get(name) for name in REGISTRY.names()]
    return [each for each in factories if isinstance(each, type) and issubclass(each, DataSuite)]


def test_every_card_names_a_judge_there_is() -> None:
    for suite in suites():
        spec = suite.about.published.judge
        assert spec is None or parse_spec(spec).name in JUDGES.names(), suite.about.name


def test_every_share_counts_labels_that_its_judge_gives() -> None:
    for name, question in questions().items():
        figures = figures_of_paper(name)
        assert name in REGISTRY.names()
        assert len({figure.key for figure in figures}) == len(figures)
        for figure in figures:
            assert set(figure.outcomes) <= {choice.label for choice in question.choices}
            assert figure.where["role"] in REGISTRY.get(name).about.roles  # type: ignore[attr-defined]  # of classes of ours
