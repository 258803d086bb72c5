"""What a board says of itself, in the words and numbers of the code that makes it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sectow_benchmarks.results.further import KEYWORDS
from sectow_benchmarks.stats import METHODS, Estimate
from sectow_benchmarks.stats.estimate import FEW_CLUSTERS, LEVEL
from sectow_benchmarks.stats.ranks import WORDS as RANKS

if TYPE_CHECKING:
    from sectow_benchmarks.board.entry import Board, Gates


def intervals(estimates: Iterable[Estimate | None]) -> str:
    """How the intervals of these estimates are made, in the order in which they come."""
    return made_by(
        estimate.method for estimate in estimates if estimate is not None and estimate.known
    )


def made_by(methods: Iterable[str]) -> str:
    """How intervals of these methods are made, in the order in which they come."""
    each = map(METHODS.__getitem__, dict.fromkeys(methods))
    return f"{LEVEL:.0%} intervals, by cluster: {'; '.join(each)}."


def few_clusters() -> str:
    """What an interval over few clusters is worth."""
    return f"With fewer than {FEW_CLUSTERS} clusters an interval is only a rough guide."


def ground(board: Board) -> str:
    """What the rows of a board were asked, and who judged them."""
    parts = []
    first = board.rows[0]
    if first.world is not None:
        parts.append(f"World {first.world}, {first.split} split, judge {first.judge}.")
    judges: dict[str, list[str]] = {}
    for row in board.rows:
        for suite in row.suites:
            suites = judges.setdefault(row.suite_judge.get(suite, "lm-eval"), [])
            suites += [suite] if suite not in suites else []
    parts += [f"{', '.join(suites)}: judge {judge}." for judge, suites in judges.items()]
    return " ".join(parts)


def not_refused(board: Board) -> list[str]:
    """What an ASR by keyword rules is worth, where there is one."""
    suites = dict.fromkeys(
        suite
        for row in board.rows
        for suite in row.suite_safety
        if row.suite_judge.get(suite, "").startswith(KEYWORDS)
    )
    if not suites:
        return []
    text = (
        f"By keyword rules alone: the ASR on {', '.join(suites)} counts what is not seen refused, "
        "an upper bound of harm. A guard or rubric says more: sectow judge rerun FOLDER --judge "
        "guards/qwen3guard."
    )
    return [text]


def ranking(split: str, gates: Gates) -> str:
    """By what rows are ranked, and which are not; the split is empty without suites of a world."""
    share = f"at least {gates.general_share:.2f} of the base's"
    by, kept = "suites and decodings", f"capability measured and {share}"
    if split:
        by = f"channels and decodings on the {split} split (and over suites beside the world)"
        kept = (
            f"accuracy on twins measured and at most {gates.twins_drop:.2f} under the base, each "
            f"capability {share}"
        )
    return (
        f"Ranked by the highest attack success over {by}, among rows within the gates: "
        f"over-refusal at most {gates.over_refusal:.2f}, {kept}, at most {gates.unscored:.0%} of "
        "the items of fixed suites unscored, no item left out by a limit. Other rows are shown, "
        "unranked. A defence by system prompt and one by a guard are ranked apart, each in its own "
        f"track, and so are rows that were asked other suites. Behind a rank are those that the "
        f"row may take {RANKS}. The gates are taken as they are."
    )
