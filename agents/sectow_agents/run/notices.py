"""What a run says loudly: that it trains on next to nothing, which it would do without a word."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sectow_agents.algorithms.job import Summary
from sectow_agents.run.folder import RunFolder
from sectow_agents.settings.run_config import RunConfig
from sectow_env.display.console import note
from sectow_env.game import Judge, RewardFunction, Seat
from sectow_env.game.world import World
from sectow_env.judges.four_cases import FourCases, check_judge

MOSTLY = 0.9
"""Share of a phase's episodes from which on nothing can be learned from the rest."""
WITHOUT_REWARDS = ("sft",)
"""Algorithms that learn from targets."""


def try_judge(
    config: RunConfig,
    judge: Judge,
    world: World,
    reward: RewardFunction,
    channels: Sequence[str | None],
) -> FourCases | None:
    """Try the judge of a pack for the seats that learn from rewards; see `check_judge`.

    Raises:
        ConfigError: A case would never be priced.
    """
    seats = rewarded_seats(config)
    return check_judge(judge, world, reward, seats, channels) if seats else None


def rewarded_seats(config: RunConfig) -> list[Seat]:
    """The trained seats that learn from rewards."""
    return [seat for seat in config.seats if config.training(seat).algorithm not in WITHOUT_REWARDS]


def report_start(
    files: RunFolder, config: RunConfig, world: World, tried: FourCases | None
) -> None:
    """Say what the judge was tried on, and what is missing in the data."""
    if tried is not None:
        _announce(files, {"event": "judge", "judge": tried.judge, "text": str(tried)})
    for text in _of_the_data(config, world):
        _announce(files, {"event": "warning", "round": 0, "seat": None, "text": text})


def report_phase(files: RunFolder, summary: Summary) -> None:
    """Say what was wrong with the episodes of a phase."""
    where = {"round": summary.round, "seat": summary.seat}
    for text in _of_a_phase(summary):
        _announce(files, {"event": "warning", **where, "text": text})


def _announce(files: RunFolder, line: dict[str, Any]) -> None:
    """Write a line of the log that the user should read, and print its text."""
    files.log(line)
    if files.share.main:
        warning = line["event"] == "warning"
        note(f"warning: {line['text']}" if warning else line["text"], "yellow" if warning else "")


def _of_the_data(config: RunConfig, world: World) -> Iterator[str]:
    if "defender" not in config.seats:
        return
    mix = config.defender.mix
    benign = mix.benign and world.scenarios("train", harmful=False)
    if not benign and not (mix.general and mix.general_kinds):
        yield (
            "no benign request is in the defender's data, so it may learn to refuse everything: "
            "add benign scenarios to the split train, and give defender.mix.benign a share"
        )


def _of_a_phase(summary: Summary) -> Iterator[str]:
    """By the means over its last quarter."""
    where = f"round {summary.round}, {summary.seat}"
    invalid, episodes = summary.metrics.get("invalid"), summary.metrics.get("episodes")
    unscored = summary.metrics.get("unscored")
    if invalid is not None and invalid > MOSTLY:
        yield (
            f"{where}: {invalid:.0%} of the attacks were invalid, so next to nothing was learned: "
            "invalid_by_reason in metrics.jsonl says why"
        )
    if unscored is not None and episodes and unscored / episodes > MOSTLY:
        yield (
            f"{where}: the judge left {unscored / episodes:.0%} of the episodes unscored, so next "
            "to nothing was learned: docs/judges.md says which judges price what"
        )
