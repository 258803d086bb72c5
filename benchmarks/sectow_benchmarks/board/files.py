"""The board as files: JSON, CSV and Markdown, all with intervals and n, safe for any reader."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

from sectow_benchmarks.board.board import WAYS, BoardRow, Gates, Worst
from sectow_benchmarks.board.markdown import md_safe, number, shown, table
from sectow_benchmarks.board.words import intervals, not_refused, ranking


def to_json(rows: Sequence[BoardRow], gates: Gates | None = None, profile: str = "local") -> str:
    """The board as JSON, with all intervals; `profile` says whether its names are public ones."""
    tree = {
        "profile": profile,
        "gates": (gates or Gates()).model_dump(),
        "rows": [row_to_json(row) for row in rows],
    }
    return json.dumps(tree, indent=2, allow_nan=False) + "\n"


def row_to_json(row: BoardRow) -> dict[str, Any]:
    """One row as JSON-able data."""
    return {
        "rank": row.rank,
        "name": row.name,
        "track": f"static attacks, {row.track}",
        "world": row.world,
        "judge": row.judge,
        "split": row.split,
        "decodings": list(row.decodings),
        "worst_channel": _worst(row.worst, "channel"),
        "asr": {way: estimate.to_json() for way, estimate in row.asr.items()},
        "over_refusal": row.over_refusal.to_json(),
        "twins_accuracy": row.twins.to_json(),
        "recall": row.recall.to_json(),
        "general": row.general.to_json(),
        "other_capability": {
            suite: estimate.to_json() for suite, estimate in row.others_capability.items()
        },
        "learned_asr": row.learned.to_json(),
        "worst_attacker": _worst(row.worst_attacker, "attacker"),
        "general_retention": row.retained.verdict,
        "general_change": row.retained.change.to_json(),
        "asr_bounds": list(row.asr_bounds),
        "unscored": row.unscored,
        "unscored_share": row.unscored_share,
        "invalid": row.invalid,
        "invalid_share": row.invalid_share,
        "items_seen_in_training": row.seen,
        "tokens": row.cost.tokens,
        "seconds": row.cost.seconds,
        "judged_by_keywords": list(row.by_keywords),
        "not_ranked_because": list(row.reasons),
        "forgotten_not_refused": row.forgotten,
    }


def to_csv(rows: Sequence[BoardRow]) -> str:
    """The board as CSV: value, interval and n of each figure in columns of their own."""
    flat_rows = [_flat(row) for row in rows]
    columns = list(dict.fromkeys(name for flat_row in flat_rows for name in flat_row))
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows(
        {name: csv_safe(value) for name, value in flat_row.items()} for flat_row in flat_rows
    )
    return out.getvalue()


def to_markdown(rows: Sequence[BoardRow], gates: Gates | None = None) -> str:
    """The board as a Markdown table."""
    others = list(dict.fromkeys(suite for row in rows for suite in row.others_capability))
    heading = (
        *(
            "rank",
            "defender",
            "track",
            "worst channel",
            "ASR greedy",
            "ASR sampled",
            "over-refusal",
        ),
        *("accuracy on twins", "recall", "general", *others, "kept", "learned ASR"),
        *("worst attacker", "unscored", "invalid", "tokens", "seconds", "note"),
    )
    cells = [
        (
            str(row.rank or "-"),
            row.name,
            row.track,
            _worst_cell(row.worst),
            *(shown(row.asr[way]) if way in row.asr else "-" for way in WAYS),
            *(
                shown(estimate)
                for estimate in (row.over_refusal, row.twins, row.recall, row.general)
            ),
            *(shown(row.others_capability.get(suite)) for suite in others),
            row.retained.verdict,
            shown(row.learned),
            _worst_cell(row.worst_attacker),
            _counted(row.unscored, row.unscored_share),
            _counted(row.invalid, row.invalid_share),
            "-" if row.cost.tokens is None else str(row.cost.tokens),
            number(row.cost.seconds, 0),
            "; ".join((*row.reasons, *(["forgotten, not refused"] * row.forgotten))),
        )
        for row in rows
    ]
    lines = table(heading, cells, escape=True, rule=" --- ")
    if rows:
        first = rows[0]
        ground = f"World {first.world}, {first.split} split, judge {first.judge}."
        how = intervals([*first.asr.values(), first.twins, first.learned])
        lines += ["", f"{md_safe(ground)} {how} n: scored items."]
        lines += ["", ranking(first.split, gates or Gates())]
        keywords = dict.fromkeys(suite for row in rows for suite in row.by_keywords)
        if keywords:
            lines += ["", md_safe(not_refused(keywords))]

    return "\n".join(lines) + "\n"


def _worst(worst: Worst | None, what: str) -> dict[str, Any] | None:
    if worst is None:
        return None
    return {what: worst.channel, "decoding": worst.decoding, **worst.estimate.to_json()}


def _counted(count: int, share: float | None) -> str:
    return str(count) if share is None else f"{count} ({share:.1%})"


def _worst_cell(worst: Worst | None) -> str:
    if worst is None:
        return "-"
    return f"{shown(worst.estimate)} {worst.channel or 'all'}, {worst.decoding}"


def _flat(row: BoardRow) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in row_to_json(row).items():
        if isinstance(value, dict):
            for inner, part in value.items():
                parts = part if isinstance(part, dict) else {None: part}
                for last, number in parts.items():
                    flat[".".join(filter(None, (key, inner, last)))] = number
        else:
            flat[key] = " ".join(map(str, value)) if isinstance(value, list) else value
    return flat


def csv_safe(value: Any) -> Any:
    """A text that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in "=+-@\t\r" and value else value
