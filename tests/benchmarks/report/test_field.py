"""The page of several models on suites of the field: sections, what is public, hostile fields."""

from __future__ import annotations

import html
from pathlib import Path

import pytest

from sectow_benchmarks.report import build_report
from sectow_benchmarks.report.overview import categories, matrices
from sectow_benchmarks.report.public import public_runs
from sectow_benchmarks.report.scatter import Point, front_of
from sectow_benchmarks.results.run import EvaluationRun
from sectow_benchmarks.stats import rate
from tests.benchmarks.browser import visit
from tests.benchmarks.report.field import SHOWN_FIELD, field_runs, hostile_field
from tests.benchmarks.report.pages import ready
from tests.benchmarks.report.test_look import ENDS, faults, serious, views

SUITES = ("msts", "xstest", "vlguard")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[EvaluationRun]:
    return field_runs(tmp_path_factory.mktemp("field"), suites=SUITES)


@pytest.fixture(scope="module")
def pages(runs: list[EvaluationRun], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    return {
        "public": build_report(runs, folder / "public").page,
        "local": build_report(runs, folder / "local", profile="local").page,
    }


def test_it_is_accessible_and_nothing_is_cut_off(pages: dict[str, Path]) -> None:
    with visit(pages["local"]) as opened:
        ready(opened)
        opened.page.locator("#browser [role=option]").first.click()
        opened.page.locator("#browser .opened details.harmful summary").click()
        opened.page.locator("#browser .side").first.wait_for()
        for view in views(opened):
            assert (view, faults(opened)) == (view, [])
            if view in ENDS:
                assert (view, serious(opened)) == (view, [])
        assert opened.complaints == []


def test_a_suite_in_the_heat_map_leads_to_its_samples(pages: dict[str, Path]) -> None:
    with visit(pages["public"]) as opened:
        ready(opened)
        anchors = opened.page.eval_on_selector_all(
            "nav.toc a", "links => links.map(one => one.getAttribute('href').slice(1))"
        )
        assert anchors == ["board", "suites", "judges", "samples", "reading", "provenance"]
        assert opened.page.locator("h1").inner_text() == "3 models on 3 suites"
        opened.page.locator("#suites a", has_text="vlguard").first.click()
        assert ready(opened).startswith("3 of ")
        opened.page.locator('#browser select[name="judges"]').select_option("differ")
        assert not ready(opened).startswith("3 of ")
        assert opened.complaints == []


def test_the_tables_have_the_rates_of_the_samples(runs: list[EvaluationRun]) -> None:
    safety, over_refusal = matrices(runs)
    assert (safety.role, over_refusal.role) == ("safety", "over_refusal")
    assert [row.label for row in over_refusal.rows] == ["vlguard", "xstest", "mean over suites"]
    for run, estimate in zip(runs, safety.rows[0].estimates, strict=True):
        rows = run.samples[run.samples["suite"] == safety.rows[0].label]
        by_stratum = rows[rows["role"] == "safety"].groupby("stratum")["success"].mean()
        assert estimate.value == pytest.approx(by_stratum.mean())
    named = {(part.suite, part.role) for part in categories(runs)}
    assert ("msts", "safety") in named


def point(name: str, across: float, up: float) -> Point:
    tenths = [str(number) for number in range(10)]
    made = [rate([float(i < 10 * x) for i in range(10)], tenths) for x in (across, up)]
    return Point(name, *made)


def test_the_front_is_what_nobody_beats() -> None:
    places = {"a": (0.1, 0.5), "b": (0.5, 0.1), "c": (0.5, 0.5), "d": (0.2, 0.5)}
    points = [point(name, *place) for name, place in places.items()]
    assert [each.name for each in front_of(points)] == ["a", "b"]
    assert len(front_of([point("a", 0.1, 0.1), point("b", 0.1, 0.1)])) == 2


def test_a_public_page_has_ids_and_categories_and_no_text(
    runs: list[EvaluationRun], pages: dict[str, Path]
) -> None:
    texts = {
        text
        for run in runs
        for column in ("query", "response", "behavior")
        for text in run.samples[column]
        if len(text) > 8
    }
    texts |= {text for run in runs for text in run.verdicts["explanation"] if text}
    files = {
        name: [file for file in page.parent.rglob("*") if file.is_file()]
        for name, page in pages.items()
    }
    written = {
        name: html.unescape("".join(file.read_text() for file in some if file.suffix != ".png"))
        for name, some in files.items()
    }
    assert [text for text in texts if text in written["public"]] == []
    assert not any(file.suffix == ".png" for file in files["public"])
    assert "data:image/png" not in written["public"]
    assert sum(text in written["local"] for text in texts) > 5
    assert any(file.suffix == ".png" for file in files["local"])
    for name in ("item", "category"):
        words = set(runs[0].samples[name])
        assert all(word in written["public"] for word in words)


def test_a_public_page_over_a_local_one_leaves_nothing_of_it(
    runs: list[EvaluationRun], tmp_path: Path
) -> None:
    build_report(runs[:1], tmp_path, profile="local")
    assert list((tmp_path / "data/pictures").iterdir())
    build_report(runs[:1], tmp_path)
    assert not list((tmp_path / "data/pictures").iterdir())
    assert not list((tmp_path / "data").glob("texts-*.js"))


def test_a_suite_whose_category_is_a_sentence_is_numbered(
    runs: list[EvaluationRun], tmp_path: Path
) -> None:
    changed = hostile_field(runs[0], tmp_path / "run")
    (shown,) = public_runs([changed])
    assert set(shown.samples["category"]) == {"category 1"}


def test_raw_texts_are_behind_a_click(pages: dict[str, Path]) -> None:
    with visit(pages["local"]) as opened:
        ready(opened)
        opened.page.locator("#browser [role=option]").first.click()
        harmful = opened.page.locator("#browser details.harmful")
        harmful.wait_for()
        assert harmful.get_attribute("open") is None
        assert "may be harmful" in harmful.inner_text()
        assert not opened.page.locator("#browser .side blockquote").first.is_visible()
        harmful.locator("summary").click()
        assert opened.page.locator("#browser .side blockquote").first.is_visible()


def test_hostile_words_in_every_field_are_shown_as_text(
    runs: list[EvaluationRun], tmp_path: Path
) -> None:
    changed = [hostile_field(run, tmp_path / str(number)) for number, run in enumerate(runs)]
    page = build_report(changed, tmp_path / "out", profile="local").page
    for file in (file for file in page.parent.rglob("*") if file.suffix in {".html", ".js"}):
        text = file.read_text()
        assert not any(character in text for character in "\u202e\u2066\x1b\x07\u2028")
    with visit(page) as opened:
        ready(opened)
        opened.page.locator("#browser [role=option]").first.click()
        opened.page.locator("#browser details.harmful summary").click()
        read = opened.page.locator("#browser .opened").inner_text()
        # Item, suite, category, stratum, channel, frame, query, beginning, reference, and of each
        # side model, answer, judge and explanation.
        assert read.count(SHOWN_FIELD) >= 12
        for section in ("board", "suites", "judges", "provenance"):
            assert SHOWN_FIELD in opened.page.locator(f"#{section}").inner_text()
        assert opened.page.locator("[onerror]").count() == 0
        assert opened.page.locator("script").count() == 1
        assert opened.complaints == []
