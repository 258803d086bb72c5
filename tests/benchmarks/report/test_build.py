"""The page: opens from disk in a real browser, is quiet, complete and safe against its own data."""

from __future__ import annotations

import html
import json
import shutil
from pathlib import Path

import pytest

from sectow_benchmarks.api import evaluate
from sectow_benchmarks.report import build_report
from sectow_benchmarks.report.public import is_fictional
from sectow_benchmarks.results.run import EvaluationRun
from tests.benchmarks.browser import visit
from tests.benchmarks.report.pages import HOSTILE, hostile, story

Pair = tuple[EvaluationRun, EvaluationRun]


def test_the_page_opens_from_disk_without_a_complaint(page: Path) -> None:
    with visit(page, width=360) as opened:
        assert opened.complaints == []
        # The page, what is in the folder beside it and pictures inside it: nothing from elsewhere.
        own = (page.as_uri(), f"{page.parent.as_uri()}/data/", "data:")
        assert all(url.startswith(own) for url in opened.requests)
        tall = opened.page.evaluate("document.documentElement.scrollWidth")
        assert tall <= 360, "only tables may be wider than the window, in their own scroller"
        broken = opened.page.evaluate(
            "[...document.images].filter(one => !one.complete || !one.naturalWidth).length"
        )
        assert broken == 0
        assert opened.page.locator("img").count() > 0


def test_the_page_has_all_its_parts_and_every_link_leads_somewhere(page: Path) -> None:
    with visit(page) as opened:
        anchors = opened.page.eval_on_selector_all(
            "nav.toc a", "links => links.map(one => one.getAttribute('href').slice(1))"
        )
        assert anchors == [
            *("figures", "board", "rounds", "channels", "weakness", "attacks", "examples"),
            *("samples", "reading", "provenance"),
        ]
        for anchor in anchors:
            assert opened.page.locator(f"section#{anchor} h2").count() == 1
        linked = opened.page.eval_on_selector_all(
            "a[href^='leaderboard.']",
            "links => links.map(one => one.getAttribute('href'))",
        )
        assert len(linked) == 4
        assert all((page.parent / name).is_file() for name in linked)
        assert opened.page.locator("svg[role=img] > title").count() == 3
        assert opened.page.locator("img:not([alt])").count() == 0
        assert opened.page.locator("html[lang=en]").count() == 1


def test_hostile_texts_stay_texts(evaluations: Pair, tmp_path: Path) -> None:
    runs = [hostile(run, tmp_path / str(number)) for number, run in enumerate(evaluations)]
    page = build_report(runs, tmp_path / "out", story=story(HOSTILE)).page
    text = page.read_text()
    assert "<script>alert" not in text
    assert "<img src=x" not in text
    assert (
        html.escape(HOSTILE, quote=True).replace("&#x27;", "&#39;").replace("&quot;", "&#34;")
        in text
    )
    with visit(page) as opened:
        assert opened.complaints == []
        assert opened.page.locator("script").count() == 1
        assert opened.page.locator("[onerror]").count() == 0
        assert f"warned of {HOSTILE}" in opened.page.locator(".banner.bad").last.inner_text()
        assert HOSTILE in opened.page.locator("blockquote").first.inner_text()


def test_the_escaping_check_sees_a_page_that_does_not_escape(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(f"<!doctype html><title>x</title><p>{HOSTILE}")
    with visit(page) as opened:
        assert opened.page.locator("[onerror]").count() == 1
        assert opened.complaints != []


def pack_like(run: EvaluationRun, folder: Path) -> EvaluationRun:
    """A copy of an evaluation that says that it played somebody's pack."""
    shutil.copytree(run.path, folder)
    about = json.loads((folder / "run.json").read_text())
    about["world"] = {"name": "x.jsonl", "id": "pack/x", "fingerprint": "0"}
    (folder / "run.json").write_text(json.dumps(about))
    return EvaluationRun.open(folder)


def test_the_public_profile_of_a_pack_holds_no_text_and_no_picture(
    evaluations: Pair, tmp_path: Path
) -> None:
    run = pack_like(evaluations[0], tmp_path / "run")
    public = build_report([run], tmp_path / "public").page.read_text()
    local = build_report([run], tmp_path / "local", profile="local").page.read_text()
    samples = run.samples[run.samples["suite"].isin(["safety", "twins"])]
    shown = {text for text in (*samples["query"], *samples["response"]) if len(text) > 12}
    assert not any(html.escape(text) in public for text in shown)
    assert "data:image/png" not in public
    assert "Public profile" in public
    assert any(html.escape(text) in local for text in shown)
    assert "data:image/png" in local
    assert "Do not publish" in local


def test_a_world_is_fictional_by_its_fingerprint_and_not_by_its_word(evaluations: Pair) -> None:
    about = evaluations[0].about
    assert is_fictional(about)
    assert not is_fictional({**about, "world": {**about["world"], "fingerprint": "0" * 64}})
    assert not is_fictional({**about, "world": {**about["world"], "id": "apothecary-1:1"}})
    assert not is_fictional({})


def test_a_forgetful_defender_is_marked(evaluations: Pair, broken: EvaluationRun) -> None:
    about = {**evaluations[0].about, "attacker": None}
    base = EvaluationRun(evaluations[0].path, about)
    text = build_report([base, broken], broken.path / "report").page.read_text()
    assert "forgotten, not refused" in text


def test_one_evaluation_alone_makes_a_page(evaluations: Pair, tmp_path: Path) -> None:
    page = build_report([evaluations[1]], tmp_path / "out").page
    with visit(page) as opened:
        assert opened.complaints == []
        assert opened.page.locator("#rounds").count() == 0
    with pytest.raises(ValueError, match="at least one"):
        build_report([], tmp_path / "none")


def test_a_pack_has_no_potions_and_no_rounds(root: Path, tmp_path: Path) -> None:
    pack = root / "examples/packs/lantern_shop.jsonl"
    runs = [
        evaluate(f"apothecary/{name}", world=str(pack), out=tmp_path / name).run
        for name in ("refuse_all", "nonsense")
    ]
    text = html.unescape(build_report(runs, tmp_path / "out").page.read_text("utf-8"))
    chart = text.partition('id="rounds"')[2].partition("</section>")[0]
    assert "By evaluation" in chart
    assert "potions" not in chart
    safer = chart.partition("lower is safer")[2].partition("</figure>")[0]
    assert "ASR, test" in safer
    assert "refusal of harmful" not in safer, "of which more is safer"
