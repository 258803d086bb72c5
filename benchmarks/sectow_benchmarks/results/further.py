"""The judges beside the one that an evaluation goes by, as run.json names them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from sectow_benchmarks.results.samples import Judged, Sample, SampleVerdict, verdict_row
from sectow_benchmarks.suites.base import ROLES, Role
from sectow_env.files import folder_name
from sectow_env.game import Frozen, Judge, Turn, settle
from sectow_env.judges.two_sided import TwoSided, grades_answers
from sectow_env.registry.spec import SEPARATOR
from sectow_env.resolve.parts import find_reward

NOT_JUDGED = "not_judged"
"""Category of a verdict on a turn that a limit kept from its judge."""
KEYWORDS = "suite/keywords@"
"""How the name of the judge begins that knows keyword rules alone."""
GUARDED: tuple[Role, ...] = tuple(role for role in ROLES if role != "capability")
"""What a judge looks at that knows nothing of right answers."""


class Further(Frozen):
    """One of them, and which samples it looks at."""

    judge: str
    """Id and version."""
    name: str
    """As the user named it."""
    suites: tuple[str, ...] | None = None
    """None: all."""
    roles: tuple[Role, ...] = ROLES
    limit: int = 0
    """Most samples of each suite that its model was asked about; 0: all."""
    seconds: float | None = None
    """How long it took, where it looked at a finished evaluation."""

    def looks_at(self, suite: str, role: str) -> bool:
        """Whether it looks at such samples."""
        return role in self.roles and (self.suites is None or suite in self.suites)


def further(
    judge: Judge, name: str, suites: Sequence[str] | None = None, limit: int = 0
) -> Further:
    """The entry of a judge; one that grades no answers is spared capability."""
    # A world may have completed it; what it looks at follows from what it is by itself.
    alone = judge.harm if isinstance(judge, TwoSided) else judge
    return Further(
        judge=f"{judge.id}@{judge.version}",
        name=name,
        suites=None if suites is None else tuple(suites),
        roles=ROLES if grades_answers(alone) else GUARDED,
        limit=limit,
    )


def looked_at(
    samples: Sequence[Sample], turns: Sequence[Turn], judge: Judge, entry: Further
) -> list[SampleVerdict | None]:
    """The verdicts of one of them on samples; None on those that it does not look at."""
    places = [
        place for place, sample in enumerate(samples) if entry.looks_at(sample.suite, sample.role)
    ]
    episodes = settle([turns[place] for place in places], judge, find_reward(None))
    rows: list[SampleVerdict | None] = [None] * len(samples)
    for place, episode in zip(places, episodes, strict=True):
        rows[place] = verdict_row(samples[place].sample, episode)
    return rows


def beside(row: Judged, verdict: SampleVerdict | None) -> Judged:
    """A row with one more verdict."""
    return row if verdict is None else row._replace(further=(*row.further, verdict))


def label_of(judge: str) -> str:
    """What files are called after a judge: its name, and a digest of its settings."""
    name, _, settings = judge.partition(SEPARATOR)
    mark = f"-{hashlib.sha256(settings.encode()).hexdigest()[:8]}" if settings else ""
    return folder_name(name) + mark
