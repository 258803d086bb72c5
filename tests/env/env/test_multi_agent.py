from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import pettingzoo
import pytest
from gymnasium.utils.env_checker import data_equivalence

from sectow_env import ENV_ID, NO_IMAGE, SectowError, aec_env, parallel_env
from sectow_env.env.multi_agent import SectowAEC, SectowParallel
from sectow_env.game import Invalid

# Untyped upstream.
UPSTREAM: Any = import_module("pettingzoo.test")
# What these say is so by design: spaces of text and pictures, seats that see different things.
EXPECTED = (
    "ignore:Observation is not a NumPy array:UserWarning:pettingzoo",
    "ignore:Observation space for each agent probably should be:UserWarning:pettingzoo",
    "ignore:Action space for each agent probably should be:UserWarning:pettingzoo",
    "ignore:Agents have different observation space sizes:UserWarning:pettingzoo",
)
PACK = "examples/packs/lantern_shop.jsonl"


@pytest.fixture(autouse=True)
def at_the_root(root: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)


@pytest.mark.parametrize("world", ["apothecary:0", PACK])
@pytest.mark.filterwarnings(*EXPECTED)
def test_the_aec_form_keeps_the_interface(world: str) -> None:
    UPSTREAM.api_test(aec_env(world=world), num_cycles=30)


@pytest.mark.parametrize("world", ["apothecary:0", PACK])
def test_the_parallel_form_keeps_the_interface(world: str) -> None:
    UPSTREAM.parallel_api_test(parallel_env(world=world), num_cycles=30)


def test_upstreams_seed_tests_pass() -> None:
    UPSTREAM.seed_test(aec_env, 30)
    UPSTREAM.parallel_seed_test(parallel_env, 30)


def aec_rollout(env: Any, seed: int, episodes: int = 4) -> list[Any]:
    """All outputs of an AEC environment, with its resets, to the end of each episode."""
    for index, agent in enumerate(env.possible_agents):
        env.action_space(agent).seed(seed + index)
    outputs: list[Any] = []
    for episode in range(episodes):
        env.reset(seed=seed if episode == 0 else None)
        outputs.append([env.observe(agent) for agent in env.agents])
        for agent in env.agent_iter():
            outputs.append((agent, env.last()))
            over = env.terminations[agent] or env.truncations[agent]
            env.step(None if over else env.action_space(agent).sample())
    return outputs


def parallel_rollout(env: Any, seed: int, episodes: int = 4) -> list[Any]:
    """The same for a Parallel environment. Upstream's test stops after one step."""
    for index, agent in enumerate(env.possible_agents):
        env.action_space(agent).seed(seed + index)
    outputs: list[Any] = []
    for episode in range(episodes):
        outputs.append(env.reset(seed=seed if episode == 0 else None))
        while env.agents:
            step = env.step({agent: env.action_space(agent).sample() for agent in env.agents})
            outputs.append(step)
    return outputs


Rollout = Callable[[Any, int], list[Any]]
FORMS: list[tuple[Callable[..., Any], Rollout]] = [
    (aec_env, aec_rollout),
    (parallel_env, parallel_rollout),
]


@pytest.mark.parametrize(("make", "rollout"), FORMS)
def test_equal_seeds_give_equal_rollouts_and_others_do_not(
    make: Callable[..., Any], rollout: Rollout
) -> None:
    first = rollout(make(), 5)
    assert data_equivalence(first, rollout(make(), 5), exact=True)
    assert not data_equivalence(first, rollout(make(), 6), exact=True)


@pytest.mark.parametrize(
    ("form", "rollout"), [(SectowAEC, aec_rollout), (SectowParallel, parallel_rollout)]
)
def test_the_seed_test_sees_a_form_that_ignores_its_seed(form: Any, rollout: Rollout) -> None:
    class Deaf(form):  # type: ignore[misc]  # the base is a parameter
        def reset(self, seed: Any = None, options: Any = None) -> Any:
            return super().reset(seed=None, options=options)

    assert not data_equivalence(rollout(Deaf(), 5), rollout(Deaf(), 5), exact=True)


def test_the_agents_move_in_turn_and_end_together() -> None:
    env: Any = aec_env()
    env.reset(seed=0)
    scenario = env.unwrapped.episode_state.scenario
    assert env.agent_selection == "attacker_0"
    assert env.observe("defender_0")["query"] == ""
    env.step({"image": NO_IMAGE, "query": scenario.meta["potion"]})
    assert env.agent_selection == "defender_0"
    observation, reward, terminated, _, info = env.last()
    assert (observation["query"], reward, terminated) == (scenario.meta["potion"], 0.0, False)
    assert info == {}
    env.step(f"take {scenario.meta['recipe']}")
    assert env.rewards == {"attacker_0": 1.0, "defender_0": -1.0}
    assert env.terminations == {"attacker_0": True, "defender_0": True}
    assert env.infos["attacker_0"]["sectow_episode"] == env.infos["defender_0"]["sectow_episode"]
    for _ in range(2):
        env.step(None)
    assert env.agents == []


def test_an_invalid_attack_ends_the_game_for_both() -> None:
    env: Any
    for env in (aec_env(), parallel_env()):
        env.reset(seed=0)
        attack = {"image": NO_IMAGE, "query": "hello"}
        if isinstance(env, SectowParallel):
            _, rewards, terminations, _, infos = env.step({"attacker_0": attack})
        else:
            env.step(attack)
            rewards, terminations, infos = env.rewards, env.terminations, env.infos
        assert rewards == {"attacker_0": -0.5, "defender_0": 0.0}
        assert all(terminations.values())
        verdict = infos["defender_0"]["sectow_episode"].verdicts[0]
        assert verdict.invalid is Invalid.PARTIAL_BEHAVIOR
        assert infos["defender_0"]["rewards"]["defender"] is None
        assert infos["defender_0"]["scored"] is False


def test_the_idle_agents_action_may_be_left_out_and_the_movers_may_not() -> None:
    env = parallel_env()
    env.reset(seed=0)
    with pytest.raises(SectowError, match="move of attacker_0"):
        env.step({"defender_0": "hello"})
    env.step({"attacker_0": {"image": NO_IMAGE, "query": "hello"}})
    with pytest.raises(SectowError, match="episode is over"):
        env.step({})


def test_calls_before_a_reset_are_errors() -> None:
    with pytest.raises(AttributeError, match="before reset"):
        _ = aec_env().agent_selection
    with pytest.raises(SectowError, match="not been reset"):
        SectowAEC().observe("attacker_0")


def test_spaces_are_the_same_object_at_every_call() -> None:
    for env in (aec_env(), parallel_env()):
        for agent in env.possible_agents:
            assert env.action_space(agent) is env.action_space(agent)
            assert env.observation_space(agent) is env.observation_space(agent)


def test_opponents_have_no_place() -> None:
    with pytest.raises(SectowError, match="you have the defender's seat"):
        aec_env(defender="apothecary/keyword")


def test_it_is_registered_with_pettingzoo() -> None:
    assert str(pettingzoo.make("aec", ENV_ID)) == ENV_ID
    env: Any = pettingzoo.make("parallel", ENV_ID, world="apothecary:1", render_mode="ansi")
    env.reset(seed=0)
    assert isinstance(env.render(), str)
    env.close()


@pytest.mark.parametrize("make", [aec_env, parallel_env])
def test_the_mode_human_writes_each_move(make: Any, capsys: pytest.CaptureFixture[str]) -> None:
    env = make(render_mode="human")
    env.reset(seed=0)
    assert "asked" in capsys.readouterr().out
    attack = {"image": NO_IMAGE, "query": "hello"}
    env.step({"attacker_0": attack} if isinstance(env, SectowParallel) else attack)
    assert "invalid attack" in capsys.readouterr().out
