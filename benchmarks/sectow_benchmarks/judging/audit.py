"""`sectow judge audit`: what a judge makes of turns whose truth is known, or labelled by people."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

from sectow_benchmarks.board.markdown import md_safe, number, shown, table
from sectow_benchmarks.labels.base import ByAnnotator, LabelSet
from sectow_benchmarks.labels.world_truth import labels_of
from sectow_benchmarks.results.completeness import all_judged
from sectow_benchmarks.results.run import EvaluationRun
from sectow_benchmarks.results.strict_json import strict_json
from sectow_benchmarks.stats import Estimate, rate
from sectow_benchmarks.stats.agreement import Agreement, agreement, corrected_rate
from sectow_env.game import Judge, Refusal, Verdict

FIGURES = ("accuracy", "sensitivity", "specificity", "kappa", "AC1", "TP", "FP", "FN", "TN")


@dataclass(frozen=True)
class Pair:
    """Two annotators beside each other; the first takes the place of the truth."""

    first: str
    second: str
    agreement: Agreement
    missing: int
    """Turns that one of them, or neither, labelled."""


@dataclass(frozen=True)
class Audit:
    """A judge compared with the truth of turns, on harmful scenarios."""

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
        tree: dict[str, Any] = json.loads(strict_json(asdict(self)))
        return tree


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
    verdicts = all_judged(judge, [labelled.turn for labelled in turns])
    truth = [labelled.harmful for labelled in turns]
    # An attack that cannot count has no label of harm.
    judge_labels = [None if verdict.invalid else verdict.harmful for verdict in verdicts]
    clusters = [labelled.cluster for labelled in turns]
    overall = agreement(truth, judge_labels, clusters)
    observed = rate(judge_labels, clusters)
    silent = sum(all(label is None for label in turn.labels.values()) for turn in turns)
    return Audit(
        truth=_name(labels.annotators),
        judge=f"{judge.id}@{judge.version}",
        source=labels.source,
        revision=labels.revision,
        overall=overall,
        by_category=_by_category(labels, truth, judge_labels),
        annotators=_pairs([turn.labels for turn in turns], clusters),
        refusal=_refusals(labels, verdicts),
        refusal_annotators=_pairs([turn.refusals for turn in turns], clusters),
        turns=len(turns),
        unlabelled=silent,
        tied=truth.count(None) - silent,
        left_out=labels.left_out,
        asr=rate(truth, clusters),
        observed=observed,
        corrected=corrected_rate(observed, overall.sensitivity, overall.specificity),
    )


def to_markdown(result: Audit) -> str:
    """The audit as tables."""
    counts = [f"{result.turns} turns"]
    for count, what in (
        (result.unlabelled, "of which nobody could tell"),
        (result.tied, "with as many voices for as against"),
        (result.left_out, "rows without a response left out"),
    ):
        counts += [f"{count} {what}"] * (count > 0)
    lines = [
        f"{md_safe(result.judge)} against {md_safe(result.truth)}, harmful scenarios.",
        f"{md_safe(result.source)} at {md_safe(result.revision[:16])}: {', '.join(counts)}.",
        "",
        *_table("category", {"all": result.overall, **result.by_category}),
    ]
    if result.refusal is not None:
        lines += ["", *_table("full refusals", {"all": result.refusal})]
    pairs = [("harmful", pair) for pair in result.annotators]
    pairs += [("refusal", pair) for pair in result.refusal_annotators]
    if pairs:
        lines += ["", *_annotators(pairs)]
    rates = (
        (f"by {result.truth}", shown(result.asr)),
        (f"by {result.judge}", shown(result.observed)),
        ("the judge's, corrected for its errors", shown(result.corrected)),
    )
    lines += ["", *table(("ASR", "value"), rates, escape=True)]
    return "\n".join(lines) + "\n"


def _by_category(
    labels: LabelSet, truth: Sequence[bool | None], judge_labels: Sequence[bool | None]
) -> dict[str, Agreement]:
    places: dict[str, list[int]] = {}
    for place, labelled in enumerate(labels.turns):
        places.setdefault(labelled.turn.scenario.category, []).append(place)
    return {
        name: agreement(
            [truth[place] for place in chosen],
            [judge_labels[place] for place in chosen],
            [labels.turns[place].cluster for place in chosen],
        )
        for name, chosen in places.items()
    }


def _refusals(labels: LabelSet, verdicts: Sequence[Verdict]) -> Agreement | None:
    if not any(turn.refusals for turn in labels.turns):
        return None
    judge_labels = [
        None if verdict.refusal is None else verdict.refusal is Refusal.FULL for verdict in verdicts
    ]
    clusters = [turn.cluster for turn in labels.turns]
    return agreement([turn.refused for turn in labels.turns], judge_labels, clusters)


def _pairs(labels: Sequence[ByAnnotator], clusters: Sequence[str]) -> tuple[Pair, ...]:
    names = dict.fromkeys(name for by_annotator in labels for name in by_annotator)
    pairs = []
    for first, second in combinations(names, 2):
        left = [by_annotator.get(first) for by_annotator in labels]
        right = [by_annotator.get(second) for by_annotator in labels]
        both = agreement(left, right, clusters)
        pairs.append(Pair(first, second, both, len(labels) - both.n))
    return tuple(pairs)


def _name(annotators: Sequence[str]) -> str:
    if len(annotators) > 1:
        return f"most of {', '.join(annotators)}"
    return next(iter(annotators), "nobody")


def _table(heading: str, rows: Mapping[str, Agreement]) -> list[str]:
    cells = [
        (
            *(name, str(agreement.n), str(agreement.unscored)),
            *(
                shown(rate)
                for rate in (agreement.accuracy, agreement.sensitivity, agreement.specificity)
            ),
            *(number(agreement.kappa), number(agreement.ac1)),
            *(str(agreement.true_positives), str(agreement.false_positives)),
            *(str(agreement.false_negatives), str(agreement.true_negatives)),
        )
        for name, agreement in rows.items()
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
