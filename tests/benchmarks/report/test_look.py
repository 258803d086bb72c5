"""How the page looks in a real browser, at the widths of a screen, a tablet and a phone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from sectow_benchmarks.report import build_report
from sectow_benchmarks.results.run import EvaluationRun
from tests.benchmarks.browser import visit
from tests.benchmarks.report.pages import HOSTILE, hostile, ready, story

Pair = tuple[EvaluationRun, EvaluationRun]
WIDTHS = (1400, 900, 390)
SCHEMES = ("light", "dark")
ENDS = ((1400, "light"), (1400, "dark"), (390, "light"), (390, "dark"))
"""Where axe-core looks too."""
LOOK = Path(__file__).with_name("look.js").read_text("utf-8")
LONG = "x" * 60 + " <b>" + "y" * 56


def faults(opened: Any) -> list[str]:
    result = opened.page.evaluate(LOOK)
    assert result["seen"] > 20
    return list(result["wrong"])


def serious(opened: Any) -> list[str]:
    """Findings of axe-core that keep somebody from reading the page."""
    result = Axe().run(opened.page).response
    return [
        f"{finding['id']}: {node['target']} {node['failureSummary']}"
        for finding in result["violations"]
        if finding["impact"] in {"serious", "critical"}
        for node in finding["nodes"]
    ]


def views(opened: Any) -> Iterator[tuple[int, str]]:
    """Shows the page at each width, light and dark."""
    for width in WIDTHS:
        opened.page.set_viewport_size({"width": width, "height": 900})
        for scheme in SCHEMES:
            opened.page.emulate_media(color_scheme=scheme)
            # Some rows are drawn for the width, in the next frame.
            opened.page.evaluate(
                "() => new Promise(take => requestAnimationFrame(() => setTimeout(take)))"
            )
            yield width, scheme


@pytest.fixture(scope="module")
def page(
    evaluations: Pair, broken: EvaluationRun, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    out = tmp_path_factory.mktemp("page")
    return build_report([evaluations[0], broken, evaluations[1]], out, story=story()).page


@pytest.fixture(scope="module")
def long_page(evaluations: Pair, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("long")
    runs = [
        hostile(run, folder / str(number), text)
        for number, (run, text) in enumerate(zip(evaluations, (LONG, HOSTILE), strict=True))
    ]
    return build_report(runs, folder / "out", story=story(LONG)).page


def test_nothing_is_cut_off_small_or_pale_and_everybody_can_read_it(page: Path) -> None:
    with visit(page) as opened:
        ready(opened)
        opened.page.locator("#browser [role=option]").first.click()
        opened.page.locator("#browser .side").first.wait_for()
        for view in views(opened):
            assert (view, faults(opened)) == (view, [])
            if view in ENDS:
                assert (view, serious(opened)) == (view, [])
        assert opened.complaints == []


def test_names_of_120_characters_fit(long_page: Path) -> None:
    with visit(long_page) as opened:
        ready(opened)
        for view in views(opened):
            assert (view, faults(opened)) == (view, [])
        assert opened.complaints == []


def test_the_checks_see_what_is_wrong(page: Path) -> None:
    with visit(page, width=390) as opened:
        for style, fault in (
            (".ci { color: #aaa !important }", "contrast"),
            (".heat td { background: #c23b22 !important }", "contrast"),
            (".stack td { width: 20px; overflow: hidden }", "out of its cell"),
            ("table { min-width: 1500px }", "scrolls"),
            (".chart text { font-size: 9px !important }", "small"),
            ("body { min-width: 1600px }", "the page is"),
        ):
            opened.page.evaluate(
                "style => document.head.append(Object.assign(document.createElement('style'),"
                "{ id: 'spoilt', textContent: style }))",
                style,
            )
            assert any(fault in text for text in faults(opened)), style
            opened.page.evaluate("() => document.getElementById('spoilt').remove()")
        assert faults(opened) == []
        opened.page.evaluate("() => document.body.append(document.createElement('button'))")
        assert any(text.startswith("button-name") for text in serious(opened))
