"""The columns of a board, in groups: a few by default, the rest on demand."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Literal, NamedTuple, get_args

from sectow_benchmarks.board.entry import Board, BoardRow
from sectow_benchmarks.board.markdown import NOTHING, number, shown
from sectow_benchmarks.board.parts import WAYS, Worst
from sectow_benchmarks.stats import Estimate

Group = Literal["safety", "over-refusal", "capability", "attackers", "cost"]
GROUPS: tuple[Group, ...] = get_args(Group)
Cell = Callable[[BoardRow], str]


class Column(NamedTuple):
    """One column."""

    head: str
    cell: Cell


class Table(NamedTuple):
    """One table of a board, of rows that are comparable."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def tables_of(board: Board, groups: Collection[Group] = ()) -> Iterator[Table]:
    """The tables of a board: rows that were asked other suites go into others."""
    grounds = list(dict.fromkeys(map(_ground, board.rows)))
    for place, ground in enumerate(grounds, start=1):
        rows = [row for row in board.rows if _ground(row) == ground]
        part = f" ({place} of {len(grounds)})" if len(grounds) > 1 else ""
        yield _table(f"Board{part}", _main(rows), rows)
        for group in GROUPS:
            columns = list(_GROUPS[group](rows)) if group in groups else []
            if columns:
                yield _table(f"{group.capitalize()}{part}", columns, rows)


def reasons_of(board: Board) -> list[str]:
    """Why rows are not ranked, and what their ranks leave out: a line for each that has one."""
    lines = []
    for row in board.rows:
        notes = [*row.not_ranked_because]
        if notes:
            notes[0] = f"not ranked: {notes[0]}"
        if row.forgotten_not_refused:
            notes.append("forgotten, not refused")
        if notes:
            lines.append(f"{row.name}: {'; '.join(notes)}")
    return lines


def _ground(row: BoardRow) -> tuple[object, ...]:
    suites = (tuple(sorted(role)) for role in (row.suite_safety, row.suite_over_refusal))
    return (row.world, row.decodings, *suites)


def _table(title: str, columns: Sequence[Column], rows: Sequence[BoardRow]) -> Table:
    keys = [Column("rank", _rank), Column("defender", lambda row: row.name)]
    shown_columns = [*keys, *columns]
    return Table(
        title,
        tuple(column.head for column in shown_columns),
        tuple(tuple(column.cell(row) for column in shown_columns) for row in rows),
    )


def _main(rows: Sequence[BoardRow]) -> list[Column]:
    """The few: the worst beside the mean, over-refusal and capability."""
    beside = any(row.suites for row in rows)
    own = any(row.world for row in rows)
    where = "channel or suite" if own and beside else "channel" if own else "suite"
    columns = [Column("track", lambda row: row.track)]
    columns = columns if len({row.track for row in rows}) > 1 else []
    columns.append(Column(f"worst {where}", lambda row: _highest(row.worst)))
    ways = [way for way in WAYS if any(way in row.asr for row in rows)]
    columns += [Column(f"mean ASR, {way}", _Way(way).mean) for way in ways[:1]]
    columns.append(Column("over-refusal", _over_refused))
    if own:
        columns.append(Column("accuracy on twins", lambda row: shown(row.twins_accuracy)))
    columns.append(Column("capability", _capability))
    return columns


def _safety(rows: Sequence[BoardRow]) -> Iterator[Column]:
    for way in WAYS:
        if any(way in row.asr for row in rows):
            yield Column(f"mean ASR, {way}", _Way(way).mean)
    suites = dict.fromkeys(suite for row in rows for suite in row.suite_safety)
    for suite in suites:
        for way in WAYS:
            if any(way in row.suite_safety.get(suite, {}) for row in rows):
                yield Column(f"{suite}, {way}", _Way(way, suite).safety)
    yield Column("unscored", lambda row: _counted(row.unscored, row.unscored_share))
    yield Column("invalid", lambda row: _counted(row.invalid, row.invalid_share))
    if any(row.items_seen_in_training is not None for row in rows):
        yield Column("seen in training", lambda row: _count(row.items_seen_in_training))
    if any(row.suite_overlap for row in rows):
        yield Column("overlap with training", _overlap)


def _overlap(row: BoardRow) -> str:
    """By suite: the share of its items, of how many, and of which kinds."""
    parts = []
    for suite, overlap in row.suite_overlap.items():
        kinds = [(name, getattr(overlap, name)) for name in ("text", "near_text", "picture")]
        by_kind = ", ".join(f"{name} {count}" for name, count in kinds if count)
        share = NOTHING if overlap.share is None else f"{overlap.share:.3f}"
        parts.append(f"{suite} {share} n={overlap.items}{f' ({by_kind})' * bool(by_kind)}")
    return "; ".join(parts) or NOTHING


def _over_refusal(rows: Sequence[BoardRow]) -> Iterator[Column]:
    if any(row.world for row in rows):
        yield Column("of the world", lambda row: shown(row.over_refusal))
        yield Column("accuracy on twins", lambda row: shown(row.twins_accuracy))
    for suite in dict.fromkeys(suite for row in rows for suite in row.suite_over_refusal):
        yield Column(suite, _Way("", suite).over_refusal)


def _capabilities(rows: Sequence[BoardRow]) -> Iterator[Column]:
    if any(row.world for row in rows):
        yield Column("general", lambda row: shown(row.general))
        yield Column("recall", lambda row: shown(row.recall))
    for suite in dict.fromkeys(suite for row in rows for suite in row.suite_capability):
        yield Column(suite, _Way("", suite).capability)
    yield Column("change", lambda row: shown(row.capability_change) if row.base else NOTHING)


def _attackers(rows: Sequence[BoardRow]) -> Iterator[Column]:
    if any(row.worst_attacker or row.learned_asr.known for row in rows):
        yield Column("learned ASR", lambda row: shown(row.learned_asr))
        yield Column("worst attacker", lambda row: _highest(row.worst_attacker))
    if any(row.intent_kept for row in rows):
        yield Column("intent kept", lambda row: _with_unscored(row.intent_kept))


def _cost(_rows: Sequence[BoardRow]) -> Iterator[Column]:
    yield Column("tokens", lambda row: _count(row.tokens))
    yield Column("seconds", lambda row: number(row.seconds, 0))


_GROUPS: dict[Group, Callable[[Sequence[BoardRow]], Iterator[Column]]] = {
    "safety": _safety,
    "over-refusal": _over_refusal,
    "capability": _capabilities,
    "attackers": _attackers,
    "cost": _cost,
}


class _Way(NamedTuple):
    """A decoding, and a suite: which rate of a row a cell shows."""

    way: str
    suite: str = ""

    def mean(self, row: BoardRow) -> str:
        return shown(row.asr.get(self.way))

    def safety(self, row: BoardRow) -> str:
        return shown(row.suite_safety.get(self.suite, {}).get(self.way))

    def over_refusal(self, row: BoardRow) -> str:
        return shown(row.suite_over_refusal.get(self.suite))

    def capability(self, row: BoardRow) -> str:
        return shown(row.suite_capability.get(self.suite))


def _rank(row: BoardRow) -> str:
    if row.rank is None or row.rank_interval is None:
        return NOTHING
    low, high = row.rank_interval
    return str(row.rank) if low == high else f"{row.rank} ({low} to {high})"


def _highest(highest: Worst | None) -> str:
    if highest is None:
        return NOTHING
    return f"{shown(highest)} {highest.where or 'all'}, {highest.decoding}"


def _over_refused(row: BoardRow) -> str:
    """The highest over-refusal, with its suite where it is not that of the world."""
    highest = row.worst_over_refusal
    return f"{shown(highest)} {'' if highest is None else highest.where}".strip()


def _capability(row: BoardRow) -> str:
    kept = f" {row.capability_retention}" if row.base and row.capability.known else ""
    return shown(row.capability) + kept


def _with_unscored(rate: Estimate | None) -> str:
    return shown(rate) if rate is None else f"{shown(rate)}, {rate.missing} unscored"


def _counted(count: int, share: float | None) -> str:
    return str(count) if share is None else f"{count} ({share:.1%})"


def _count(count: int | None) -> str:
    return NOTHING if count is None else str(count)
