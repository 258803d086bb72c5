"""How the page looks in a real browser, at the widths of a screen, a tablet and a phone."""

from __future__ import annotations

from pathlib import Path

import pytest

from sectow_benchmarks.report import build_report
from sectow_benchmarks.results.run import EvaluationRun
from tests.benchmarks.browser import visit
from tests.benchmarks.report.pages import HOSTILE, hostile, story

Pair = tuple[EvaluationRun, EvaluationRun]
WIDTHS = (1400, 900, 390)
LOOK = Path(__file__).with_name("look.js").read_text("utf-8")
LONG = "x" * 60 + " <b>" + "y" * 56


def faults(page: Path, width: int, scheme: str = "light") -> list[str]:
    with visit(page, width=width, scheme=scheme) as opened:
        assert opened.complaints == []
        result = opened.page.evaluate(LOOK)
    assert result["seen"] > 20
    return list(result["wrong"])


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


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_cut_off_small_or_pale(page: Path, width: int, scheme: str) -> None:
    assert faults(page, width, scheme) == []


@pytest.mark.parametrize("width", WIDTHS)
def test_names_of_120_characters_fit(long_page: Path, width: int) -> None:
    assert faults(long_page, width) == []


@pytest.mark.parametrize(
    ("style", "fault"),
    [
        (".ci { color: #aaa !important }", "contrast"),
        (".heat td { background: #c23b22 !important }", "contrast"),
        (".stack td { width: 20px; overflow: hidden }", "out of its cell"),
        ("table { min-width: 1500px }", "scrolls"),
        (".chart text { font-size: 9px !important }", "small"),
        ("body { min-width: 1600px }", "the page is"),
    ],
)
def test_the_check_sees_what_is_wrong(page: Path, style: str, fault: str) -> None:
    # Beside the page, where its data are.
    spoilt = page.with_name("spoilt.html")
    spoilt.write_text(page.read_text("utf-8").replace("</style>", f"{style}</style>"), "utf-8")
    assert any(fault in text for text in faults(spoilt, 390))
