"""Whom an attacker trains against: the latest defender, or a mix with past ones.

An attacker that meets only the latest defender may drive it in circles: what an older defender
refused works again. A share of past snapshots keeps the old holes in play.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from sectow_agents.settings.run_config import LeagueSettings
from sectow_env.game import Defender
from sectow_env.policies.mixed import MixedDefender

T = TypeVar("T")


def opponents(snapshots: Sequence[T], settings: LeagueSettings) -> list[tuple[T, float]]:
    """Which snapshots play, with their weights, which add up to 1.

    Args:
        snapshots: All of them, oldest first; the last one is the latest.
        settings: Share of the past, and how many of it.
    """
    *past, latest = snapshots
    chosen = past[-settings.keep :] if settings.past else []
    if not chosen:
        return [(latest, 1.0)]
    share = settings.past / len(chosen)
    return [*((snapshot, share) for snapshot in chosen), (latest, 1.0 - settings.past)]


def assemble(
    snapshots: Sequence[T], settings: LeagueSettings, load: Callable[[T], Defender], seed: int
) -> Defender:
    """The opponent of an attacker phase.

    Args:
        snapshots: All of them, oldest first.
        settings: Share of the past, and how many of it.
        load: Makes a policy of a snapshot.
        seed: Draws who answers which attack.
    """
    chosen = opponents(snapshots, settings)
    if len(chosen) == 1:
        return load(chosen[0][0])
    weights = [weight for _, weight in chosen]
    return MixedDefender([load(snapshot) for snapshot, _ in chosen], weights, seed)
