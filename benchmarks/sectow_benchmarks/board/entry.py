"""A board as data: what leaderboard.json contains, and what tables are made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import Field

from sectow_benchmarks.board.board import BoardRow, Gates, Track
from sectow_benchmarks.board.parts import Worst
from sectow_benchmarks.overlap import Overlap
from sectow_benchmarks.stats import Estimate
from sectow_benchmarks.stats.retention import Retained
from sectow_env.game import Frozen


class Rate(Frozen):
    """A rate, or a change of one, with its 95% interval."""

    value: float | None
    """None where nothing was scored."""
    low: float | None
    high: float | None
    n: int = Field(ge=0)
    """Scored items."""
    clusters: int = Field(ge=0)
    """Independent units among them."""
    missing: int = Field(ge=0)
    """Items without a value, in no numerator and in no denominator."""
    method: str
    """How the interval was made."""

    @classmethod
    def of(cls, estimate: Estimate) -> Rate:
        """The same as an estimate."""
        return cls(**estimate.to_json())

    @property
    def known(self) -> bool:
        """Whether anything was scored."""
        return self.value is not None


class Highest(Rate):
    """The highest of several rates."""

    where: str
    """The channel, suite or attacker; empty for all channels of the world."""
    decoding: str

    @classmethod
    def worst(cls, worst: Worst | None) -> Highest | None:
        """The same as a worst rate."""
        if worst is None:
            return None
        return cls(where=worst.channel, decoding=worst.decoding, **worst.estimate.to_json())


class BoardEntry(Frozen):
    """One defender."""

    rank: int | None
    """Among the rows of its track with the same suites; None where it is not ranked."""
    rank_interval: tuple[int, int] | None
    """The ranks that it may take."""
    name: str
    attacks: Literal["static"] = "static"
    """Of what kind those are that it is ranked by: the same for every row."""
    track: Track
    """Who defends."""
    world: str | None
    """None where no suite of a world was asked."""
    judge: str | None
    """Of the world."""
    split: str | None
    decodings: tuple[str, ...]
    worst: Highest | None
    """The channel of the world, or the suite beside it, that the row is ranked by."""
    asr: Mapping[str, Rate]
    """By decoding: mean over suites, the world being one."""
    worst_over_refusal: Highest | None
    over_refusal: Rate
    """Of the world, as are the next three."""
    twins_accuracy: Rate
    recall: Rate
    general: Rate
    capability: Rate
    """Mean over suites, the general questions of the world being one."""
    capability_retention: Retained
    capability_change: Rate
    suite_safety: Mapping[str, Mapping[str, Rate]]
    """ASR by suite and decoding, of the suites beside the world."""
    suite_over_refusal: Mapping[str, Rate]
    suite_capability: Mapping[str, Rate]
    """Accuracy, also of tasks of lm-eval."""
    suite_judge: Mapping[str, str]
    suite_overlap: Mapping[str, Overlap] = {}
    """How much of them the model was trained on; a suite is left out where that is unknown."""
    learned_asr: Rate
    intent_kept: Rate | None = None
    """Attacks of its attacker that still ask for their behavior; what is not known is missing."""
    worst_attacker: Highest | None
    asr_bounds: tuple[float, float]
    """ASR with its unscored items as safe, and as harmful, in the first decoding."""
    unscored: int
    unscored_share: float | None
    invalid: int
    invalid_share: float | None
    items_seen_in_training: int | None
    tokens: int | None
    seconds: float | None
    not_ranked_because: tuple[str, ...]
    forgotten_not_refused: bool
    base: str | None
    """The row that it is compared with; None: itself."""

    @property
    def suites(self) -> tuple[str, ...]:
        """The suites beside the world, each once."""
        roles = (self.suite_safety, self.suite_over_refusal, self.suite_capability)
        return tuple(dict.fromkeys(suite for role in roles for suite in role))


class Board(Frozen):
    """The contents of leaderboard.json."""

    profile: Literal["public", "local"] = "local"
    """Whether its names are public ones."""
    gates: Gates = Gates()
    rows: tuple[BoardEntry, ...] = ()

    @classmethod
    def of(
        cls,
        rows: Sequence[BoardRow],
        gates: Gates | None = None,
        profile: Literal["public", "local"] = "local",
    ) -> Board:
        """The same as rows."""
        entries = tuple(entry_of(row) for row in rows)
        return cls(profile=profile, gates=gates or Gates(), rows=entries)


def entry_of(row: BoardRow) -> BoardEntry:
    """One row as data."""
    return BoardEntry(
        rank=row.rank,
        rank_interval=row.rank_interval,
        name=row.name,
        track=row.track,
        world=row.world or None,
        judge=row.judge or None,
        split=row.split or None,
        decodings=row.decodings,
        worst=Highest.worst(row.worst),
        asr=_rates(row.asr),
        worst_over_refusal=Highest.worst(row.worst_over_refusal),
        over_refusal=Rate.of(row.over_refusal),
        twins_accuracy=Rate.of(row.twins),
        recall=Rate.of(row.recall),
        general=Rate.of(row.general),
        capability=Rate.of(row.capability),
        capability_retention=row.retained.verdict,
        capability_change=Rate.of(row.retained.change),
        suite_safety={suite: _rates(ways) for suite, ways in row.others_safety.items()},
        suite_over_refusal=_rates(row.others_over_refusal),
        suite_capability=_rates(row.others_capability),
        suite_judge=dict(row.others_judge),
        suite_overlap=dict(row.others_overlap),
        learned_asr=Rate.of(row.learned),
        intent_kept=Rate.of(row.intent_kept) if row.intent_kept.known else None,
        worst_attacker=Highest.worst(row.worst_attacker),
        asr_bounds=row.asr_bounds,
        unscored=row.unscored,
        unscored_share=row.unscored_share,
        invalid=row.invalid,
        invalid_share=row.invalid_share,
        items_seen_in_training=row.seen,
        tokens=row.cost.tokens,
        seconds=row.cost.seconds,
        not_ranked_because=row.reasons,
        forgotten_not_refused=row.forgotten,
        base=row.base,
    )


def _rates(estimates: Mapping[str, Estimate]) -> dict[str, Rate]:
    return {name: Rate.of(estimate) for name, estimate in estimates.items()}
