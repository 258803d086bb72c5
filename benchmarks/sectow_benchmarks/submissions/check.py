"""The checks of an entry: what it says can be, and comes out of its samples where they are."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sectow_benchmarks.stats import METHODS, proportion_interval
from sectow_benchmarks.submissions.entry import Entry, EntryFigure, Evidence
from sectow_benchmarks.submissions.read import Submission
from sectow_benchmarks.submissions.recompute import recompute
from sectow_benchmarks.suites.group_table import MINI
from sectow_benchmarks.suites.registry import REGISTRY
from sectow_benchmarks.suites.revisions import FOREIGN, OF_ATTACKERS, REVISIONS
from sectow_benchmarks.verify.findings import Check, Finding, failed, ok

NARROW = 0.2
"""An interval is at least this share of the one for as many independent items."""


@dataclass(frozen=True)
class Checked:
    """An entry with what its checks came to."""

    submission: Submission
    checks: tuple[Check, ...]
    evidence: Evidence
    """What it is, whatever it says."""

    @property
    def good(self) -> bool:
        """Whether no check failed."""
        return all(check.outcome != "failed" for check in self.checks)


def check(submissions: Sequence[Submission]) -> list[Checked]:
    """All checks of each entry, in order."""
    twice = _twice([each.entry for each in submissions if each.entry is not None])
    return [_checked(each, twice) for each in submissions]


def _checked(submission: Submission, twice: Sequence[str]) -> Checked:
    entry = submission.entry
    if entry is None:
        return Checked(submission, (Check("entry", *failed(submission.why)),), "self-reported")
    findings = {
        "entry": ok(f"of the format {entry.format}"),
        "figures": _figures(entry),
        "suites": _suites(entry),
        "alone": _alone(entry, twice),
    }
    findings["samples"], verified = recompute(submission.evaluation, entry)
    evidence: Evidence = "verified" if verified else "self-reported"
    findings["evidence"] = _evidence(entry, evidence)
    checks = tuple(Check(name, *finding) for name, finding in findings.items())
    return Checked(submission, checks, evidence)


def _figures(entry: Entry) -> Finding:
    """Rates that could have been measured, each once."""
    names = Counter(
        (figure.key, figure.stratum, figure.decoding, figure.attacks) for figure in entry.figures
    )
    wrong = [f"{_name(*name[:3])} is there {count} times" for name, count in names.items()
             if count > 1]  # fmt: skip
    wrong += [why for figure in entry.figures for why in _implausible(figure)]
    wrong += _unlike_its_parts(entry)
    return failed("; ".join(wrong[:5])) if wrong else ok(f"{len(entry.figures)} rates")


def _implausible(figure: EntryFigure) -> Iterator[str]:
    name, rate = _name(figure.key, figure.stratum, figure.decoding), figure.rate
    if rate.method not in METHODS:
        yield f"{name} has an interval by {rate.method!r}, which is not a method of ours"
    if rate.value is None or rate.low is None or rate.high is None or figure.counts == "score":
        # Scores may lie closer together than hits and misses.
        return
    least = proportion_interval(rate.value * rate.n, rate.n)
    if rate.high - rate.low < NARROW * (least.high - least.low):
        yield f"{name} has an interval that is too narrow for {rate.n} items"


def _unlike_its_parts(entry: Entry) -> Iterator[str]:
    """A mean of parts lies between the lowest and the highest of them."""
    parts: dict[tuple[str, str], list[float]] = {}
    for figure in entry.figures:
        if figure.stratum and figure.rate.value is not None:
            parts.setdefault((figure.key, figure.decoding), []).append(figure.rate.value)
    for figure in entry.figures:
        values = parts.get((figure.key, figure.decoding))
        if figure.stratum or values is None or figure.rate.value is None:
            continue
        if not min(values) - 1e-6 <= figure.rate.value <= max(values) + 1e-6:
            yield f"{_name(figure.key, '', figure.decoding)} is outside of its parts"


def _name(key: str, stratum: str, decoding: str) -> str:
    return ", ".join(filter(None, (key, stratum, decoding)))


def _suites(entry: Entry) -> Finding:
    """Suites of this version, in their revision, and figures of these alone."""
    wrong = []
    names = [suite.name for suite in entry.suites]
    for suite in entry.suites:
        if suite.name.startswith(FOREIGN):
            continue
        known = _revision(suite.name)
        if known is None:
            wrong.append(f"there is no suite {suite.name!r} here")
        elif known != suite.revision:
            wrong.append(f"{suite.name} is of revision {suite.revision}, and here of {known}")
    strays = {figure.suite for figure in entry.figures} - {*names, *OF_ATTACKERS}
    wrong += [f"figures are of {name!r}, which is not among its suites" for name in sorted(strays)]
    if len(set(names)) < len(names):
        wrong.append("a suite is there twice")
    return failed("; ".join(wrong[:5])) if wrong else ok(", ".join(names))


def _revision(name: str) -> int | None:
    """The revision that is known here; None for a suite that is not registered."""
    if name in REVISIONS:
        return REVISIONS[name]
    # The other worlds of a registered kind are named after it: apothecary:3.
    kind = name.removesuffix(MINI).partition(":")[0]
    if kind not in REGISTRY.names():
        return None
    return int(getattr(REGISTRY.get(kind), "revision", 1))


def _alone(entry: Entry, twice: Sequence[str]) -> Finding:
    if entry.evaluation in twice:
        return failed("another entry is of the same evaluation")
    if _key(entry) in twice:
        return failed(f"another entry has the name {entry.model.name!r} on the same suites")
    return ok("no other entry is of this evaluation or has its name")


def _twice(entries: Iterable[Entry]) -> list[str]:
    """Evaluations, and names on the same suites, that more than one entry has."""
    counts = Counter(key for entry in entries for key in {entry.evaluation, _key(entry)})
    return [key for key, count in counts.items() if count > 1]


def _key(entry: Entry) -> str:
    suites = sorted((suite.name, sorted(suite.items.items())) for suite in entry.suites)
    return json.dumps([entry.model.name.casefold(), entry.defence, entry.judge, suites])


def _evidence(entry: Entry, evidence: Evidence) -> Finding:
    if entry.evidence == "verified" and evidence != "verified":
        return failed("it says verified, and is self-reported: see samples")
    return ok(evidence)
