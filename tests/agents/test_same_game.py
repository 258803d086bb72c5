"""The trainer and the environment play the same game: identical episodes and rewards."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from sectow_agents.algorithms.dataset import Prompt
from sectow_agents.algorithms.job import Job, TrainingData, train
from sectow_agents.algorithms.rewards import AttackerReward, DefenderReward, SeatReward
from sectow_agents.models.chat_model import LocalModel
from sectow_agents.settings.training import GrpoSettings
from sectow_env.env.single import SectowEnv
from sectow_env.game import Attack, Episode, Scenario, Seat
from sectow_env.game.asking import attack_conversation, defence_conversation
from sectow_env.game.decoding import Decoding
from sectow_env.game.referee import Referee
from sectow_env.policies.chat import ChatDefender
from sectow_env.resolve.parts import find_reward
from sectow_env.wrappers import TextAction
from tests.agents.letters import Letters

pytestmark = pytest.mark.slow

WORLD = Letters()
REFEREE = Referee(WORLD, WORLD.judge(), find_reward(None))
SEED = 7
TRAINING = GrpoSettings(steps=2, batch=8, group=4, max_new_tokens=5, learning_rate=1e-3)


class Witness:
    """Keeps the episodes of a phase, in the trainer's order."""

    def __init__(self, reward: SeatReward) -> None:
        self.episodes: list[Episode] = []
        play = reward.play

        def watched(items: Sequence[int], texts: Sequence[str]) -> list[Episode]:
            played = play(items, texts)
            self.episodes += played
            return played

        reward.play = watched  # type: ignore[method-assign]


def job(seat: Seat, model: Path, out: Path) -> Job:
    return Job(seat=seat, round=1, seed=0, training=TRAINING, source=model, out=out)


def test_the_attacker_s_seat(llava_next_folder: Path, tmp_path: Path) -> None:
    scenarios = WORLD.scenarios("train", harmful=True)
    defender = ChatDefender(LocalModel(llava_next_folder), Decoding(sampled=True, max_new_tokens=5))
    reward = AttackerReward(scenarios, defender, REFEREE, SEED)
    witness = Witness(reward)
    prompts = [
        Prompt(attack_conversation(scenario, "{channel} {behavior}")) for scenario in scenarios
    ]
    train(job("attacker", llava_next_folder, tmp_path), TrainingData(prompts, [0, 7, 3, 9], reward))
    assert len(witness.episodes) == 16
    assert any(episode.verdicts[-1].scored for episode in witness.episodes)
    assert any(episode.verdicts[-1].invalid for episode in witness.episodes)
    assert len({episode.rewards["attacker"] for episode in witness.episodes}) == 3

    draws = np.random.Generator(np.random.PCG64(SEED))
    seeds = [int(seed) for _ in range(2) for seed in draws.integers(2**63 - 1, size=8)]
    env = SectowEnv(seat="attacker", world=WORLD, defender=defender)
    for episode, seed in zip(witness.episodes, seeds, strict=True):
        env.arena.scenarios = [episode.scenario]
        env.reset(seed=0)
        env.episode_state.seeds = {"attacker": 0, "defender": seed}
        completion = episode.turns[-1].attack.source or ""
        _, paid, terminated, _, info = TextAction(env).step(_completion(episode, completion))
        assert terminated
        assert info["sectow_episode"] == episode
        assert paid == episode.rewards["attacker"]


def _completion(episode: Episode, source: str) -> str:
    # The world of letters keeps the completion of a valid attack; of the others any will do that
    # is as bad.
    if episode.turns[-1].attack.invalid is None:
        return source
    return next(
        text for text in map(str, range(99)) if WORLD.attack(episode.scenario, text).invalid
    )


class Replayed:
    """Makes one stored attack."""

    def __init__(self, attack: Attack) -> None:
        self._attack = attack

    def attack(self, scenarios: Sequence[Scenario]) -> list[Attack]:
        return [self._attack] * len(scenarios)


def test_the_defender_s_seat(llava_next_folder: Path, tmp_path: Path) -> None:
    items = WORLD.grid("train")
    reward = DefenderReward(items, REFEREE)
    witness = Witness(reward)
    prompts = [Prompt(defence_conversation(item.attack)) for item in items]
    train(
        job("defender", llava_next_folder, tmp_path), TrainingData(prompts, [0, 13, 5, 20], reward)
    )
    assert len(witness.episodes) == 16
    assert {episode.scenario.harmful for episode in witness.episodes} == {True, False}
    assert len({episode.rewards["defender"] for episode in witness.episodes}) > 1
    for episode in witness.episodes:
        turn = episode.turns[-1]
        env = SectowEnv(seat="defender", world=WORLD, attacker=Replayed(turn.attack))
        env.arena.scenarios = [episode.scenario]
        env.reset(seed=0)
        _, paid, terminated, _, info = env.step(turn.response)
        assert terminated
        assert info["sectow_episode"] == episode
        assert paid == episode.rewards["defender"]


def test_a_judge_that_scores_nothing_is_reported(llava_next_folder: Path, tmp_path: Path) -> None:
    from sectow_env.errors import ConfigError
    from tests.agents.letters import MuteJudge

    items = WORLD.grid("train")
    reward = DefenderReward(items, Referee(WORLD, MuteJudge(), find_reward(None)))
    prompts = [Prompt(defence_conversation(item.attack)) for item in items]
    with pytest.raises(ConfigError, match="letters/mute"):
        train(
            job("defender", llava_next_folder, tmp_path),
            TrainingData(prompts, [0, 13, 5, 20], reward),
        )
