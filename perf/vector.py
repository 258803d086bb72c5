"""Episodes a second of the native vector environment, beside as many single ones.

    python perf/vector.py --num-envs 64 --repeats 5
    python perf/vector.py --rounds 3 --repeats 3 --defender organism/defender --channel reversed

The same seeds and attacks on both sides, in one process, in turns. Counted are the calls of the
environments (`reset` and `step`), not the making of attacks. The episodes must be equal.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Sequence
from typing import Annotated, Any, NamedTuple

import gymnasium as gym
import numpy as np
import typer

import sectow_env
from sectow_env.game import Attack, Attacker, Episode, Scenario, reseed
from sectow_env.resolve.parts import find_attacker
from sectow_env.resolve.worlds import load_world


class Side(NamedTuple):
    """One side, once."""

    seconds: float
    episodes: list[Episode]


class Comparison(NamedTuple):
    """What came out."""

    defender: str
    channels: Sequence[str] | None
    """Of the scenarios; None: the four working ones, half of whose attacks have a picture."""
    num_envs: int
    rounds: int
    repeats: int
    single: float
    """Episodes a second of single environments: median over repeats."""
    vector: float
    ratio: float
    """Median of the ratios of neighbouring turns."""
    lowest: float
    """The lowest of these ratios."""
    equal: bool
    """Whether both played the same episodes throughout."""


class Clock:
    """Adds up the time of the calls that it makes."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self, call: Any, *args: Any, **kwargs: Any) -> Any:
        """What the call gives."""
        began = time.perf_counter()
        result = call(*args, **kwargs)
        self.seconds += time.perf_counter() - began
        return result


def attacks(attacker: Attacker, scenarios: Sequence[Scenario]) -> list[Attack]:
    """The same for the same scenario, in whatever batch."""
    written = []
    for scenario in scenarios:
        reseed(attacker, [len(scenario.id)])
        written += attacker.attack([scenario])
    return written


def one_by_one(envs: Sequence[Any], attacker: Attacker, rounds: int, seed: int) -> Side:
    """Every environment plays so many episodes, each on its own."""
    clock, episodes = Clock(), []
    for index, env in enumerate(envs):
        clock(env.reset, seed=seed + index)
    for _ in range(rounds):
        moves = attacks(attacker, [env.unwrapped.scenario for env in envs])
        for env, move in zip(envs, moves, strict=True):
            episodes.append(clock(env.step, move)[4]["sectow_episode"])
            clock(env.reset)
    return Side(clock.seconds, episodes)


def at_once(env: Any, attacker: Attacker, rounds: int, seed: int) -> Side:
    """All of them step together."""
    clock, episodes = Clock(), []
    clock(env.reset, seed=seed)
    for _ in range(rounds):
        moves = attacks(attacker, [match.scenario for match in env.unwrapped.episode_states])
        info = clock(env.step, moves)[4]
        episodes += list(info["final_info"]["sectow_episode"])
    return Side(clock.seconds, episodes)


def compared(
    defender: str,
    num_envs: int,
    rounds: int,
    repeats: int,
    channels: Sequence[str] | None = None,
    seed: int = 0,
) -> Comparison:
    """Both sides in turns, after one turn each to warm up."""
    attacker = find_attacker("apothecary/random", load_world("apothecary:0"))
    # One opponent for all: the comparison is about batches, not about copies of weights.
    shared = sectow_env.SectowEnv(defender=defender).arena.opponent
    options: dict[str, Any] = {"labels": "all", "channels": channels, "defender": shared}
    singles = [gym.make("SecTOW-v0", **options) for _ in range(num_envs)]
    vector = gym.make_vec("SecTOW-v0", num_envs=num_envs, **options)
    for env in (one_by_one(singles, attacker, 1, seed), at_once(vector, attacker, 1, seed)):
        assert env.episodes
    singly, batched, equal = [], [], True
    for number in range(repeats):
        single = one_by_one(singles, attacker, rounds, seed + 1000 * number)
        many = at_once(vector, attacker, rounds, seed + 1000 * number)
        equal &= _played(single.episodes) == _played(many.episodes)
        singly.append(len(single.episodes) / single.seconds)
        batched.append(len(many.episodes) / many.seconds)
    ratios = [many / single for single, many in zip(singly, batched, strict=True)]
    return Comparison(
        *(defender, channels, num_envs, rounds, repeats),
        single=statistics.median(singly),
        vector=statistics.median(batched),
        ratio=statistics.median(ratios),
        lowest=float(np.min(ratios)),
        equal=equal,
    )


def _played(episodes: Sequence[Episode]) -> list[str]:
    return [episode.model_dump_json() for episode in episodes]


def main(
    num_envs: Annotated[int, typer.Option(min=1)] = 64,
    rounds: Annotated[int, typer.Option(min=1, help="Episodes of an environment.")] = 20,
    repeats: Annotated[int, typer.Option(min=1)] = 5,
    defender: Annotated[str, typer.Option(help="The opponent.")] = "apothecary/keyword",
    channel: Annotated[
        list[str] | None, typer.Option(help="Of the scenarios; may be given several times.")
    ] = None,
) -> None:
    """Compare the vector environment with single ones."""
    comparison = compared(defender, num_envs, rounds, repeats, channel)
    typer.echo(json.dumps(comparison._asdict(), indent=2))


if __name__ == "__main__":
    typer.run(main)
