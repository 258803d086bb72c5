"""Browsing the samples of a page, and sorting its tables, in a real browser."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from sectow_benchmarks.report import build_report
from sectow_benchmarks.report.samples import LONGEST, MOST, browser
from sectow_benchmarks.results.run import EvaluationRun
from tests.benchmarks.browser import visit
from tests.benchmarks.report.pages import HOSTILE, hostile

Pair = tuple[EvaluationRun, EvaluationRun]


@pytest.fixture(scope="module")
def page(evaluations: Pair, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_report(evaluations, tmp_path_factory.mktemp("samples")).page


def column(opened: Any, name: str) -> list[str]:
    """The cells of a column of the browser that are on the screen."""
    cells = opened.page.locator(f'#browser [data-label="{name}"]')
    return [str(text) for text in cells.evaluate_all("all => all.map(one => one.textContent)")]


def select(opened: Any, name: str) -> Any:
    return opened.page.locator(f'#browser label:has-text("{name}") select').first


def test_samples_are_filtered_sorted_and_paged(page: Path, evaluations: Pair) -> None:
    samples = evaluations[1].samples
    with visit(page) as opened:
        caption = opened.page.locator("#browser caption")
        assert caption.inner_text() == f"1 to 20 of {len(samples)} samples"
        select(opened, "suite").select_option("twins")
        twins = samples[samples["suite"] == "twins"]
        assert caption.inner_text() == f"1 to 20 of {len(twins)} samples"
        assert set(column(opened, "suite")) == {"twins"}
        opened.page.locator("#browser th button", has_text="channel").click()
        assert column(opened, "channel") == sorted(twins["channel"])[:20]
        opened.page.locator("#browser th button", has_text="channel").click()
        assert column(opened, "channel") == sorted(twins["channel"], reverse=True)[:20]
        opened.page.locator("#browser button", has_text="later").click()
        assert caption.inner_text() == f"21 to 40 of {len(twins)} samples"
        sought = twins["digest"].iloc[7][:12]
        opened.page.locator('#browser input[type="search"]').fill(sought)
        heads = opened.page.locator("#browser tbody th").evaluate_all(
            "all => all.map(one => one.firstChild.textContent)"
        )
        assert set(heads) == {sought}
        opened.page.locator('#browser input[type="search"]').fill("no such text anywhere")
        assert caption.inner_text() == "No sample fits."
        assert opened.complaints == []


def test_the_verdicts_of_both_evaluations_are_beside_each_other(
    page: Path, evaluations: Pair
) -> None:
    with visit(page) as opened:
        select(opened, "suite").select_option("safety")
        select(opened, "verdict, base").select_option("harmful")
        select(opened, "verdict, round 1").select_option("refused")
        shown = opened.page.locator("#browser caption").inner_text()
    base, after = (
        run.samples[run.samples["suite"] == "safety"].set_index("sample") for run in evaluations
    )
    now = after.reindex(base.index)
    closed = (base["harmful"] == 1.0) & (now["harmful"] == 0.0) & (now["refusal"] == "full")
    assert closed.sum() > 0
    assert shown.endswith(f"of {closed.sum()} samples")


def test_the_board_is_sorted_by_a_column(page: Path) -> None:
    with visit(page) as opened:
        head = opened.page.locator("#board thead th", has_text="worst channel")
        for order, reverse in (("ascending", False), ("descending", True)):
            head.locator("button").click()
            assert head.get_attribute("aria-sort") == order
            worst = opened.page.locator('#board td[data-label="worst channel"]').evaluate_all(
                "cells => cells.map(one => Number(one.dataset.v))"
            )
            assert worst == sorted(worst, reverse=reverse)
            assert len(set(worst)) == 2


def test_hostile_texts_are_texts_in_the_browser_too(evaluations: Pair, tmp_path: Path) -> None:
    runs = [hostile(run, tmp_path / str(number)) for number, run in enumerate(evaluations)]
    with visit(build_report(runs, tmp_path / "out").page) as opened:
        opened.page.locator("#browser summary").first.click()
        assert HOSTILE in opened.page.locator("#browser tbody details").first.inner_text()
        assert opened.page.locator("#browser [onerror]").count() == 0
        assert opened.complaints == []


def test_only_the_script_of_the_page_may_run(page: Path, tmp_path: Path) -> None:
    spoilt = tmp_path / "page.html"
    text = page.read_text("utf-8")
    spoilt.write_text(text.replace("</body>", "<script>alert(1)</script></body>"), "utf-8")
    with visit(spoilt) as opened:
        assert any("Content Security Policy" in text for text in opened.complaints)
        assert not any(text.startswith("dialog") for text in opened.complaints)


def test_without_a_script_the_page_is_whole(page: Path, tmp_path: Path) -> None:
    bare = tmp_path / "page.html"
    bare.write_text(page.read_text("utf-8").replace("sha256-", "sha256-x"), "utf-8")
    with visit(bare) as opened:
        assert opened.page.locator("#browser").is_hidden()
        assert opened.page.locator("#board tbody tr").count() == 2
        assert opened.page.locator("#board button").count() == 0


class Many(EvaluationRun):
    """An evaluation with many samples."""

    def __init__(self, run: EvaluationRun, count: int, **words: str) -> None:
        super().__init__(run.path, run.about)
        copies = -(-count // len(run.samples))
        samples = pd.concat([run.samples] * copies, ignore_index=True).head(count)
        number = samples.index.astype(str)
        vars(self)["samples"] = samples.assign(sample=number, digest=number.str.zfill(12), **words)


def test_ten_thousand_samples_stay_usable(evaluations: Pair, tmp_path: Path) -> None:
    many = Many(evaluations[1], MOST + 500, response="a recipe " * 20, query="how is it made " * 9)
    shown = browser(None, many, public=True)
    assert f"first {MOST:,} of {MOST + 500:,}" in shown.note
    assert len(shown.tree["columns"][0]["words"]) == MOST
    page = tmp_path / "page.html"
    text = build_report([evaluations[1]], tmp_path / "out").page.read_text("utf-8")
    start = text.index('id="samples-data">') + len('id="samples-data">')
    data = json.dumps(shown.tree).replace("<", "\\u003c")
    page.write_text(text[:start] + data + text[text.index("</script>", start) :], "utf-8")
    assert page.stat().st_size < 8_000_000
    start_time = time.monotonic()
    with visit(page) as opened:
        select(opened, "suite").select_option("safety")
        opened.page.locator("#browser th button", has_text="channel").click()
        assert opened.page.locator("#browser tbody tr").count() == 20
        assert opened.complaints == []
    assert time.monotonic() - start_time < 15.0


def test_long_texts_are_cut_with_their_length(evaluations: Pair) -> None:
    many = Many(evaluations[1], 3, response="y" * (LONGEST + 1))
    (texts,) = (
        words
        for name, words in browser(None, many, public=False).tree["texts"].items()
        if name.startswith("response")
    )
    assert texts[0] == f"{'y' * LONGEST} … ({LONGEST + 1:,})"


def test_a_sample_that_the_base_was_not_asked_has_no_verdict_of_it(evaluations: Pair) -> None:
    base = Many(evaluations[0], 2)
    after = Many(evaluations[1], 4)
    columns = browser(base, after, public=True).tree["columns"]
    verdicts = next(given for given in columns if given["name"] == "verdict, base")
    assert [verdicts["words"][at] for at in verdicts["at"]][2:] == ["not asked", "not asked"]
