"""The verdicts: what the judges give when they are asked again, and what follows from a verdict."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from sectow_benchmarks.results.samples import KEY, rows_of, turn_of_row, verdict_row
from sectow_benchmarks.suites.revisions import FOREIGN
from sectow_benchmarks.verify.columns import VERDICT, How, chosen
from sectow_benchmarks.verify.evidence import Evidence, Judging
from sectow_benchmarks.verify.findings import Finding, failed, ok, same, unverified
from sectow_benchmarks.verify.foreign import unlike_lm_eval
from sectow_benchmarks.verify.rows import WITHHELD, withheld
from sectow_env.game import Episode, Judge, Turn, Verdict, settle
from sectow_env.resolve.parts import find_reward

JUDGED = chosen(VERDICT, How.JUDGED)
Row = dict[str, Any]


def check_consequences(evidence: Evidence) -> Finding:
    """Success, prices and whether a verdict is scored follow from the verdict, whoever judged."""
    gone = withheld(evidence.samples)
    if gone.any():
        return unverified(WITHHELD.format(int(gone.sum())))
    samples = {str(row["sample"]): row for row in rows_of(evidence.samples)}
    rows = [row for row in rows_of(evidence.verdicts) if not row["judge"].startswith(FOREIGN)]
    turns = [turn_of_row(samples[row["sample"]]) for row in rows]
    given = _AsWritten(
        [_verdict(row) for row, turn in zip(rows, turns, strict=True) if turn.response is not None]
    )
    changed = _differing(rows, settle(turns, given, find_reward(None)), JUDGED)
    if changed:
        columns = ", ".join(f"{column} of {count}" for column, count in changed.items())
        return failed(f"what follows from the verdicts is something else: {columns} rows")
    return ok("success, prices and gaps follow from the verdicts")


def check_verdicts(evidence: Evidence) -> Finding:
    """The judges, asked again, give the same."""
    unlike = unlike_lm_eval(evidence)
    if unlike:
        return failed(f"lm-eval's own results are different for {', '.join(unlike)}")
    if gone := int(withheld(evidence.samples).sum()):
        return unverified(WITHHELD.format(gone))
    changed: Counter[str] = Counter()
    names, foreign = [], 0
    for judging in evidence.judgings():
        if judging.name.startswith(FOREIGN):
            foreign += int((evidence.samples["judge"] == judging.name).sum())
            continue
        names.append(judging.name)
        for rows, judge in _asked_again(evidence, judging):
            pictures = {row["picture"]: evidence.run.picture(row["picture"]) for row in rows}
            turns = [turn_of_row(row, pictures[row["picture"]]) for row in rows]
            episodes = settle(turns, judge, find_reward(None))
            changed += _differing(rows, episodes, (*KEY, *JUDGED))
    if changed:
        columns = ", ".join(f"{column} of {count}" for column, count in changed.items())
        return failed(f"the judges give something else: {columns} rows")
    beside = f"; lm-eval's own results fit {foreign} answers" if foreign else ""
    return ok(f"{', '.join(names)} gives the same for all samples{beside}")


def _asked_again(evidence: Evidence, judging: Judging) -> list[tuple[list[Row], Judge]]:
    """Samples joined with a judge's verdicts, suite by suite, with the judge of the suite."""
    verdicts = evidence.verdicts[evidence.verdicts["judge"] == judging.name]
    samples = evidence.samples.drop(columns="judge")
    both = samples.merge(verdicts, how="inner", on="sample", validate="one_to_one")
    return [
        (rows_of(rows), evidence.judge(judging, str(suite)))
        for suite, rows in both.groupby("suite", sort=False)
    ]


def _differing(
    rows: Sequence[Row], episodes: Sequence[Episode], columns: Sequence[str]
) -> Counter[str]:
    """How many verdicts differ from those of the episodes, by column."""
    again = [
        vars(verdict_row(row["sample"], episode))
        for row, episode in zip(rows, episodes, strict=True)
    ]
    return Counter(
        column
        for new, old in zip(again, rows, strict=True)
        for column in columns
        if not same(new[column], old[column])
    )


class _AsWritten:
    """A judge that gives these verdicts."""

    id, version = "verify/as_written", "1"

    def __init__(self, verdicts: list[Verdict]) -> None:
        self._verdicts = verdicts

    def judge(self, turns: Sequence[Turn]) -> list[Verdict]:
        """One for each answered turn."""
        del turns
        return self._verdicts


def _verdict(row: Mapping[str, Any]) -> Verdict:
    """The verdict that a row says."""
    name, _, version = str(row["judge"]).rpartition("@")
    return Verdict.model_validate(
        {
            "judge": name,
            "version": version,
            "refusal": row["refusal"] or None,
            "harmful": _flag(row["harmful"]),
            "correct": _flag(row["correct"]),
            "on_behavior": _flag(row["on_behavior"]),
            "score": None if math.isnan(row["score"]) else row["score"],
            "category": row["outcome"] or None,
            "explanation": row["explanation"] or None,
            "raw": row["raw"] or None,
            "prompt_hash": row["prompt_hash"] or None,
            "invalid": row["invalid"] or None,
        }
    )


def _flag(value: float) -> bool | None:
    if math.isnan(value):
        return None
    if value not in {0.0, 1.0}:
        raise ValueError(f"{value} is neither 0 nor 1")
    return bool(value)
