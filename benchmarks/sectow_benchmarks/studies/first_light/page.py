"""The first-light table in Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sectow_benchmarks.board.markdown import table, yes
from sectow_benchmarks.results.run import EvaluationRun
from sectow_benchmarks.studies.first_light.play import Played
from sectow_benchmarks.studies.first_light.rows import GRID_TARGETS, Row, pooled, shown

HEAD = """# First light: the whole game in {count} development worlds

Printed by `{command}` on {machine}. Each world has its own organism; one run a world. 95%
intervals, clustered by potion; n counts scored items. A target says what a method should reach, and
is published as it fell.
"""


def render(tables: Mapping[int, Sequence[Row]], played: Sequence[Played], command: str) -> str:
    """One table per world, and the grid figures over all worlds."""
    parts = [
        HEAD.format(count=len(tables), command=command, machine=_machine(played[0].final)),
    ]
    for number, rows in tables.items():
        parts.append(f"## World {number}\n")
        cells = [(row.figure, row.measured, row.target, _mark(row.met)) for row in rows]
        parts += table(("figure", "measured", "target", "met"), cells)
        parts.append("")
    if len(played) > 1:
        parts.append("## Final defenders of all worlds together\n")
        figures = [
            (title, *(shown(pooled(played, key, way)) for way in ("greedy", "sampled")))
            for key, title, _ in GRID_TARGETS
        ]
        parts += table(("figure", "greedy", "T = 1"), figures)
        parts.append("")
    parts.append(_organisms(played))
    return "\n".join(parts)


def _mark(met: bool | None) -> str:
    return "" if met is None else yes(met)


def _machine(run: EvaluationRun) -> str:
    machine, versions = run.about["machine"], run.about["versions"]
    return (
        f"{machine['cores']} cores of {machine['processor']}, torch {versions['torch']}, "
        f"transformers {versions['transformers']}"
    )


def _organisms(played: Sequence[Played]) -> str:
    rows = [(str(world.world.seed), f"`{world.base.about['model']['sha256']}`") for world in played]
    return "\n".join(["## Organisms\n", *table(("world", "base defender, sha256"), rows)]) + "\n"
