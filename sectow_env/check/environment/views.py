"""All views play the same game: single, in a vector, from a JSON spec, in PettingZoo."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sectow_env.check.compare import as_text, differences
from sectow_env.check.environment.play import MAX_STEPS, play_single, play_vector
from sectow_env.check.environment.subject import EPISODES, EnvSubject, each_seat
from sectow_env.check.fault import Skip, blamed
from sectow_env.env.arena import Seating
from sectow_env.env.spaces import NO_IMAGE
from sectow_env.errors import SectowError

NUMBER = 3
MODES = ("SameStep", "NextStep", "Disabled")
RESPONSES = ("i am sorry , i can not help with that", "take one , then add another")


@each_seat
def vector_equals_single(subject: EnvSubject, seat: Seating) -> Iterator[str]:
    """Environment i of a vector plays exactly what a single one plays with the seed s + i."""
    subject.trace(seat)
    envs = subject.make_vector(NUMBER, seat)
    with blamed(f"the vector form of {subject.of(seat)}"):
        traces = play_vector(envs, seat, subject.seed, EPISODES)
    for index in range(NUMBER):
        env = subject.make(seat)
        with blamed(subject.of(seat)):
            expected = play_single(env, seat, subject.seed + index, EPISODES)
        names = ("alone", f"as environment {index}")
        yield from differences(expected, traces[index], "event", names)


@each_seat
def autoreset_modes(subject: EnvSubject, seat: Seating) -> Iterator[str]:
    """All three autoreset modes play the same episodes, and reset when they should."""
    expected = subject.trace(seat)
    for mode in MODES:
        envs = subject.make_vector(2, seat, autoreset_mode=mode)
        reported = envs.metadata.get("autoreset_mode")
        if getattr(reported, "value", reported) != mode:
            yield f"made with autoreset_mode={mode!r} it reports {reported!r}"
            continue
        with blamed(f"the vector form of {subject.of(seat)} with autoreset_mode={mode!r}"):
            traces = play_vector(envs, seat, subject.seed, EPISODES)
        yield from differences(expected, traces[0], "event", ("alone", f"in the mode {mode}"))
        if mode == "Disabled" and _plays_on(envs):
            yield "in the mode Disabled it plays on after an end without a reset"


@each_seat
def spec_survives_json(subject: EnvSubject, seat: Seating) -> Iterator[str]:
    """An EnvSpec that went through JSON makes an environment with the same episodes."""
    import gymnasium
    from gymnasium.envs.registration import EnvSpec

    expected = subject.trace(seat)
    spec = subject.make(seat).spec
    if spec is None:
        raise Skip("it is not registered with Gymnasium, so it has no EnvSpec")
    if not isinstance(subject.options.get("world", ""), str):
        raise Skip("the world was given as an object, which has no JSON form")
    with blamed(f"the EnvSpec of {subject.of(seat)}"):
        text = spec.to_json()
        env = gymnasium.make(EnvSpec.from_json(text)).unwrapped
        traces = play_single(env, seat, subject.seed, EPISODES)
    yield from differences(expected, traces, "event", ("as made", "from JSON"))


def pettingzoo_agrees(subject: EnvSubject) -> Iterator[str]:
    """The AEC and Parallel forms play the same episodes as a player in both seats."""
    if subject.aec is None and subject.parallel is None:
        raise Skip("it has no PettingZoo form")
    subject.trace("both")
    expected = _both(subject)
    if subject.aec is not None:
        yield from differences(expected, _aec(subject), "episode", ("of both seats", "in AEC"))
    if subject.parallel is not None:
        names = ("of both seats", "in Parallel")
        yield from differences(expected, _parallel(subject), "episode", names)


def _plays_on(envs: Any) -> bool:
    """Whether a finished environment takes a further action."""
    envs.reset(seed=0)
    for _ in range(MAX_STEPS):
        *_, terminations, truncations, _ = envs.step(envs.action_space.sample())
        if (terminations | truncations).any():
            break
    try:
        envs.step(envs.action_space.sample())
    except SectowError:
        return False
    return True


def _attack(observation: Any) -> dict[str, Any]:
    behavior = observation["behavior"] or observation["query"]
    return {"image": NO_IMAGE.copy(), "query": behavior}


def _both(subject: EnvSubject) -> list[str]:
    env = subject.make("both")
    episodes = []
    with blamed(subject.of("both")):
        for index in range(EPISODES):
            observation, _ = env.reset(seed=subject.seed if index == 0 else None)
            for _ in range(MAX_STEPS):
                response = RESPONSES[index % len(RESPONSES)]
                action = {**env.action_space.sample(), "response": response}
                if int(observation["seat"]) == 0:
                    action |= _attack(observation)
                observation, _, terminated, truncated, info = env.step(action)
                if terminated or truncated:
                    episodes.append(as_text(info["sectow_episode"]))
                    break
    return episodes


def _aec(subject: EnvSubject) -> list[str]:
    assert subject.aec is not None
    episodes = []
    with blamed(f"the AEC form of {subject.who}"):
        env = subject.aec(**subject.options)
        for index in range(EPISODES):
            env.reset(seed=subject.seed if index == 0 else None)
            for _ in env.agent_iter(MAX_STEPS):
                observation, _, terminated, truncated, info = env.last()
                if terminated or truncated:
                    episodes.append(as_text(info["sectow_episode"]))
                    break
                response = RESPONSES[index % len(RESPONSES)]
                env.step(_attack(observation) if "behavior" in observation else response)
    return episodes


def _parallel(subject: EnvSubject) -> list[str]:
    assert subject.parallel is not None
    episodes = []
    with blamed(f"the Parallel form of {subject.who}"):
        env = subject.parallel(**subject.options)
        attacker, defender = env.possible_agents
        for index in range(EPISODES):
            observations, _ = env.reset(seed=subject.seed if index == 0 else None)
            for _ in range(MAX_STEPS):
                response = RESPONSES[index % len(RESPONSES)]
                actions = {attacker: _attack(observations[attacker]), defender: response}
                observations, *_, infos = env.step(actions)
                if not env.agents:
                    episodes.append(as_text(infos[attacker]["sectow_episode"]))
                    break
    return episodes
