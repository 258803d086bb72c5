"""Where episodes are played, whatever the view: it draws scenarios, asks opponents, keeps state.

The Gymnasium, vector and PettingZoo environments are thin views of an `Arena`. It plays any number
of episodes at once: one call of the opponent and one of the judge for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, TypedDict

import numpy as np

from sectow_env.env.observations import read_attack, read_response
from sectow_env.errors import ConfigError, SectowError, at_fault, named
from sectow_env.game import (
    Attack,
    Attacker,
    Defender,
    Episode,
    Judge,
    RewardFunction,
    Scenario,
    Seat,
    Split,
    Turn,
    judge_turns,
    price_turns,
    respond,
    screen,
)
from sectow_env.game.conversation import Pay, Played, ask_attacker, history_of
from sectow_env.game.episode_state import Match
from sectow_env.game.renderer import Renderer
from sectow_env.game.seeds import MAX_SEED
from sectow_env.game.world import ServesChannels, World
from sectow_env.resolve.parts import (
    check_choice,
    find_attacker,
    find_defender,
    find_judge,
    find_renderer,
    find_reward,
    find_world,
)
from sectow_env.resolve.worlds import drawn_by

Seating = Literal["attacker", "defender", "both"]
"""Which seat the player holds; frozen policies hold the others."""
Labels = Literal["harmful", "benign", "all"]
MAX_SKIPPED = 100
"""Invalid attacks in a row after which an opponent is given up."""


class Options(TypedDict, total=False):
    """Keyword arguments of all views. Names, unlike objects, survive an EnvSpec's JSON."""

    world: str | World | None
    """`apothecary:0` (default), another registered world, or the path of a scenario pack."""
    split: Split
    """Which scenarios: `train` (default), `validation` or `test`."""
    channels: Sequence[str | None] | None
    """Channels of the scenarios; default: those that the attacker serves, else the world's."""
    labels: Labels | None
    """`harmful`, `benign` or `all` scenarios; default: `all` for a defender, else `harmful`."""
    judge: str | Judge | None
    """Default: the judge that knows the world best."""
    reward: Mapping[str, float] | RewardFunction | None
    """A reward function, or weights of the default one."""
    attacker: str | Attacker | None
    """The opponent of a defender; default: the world's own."""
    defender: str | Defender | None
    """The opponent of an attacker; default: the world's own."""
    renderer: str | Renderer | None
    """Draws the pictures of free-form attacks; default: words as large letters."""
    max_turns: int
    """Turns of an episode at most; 1 (default) as in the paper."""
    pay: Pay
    """`end` (default): an episode pays what its last turn is worth. `turn`: each turn pays."""


class Arena:
    """Plays batches of matches for one seating.

    Args:
        seating: Which seat the player holds.
        options: See `Options`.

    Raises:
        ConfigError: Settings contradict each other, or no scenario is left.
        UnknownNameError: A world, policy or judge is not known.
    """

    def __init__(self, seating: Seating, options: Options) -> None:
        check_choice("seat", seating, Seating)
        check_choice("split", options.get("split", "train"), Split)
        check_choice("pay", options.get("pay", "end"), Pay)
        unknown_options = set(options) - set(Options.__annotations__)
        if unknown_options:
            raise ConfigError(
                given=f"the arguments {', '.join(sorted(unknown_options))}",
                why="the environment takes no such arguments",
                fix=f"its options are {', '.join(Options.__annotations__)}",
            )
        self.seating = seating
        self.max_turns = _turns_of(options.get("max_turns", 1))
        self.pay: Pay = options.get("pay", "end")
        self.split: Split = options.get("split", "train")
        self.world = find_world(options.get("world"))
        renderer = options.get("renderer")
        if renderer is not None:
            self.world = drawn_by(self.world, find_renderer(renderer))
        self.judge = find_judge(options.get("judge"), self.world)
        self.reward = find_reward(options.get("reward"))
        self._attacker: Attacker | None = None
        self._defender: Defender | None = None
        self._labels = options.get("labels")
        self._channels = options.get("channels")
        self._take_seats(options)
        self.scenarios = self._find_scenarios(self._attacker)
        self.listeners: list[Callable[[Episode], None]] = []
        """Called with every episode that ends, in whatever view."""

    @property
    def opponent(self) -> Attacker | Defender | None:
        """The policy in the other seat; None where the player holds both."""
        return self._attacker if self.seating == "defender" else self._defender

    @opponent.setter
    def opponent(self, policy: Attacker | Defender) -> None:
        seat: Seat = "attacker" if self.seating == "defender" else "defender"
        if self.seating == "both":
            raise ConfigError(
                given=f"the opponent {policy!r} with seat='both'",
                why="you hold both seats, so nobody plays against you",
                fix="take one seat: seat='attacker' or seat='defender'",
            )
        if seat == "attacker":
            attacker = find_attacker(policy, self.world)  # type: ignore[arg-type]  # checked there
            # Of the channels that this one serves, as if it had been given from the start.
            self.scenarios = self._find_scenarios(attacker)
            self._attacker = attacker
        else:
            self._defender = find_defender(policy, self.world)  # type: ignore[arg-type]  # checked there

    @property
    def paid_seat(self) -> Seat:
        """The seat whose reward is the player's."""
        return "defender" if self.seating == "defender" else "attacker"

    def begin(self, rngs: Sequence[np.random.Generator]) -> list[Match]:
        """Start one match a generator.

        The draws of a match depend on its generator alone, not on the seating or the batch.

        Raises:
            ConfigError: The opponent makes nothing but invalid attacks.
            PartError: The opponent or the world's rules failed.
        """
        matches = [self._draw(rng) for rng in rngs]
        if self.seating != "defender":
            return matches
        pending = list(range(len(matches)))
        for _ in range(MAX_SKIPPED):
            self._attack([matches[index] for index in pending])
            pending = [index for index in pending if _is_invalid(matches[index])]
            if not pending:
                return matches
            for index in pending:
                skipped = matches[index].skipped + 1
                matches[index] = self._draw(rngs[index])
                matches[index].skipped = skipped
        raise ConfigError(
            given=named("attacker", self._attacker),
            why=f"{MAX_SKIPPED} of its attacks in a row are invalid, so a defender sees none",
            fix="give another attacker, or other channels",
        )

    def advance(self, matches: Sequence[Match], actions: Sequence[object]) -> None:
        """Play one action in each match; those that end get their episode.

        Where this raises, every match is as it was: the same actions can be played again.

        Raises:
            SectowError: A match is over, or an action is none of its seat's.
            PartError: An opponent, the judge, the rules or the reward function failed.
        """
        if any(match.episode is not None for match in matches):
            raise SectowError(
                given="an action after the end of an episode",
                why="the episode has no further move",
                fix="call reset first",
            )
        read = [
            read_attack(action) if match.to_move == "attacker" else read_response(action)
            for match, action in zip(matches, actions, strict=True)
        ]
        drafts = [match.draft() for match in matches]
        for draft in drafts:
            draft.ended = None
        turns = self._turns(drafts, read)
        ending = [draft for draft, turn in zip(drafts, turns, strict=True) if turn is not None]
        self._settle(ending, [turn for turn in turns if turn is not None])
        for match, draft in zip(matches, drafts, strict=True):
            match.take(draft)
        for match in matches:
            if match.episode is not None:
                for listener in self.listeners:
                    listener(match.episode)

    def _settle(self, matches: Sequence[Match], turns: Sequence[Turn]) -> None:
        """Judge and price finished turns, and let the opponent move where an episode goes on."""
        verdicts = judge_turns(turns, self.judge)
        prices = price_turns(turns, verdicts, self.reward)
        for match, turn, verdict, price in zip(matches, turns, verdicts, prices, strict=True):
            match.record(Played(turn=turn, verdict=verdict, price=price), self.max_turns, self.pay)
            match.to_move = "defender" if self.seating == "defender" else "attacker"
        going_on = [match for match in matches if match.episode is None]
        if self.seating == "defender" and going_on:
            self._attack(going_on)
            for match in going_on:
                if _is_invalid(match):
                    # What cannot count reaches no defender: the conversation ends before it.
                    match.attack = match.played[-1].turn.attack
                    match.close(self.pay)

    def _turns(self, matches: Sequence[Match], moves: Sequence[Attack | str]) -> list[Turn | None]:
        """The turn of each match that ends with this move, None for one that goes on."""
        attacking = [index for index, move in enumerate(moves) if isinstance(move, Attack)]
        attacked = dict(zip(attacking, self._answer(matches, moves, attacking), strict=True))
        turns: list[Turn | None] = []
        for index, (match, move) in enumerate(zip(matches, moves, strict=True)):
            if isinstance(move, str):
                attack = match.attack
                assert attack is not None, "a defender moved before the attack"
                turns.append(Turn(scenario=match.scenario, attack=attack, response=move))
                continue
            turn = attacked[index]
            match.attack = turn.attack
            goes_on = self._defender is None and turn.attack.invalid is None
            match.to_move = "defender" if goes_on else "attacker"
            turns.append(None if goes_on else turn)
        return turns

    def _answer(
        self, matches: Sequence[Match], moves: Sequence[Attack | str], attacking: Sequence[int]
    ) -> list[Turn]:
        """The turns of the matches in which an attack is made, answered if there is an opponent."""
        scenarios = [matches[index].scenario for index in attacking]
        attacks = [
            match.continues(move)
            for match, move in zip(matches, moves, strict=True)
            if isinstance(move, Attack)
        ]
        if self._defender is not None:
            seeds = [matches[index].seed("defender") for index in attacking]
            return respond(scenarios, attacks, self._defender, self.world.rules, seeds)
        return [
            Turn(scenario=scenario, attack=attack, response=None)
            for scenario, attack in zip(
                scenarios, screen(scenarios, attacks, self.world.rules), strict=True
            )
        ]

    def _attack(self, matches: Sequence[Match]) -> None:
        assert self._attacker is not None, "nobody sits in the attacker's seat"
        scenarios = [match.scenario for match in matches]
        histories = [history_of(match.played) for match in matches]
        seeds = [match.seed("attacker") for match in matches]
        emitted = ask_attacker(self._attacker, scenarios, histories, seeds)
        continuing = [
            match.continues(attack) for match, attack in zip(matches, emitted, strict=True)
        ]
        for match, attack in zip(
            matches, screen(scenarios, continuing, self.world.rules), strict=True
        ):
            match.attack = attack

    def _draw(self, rng: np.random.Generator) -> Match:
        # Always the same three draws, so that every view goes through the same scenarios.
        scenario = self.scenarios[int(rng.integers(len(self.scenarios)))]
        attacker, defender = (int(seed) for seed in rng.integers(MAX_SEED, size=2))
        return Match(
            scenario=scenario,
            seeds={"attacker": attacker, "defender": defender},
            to_move="defender" if self.seating == "defender" else "attacker",
        )

    def _take_seats(self, options: Options) -> None:
        for seat in ("attacker", "defender"):
            mine = self.seating in (seat, "both")
            if mine and options.get(seat) is not None:
                raise ConfigError(
                    given=f"{seat}={options.get(seat)!r} with seat={self.seating!r}",
                    why=f"you hold the {seat}'s seat, so no policy can sit in it",
                    fix=f"leave {seat} out, or take the other seat",
                )
        if self.seating == "defender":
            self._attacker = find_attacker(options.get("attacker"), self.world)
        if self.seating == "attacker":
            self._defender = find_defender(options.get("defender"), self.world)

    def _find_scenarios(self, attacker: Attacker | None) -> list[Scenario]:
        split, channels = self.split, self._channels
        labels = self._labels or ("all" if self.seating == "defender" else "harmful")
        check_choice("labels", labels, Labels)
        served = attacker.served_channels if isinstance(attacker, ServesChannels) else None
        # A set has another order in another process, and so other episodes.
        listed = isinstance(channels, Sequence) and not isinstance(channels, str)
        if channels is not None and not listed:
            raise ConfigError(
                given=f"channels={channels!r}",
                why=f"it is one {type(channels).__name__}, and a list of channels is wanted",
                fix=f"give channels=[{channels!r}]",
            )
        if channels is None:
            channels = served or self.world.working_channels
        elif served is not None and not set(channels) <= set(served):
            raise ConfigError(
                given=f"channels={list(channels)!r} with {named('attacker', attacker)}",
                why=f"this attacker serves only {', '.join(map(repr, served))}",
                fix="leave channels out, or give another attacker",
            )
        harmful = {"harmful": True, "benign": False, "all": None}[labels]
        with at_fault(named("world", self.world)):
            found = self.world.scenarios(split, harmful=harmful, channels=channels)
        if not found:
            raise ConfigError(
                given=f"world={self.world.id!r}, split={split!r}, labels={labels!r}, "
                f"channels={list(channels)!r}",
                why="no scenario fits all of these",
                fix="choose another split, other labels or other channels",
            )
        return found


def _turns_of(given: object) -> int:
    if isinstance(given, int) and not isinstance(given, bool) and given >= 1:
        return given
    raise ConfigError(
        given=f"max_turns={given!r}",
        why="an episode has at least one turn",
        fix="give a whole number from 1 on",
    )


def _is_invalid(match: Match) -> bool:
    return match.attack is not None and match.attack.invalid is not None
