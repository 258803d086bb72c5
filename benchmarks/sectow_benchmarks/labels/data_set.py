"""A labelled data set as labelled turns."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sectow_benchmarks.labels.base import LabelledTurn, LabelSet
from sectow_benchmarks.suites.hub_table import Home, Row, read_table


def label_set(
    home: Home, path: Path | None, labelled: Callable[[Row, int], LabelledTurn | None]
) -> LabelSet:
    """All rows as labelled turns; those of which none is made are left out and counted.

    Args:
        home: The data set.
        path: As in `read_table`.
        labelled: What a row and its number, from 1 on, stand for.

    Raises:
        ConfigError: It cannot be had, or is not what was published.
    """
    table = read_table(home, path)
    rows = [labelled(row, number) for number, row in enumerate(table.rows, start=1)]
    turns = tuple(row_turn for row_turn in rows if row_turn is not None)
    return LabelSet(
        source=home.name,
        revision=table.revision,
        turns=turns,
        left_out=len(rows) - len(turns),
    )
