"""The attack pool as it grows: time of an insert and of a near-duplicate query.

    python perf/pool.py --sizes 1000,10000,100000

Attacks have 200 words of a vocabulary of 20,000, as frequent as in English text (Zipf). `template`
attacks share two thirds of their words, so that nearly all of them have parts in common: the worst
case for the index. A query is the offer of an attack that the pool has already, with one word
changed. For small pools the rule without an index, which compares with all attacks of the cluster,
is timed beside it.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
import typer

from sectow_env.game import Attack, Episode, Price, Scenario, Turn, Verdict
from sectow_env.pool.duplicates import NEAR, overlap, tokens_of
from sectow_env.pool.store import AttackPool

WORDS, VOCABULARY = 200, 20_000
QUERIES = 200
OLD_RULE_UP_TO = 1000
Texts = Callable[[np.random.Generator], str]


class Row(NamedTuple):
    """One pool at one size."""

    text: str
    clusters: int
    attacks: int
    insert: tuple[float, float]
    """Milliseconds, p50 and p99, of the last inserts before this size."""
    query: tuple[float, float]
    all_pairs: float | None
    """Milliseconds, p50, of a query that compares with all attacks of the cluster."""


def natural(rng: np.random.Generator) -> str:
    """Words as frequent as in English text."""
    weights = 1.0 / np.arange(1, VOCABULARY + 1)
    drawn = np.searchsorted(np.cumsum(weights), rng.random(WORDS) * weights.sum())
    return " ".join(f"w{word}" for word in drawn)


def template(rng: np.random.Generator) -> str:
    """The same words for two thirds."""
    same = [f"t{at}" for at in range(2 * WORDS // 3)]
    drawn = rng.integers(0, VOCABULARY, WORDS - len(same))
    return " ".join([*same, *(f"w{word}" for word in drawn)])


TEXTS: dict[str, Texts] = {"natural": natural, "template": template}


def episode(text: str, cluster: int) -> Episode:
    """A successful attack."""
    scenario = Scenario(id=f"s{cluster}", behavior="b", harmful=True)
    turn = Turn(scenario=scenario, attack=Attack(query=text), response="r")
    verdict = Verdict(judge="perf", version="1", harmful=True)
    return Episode(scenario=scenario, turns=(turn,), verdicts=(verdict,), price=Price())


def measure(folder: Path, kind: str, clusters: int, sizes: Sequence[int]) -> list[Row]:
    """Fill one pool and look at it at each size."""
    rng = np.random.default_rng(0)
    rows: list[Row] = []
    texts: list[str] = []
    with AttackPool(folder / f"{kind}-{clusters}.sqlite") as pool:
        for size in sizes:
            episodes = []
            for at in range(len(texts), size):
                texts.append(TEXTS[kind](rng))
                episodes.append(episode(texts[-1], at % clusters))
            inserts: list[float] = []
            pool.add(_timed(episodes, inserts), round=0)
            assert len(pool) == size, "no text came twice"
            queries: list[float] = []
            chosen = [int(at) for at in rng.integers(0, size, QUERIES)]
            again = [episode(f"{texts[at]} changed", at % clusters) for at in chosen]
            assert pool.add(_timed(again, queries), round=0).near_duplicates == QUERIES
            old = None
            if size <= OLD_RULE_UP_TO:
                old = all_pairs(texts, clusters, chosen)
            rows.append(Row(kind, clusters, size, _ms(inserts[-1000:]), _ms(queries), old))
    return rows


def all_pairs(texts: Sequence[str], clusters: int, chosen: Sequence[int]) -> float:
    """Milliseconds, p50, of comparing with all of the cluster; as stored in memory."""
    sets = [tokens_of(Attack(query=text)) for text in texts]
    spent = []
    for at in chosen:
        start = time.perf_counter()
        tokens = tokens_of(Attack(query=texts[at]))
        hits = [overlap(tokens, other) >= NEAR for other in sets[at % clusters :: clusters]]
        spent.append(time.perf_counter() - start)
        assert sum(hits) == 1
    return _ms(spent)[0]


def _timed(episodes: Sequence[Episode], spent: list[float]) -> Iterator[Episode]:
    """Yield them, and note how long each was worked on."""
    for each in episodes:
        start = time.perf_counter()
        yield each
        spent.append(time.perf_counter() - start)


def _ms(seconds: Sequence[float]) -> tuple[float, float]:
    p50, p99 = np.percentile(seconds, (50, 99))
    return float(p50) * 1e3, float(p99) * 1e3


def main(
    sizes: Annotated[str, typer.Option(help="Attacks in the pool, in growing order.")] = (
        "1000,10000,100000"
    ),
    clusters: Annotated[str, typer.Option(help="Clusters that share them.")] = "1,400",
    texts: Annotated[str, typer.Option(help="Kinds of texts.")] = ",".join(TEXTS),
) -> None:
    """Print a table."""
    typer.echo("| text | clusters | attacks | insert p50 / p99 | query p50 / p99 | all pairs p50 |")
    typer.echo("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for kind in texts.split(","):
            for count in map(int, clusters.split(",")):
                for row in measure(Path(folder), kind, count, [int(n) for n in sizes.split(",")]):
                    old = "" if row.all_pairs is None else f"{row.all_pairs:.2f}"
                    typer.echo(
                        f"| {row.text} | {row.clusters} | {row.attacks:,} | "
                        f"{row.insert[0]:.2f} / {row.insert[1]:.2f} | "
                        f"{row.query[0]:.2f} / {row.query[1]:.2f} | {old} |"
                    )


if __name__ == "__main__":
    typer.run(main)
