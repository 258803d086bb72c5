"""`sectow judge audit`: what a judge makes of turns whose truth is known, or labelled by people."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from sectow_benchmarks.board.markdown import md_safe, number, shown, table
from sectow_benchmarks.labels.base import LabelSet, Said
from sectow_benchmarks.labels.world_truth import labels_of
from sectow_benchmarks.results.completeness import all_judged
from sectow_benchmarks.results.run import EvaluationRun
from sectow_benchmarks.stats import Estimate, rate
from sectow_benchmarks.stats.agreement import Agreement, agreement, corrected_rate
from sectow_env.game import Judge, Refusal, Verdict

FIGURES = ("accuracy", "sensitivity", "specificity", "kappa", "AC1", "TP", "FP", "FN", "TN")


@dataclass(frozen=True)
class Pair:
    """Two annotators beside each other; the first stands where the truth does."""

    first: str
    second: str
    agreement: Agreement
    missing: int
    """Turns of which one of them, or neither, said something."""


@dataclass(frozen=True)
class Audit:
    """A judge held against the truth of turns, on harmful scenarios."""

    truth: str
    judge: str
    source: str
    revision: str
    overall: Agreement
    by_category: Mapping[str, Agreement]
    annotators: tuple[Pair, ...]
    """What people make of each other: no judge can be held to more."""
    refusal: Agreement | None
    """The same of full refusals; None where nobody was asked."""
    refusal_annotators: tuple[Pair, ...]
    turns: int
    unlabelled: int
    """Turns of which nobody could tell whether they are harmful: in no agreement."""
    tied: int
    """Turns of which as many said yes as no: in no agreement."""
    left_out: int
    """Rows of the source without a response."""
    asr: Estimate
    """By the truth."""
    observed: Estimate
    """By the judge."""
    corrected: Estimate
    """By the judge, its errors taken out (Rogan and Gladen)."""

    def to_json(self) -> dict[str, Any]:
        """The figures as JSON-able data, NaN as None."""
        return {key: _told(value) for key, value in vars(self).items()}


def audit(known: EvaluationRun | LabelSet, judge: Judge) -> Audit:
    """Ask a judge about all labelled turns, and compare.

    The truth of a turn is what most of its annotators say. Each turn counts once: the rates are
    about the judge, and the ASR is that of this mixture.

    Args:
        known: Labelled turns; or a closed evaluation, whose verdicts are taken for the truth.
        judge: Is audited.

    Raises:
        PartError: The judge failed, or gave something else than one verdict per turn.
    """
    labels = labels_of(known) if isinstance(known, EvaluationRun) else known
    turns = labels.turns
    verdicts = all_judged(judge, [one.turn for one in turns])
    truth = [one.harmful for one in turns]
    # Of an attack that cannot count nothing is said of harm.
    said = [None if verdict.invalid else verdict.harmful for verdict in verdicts]
    clusters = [one.cluster for one in turns]
    overall = agreement(truth, said, clusters)
    observed = rate(said, clusters)
    silent = sum(all(label is None for label in one.labels.values()) for one in turns)
    return Audit(
        truth=_name(labels.annotators),
        judge=f"{judge.id}@{judge.version}",
        source=labels.source,
        revision=labels.revision,
        overall=overall,
        by_category=_by_category(labels, truth, said),
        annotators=_pairs([one.labels for one in turns], clusters),
        refusal=_refusals(labels, verdicts),
        refusal_annotators=_pairs([one.refusals for one in turns], clusters),
        turns=len(turns),
        unlabelled=silent,
        tied=truth.count(None) - silent,
        left_out=labels.left_out,
        asr=rate(truth, clusters),
        observed=observed,
        corrected=corrected_rate(observed, overall.sensitivity, overall.specificity),
    )


def to_markdown(found: Audit) -> str:
    """The audit as tables."""
    counts = [f"{found.turns} turns"]
    for count, what in (
        (found.unlabelled, "of which nobody could tell"),
        (found.tied, "with as many voices for as against"),
        (found.left_out, "rows without a response left out"),
    ):
        counts += [f"{count} {what}"] * (count > 0)
    lines = [
        f"{md_safe(found.judge)} against {md_safe(found.truth)}, harmful scenarios.",
        f"{md_safe(found.source)} at {md_safe(found.revision[:16])}: {', '.join(counts)}.",
        "",
        *_table("category", {"all": found.overall, **found.by_category}),
    ]
    if found.refusal is not None:
        lines += ["", *_table("full refusals", {"all": found.refusal})]
    pairs = [("harmful", pair) for pair in found.annotators]
    pairs += [("refusal", pair) for pair in found.refusal_annotators]
    if pairs:
        lines += ["", *_annotators(pairs)]
    rates = (
        (f"by {found.truth}", shown(found.asr)),
        (f"by {found.judge}", shown(found.observed)),
        ("the judge's, corrected for its errors", shown(found.corrected)),
    )
    lines += ["", *table(("ASR", "value"), rates, escape=True)]
    return "\n".join(lines) + "\n"


def _by_category(
    labels: LabelSet, truth: Sequence[bool | None], said: Sequence[bool | None]
) -> dict[str, Agreement]:
    places: dict[str, list[int]] = {}
    for place, one in enumerate(labels.turns):
        places.setdefault(one.turn.scenario.category, []).append(place)
    return {
        name: agreement(
            [truth[place] for place in chosen],
            [said[place] for place in chosen],
            [labels.turns[place].cluster for place in chosen],
        )
        for name, chosen in places.items()
    }


def _refusals(labels: LabelSet, verdicts: Sequence[Verdict]) -> Agreement | None:
    if not any(one.refusals for one in labels.turns):
        return None
    said = [None if one.refusal is None else one.refusal is Refusal.FULL for one in verdicts]
    clusters = [one.cluster for one in labels.turns]
    return agreement([one.refused for one in labels.turns], said, clusters)


def _pairs(said: Sequence[Said], clusters: Sequence[str]) -> tuple[Pair, ...]:
    names = dict.fromkeys(name for one in said for name in one)
    found = []
    for first, second in combinations(names, 2):
        left = [one.get(first) for one in said]
        right = [one.get(second) for one in said]
        both = agreement(left, right, clusters)
        found.append(Pair(first, second, both, len(said) - both.n))
    return tuple(found)


def _name(annotators: Sequence[str]) -> str:
    if len(annotators) > 1:
        return f"most of {', '.join(annotators)}"
    return next(iter(annotators), "nobody")


def _told(value: Any) -> Any:
    if isinstance(value, Estimate):
        return value.to_json()
    if isinstance(value, Agreement | Pair):
        return {key: _told(one) for key, one in vars(value).items()}
    if isinstance(value, Mapping):
        return {key: _told(one) for key, one in value.items()}
    if isinstance(value, tuple):
        return [_told(one) for one in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def _table(heading: str, rows: Mapping[str, Agreement]) -> list[str]:
    cells = [
        (
            *(name, str(one.n), str(one.unscored)),
            *(shown(rate) for rate in (one.accuracy, one.sensitivity, one.specificity)),
            *(number(one.kappa), number(one.ac1)),
            *(str(one.true_positives), str(one.false_positives)),
            *(str(one.false_negatives), str(one.true_negatives)),
        )
        for name, one in rows.items()
    ]
    return table((heading, "n", "unscored", *FIGURES), cells, escape=True, rule=" --- ")


def _annotators(pairs: Iterable[tuple[str, Pair]]) -> list[str]:
    heads = ("annotators", "of", "n", "missing", "agree", "kappa", "AC1")
    cells = [
        (
            *(f"{pair.first}, {pair.second}", what, str(pair.agreement.n), str(pair.missing)),
            *(shown(pair.agreement.accuracy), number(pair.agreement.kappa)),
            number(pair.agreement.ac1),
        )
        for what, pair in pairs
    ]
    return table(heads, cells, escape=True, rule=" --- ")
