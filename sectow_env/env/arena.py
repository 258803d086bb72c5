"""Plays episodes for every view: draws scenarios, calls opponents, keeps the state.

The Gymnasium, vector and PettingZoo environments are thin views of an `Arena`. It plays any number
of episodes at once, with one call of the opponent and one of the judge for all of them.
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
from sectow_env.game.episode_state import EpisodeState
from sectow_env.game.renderer import Renderer
from sectow_env.game.seeds import MAX_SEED
from sectow_env.game.world import ServesChannels, TakesChannels, World
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
"""Which seat the player takes; frozen policies take the others."""
Labels = Literal["harmful", "benign", "all"]
MAX_SKIPPED = 100
"""Invalid attacks in a row after which an opponent is rejected."""


class Options(TypedDict, total=False):
    """Keyword arguments of all views. Names, unlike objects, survive the JSON of an `EnvSpec`."""

    world: str | World | None
    """`apothecary:0` (default), another registered world, or the path of a scenario pack."""
    split: Split
    """Which scenarios: `train` (default), `validation` or `test`."""
    channels: Sequence[str | None] | None
    """Channels of the scenarios; default: those that the attacker serves, else the world's. A pack
    also takes channels for packs, such as `text/role_play`."""
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
    """Maximum turns of an episode; 1 (default) as in the paper."""
    pay: Pay
    """`end` (default): an episode pays the reward of its last turn. `turn`: each turn pays."""


class Arena:
    """Plays batches of episodes for one seating.

    Args:
        seating: Which seat the player takes.
        options: See `Options`.

    Raises:
        ConfigError: Settings contradict each other, or no scenario matches them.
        UnknownNameError: A world, policy or judge is unknown.
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
        if isinstance(self.world, TakesChannels) and isinstance(self._channels, list | tuple):
            self.world = self.world.attacked_through(self._channels)
        self._take_seats(options)
        self.scenarios = self._find_scenarios(self._attacker)
        self.listeners: list[Callable[[Episode], None]] = []
        """Called with every episode that ends, in whatever view."""

    @property
    def opponent(self) -> Attacker | Defender | None:
        """The policy in the other seat; None if the player has both."""
        return self._attacker if self.seating == "defender" else self._defender

    @opponent.setter
    def opponent(self, policy: Attacker | Defender) -> None:
        seat: Seat = "attacker" if self.seating == "defender" else "defender"
        if self.seating == "both":
            raise ConfigError(
                given=f"the opponent {policy!r} with seat='both'",
                why="you have both seats, so there is no opponent",
                fix="take one seat: seat='attacker' or seat='defender'",
            )
        if seat == "attacker":
            attacker = find_attacker(policy, self.world)  # type: ignore[arg-type]  # checked there
            # On the channels that this opponent serves, as if it had been given from the start.
            self.scenarios = self._find_scenarios(attacker)
            self._attacker = attacker
        else:
            self._defender = find_defender(policy, self.world)  # type: ignore[arg-type]  # checked there

    @property
    def paid_seat(self) -> Seat:
        """The seat whose reward is the player's."""
        return "defender" if self.seating == "defender" else "attacker"

    def begin(self, rngs: Sequence[np.random.Generator]) -> list[EpisodeState]:
        """Start one episode per generator.

        The draws of an episode depend on its generator alone, not on the seating or the batch.

        Raises:
            ConfigError: All attacks of the opponent are invalid.
            PartError: The opponent or the world's rules failed.
        """
        states = [self._draw(rng) for rng in rngs]
        if self.seating != "defender":
            return states
        pending = list(range(len(states)))
        for _ in range(MAX_SKIPPED):
            self._attack([states[index] for index in pending])
            pending = [index for index in pending if _is_invalid(states[index])]
            if not pending:
                return states
            for index in pending:
                skipped = states[index].skipped + 1
                states[index] = self._draw(rngs[index])
                states[index].skipped = skipped
        raise ConfigError(
            given=named("attacker", self._attacker),
            why=f"{MAX_SKIPPED} of its attacks in a row were invalid, so a defender sees none",
            fix="give another attacker, or other channels",
        )

    def advance(self, states: Sequence[EpisodeState], actions: Sequence[object]) -> None:
        """Play one action in each episode.

        If this raises, no state has changed: the same actions can be played again.

        Raises:
            SectowError: An episode is over, or an action does not fit its seat.
            PartError: An opponent, the judge, the rules or the reward function failed.
        """
        if any(state.episode is not None for state in states):
            raise SectowError(
                given="an action after the end of an episode",
                why="the episode is over",
                fix="call reset first",
            )
        read = [
            read_attack(action) if state.to_move == "attacker" else read_response(action)
            for state, action in zip(states, actions, strict=True)
        ]
        drafts = [state.draft() for state in states]
        for draft in drafts:
            draft.ended = None
        turns = self._turns(drafts, read)
        ending = [draft for draft, turn in zip(drafts, turns, strict=True) if turn is not None]
        self._settle(ending, [turn for turn in turns if turn is not None])
        for state, draft in zip(states, drafts, strict=True):
            state.accept(draft)
        for state in states:
            if state.episode is not None:
                for listener in self.listeners:
                    listener(state.episode)

    def _settle(self, states: Sequence[EpisodeState], turns: Sequence[Turn]) -> None:
        """Judge and price finished turns, and let the opponent move if an episode continues."""
        verdicts = judge_turns(turns, self.judge)
        prices = price_turns(turns, verdicts, self.reward)
        for state, turn, verdict, price in zip(states, turns, verdicts, prices, strict=True):
            state.record(Played(turn=turn, verdict=verdict, price=price), self.max_turns, self.pay)
            state.to_move = "defender" if self.seating == "defender" else "attacker"
        running = [state for state in states if state.episode is None]
        if self.seating == "defender" and running:
            self._attack(running)
            for state in running:
                if _is_invalid(state):
                    # The conversation ends before an invalid attack, which reaches no defender.
                    state.attack = state.played[-1].turn.attack
                    state.close(self.pay)

    def _turns(
        self, states: Sequence[EpisodeState], moves: Sequence[Attack | str]
    ) -> list[Turn | None]:
        """The turn that each move ends, None where the turn continues."""
        attacking = [index for index, move in enumerate(moves) if isinstance(move, Attack)]
        attacked = dict(zip(attacking, self._answer(states, moves, attacking), strict=True))
        turns: list[Turn | None] = []
        for index, (state, move) in enumerate(zip(states, moves, strict=True)):
            if isinstance(move, str):
                attack = state.attack
                assert attack is not None, "a defender moved before the attack"
                turns.append(Turn(scenario=state.scenario, attack=attack, response=move))
                continue
            turn = attacked[index]
            state.attack = turn.attack
            is_open = self._defender is None and turn.attack.invalid is None
            state.to_move = "defender" if is_open else "attacker"
            turns.append(None if is_open else turn)
        return turns

    def _answer(
        self,
        states: Sequence[EpisodeState],
        moves: Sequence[Attack | str],
        attacking: Sequence[int],
    ) -> list[Turn]:
        """The turns in which an attack is made, answered if there is an opponent."""
        scenarios = [states[index].scenario for index in attacking]
        attacks = [
            state.continues(move)
            for state, move in zip(states, moves, strict=True)
            if isinstance(move, Attack)
        ]
        if self._defender is not None:
            seeds = [states[index].seed("defender") for index in attacking]
            return respond(scenarios, attacks, self._defender, self.world.rules, seeds)
        return [
            Turn(scenario=scenario, attack=attack, response=None)
            for scenario, attack in zip(
                scenarios, screen(scenarios, attacks, self.world.rules), strict=True
            )
        ]

    def _attack(self, states: Sequence[EpisodeState]) -> None:
        assert self._attacker is not None, "there is no attacker"
        scenarios = [state.scenario for state in states]
        histories = [history_of(state.played) for state in states]
        seeds = [state.seed("attacker") for state in states]
        emitted = ask_attacker(self._attacker, scenarios, histories, seeds)
        continuing = [
            state.continues(attack) for state, attack in zip(states, emitted, strict=True)
        ]
        for state, attack in zip(
            states, screen(scenarios, continuing, self.world.rules), strict=True
        ):
            state.attack = attack

    def _draw(self, rng: np.random.Generator) -> EpisodeState:
        # Always the same three draws, so that every view plays the same scenarios.
        scenario = self.scenarios[int(rng.integers(len(self.scenarios)))]
        attacker, defender = (int(seed) for seed in rng.integers(MAX_SEED, size=2))
        return EpisodeState(
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
                    why=f"you have the {seat}'s seat, so no policy can take it",
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
        # A set has no fixed order, so it would give other episodes in another process.
        listed = isinstance(channels, Sequence) and not isinstance(channels, str)
        if channels is not None and not listed:
            raise ConfigError(
                given=f"channels={channels!r}",
                why=f"it is of type {type(channels).__name__}, not a list of channels",
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
            scenarios = self.world.scenarios(split, harmful=harmful, channels=channels)
        if not scenarios:
            raise ConfigError(
                given=f"world={self.world.id!r}, split={split!r}, labels={labels!r}, "
                f"channels={list(channels)!r}",
                why="no scenario matches all of these",
                fix="choose another split, other labels or other channels",
            )
        return scenarios


def _turns_of(given: object) -> int:
    if isinstance(given, int) and not isinstance(given, bool) and given >= 1:
        return given
    raise ConfigError(
        given=f"max_turns={given!r}",
        why="an episode has at least one turn",
        fix="give a whole number, at least 1",
    )


def _is_invalid(state: EpisodeState) -> bool:
    return state.attack is not None and state.attack.invalid is not None
