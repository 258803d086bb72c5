"""The public board as files: a page, Markdown, CSV and JSON. Whatever an entry says is a text."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from sectow_benchmarks.board.files import csv_of
from sectow_benchmarks.board.markdown import NOTHING, md_safe, table
from sectow_benchmarks.board.templates import asset, environment, script_hash
from sectow_benchmarks.results.further import KEYWORDS
from sectow_benchmarks.submissions.board import GATES, Line, Table
from sectow_benchmarks.submissions.entry import Rate
from sectow_env.files import write_text

PACKAGE = "sectow_benchmarks.submissions"
HEADS = (
    *("rank", "model", "defence", "evidence", "worst attack success", "where", "over-refusal"),
    *("benign accuracy", "capability", "sent by", "not ranked because"),
)
WORDS = {
    "static": "attacks that are the same for all",
    "transfer": "frozen attacks that were found against others",
    "adaptive": "attacks made against each model",
}


def write_board(tables: Sequence[Table], out: Path) -> list[Path]:
    """Write `index.html`, `board.md`, `board.csv` and `board.json` into a folder."""
    out.mkdir(parents=True, exist_ok=True)
    written = {
        "index.html": to_html(tables),
        "board.md": to_markdown(tables),
        "board.csv": to_csv(tables),
        "board.json": to_json(tables),
    }
    for name, text in written.items():
        write_text(out / name, text)
    return [out / name for name in written]


def to_markdown(tables: Sequence[Table]) -> str:
    """The board as Markdown, one table for what can be compared."""
    lines = ["# Public board", "", rule()]
    for each in tables:
        rows = [cells(line) for line in each.lines]
        lines += ["", f"## {md_safe(title(each))}", "", md_safe(about(each)), ""]
        lines += table(HEADS, rows, escape=True)
    return "\n".join(lines) + "\n"


def to_csv(tables: Sequence[Table]) -> str:
    """One row for each entry and kind of attacks, each number in a column of its own."""
    rows = [row for each in tables for row in _rows(each)]
    return csv_of(rows) if rows else ""


def to_json(tables: Sequence[Table]) -> str:
    """Everything, the entries as they were sent."""
    tree = {
        "gates": GATES.model_dump(),
        "tables": [
            {
                "title": title(each),
                "attacks": each.attacks,
                "rows": [
                    {
                        "rank": line.rank,
                        "evidence": line.evidence,
                        "not_ranked_because": list(line.reasons),
                        "entry": json.loads(line.entry.model_dump_json()),
                    }
                    for line in each.lines
                ],
            }
            for each in tables
        ],
    }
    return json.dumps(tree, indent=2, allow_nan=False) + "\n"


def to_html(tables: Sequence[Table]) -> str:
    """The page: it reaches no server, and runs no script but its own."""
    style, script = (asset(PACKAGE, name) for name in ("board.css", "board.js"))
    return (
        environment(PACKAGE)
        .get_template("board.html.j2")
        .render(
            style=Markup(style),  # noqa: S704  (our own file)
            script=Markup(script),  # noqa: S704  (our own file)
            script_hash=script_hash(script),
            heads=HEADS,
            rule=rule(),
            tables=[(title(each), about(each), each) for each in tables],
            cells=cells,
        )
    )


def title(each: Table) -> str:
    """What a table is about."""
    world = each.first.world
    return f"{world.id if world else 'Suites of the field'}: {WORDS[each.attacks]}"


def about(each: Table) -> str:
    """What all entries of a table have in common."""
    first = each.first
    suites = ", ".join(
        f"{suite.name} {suite.revision}"
        + (f" by {suite.judge}" if suite.judge != first.judge else "")
        for suite in first.suites
    )
    how = first.settings
    if first.world is None:
        ground = f"Temperature {how.temperature:g}. Suites: {suites}."
        return ground + _upper_bound(each) + _budget(each)
    judged = f", judge {first.judge}" if first.judge else ""
    return (
        f"{how.split} split{judged}, temperature {how.temperature:g}, at most "
        f"{how.max_new_tokens} tokens. Suites: {suites}.{_upper_bound(each)}{_budget(each)}"
    )


def _upper_bound(each: Table) -> str:
    """What an attack success by keyword rules is worth, where there is one."""
    judged = {figure.suite for figure in each.first.of("safety")}
    suites = [
        suite.name
        for suite in each.first.suites
        if suite.name in judged and suite.judge.startswith(KEYWORDS)
    ]
    if not suites:
        return ""
    return f" By keyword rules alone on {', '.join(suites)}: not refused, an upper bound of harm."


def _budget(each: Table) -> str:
    first = each.first
    if each.attacks == "adaptive" and first.attacker is not None:
        return f" Attempts of an attacker: {first.attacker.attempts}; attackers differ."
    if each.attacks == "transfer":
        return f" Attacks: the pack {(first.frozen_attacks or '')[:12]}."
    return ""


def rule() -> str:
    """By what entries are ranked."""
    return (
        "Only entries that were asked the same items and judged alike share a table. Ranked by the "
        "highest attack success over channels, suites and decodings, among entries with an "
        f"over-refusal of at most {GATES.over_refusal:.2f}, benign accuracy at most "
        f"{GATES.twins_drop:.2f} under that of their base, each capability at least "
        f"{GATES.general_share:.2f} of the base's, and at most {GATES.unscored:.0%} unscored. A "
        "model by itself, a system prompt and a guard are ranked apart, and verified entries apart "
        "from self-reported ones. Verified: the samples are in the entry, and sectow verify is "
        "green on them. Every rate has its 95% interval and n."
    )


def cells(line: Line) -> tuple[str, ...]:
    """The cells of an entry, as plain texts."""
    entry, worst = line.entry, line.worst
    where = NOTHING
    if worst is not None:
        where = ", ".join(filter(None, (worst.suite, worst.stratum, worst.decoding)))
    return (
        *(str(line.rank or NOTHING), entry.model.name, entry.defence, line.evidence),
        *(_shown(None if worst is None else worst.rate), where),
        *(_shown(line.rate(role)) for role in ("over_refusal", "accuracy", "capability")),
        *(entry.by.name or NOTHING, "; ".join(line.reasons)),
    )


def _shown(rate: Rate | None) -> str:
    if rate is None or rate.value is None:
        return NOTHING
    return f"{rate.value:.3f} [{rate.low:.3f}, {rate.high:.3f}] n={rate.n}"


def _rows(each: Table) -> Iterator[dict[str, Any]]:
    for line in each.lines:
        entry = line.entry
        row: dict[str, Any] = {
            "table": title(each),
            "attacks": each.attacks,
            "rank": line.rank or "",
            "model": entry.model.name,
            "model_sha256": entry.model.sha256 or "",
            "defence": entry.defence,
            "evidence": line.evidence,
            "judge": entry.judge or "",
        }
        rates = {"worst": line.worst and line.worst.rate}
        rates |= {role: line.rate(role) for role in ("over_refusal", "accuracy", "capability")}
        for name, rate in rates.items():
            for part in ("value", "low", "high", "n"):
                row[f"{name}_{part}"] = getattr(rate, part, "")
        yield {**row, "sent_by": entry.by.name or "", "not_ranked_because": "; ".join(line.reasons)}
