"""A board from 1,000,000 samples: CPU time and memory.

    python perf/million.py --samples 1000000

The samples are those of a scripted defender, many times over, with other clusters and verdicts.
Reading them, checking that runs may be compared, ranking, and writing all three files is counted;
making them is not: it is done in a process of its own.
"""

from __future__ import annotations

import json
import multiprocessing
import resource
import tempfile
import time
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
import typer

KIB = 1024


class Spent(NamedTuple):
    """What a board took."""

    samples: int
    cpu_seconds: float
    peak_bytes: int
    """Of the whole process, libraries included."""


def make(folder: Path, samples: int, seed: int = 0) -> None:
    """Write an evaluation of so many samples."""
    import pandas as pd

    from sectow_benchmarks.api import evaluate
    from sectow_benchmarks.results.checksums import seal
    from sectow_benchmarks.results.run import SEALED
    from sectow_benchmarks.results.samples import LABELS, Sample, SampleVerdict, columns_of

    loaded = evaluate("apothecary/keyword", out=folder, per_cell=4, per_kind=4)
    real = loaded.samples[loaded.samples["answered"]]
    times = -(-samples // len(real))
    rng = np.random.Generator(np.random.PCG64(seed))
    parts = []
    for number in range(times):
        part = real.copy()
        for key in ("item", "sample"):
            part[key] = part[key] + f"/{number}"
        part["cluster"] = part["cluster"] + f" {number % 50}"
        scored = part["harmful"].notna()
        success = (rng.random(int(scored.sum())) < 0.1).astype(float)
        for column in ("harmful", "success"):
            part.loc[scored, column] = success
        parts.append(part)
    table = pd.concat(parts).iloc[:samples]
    asked_columns = [*LABELS, *columns_of(Sample)]
    table[asked_columns].to_parquet(folder / "samples.parquet", index=False)
    verdicts = table[list(columns_of(SampleVerdict))]
    verdicts.to_parquet(folder / "verdicts.parquet", index=False)
    seal(folder, SEALED)


def rank(folder: Path) -> Spent:
    """Make the board of that evaluation, all of its files."""
    from sectow_benchmarks.board.board import board
    from sectow_benchmarks.board.entry import Board
    from sectow_benchmarks.board.files import files_of
    from sectow_benchmarks.results.run import EvaluationRun

    began = time.process_time()
    run = EvaluationRun.open(folder)
    files_of(Board(rows=tuple(board([run], run))))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * KIB
    return Spent(len(run.scores), time.process_time() - began, peak)


def measured(samples: int, folder: Path) -> Spent:
    """Both, each in a fresh process."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1, maxtasksperchild=1) as pool:
        pool.apply(make, (folder, samples))
    with context.Pool(1, maxtasksperchild=1) as pool:
        return pool.apply(rank, (folder,))


def main(
    samples: Annotated[int, typer.Option(min=1000)] = 1_000_000,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Measure a board from many samples."""
    with tempfile.TemporaryDirectory() as folder:
        spent = measured(samples, Path(folder) / "run")
    if as_json:
        typer.echo(json.dumps(spent._asdict()))
        return
    gib = spent.peak_bytes / 2**30
    typer.echo(
        f"{spent.samples} samples: {spent.cpu_seconds:.1f} s of CPU time, {gib:.2f} GiB at most"
    )


if __name__ == "__main__":
    typer.run(main)
