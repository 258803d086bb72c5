"""`sectow bench coverage`: print how often the intervals contain the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from sectow_benchmarks.board.markdown import number, table
from sectow_benchmarks.stats.estimate import FEW_CLUSTERS
from sectow_env.display.console import note, print_json, say, stdout
from sectow_env.display.page import print_page

if TYPE_CHECKING:
    from sectow_benchmarks.studies.coverage.simulation import ClusteredRow, SingleRow

DRAWS = 1000


def coverage(
    draws: Annotated[int, typer.Option(min=1, help="Simulated data sets per cell.")] = DRAWS,
    seed: Annotated[int, typer.Option(min=0, help="Of the simulation.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead.")] = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print Markdown, as in the docs.")
    ] = False,
) -> None:
    """Print how often the intervals contain the truth, and beside which others they were chosen."""
    note(f"simulating {draws} data sets per cell")
    from sectow_benchmarks.evaluation.progress import progress_bar
    from sectow_benchmarks.studies.coverage.simulation import cells, clustered_table, single_table

    singles = single_table()
    done, total = 0, len(cells())
    with progress_bar() as progress:

        def advance(count: int) -> None:
            nonlocal done
            done += count
            progress("cells", done, total)

        clustered = list(clustered_table(draws, seed, advance))
    if as_json:
        tree = {
            "single": [row._asdict() for row in singles],
            "clustered": [row._asdict() for row in clustered],
            "draws": draws,
            "seed": seed,
        }
        print_json(tree)
        return
    shown = page(singles, clustered, draws, seed)
    if markdown:
        say(shown)
    else:
        print_page(shown, stdout(), keys=3)


HEAD = """# Coverage of the intervals

Printed by `sectow bench coverage --draws {draws} --seed {seed}`. Nominal coverage 0.95.

## Independent items, exact

`beta` (Clopper and Pearson) is in use. Worst: least coverage over 201 rates from 0 to 0.5. Widest:
largest width as a multiple of Wilson's.
"""
CLUSTERED = """
## Clusters, intraclass correlation {icc}, simulated

The interval in use (Korn and Graubard) beside resampled clusters (percentile), on the same {draws}
data sets a cell.
"""
BY_CLUSTERS = ("clusters", "items each", "rate", "covered", "width", "bootstrap covered", "width")


def page(singles: list[SingleRow], clustered: list[ClusteredRow], draws: int, seed: int) -> str:
    """Both tables in Markdown."""
    from sectow_benchmarks.studies.coverage.simulation import ICC, RATES

    by_rate = (f"p = {share}" for share in RATES)
    of_single = [
        (
            *(result.method, str(result.n), *map(number, result.at_rates), number(result.worst)),
            *(number(result.least_width, 5), number(result.widest)),
        )
        for result in singles
    ]
    of_clustered = [
        (
            *map(str, (result.clusters, result.size, result.rate)),
            *map(
                number,
                (result.covered, result.width, result.bootstrap_covered, result.bootstrap_width),
            ),
        )
        for result in clustered
    ]
    parts = [
        HEAD.format(draws=draws, seed=seed),
        *table(("method", "n", *by_rate, "worst", "least width", "widest"), of_single),
        CLUSTERED.format(icc=ICC, draws=draws),
        *table(BY_CLUSTERS, of_clustered),
    ]
    enough = [result.covered for result in clustered if result.clusters >= FEW_CLUSTERS]
    parts.append(f"\nLeast coverage from {FEW_CLUSTERS} clusters on: {min(enough):.3f}.")
    return "\n".join(parts)
