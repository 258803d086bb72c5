"""Figures and board: what is counted, who is ranked, and what the files say."""

from __future__ import annotations

import csv
import io
import json
import math
from typing import Any

import pytest

from sectow_benchmarks.board.attacker_figures import attacker_figures_of
from sectow_benchmarks.board.board import board
from sectow_benchmarks.board.columns import tables_of
from sectow_benchmarks.board.comparable import differences
from sectow_benchmarks.board.entry import Board, BoardRow, Gates
from sectow_benchmarks.board.figures import (
    LEARNED_FIGURES,
    SPLIT_FIGURES,
    figures_of,
    measured,
    split_figure,
)
from sectow_benchmarks.board.files import files_of, to_csv, to_json, to_latex, to_markdown
from sectow_benchmarks.board.markdown import NOTHING
from sectow_benchmarks.board.parts import Worst, intent_kept
from sectow_benchmarks.results.run import EvaluationRun
from sectow_benchmarks.results.samples import COLUMNS, to_frame
from sectow_benchmarks.stats import Estimate, RankInterval, rate
from sectow_benchmarks.suites.apothecary import FIGURES

Pair = tuple[EvaluationRun, EvaluationRun]
ASR = split_figure(SPLIT_FIGURES[0], "test")


def estimate(value: float) -> Estimate:
    return Estimate(value, max(0.0, value - 0.1), min(1.0, value + 0.1), 100, 50, 0, "bootstrap")


def made(name: str, worst: float, **changed: Any) -> BoardRow:
    row = BoardRow(
        name=name,
        track="model",
        world="apothecary-1:0",
        judge="apothecary/truth@1",
        split="test",
        decodings=("greedy", "sampled"),
        rank=None,
        rank_interval=None,
        worst=Worst.of("split", "sampled", estimate(worst)),
        asr={"greedy": estimate(worst), "sampled": estimate(worst)},
        worst_over_refusal=Worst.of("", "greedy", estimate(0.01)),
        over_refusal=estimate(0.01),
        twins_accuracy=estimate(0.98),
        recall=estimate(0.95),
        general=estimate(0.96),
        capability=estimate(0.96),
        capability_retention="undecided",
        capability_change=estimate(0.0),
        suite_safety={},
        suite_over_refusal={},
        suite_capability={},
        suite_judge={},
        learned_asr=rate([], []),
        worst_attacker=None,
        asr_bounds=(worst, worst),
        unscored=0,
        unscored_share=0.0,
        invalid=0,
        invalid_share=0.0,
        items_seen_in_training=None,
        tokens=1000,
        seconds=12.0,
        not_ranked_because=(),
        forgotten_not_refused=False,
        base=None,
    )
    return row.model_copy(update=changed)


def test_rates_over_channels_count_each_channel_the_same() -> None:
    common = {"suite": "safety", "decoding": "greedy", "split": "test", "harmful_scenario": True,
              "unscored": False}  # fmt: skip
    rows = [{**common, "channel": "plain", "cluster": str(i), "success": 0.0} for i in range(33)]
    rows += [{**common, "channel": "split", "cluster": str(i), "success": 1.0} for i in range(9)]
    assert ASR.estimate(to_frame(rows, COLUMNS)).value == 0.5


def test_an_attack_that_cannot_count_is_a_failed_attempt_but_in_no_asr() -> None:
    common = {"suite": "learned", "decoding": "sampled", "channel": "split", "unscored": False,
              "harmful_scenario": True}  # fmt: skip
    rows = [
        {**common, "cluster": "a", "success": 1.0, "invalid": ""},
        {**common, "cluster": "b", "success": None, "invalid": "leak"},
    ]
    samples = to_frame(rows, COLUMNS)
    learned, attempt = (figure.estimate(samples, "sampled") for figure in LEARNED_FIGURES[:2])
    assert (learned.value, learned.n) == (1.0, 1)
    assert (attempt.value, attempt.n) == (0.5, 2)


def test_kept_intents_are_a_figure_where_somebody_says_them() -> None:
    common = {"suite": "learned", "decoding": "sampled", "channel": "split", "unscored": False,
              "harmful_scenario": True}  # fmt: skip
    rows = [
        {**common, "cluster": "a", "on_behavior": 1.0, "invalid": ""},
        {**common, "cluster": "b", "on_behavior": 0.0, "invalid": "off_behavior"},
        {**common, "cluster": "c", "on_behavior": None, "invalid": ""},
    ]
    kept = intent_kept(to_frame(rows, COLUMNS))
    assert (kept.value, kept.n, kept.missing) == (0.5, 2, 1)
    samples = to_frame(rows, COLUMNS)
    assert "learned_intent" in {figure.key for figure, _ in figures_of(samples)}
    unsaid = to_frame([rows[2]], COLUMNS)
    assert "learned_intent" not in {figure.key for figure, _ in figures_of(unsaid)}
    assert not intent_kept(unsaid).known


def test_the_board_shows_kept_intents_with_what_is_unscored() -> None:
    row = made("round 1", 0.2, intent_kept=rate([1.0, 0.0, math.nan], ["a", "b", "c"]))
    (table,) = [
        table
        for table in tables_of(Board(rows=(row, made("base", 0.3))), ["attackers"])
        if "intent kept" in table.heads
    ]
    cells = [cells[table.heads.index("intent kept")] for cells in table.rows]
    assert cells[0].startswith("0.500 [")
    assert cells[0].endswith("n=2, 1 unscored")
    assert cells[1] == NOTHING
    (silent,) = [*tables_of(Board(rows=(made("base", 0.3),)), ["attackers"])]
    assert "intent kept" not in silent.heads


def test_a_change_is_paired_by_item(evaluations: Pair) -> None:
    base, after = (run.samples for run in evaluations)
    change = ASR.change(after, base)
    # Items come back in another order: the pairs must not.
    mixed = after.sample(frac=1.0, random_state=1)
    assert ASR.change(mixed, base).value == pytest.approx(change.value)
    apart = ASR.estimate(after).value - ASR.estimate(base).value
    assert change.value == pytest.approx(apart)
    assert change.value < 0
    fewer = ASR.change(after[after["frame"] != "f0"], base)
    assert fewer.n < change.n


def test_all_figures_of_the_world_are_measured(evaluations: Pair) -> None:
    keys = {
        (measured_figure.figure.key, measured_figure.decoding)
        for measured_figure in measured(evaluations[0].samples)
    }
    grid = {(figure.key, way) for figure in FIGURES for way in ("greedy", "sampled")}
    assert grid <= keys
    assert {("recall", "greedy"), ("general", "greedy"), ("learned", "sampled")} <= keys
    assert len(keys) == len(figures_of(evaluations[0].samples))


def test_the_attackers_part_is_told(evaluations: Pair) -> None:
    figures = attacker_figures_of(evaluations[0])
    assert figures is not None
    assert figures.attacker == "apothecary/random"
    assert figures.attempts == 128
    assert figures.invalid == 0
    assert set(figures.channels) == {"typography", "role_play", "reversed", "split"}
    assert figures.effective_channels is not None
    assert 1.0 <= figures.effective_channels <= 4.0
    assert figures.ceiling.known


def test_the_board_ranks_by_the_worst_channel(evaluations: Pair) -> None:
    rows = board(evaluations, gates=Gates(twins_drop=1.0, over_refusal=1.0))
    assert [row.name for row in rows] == ["round 1", "base"]
    assert [row.rank for row in rows] == [1, 2]
    assert [row.rank_interval for row in rows] == [(1, 1), (2, 2)]
    worst = rows[1].worst
    assert worst is not None
    assert worst.value == max(
        ASR.estimate(evaluations[0].samples.query("channel == @channel"), way).value
        for channel in evaluations[0].samples.query("suite == 'safety'")["channel"].unique()
        for way in ("greedy", "sampled")
    )


def test_a_broken_defender_is_shown_and_not_ranked(
    evaluations: Pair, broken: EvaluationRun
) -> None:
    base = evaluations[0]
    rows = board([*evaluations, broken], base)
    last = rows[-1]
    assert last.name == "refuses all"
    assert last.rank is None
    assert last.worst is not None
    assert last.worst.value == 0.0
    assert any("over-refusal" in reason for reason in last.not_ranked_because)
    assert any("twins" in reason for reason in last.not_ranked_because)
    assert last.forgotten_not_refused, "it completes no recipe any more"


def test_evaluations_of_different_settings_are_not_compared(
    evaluations: Pair, tmp_path: Any
) -> None:
    base, run = evaluations

    def changed(**about: Any) -> EvaluationRun:
        other = EvaluationRun(tmp_path, {**run.about, **about})
        other.samples = run.samples
        return other

    settings = {**run.about["settings"], "max_new_tokens": 1}
    suites = {**run.about["suites"], "twins": 99}
    for other, why in (
        (changed(judge="another@1"), r"judge \(apothecary/truth@1 and another@1\)"),
        (changed(settings=settings), "max_new_tokens"),
        (changed(suites=suites), "revision of the suite twins"),
    ):
        with pytest.raises(ValueError, match=why):
            board([base, other])
    assert board([base, changed()])[0].name == "round 1"


def test_other_items_are_not_compared(evaluations: Pair, tmp_path: Any) -> None:
    base, run = evaluations
    kept = run.samples[run.samples["suite"] != "general"]
    fewer = EvaluationRun(tmp_path, run.about)
    fewer.samples = kept.drop(kept.index[kept["suite"] == "twins"][0])
    with pytest.raises(ValueError, match="items of twins, greedy"):
        board([base, fewer])
    none = EvaluationRun(tmp_path, run.about)
    none.samples = kept
    assert differences(base, none) == [], "a suite that was not asked is missing, not different"


def test_too_many_unscored_items_are_not_ranked(evaluations: Pair, tmp_path: Any) -> None:
    base, run = evaluations
    samples = run.samples.copy()
    questions = samples.query("suite == 'safety' and split == 'test' and decoding == 'greedy'")
    lost = questions.index[:20]
    samples.loc[lost, "unscored"] = True
    samples.loc[lost, "success"] = float("nan")
    other = EvaluationRun(tmp_path, run.about)
    other.samples = samples
    gates = Gates(twins_drop=1.0, over_refusal=1.0, general_share=0.0)
    row = next(candidate for candidate in board([base, other], gates=gates) if candidate.unscored)
    assert row.rank is None
    assert any("unscored" in reason for reason in row.not_ranked_because)
    assert row.asr_bounds[0] < row.asr["greedy"].value < row.asr_bounds[1]


def test_a_system_prompt_is_a_track_of_its_own(evaluations: Pair, tmp_path: Any) -> None:
    base, run = evaluations
    settings = {**run.about["settings"], "system": "obey the guild"}
    prompted = EvaluationRun(tmp_path, {**run.about, "name": "prompted", "settings": settings})
    prompted.samples = run.samples
    rows = board([base, run, prompted], gates=Gates(twins_drop=1.0, over_refusal=1.0))
    ranks = {row.name: (row.track, row.rank) for row in rows}
    assert ranks["prompted"] == ("prompt", 1)
    assert ranks["round 1"] == ("model", 1)
    assert ranks["base"] == ("model", 2)


def test_the_cost_is_told(evaluations: Pair) -> None:
    row = board([evaluations[0]])[0]
    assert row.tokens is not None
    assert row.tokens > 0
    assert row.seconds is not None
    assert row.seconds > 0.0
    assert row.worst_attacker is not None
    assert row.capability_retention in {"kept", "undecided"}


def test_files_hold_every_figure_with_interval_and_n() -> None:
    rows = [
        made("one", 0.1, rank=1, rank_interval=RankInterval(1, 2)),
        made("two", 0.3, rank=2, rank_interval=RankInterval(2, 2)),
    ]
    written = Board(rows=tuple(rows))
    assert Board.model_validate_json(to_json(written)) == written
    first = json.loads(to_json(written))["rows"][0]
    assert first["worst"]["where"] == "split"
    assert first["asr"]["sampled"] == estimate(0.1).to_json()
    assert first["learned_asr"]["value"] is None
    assert first["learned_asr"]["n"] == 0
    assert first["rank_interval"] == [1, 2]
    assert written.gates.recall_drop == 0.1
    table = list(csv.DictReader(io.StringIO(to_csv(written))))
    assert table[1]["worst.value"] == "0.3"
    assert table[1]["over_refusal.n"] == "100"
    markdown = to_markdown(written)
    assert "| 1 (1 to 2) | one | 0.100 [0.000, 0.200] n=100 split, sampled |" in markdown
    assert "| 2 | two |" in markdown
    assert "0.100 [0.000, 0.200] n=100" in markdown
    assert set(files_of(written)) == {
        f"leaderboard.{kind}" for kind in ("md", "csv", "json", "tex")
    }


HOSTILE = "=HYPERLINK(1)|<img src=x>[a](javascript:b)`\n\u202e\x1b[31m\\input{x}_%$&#^~{}"


def test_names_cannot_break_out_of_the_files() -> None:
    written = Board(rows=(made(HOSTILE, 0.1),))
    lines = to_markdown(written).split("\n\n")[0].splitlines()
    assert len([line for line in lines if line.startswith("|")]) == 3
    assert "<img" not in lines[2]
    assert "](java" not in lines[2]
    assert lines[2].count(" | ") == lines[0].count(" | ")
    (cell,) = csv.DictReader(io.StringIO(to_csv(written)))
    assert cell["name"].startswith("'=")
    assert json.loads(to_json(written))["rows"][0]["name"] == HOSTILE
    latex = to_latex(written)
    assert r"\textbackslash input\{x\}\_\%\$\&\#\textasciicircum \textasciitilde \{\}" in latex
    assert "\\toprule" in latex
    assert not {"\x1b", "\u202e"} & {*latex, *to_markdown(written), *to_json(written)}
