"""`sectow judge audit`: what another judge makes of turns whose truth is known."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from sectow_benchmarks.evaluation import EvaluationRun
from sectow_benchmarks.samples import judged, rows_of, to_frame, turn_of_row
from sectow_benchmarks.stats import Estimate, rate
from sectow_benchmarks.stats.agreement import Agreement, agreement, corrected_rate
from sectow_env.game import Judge, settle
from sectow_env.parts import find_reward


@dataclass(frozen=True)
class Audit:
    """A judge held against the verdicts of an evaluation, on its harmful scenarios."""

    truth: str
    judge: str
    overall: Agreement
    by_category: dict[str, Agreement]
    asr: Estimate
    """By the verdicts of the evaluation."""
    observed: Estimate
    """By the judge."""
    corrected: Estimate
    """By the judge, its errors taken out (Rogan and Gladen)."""

    def to_json(self) -> dict[str, Any]:
        """The figures as JSON-able data, NaN as None."""
        return {
            "truth": self.truth,
            "judge": self.judge,
            "overall": _told(self.overall),
            "by_category": {name: _told(one) for name, one in self.by_category.items()},
            "asr": self.asr.to_json(),
            "observed": self.observed.to_json(),
            "corrected": self.corrected.to_json(),
        }


def audit(run: EvaluationRun, judge: Judge) -> Audit:
    """Ask a judge about all answered attacks on harmful scenarios, and compare.

    Attacks of all suites and decodings count, each once: the rates are about the judge, and the ASR
    is that of this mixture. Prefilled answers are left out.

    Args:
        run: A closed evaluation whose verdicts are taken for the truth.
        judge: Is audited.
    """
    samples = run.samples
    asked = samples[samples["harmful_scenario"] & samples["answered"] & (samples["prefix"] == "")]
    rows = rows_of(asked)
    pictures = {row["picture"]: run.picture(row["picture"]) for row in rows if row["picture"]}
    turns = [turn_of_row(row, pictures.get(row["picture"])) for row in rows]
    episodes = settle(turns, judge, find_reward(None))
    again = [judged(row, episode) for row, episode in zip(rows, episodes, strict=True)]
    said = to_frame(again, "", "")["harmful"].to_numpy()
    truth, clusters = asked["harmful"].to_numpy(), asked["cluster"].to_numpy(dtype=object)
    overall = agreement(truth, said, clusters)
    observed = rate(said, clusters)
    return Audit(
        truth=str(run.about["judge"]),
        judge=f"{judge.id}@{judge.version}",
        overall=overall,
        by_category={
            str(name): agreement(truth[chosen], said[chosen], clusters[chosen])
            for name in dict.fromkeys(asked["category"])
            if (chosen := (asked["category"] == name).to_numpy()).any()
        },
        asr=rate(truth, clusters),
        observed=observed,
        corrected=corrected_rate(observed, overall.sensitivity, overall.specificity),
    )


def to_markdown(found: Audit) -> str:
    """The audit as two tables."""
    from sectow_benchmarks.formats import md_safe, shown

    head = ("accuracy", "sensitivity", "specificity", "kappa", "AC1", "TP", "FP", "FN", "TN")
    lines = [
        f"{md_safe(found.judge)} against {md_safe(found.truth)}, harmful scenarios.",
        "",
        "| category | n | unscored | " + " | ".join(head) + " |",
        "|" + " --- |" * (len(head) + 3),
    ]
    for name, one in {"all": found.overall, **found.by_category}.items():
        cells = (
            *(name, str(one.n), str(one.unscored)),
            *(shown(rate) for rate in (one.accuracy, one.sensitivity, one.specificity)),
            *("-" if math.isnan(value) else f"{value:.3f}" for value in (one.kappa, one.ac1)),
            *map(str, (one.true_positives, one.false_positives)),
            *map(str, (one.false_negatives, one.true_negatives)),
        )
        lines.append("| " + " | ".join(md_safe(cell) for cell in cells) + " |")
    lines += ["", "| ASR | value |", "|---|---|"]
    told = (("by the truth", found.asr), ("by the judge", found.observed))
    for name, estimate in (*told, ("the judge's, corrected for its errors", found.corrected)):
        lines.append(f"| {name} | {shown(estimate)} |")
    return "\n".join(lines) + "\n"


def _told(one: Agreement) -> dict[str, Any]:
    return {
        key: value.to_json() if isinstance(value, Estimate) else _or_none(value)
        for key, value in vars(one).items()
    }


def _or_none(value: float | int) -> float | int | None:
    return None if math.isnan(value) else value
