"""Cross-play in Markdown, CSV and JSON."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from sectow_benchmarks.board.files import csv_of
from sectow_benchmarks.board.markdown import number, shown, table
from sectow_benchmarks.studies.crossplay.tables import Cell, CrossPlay

GRID_NOTE = """
ASR on validation scenarios, sampled, one attempt each, the same attacks for all defenders; 95%
intervals by behavior. Channels: effective number among successes, the largest over defenders; an
attacker that has 1 repeats itself.

## Worst attacker of each defender
"""
PROGRESS = ("round", "attacker on past defenders", "defender under attackers so far")
RATINGS = ("player", "seat", "Bradley-Terry", "ASR at the equilibrium", "weight there")
RATINGS_NOTE = """
Bradley-Terry in logits, higher is stronger in either seat. The Nash average is what a player gets,
or lets through, against the other seat's equilibrium. Cyclicity (0: transitive, 1: all depends on
who meets whom): {index}; by chance alone up to {chance}."""


def to_markdown(result: CrossPlay) -> str:
    """All tables; rows are attackers, columns defenders."""
    heads = ("attacker \\ defender", *result.defenders, "invalid", "channels")
    grid = [
        (name, *(shown(cell.asr) for cell in row), _share(row), number(_most(row)))
        for name in result.attackers
        for row in [[result.cell(name, defender) for defender in result.defenders]]
    ]
    worst = [(name, cell.attacker, shown(cell.asr)) for name, cell in result.worst.items()]
    progress = [
        (
            f"{Path(progress.run).name} {progress.round}",
            *map(number, (progress.attacker_against_past, progress.defender_against_past)),
        )
        for progress in result.progress
    ]
    parts = ["# Cross-play\n", *table(heads, grid, escape=True), GRID_NOTE]
    parts += table(("defender", "attacker", "ASR"), worst, escape=True)
    if progress:
        parts.append("\n## Progress against past opponents\n")
        parts += table(PROGRESS, progress, escape=True)
    return "\n".join([*parts, *_ratings(result)]) + "\n"


def _ratings(result: CrossPlay) -> list[str]:
    if result.ratings is None or result.nash is None or result.cyclicity is None:
        return ["\nNot rated: a pair has no scored attack."]
    nash = result.nash
    scores = {
        **{("attacker", name): pair for name, *pair in zip(
            result.attackers, nash.attacker_scores, nash.attackers, strict=True)},
        **{("defender", name): pair for name, *pair in zip(
            result.defenders, nash.defender_scores, nash.defenders, strict=True)},
    }  # fmt: skip
    rows = []
    for player in result.ratings.players:
        score, weight = scores[player.seat, player.name]
        interval = f"{player.strength:+.2f} [{player.low:+.2f}, {player.high:+.2f}]"
        rows.append((player.name, player.seat, interval, f"{score:.3f}", f"{weight:.2f}"))
    index, chance = (f"{x:.3f}" for x in (result.cyclicity.index, result.cyclicity.by_chance))
    note = RATINGS_NOTE.format(index=index, chance=chance)
    return ["\n## Ratings\n", *table(RATINGS, rows, escape=True), note]


def to_csv(result: CrossPlay) -> str:
    """One row per pair."""
    return csv_of([_flat(cell) for cell in result.cells])


def to_json(result: CrossPlay) -> dict[str, Any]:
    """All tables; what is not known is NaN."""
    return {
        "cells": [_flat(cell) for cell in result.cells],
        "worst": {name: cell.attacker for name, cell in result.worst.items()},
        "progress": [asdict(progress) for progress in result.progress],
        "ratings": [asdict(player) for player in result.ratings.players]
        if result.ratings
        else None,
        "nash": None
        if result.nash is None
        else {
            "value": result.nash.value,
            "attackers": dict(
                zip(result.attackers, map(float, result.nash.attackers), strict=True)
            ),
            "defenders": dict(
                zip(result.defenders, map(float, result.nash.defenders), strict=True)
            ),
        },
        "cyclicity": asdict(result.cyclicity) if result.cyclicity else None,
    }


def _flat(cell: Cell) -> dict[str, Any]:
    counts = {key: value for key, value in asdict(cell).items() if key != "asr"}
    return {**counts, **cell.asr.to_json()}


def _share(row: list[Cell]) -> str:
    attempts = sum(cell.attempts for cell in row)
    return f"{sum(cell.invalid for cell in row) / attempts:.2f}" if attempts else "-"


def _most(row: list[Cell]) -> float | None:
    return max((cell.channels for cell in row if cell.channels is not None), default=None)
