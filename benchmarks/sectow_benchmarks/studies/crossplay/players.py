"""Who plays: the snapshots of training runs, and whoever is named beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sectow_agents.run.folder import RunFolder
from sectow_benchmarks.report.public import distinct_labels, public_name
from sectow_env.errors import ConfigError
from sectow_env.game import Seat
from sectow_env.resolve.policies import policy_spec, short_name

LOCAL = "transformers/attacker"


@dataclass(frozen=True)
class Player:
    """One policy in one seat."""

    seat: Seat
    label: str
    """What it is called in tables."""
    name: str
    """What names the policy; see `sectow_env.resolve.policies`."""
    template: str | None = None
    """Prompt template of an attacker; None: that of its run or of the policy itself."""
    run: str = ""
    """The run whose snapshot it is; empty for others."""
    round: int = 0
    """0 is the base of a run."""


@dataclass(frozen=True)
class Players:
    """All players and the world that they share."""

    world: str
    attackers: tuple[Player, ...]
    defenders: tuple[Player, ...]


def players_of(
    runs: Sequence[Path], attackers: Sequence[str], defenders: Sequence[str], world: str | None
) -> Players:
    """The snapshots of some runs, and further policies by name.

    Args:
        runs: Folders of training runs.
        attackers: As in `sectow_env.resolve.parts.find_attacker`.
        defenders: As in `sectow_env.resolve.parts.find_defender`.
        world: What is played; default: the world of the runs.

    Raises:
        ConfigError: The runs played different worlds, or a seat is empty.
    """
    everybody: list[Player] = []
    worlds: set[str] = set()
    for run in runs:
        played, players = _snapshots(run, len(runs) > 1)
        worlds.add(played)
        everybody += [player for player in players if player not in everybody]
    if world is None and len(worlds) > 1:
        raise ConfigError(
            given=f"runs of the worlds {', '.join(sorted(worlds))}",
            why="attacks on one world's behaviors say nothing about another's",
            fix="give runs of one world",
        )
    everybody += [*_named("attacker", attackers), *_named("defender", defenders)]
    seats = {seat: tuple(player for player in everybody if player.seat == seat) for seat in _SEATS}
    empty = [seat for seat, players in seats.items() if not players]
    if empty:
        raise ConfigError(
            given="cross-play without " + " and without ".join(_SEATS[seat] for seat in empty),
            why="both seats must be filled",
            fix="give the folder of a training run, or name policies by --attacker and --defender",
        )
    return Players(
        world or next(iter(worlds), "apothecary:0"), seats["attacker"], seats["defender"]
    )


_SEATS: dict[Seat, str] = {"attacker": "an attacker", "defender": "a defender"}


def _named(seat: Seat, names: Sequence[str]) -> list[Player]:
    """Policies by name; the tables show neither settings, such as addresses, nor long paths."""
    labels = distinct_labels(names, lambda name: public_name(short_name(name)))
    return [Player(seat, labels[name], name) for name in names]


def _snapshots(path: Path, several: bool) -> tuple[str, list[Player]]:
    """The world of a run, and its base and finished snapshots in both seats."""
    folder = RunFolder.open(path)
    config = folder.config()
    folder.check_files()
    prefix = f"{path.name} " if several else ""
    model, template = config.attacker.model, config.attacker.template
    # A script in a seat that was not trained is not asked by a template.
    has_template = "attacker" in config.seats or policy_spec(model, "attacker").name == LOCAL
    players = [
        Player("attacker", f"{prefix}base", model, template if has_template else None, str(path)),
        Player("defender", f"{prefix}base", config.defender.model, None, str(path)),
    ]
    for done in folder.state.phases:
        seat, number = done.summary.seat, done.summary.round
        label, place = f"{prefix}round {number}", str(folder.checkpoint(seat, number))
        players.append(Player(seat, label, place, None, str(path), number))
    return config.played, players
