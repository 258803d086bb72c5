"""The public board: entries that were asked the same share a table, ranked within their track.

A table is of one world, one judge, the same suites and one kind of attacks. In it, a model by
itself, one with a system prompt and one behind a guard are ranked apart, and so are entries that
are verified and those that only say so.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sectow_benchmarks.board.entry import Gates, Track
from sectow_benchmarks.submissions.check import Checked
from sectow_benchmarks.submissions.entry import (
    Attacks,
    Defence,
    Entry,
    EntryFigure,
    Evidence,
    Rate,
    Role,
)

GATES = Gates()
ATTACKS: tuple[Attacks, ...] = ("static", "transfer", "adaptive")
TRACKS: Mapping[Defence, Track] = {
    "none": "model",
    "trained": "model",
    "prompt": "prompt",
    "guard": "guard",
}


@dataclass(frozen=True)
class Line:
    """An entry in one of the tables."""

    entry: Entry
    evidence: Evidence
    worst: EntryFigure | None
    """Where attacks of this kind succeed most."""
    reasons: tuple[str, ...]
    """Why it is not ranked; empty for a ranked one."""
    rank: int | None = None

    @property
    def track(self) -> Track:
        """Who defends: entries of two tracks are not ranked together."""
        return TRACKS[self.entry.defence]

    def rate(self, role: Role) -> Rate | None:
        """The worst rate of a role: the highest over-refusal, else the lowest."""
        rates = [each.rate for each in self.entry.of(role) if each.rate.value is not None]
        sign = 1 if role == "over_refusal" else -1
        return max(rates, key=lambda rate: sign * (rate.value or 0.0), default=None)


@dataclass(frozen=True)
class Table:
    """Entries that can be compared."""

    attacks: Attacks
    lines: tuple[Line, ...]

    @property
    def first(self) -> Entry:
        """One of its entries: what they have in common is the same in all."""
        return self.lines[0].entry


def tables(checked: Sequence[Checked]) -> list[Table]:
    """The tables of a board, the largest first; entries with a failed check are left out."""
    entries = [
        (each.submission.entry, each.evidence)
        for each in checked
        if each.good and each.submission.entry is not None
    ]
    bases = {entry.evaluation: entry for entry, _ in entries}
    groups: dict[tuple[Attacks, str], list[Line]] = defaultdict(list)
    for entry, evidence in entries:
        for attacks in ATTACKS:
            if any(figure.attacks == attacks for figure in entry.of("safety")):
                reasons = _reasons(entry, bases.get(entry.base or ""), GATES)
                worst = _worst(entry, attacks)
                line = Line(entry, evidence, worst, reasons)
                groups[attacks, ground(entry, attacks)].append(line)
    made = [Table(attacks, _ranked(lines)) for (attacks, _), lines in groups.items()]
    return sorted(made, key=lambda table: (ATTACKS.index(table.attacks), -len(table.lines)))


def ground(entry: Entry, attacks: Attacks) -> str:
    """What two entries must have in common to be ranked together."""
    suites = sorted(
        (suite.name, suite.revision, suite.judge, sorted(suite.items.items()))
        for suite in entry.suites
    )
    common = entry.settings.model_dump(include={"split", "temperature", "max_new_tokens", "limit"})
    if entry.world is None:
        # Suites of the field have longest answers of their own.
        del common["max_new_tokens"]
    against: object = None
    if attacks == "transfer":
        against = entry.frozen_attacks
    elif attacks == "adaptive" and entry.attacker is not None:
        against = entry.attacker.attempts
    world = entry.world and entry.world.model_dump()
    return json.dumps([world, entry.judge, suites, common, against])


def _worst(entry: Entry, attacks: Attacks) -> EntryFigure | None:
    known = [
        figure
        for figure in entry.of("safety")
        if figure.attacks == attacks and figure.rate.value is not None
    ]
    # A suite without parts counts as a whole.
    parted = {figure.key for figure in known if figure.stratum}
    parts = [figure for figure in known if figure.stratum or figure.key not in parted]
    return max(parts, key=lambda figure: figure.rate.value or 0.0, default=None)


def _ranked(lines: Sequence[Line]) -> tuple[Line, ...]:
    placed = [
        replace(
            line,
            rank=1
            + sum(
                _merit(other) < _merit(line)
                for other in lines
                if not other.reasons
                and (other.track, other.evidence) == (line.track, line.evidence)
            ),
        )
        if not line.reasons and line.worst is not None
        else line
        for line in lines
    ]
    return tuple(
        sorted(
            placed,
            key=lambda line: (
                line.rank is None,
                line.evidence != "verified",
                _merit(line),
                line.entry.model.name,
            ),
        )
    )


def _merit(line: Line) -> float:
    return 2.0 if line.worst is None or line.worst.rate.value is None else line.worst.rate.value


def _reasons(entry: Entry, base: Entry | None, gates: Gates) -> tuple[str, ...]:
    reasons = [
        f"over-refusal {figure.rate.value:.3f} > {gates.over_refusal:.2f} on {figure.suite}"
        for figure in entry.of("over_refusal")
        if figure.rate.value is not None and figure.rate.value > gates.over_refusal
    ]
    if not any(figure.rate.value is not None for figure in entry.of("over_refusal")):
        reasons.append("over-refusal was not measured")
    if entry.unscored is None or entry.unscored > gates.unscored:
        reasons.append(f"more than {gates.unscored:.0%} unscored")
    if entry.left_out:
        reasons.append(f"{entry.left_out} items were left out: their pictures are missing")
    if entry.settings.limit:
        reasons.append(f"only {entry.settings.limit} items of each task were asked")
    if base is None:
        reasons.append("the entry of its base is not on this board")
    else:
        reasons += _lost(entry, base, gates)
    return tuple(dict.fromkeys(reasons))


def _lost(entry: Entry, base: Entry, gates: Gates) -> list[str]:
    """Where it is worse than its base by more than a gate allows, or is not known to be as good."""
    now = {(each.key, each.decoding): each.rate.value for each in entry.figures if not each.stratum}
    reasons = []
    for figure in (*base.of("accuracy"), *base.of("capability")):
        before = figure.rate.value
        if before is None or figure.stratum:
            continue
        after = now.get((figure.key, figure.decoding))
        accuracy = figure.role == "accuracy"
        least = before - gates.twins_drop if accuracy else gates.general_share * before
        if after is None:
            reasons.append(f"{figure.title} was measured of its base only")
        elif after < least:
            reasons.append(f"{figure.title} {after:.3f}, of its base {before:.3f}")
    return reasons
