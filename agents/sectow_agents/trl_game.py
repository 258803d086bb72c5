"""The game for a `GRPOTrainer` of your own: a data set of prompts, and a reward callable.

    game = grpo_game("attacker", defender="organism/defender", rows=256, processor=processor)
    trainer = GRPOTrainer(model, reward_funcs=game.reward, train_dataset=game.dataset,
                          processing_class=processor, args=args)

Row `i` is the episode that `SectowEnv.reset(seed=seed + i)` begins, and the reward of a completion
is what `step` pays for it: both go through the same arena.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Unpack

from datasets import Dataset
from gymnasium.utils import seeding

from sectow_agents.algorithms.curriculum import same_modality_batches
from sectow_agents.algorithms.dataset import Prompt, build_dataset
from sectow_agents.algorithms.rewards import SeatReward
from sectow_agents.models.generator import control_tokens
from sectow_env.env.arena import Arena, Options
from sectow_env.errors import ConfigError
from sectow_env.game import SEATS, Attack, Episode, Seat
from sectow_env.game.asking import attack_conversation, defence_conversation
from sectow_env.game.episode_state import EpisodeState
from sectow_env.game.world import attacks_of


@dataclass(frozen=True)
class GrpoGame:
    """What a trainer needs to train one seat."""

    seat: Seat
    dataset: Dataset
    """Columns `prompt` (conversational), `images` and `item`."""
    reward: SeatReward
    """For `reward_funcs`. `reward.drain()` gives the episodes since its last call."""


class ArenaReward(SeatReward):
    """Prices completions by playing each row's episode to its end."""

    def __init__(self, arena: Arena, states: Sequence[EpisodeState]) -> None:
        self.seat = arena.paid_seat
        super().__init__()
        self._arena = arena
        self._states = states

    def play(self, items: Sequence[int], texts: Sequence[str]) -> list[Episode]:
        """The episodes that these completions lead to."""
        # Many completions begin from one row: each gets an episode of its own.
        states = [replace(self._states[item], played=[]) for item in items]
        moves: Sequence[Attack | str] = texts
        if self.seat == "attacker":
            scenarios = [state.scenario for state in states]
            moves = attacks_of(self._arena.world, scenarios, texts)
        self._arena.advance(states, moves)
        return [state.episode for state in states if state.episode is not None]


def grpo_game(
    seat: Seat = "attacker",
    *,
    rows: int = 256,
    seed: int = 0,
    processor: Any = None,
    template: str | None = None,
    system: str | None = None,
    prompts_per_batch: int | None = None,
    **options: Unpack[Options],
) -> GrpoGame:
    """The game from one seat as TRL reads it.

    Args:
        seat: Who is trained.
        rows: Prompts; each is an episode's beginning.
        seed: Row `i` is drawn with `seed + i`.
        processor: The model's processor or tokenizer; control tokens that an attack spells out are
            broken up for it. None leaves texts as they are.
        template: How the attacker is asked, with `{channel}` and `{behavior}`; None leaves it to
            the world.
        system: System prompt of the trained seat, or None.
        prompts_per_batch: Prompts that pass through the model at once
            (`per_device_train_batch_size / num_generations`). Needed where some prompts have an
            image and others none, which TRL cannot mix: rows are put in same-modality batches, and
            the trainer needs `shuffle_dataset=False`.
        options: As of the environments: world, opponent, judge, reward, channels, labels ...

    Raises:
        ConfigError: A setting cannot work: several turns, no rows, or prompts of both modalities.
    """
    if seat not in SEATS or rows < 1 or options.get("max_turns", 1) != 1:
        raise ConfigError(
            given=f"seat={seat!r}, rows={rows}, max_turns={options.get('max_turns', 1)}",
            why="a trainer completes one prompt at a time: one seat, at least one row, one turn",
            fix="give seat='attacker' or 'defender', rows from 1 on, and leave max_turns out",
        )
    arena = Arena(seat, options)
    states = arena.begin([seeding.np_random(seed + row)[0] for row in range(rows)])
    prompts = [_prompt(state, arena, template, system) for state in states]
    if processor is not None:
        control = control_tokens(processor)
        prompts = [prompt.inert(control) for prompt in prompts]
    return GrpoGame(
        seat=seat,
        dataset=build_dataset(prompts, _order(prompts, prompts_per_batch)),
        reward=ArenaReward(arena, states),
    )


def _prompt(state: EpisodeState, arena: Arena, template: str | None, system: str | None) -> Prompt:
    if arena.paid_seat == "attacker":
        return Prompt(attack_conversation(state.scenario, template, system, world=arena.world))
    assert state.attack is not None, "a defender is asked after the attack"
    return Prompt(defence_conversation(state.attack, system))


def _order(prompts: Sequence[Prompt], size: int | None) -> list[int]:
    order = list(range(len(prompts)))
    shown = [bool(prompt.pictures) for prompt in prompts]
    if len(set(shown)) == 1:
        return order
    if size is None or size < 1 or len(prompts) % size:
        raise ConfigError(
            given=f"{sum(shown)} of {len(prompts)} prompts with an image, prompts_per_batch={size}",
            why="TRL fails on a batch that mixes prompts with and without images",
            fix="give a prompts_per_batch that divides rows, with shuffle_dataset=False in the "
            "trainer's settings; or choose channels that all draw, or none that draws",
        )
    return same_modality_batches(order, shown.__getitem__, size)
