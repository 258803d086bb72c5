"""Browsing the samples of a page, and sorting its tables, in a real browser."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from sectow_benchmarks.report import build_report
from sectow_benchmarks.report.transcripts import DIGITS, LONGEST, write_transcripts
from sectow_benchmarks.results.run import EvaluationRun
from tests.benchmarks.browser import visit
from tests.benchmarks.report.pages import HOSTILE, STATUS, hostile, ready

Pair = tuple[EvaluationRun, EvaluationRun]


def choose(opened: Any, name: str, value: str) -> str:
    opened.page.locator(f'#browser select[name="{name}"]').select_option(value, force=True)
    return ready(opened)


def chunk(folder: Path, name: str) -> Any:
    """The data in a script beside the page."""
    call = (folder / "data" / f"{name}.js").read_text("utf-8")
    given, text = json.loads(f"[{call.removeprefix('sectow(').removesuffix(chr(10))[:-1]}]")
    assert given == name
    return json.loads(text)


class Many(EvaluationRun):
    """An evaluation with many samples."""

    def __init__(self, run: EvaluationRun, count: int, **words: str) -> None:
        super().__init__(run.path, run.about)
        copies = -(-count // len(run.samples))
        samples = pd.concat([run.samples] * copies, ignore_index=True).head(count)
        number = samples.index.astype(str)
        vars(self)["samples"] = samples.assign(
            sample=number, item=number, digest=number.str.zfill(12), **words
        )


def test_samples_are_filtered_and_counted(page: Path, evaluations: Pair) -> None:
    base, after = (run.samples.set_index(["sample", "digest"]) for run in evaluations)
    total = len(after.index.union(base.index))
    with visit(page) as opened:
        assert ready(opened) == f"{total:,} of {total:,} samples"
        twins = after[after["suite"] == "twins"]
        assert choose(opened, "suite", "twins") == f"{len(twins)} of {total:,} samples"
        plain = twins[twins["channel"] == "plain"]
        assert choose(opened, "channel", "plain") == f"{len(plain)} of {total:,} samples"
        assert opened.complaints == []


def test_the_answers_of_two_evaluations_are_beside_each_other(
    page: Path, evaluations: Pair
) -> None:
    base, after = (
        run.samples[run.samples["suite"] == "safety"].set_index("sample") for run in evaluations
    )
    now = after.reindex(base.index)
    closed = (base["harmful"] == 1.0) & (now["harmful"] == 0.0) & (now["refusal"] == "full")
    assert closed.sum() > 0
    with visit(page) as opened:
        ready(opened)
        choose(opened, "suite", "safety")
        choose(opened, "verdict-left", "harmful")
        shown = choose(opened, "verdict-right", "refused")
        assert shown.startswith(f"{closed.sum()} of ")
        assert choose(opened, "changed", "better") == shown
        assert choose(opened, "changed", "worse").startswith("0 of ")
        choose(opened, "changed", "")
        opened.page.locator("#browser [role=option]").first.click()
        sides = opened.page.locator("#browser .side")
        sides.nth(1).wait_for()
        texts = [sides.nth(number).inner_text() for number in (0, 1)]
        assert texts[0].startswith("base")
        assert "harmful" in texts[0]
        assert texts[1].startswith("round 1")
        assert "refused" in texts[1]


def test_an_address_brings_filters_and_the_opened_sample_back(
    page: Path, evaluations: Pair
) -> None:
    with visit(page) as opened:
        ready(opened)
        choose(opened, "suite", "twins")
        opened.page.locator("#browser [role=option]").nth(3).click()
        title = opened.page.locator("#browser .opened h3").inner_text()
        shown, address = opened.page.locator(STATUS).inner_text(), opened.page.url
        opened.page.goto("about:blank")
        opened.page.goto(address)
        opened.page.locator("#browser .opened h3").wait_for()
        assert opened.page.locator("#browser .opened h3").inner_text() == title
        assert ready(opened) == shown
        selected = opened.page.locator("#browser [aria-selected=true]")
        assert title in selected.inner_text()
        assert opened.page.locator('#browser select[name="suite"]').input_value() == "twins"
        sought = evaluations[1].samples["digest"].iloc[0][:DIGITS]
        opened.page.evaluate(f"location.hash = '#samples?q={sought}'")
        # Asked greedily, and once more.
        assert ready(opened, "searched").startswith("2 of ")
        assert opened.complaints == []


def test_arrow_keys_move_and_open(page: Path) -> None:
    with visit(page) as opened:
        ready(opened)
        opened.page.locator("#browser [role=listbox]").focus()
        for key, number in (("ArrowDown", 0), ("ArrowDown", 1), ("End", None), ("Home", 0)):
            opened.page.keyboard.press(key)
            active = opened.page.evaluate(
                "document.activeElement.getAttribute('aria-activedescendant')"
            )
            chosen = opened.page.locator(f"#{active}")
            assert chosen.get_attribute("aria-selected") == "true"
            if number is not None:
                assert active == f"row-{number}"
            name = chosen.locator(".mono").inner_text().removesuffix("…")
            opened.page.wait_for_function(
                "name => document.querySelector('.opened h3').textContent.startsWith(name)",
                arg=name,
            )


def test_a_search_goes_through_all_parts_and_says_so(evaluations: Pair, tmp_path: Path) -> None:
    many = Many(evaluations[1], 900)
    samples = many.samples
    samples.loc[[5, 450, 899], "response"] = "the LANTERN is on the third shelf"
    samples.loc[7, "query"] = "where is the lantern?"
    page = build_report([evaluations[1]], tmp_path).page
    write_transcripts([many], tmp_path, public=True, per_chunk=100)
    with visit(page) as opened:
        ready(opened)
        opened.page.locator('#browser input[type="search"]').fill("lantern")
        assert ready(opened, "searched") == "4 of 900 samples; all texts of 900 searched"
        rows = opened.page.locator("#browser [role=option] .mono")
        assert sorted(rows.all_inner_texts()) == ["450", "5", "7", "899"]
        opened.page.locator('#browser input[type="search"]').fill("no such text anywhere")
        opened.page.wait_for_function("() => location.hash.includes('anywhere')")
        assert ready(opened, "searched").startswith("0 of 900")
        assert opened.complaints == []


def test_only_rows_that_are_seen_are_in_the_document(evaluations: Pair, tmp_path: Path) -> None:
    page = build_report([evaluations[1]], tmp_path).page
    write_transcripts([Many(evaluations[1], 12_000)], tmp_path, public=True)
    with visit(page) as opened:
        assert ready(opened) == "12,000 of 12,000 samples"
        rows = opened.page.locator("#browser [role=option]")
        assert rows.count() < 40
        opened.page.evaluate("document.querySelector('.rows').scrollTop = 1e9")
        opened.page.wait_for_function("() => document.querySelector('#row-11999') !== null")
        assert rows.count() < 40
        assert rows.last.get_attribute("aria-posinset") == "12000"


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
        ready(opened)
        opened.page.locator("#browser [role=option]").first.click()
        opened.page.locator("#browser .side").first.wait_for()
        assert opened.page.locator("#browser .opened").inner_text().count(HOSTILE) > 3
        assert opened.page.locator("#browser [onerror]").count() == 0
        assert opened.complaints == []


def test_only_the_script_of_the_page_may_run(page: Path, tmp_path: Path) -> None:
    spoilt = tmp_path / "page.html"
    text = page.read_text("utf-8")
    (tmp_path / "other.js").write_text("alert(2)")
    added = '<script>alert(1)</script><script src="other.js"></script></body>'
    spoilt.write_text(text.replace("</body>", added), "utf-8")
    with visit(spoilt) as opened:
        refused = [text for text in opened.complaints if "Content Security Policy" in text]
        assert len(refused) == 2
        assert not any(text.startswith("dialog") for text in opened.complaints)


def test_without_a_script_the_page_is_whole(page: Path, tmp_path: Path) -> None:
    bare = tmp_path / "page.html"
    bare.write_text(page.read_text("utf-8").replace("sha256-", "sha256-x"), "utf-8")
    with visit(bare) as opened:
        assert opened.page.locator("#browser").is_hidden()
        assert opened.page.locator("#board tbody tr").count() == 2
        assert opened.page.locator("#board button").count() == 0


def test_long_texts_are_cut_with_their_length(evaluations: Pair, tmp_path: Path) -> None:
    build_report([evaluations[1]], tmp_path)
    many = Many(evaluations[1], 3, response="y" * (LONGEST + 1))
    write_transcripts([many], tmp_path, public=False)
    responses = chunk(tmp_path, "texts-0")["responses"][0]
    assert responses[0] == f"{'y' * LONGEST} … ({LONGEST + 1:,} characters)"


def test_a_sample_that_the_base_was_not_asked_has_no_verdict_of_it(
    evaluations: Pair, tmp_path: Path, words: Callable[[Any], list[str]]
) -> None:
    build_report([evaluations[1]], tmp_path)
    runs = [Many(evaluations[0], 2), Many(evaluations[1], 4)]
    write_transcripts(runs, tmp_path, public=True)
    verdicts = [words(column) for column in chunk(tmp_path, "samples")["verdicts"]]
    assert verdicts[0][2:] == ["not asked", "not asked"]
    assert "not asked" not in verdicts[0][:2] + verdicts[1]


@pytest.fixture
def words() -> Callable[[Any], list[str]]:
    """Unpacks a column as the page does."""
    import base64

    import numpy as np

    def unpacked(column: Any) -> list[str]:
        codes = np.frombuffer(base64.b64decode(column["codes"]), f"<u{column['width']}")
        return [column["words"][code] for code in codes]

    return unpacked


def test_columns_of_any_size_come_back(words: Callable[[Any], list[str]]) -> None:
    from sectow_benchmarks.report.chunks import column

    for count in (1, 256, 257, 70_000):
        values = [str(number) for number in range(count)] + ["0"]
        assert words(column(values)) == values
