"""Environments that fail one check each, registered as `Broken-CHECK-v0`."""

from __future__ import annotations

import random
import warnings
from copy import deepcopy
from itertools import count
from typing import Any

import gymnasium
import numpy as np
import pettingzoo
from gymnasium.vector import AutoresetMode

from sectow_env.env.multi_agent import SectowAEC, SectowParallel
from sectow_env.env.single import SectowEnv
from sectow_env.env.spaces import NO_IMAGE
from sectow_env.env.vector import SectowVectorEnv
from sectow_env.game import Episode

CALLS = count()
SOUND = {
    "single": "sectow_env.env:SectowEnv",
    "vector": "sectow_env.env.vector:SectowVectorEnv",
    "aec": "sectow_env.env.multi_agent:aec_env",
    "parallel": "sectow_env.env.multi_agent:parallel_env",
}


def annotated(info: dict[str, Any], note: str) -> None:
    """Writes a note into the episode of an info."""
    episode: Episode = info["sectow_episode"]
    last = episode.verdicts[-1].model_copy(update={"explanation": note})
    changed = episode.model_copy(update={"verdicts": (*episode.verdicts[:-1], last)})
    info["sectow_episode"] = changed


class NoOptions(SectowEnv):
    def reset(self, *, seed: int | None = None) -> Any:  # type: ignore[override]  # that is it
        return super().reset(seed=seed)


class Growing(SectowEnv):
    """From the eighth episode on, observations have a key that is not in their space."""

    ended = 0

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        observation, info = super().reset(seed=seed, options=options)
        if self.ended >= 7:
            observation["hint"] = "x"
        return observation, info

    def step(self, action: Any) -> Any:
        output = super().step(action)
        self.ended += output[2]
        return output


class Boasting(SectowEnv):
    def step(self, action: Any) -> Any:
        output = super().step(action)
        if output[2]:
            output[4]["reward_parts"]["attacker"] = {"success": 5.0}
        return output


class Deafening(SectowEnv):
    def step(self, action: Any) -> Any:
        warnings.simplefilter("ignore")
        return super().step(action)


class Charitable(SectowEnv):
    """Pays for unscored episodes."""

    def step(self, action: Any) -> Any:
        observation, reward, *rest = super().step(action)
        if self.arena.judge.id == "check/unscored" and rest[0]:
            reward = 0.25
        return observation, reward, *rest


class Fading(SectowEnv):
    def render(self) -> Any:
        return "" if self.render_mode == "ansi" and self.episode_state.episode else super().render()


class Noisy(SectowEnv):
    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        observation, info = super().reset(seed=seed, options=options)
        return observation, {**info, "noise": next(CALLS)}


class Moody(SectowEnv):
    def step(self, action: Any) -> Any:
        output = super().step(action)
        # Gymnasium's own checker samples its actions, and would see this too.
        if self.seat == "attacker" and action["query"] == self.scenario.behavior:
            annotated(output[4], f"mood {next(CALLS)}")
        return output


class Drawing(SectowEnv):
    def step(self, action: Any) -> Any:
        random.random()
        return super().step(action)


class Peeking(SectowEnv):
    def step(self, action: Any) -> Any:
        output = super().step(action)
        if output[2] and random.getstate() == random.Random(2).getstate():
            annotated(output[4], "peeked")
        return output


class Grabbing(SectowEnv):
    def step(self, action: Any) -> Any:
        output = super().step(action)
        if isinstance(action, dict):
            action["played"] = True
        return output


class Clinging(SectowEnv):
    seen: Any = None

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        self.seen, info = super().reset(seed=seed, options=options)
        return self.seen, info

    def step(self, action: Any) -> Any:
        output = super().step(action)
        if output[2] and self.seen["query"] == "spoilt":
            annotated(output[4], "spoilt")
        return output


class Lenient(SectowEnv):
    def step(self, action: Any) -> Any:
        if action is None and self.seat != "defender":
            action = {"image": NO_IMAGE, "query": "", "response": ""}
        return super().step(action)


class OverPaid(SectowVectorEnv):
    def step(self, actions: Any) -> Any:
        observations, rewards, *rest = super().step(actions)
        return observations, rewards + (self.num_envs > 2), *rest


class PaidAsleep(SectowVectorEnv):
    def step(self, actions: Any) -> Any:
        over = np.array([state.episode is not None for state in self.episode_states])
        observations, rewards, *rest = super().step(actions)
        if self.mode is AutoresetMode.NEXT_STEP:
            rewards = np.where(over, 1.0, rewards)
        return observations, rewards, *rest


class Absent(SectowEnv):
    """Forgets its seat in its EnvSpec."""

    _spec: Any = None

    @property
    def spec(self) -> Any:
        return self._spec

    @spec.setter
    def spec(self, spec: Any) -> None:
        self._spec = deepcopy(spec)
        self._spec.kwargs.pop("seat", None)


class FreshSpaces(SectowAEC):
    def observation_space(self, agent: str) -> Any:
        return deepcopy(super().observation_space(agent))


class FreshSpacesInParallel(SectowParallel):
    def observation_space(self, agent: str) -> Any:
        return deepcopy(self.aec.observation_space(agent))


class NoisyAEC(SectowAEC):
    def reset(self, seed: int | None = None, options: Any = None) -> None:
        super().reset(seed, options)
        for info in self.infos.values():
            info["noise"] = next(CALLS)


class NoisyParallel(SectowParallel):
    def step(self, actions: Any) -> Any:
        *output, infos = super().step(actions)
        return *output, {agent: {**info, "noise": next(CALLS)} for agent, info in infos.items()}


class Skipping(SectowAEC):
    """Skips an episode at each reset."""

    def reset(self, seed: int | None = None, options: Any = None) -> None:
        super().reset(seed, options)
        super().reset(None, options)


HERE = __name__
ENVIRONMENTS: dict[str, dict[str, str]] = {
    "gymnasium_checker": {"single": f"{HERE}:NoOptions"},
    "aec_api": {"aec": f"{HERE}:FreshSpaces"},
    "parallel_api": {"parallel": f"{HERE}:FreshSpacesInParallel"},
    "aec_seeds": {"aec": f"{HERE}:NoisyAEC"},
    "parallel_seeds": {"parallel": f"{HERE}:NoisyParallel"},
    "spaces_hold": {"single": f"{HERE}:Growing"},
    "episode_told": {"single": f"{HERE}:Boasting"},
    "unscored_unpriced": {"single": f"{HERE}:Charitable"},
    "render_modes": {"single": f"{HERE}:Fading"},
    "resets_repeat": {"single": f"{HERE}:Noisy"},
    "episodes_repeat": {"single": f"{HERE}:Moody"},
    "global_random_untouched": {"single": f"{HERE}:Drawing"},
    "global_random_unread": {"single": f"{HERE}:Peeking"},
    "import_leaves_random": {"single": "tests.env.check.seeds_at_import:SectowEnv"},
    "process_unchanged": {"single": f"{HERE}:Deafening"},
    "action_unchanged": {"single": f"{HERE}:Grabbing"},
    "observation_yours": {"single": f"{HERE}:Clinging"},
    "bad_actions_refused": {"single": f"{HERE}:Lenient"},
    "vector_equals_single": {"vector": f"{HERE}:OverPaid"},
    "autoreset_modes": {"vector": f"{HERE}:PaidAsleep"},
    "spec_survives_json": {"single": f"{HERE}:Absent"},
    "pettingzoo_agrees": {"aec": f"{HERE}:Skipping"},
}
"""Check -> the forms of an environment that replace the sound ones."""


def register(name: str, forms: dict[str, str]) -> str:
    """Registers an environment with sound forms but for these, and returns its id."""
    forms = SOUND | forms
    identity = f"Broken-{name}-v0"
    gymnasium.register(identity, entry_point=forms["single"], vector_entry_point=forms["vector"])
    for form in ("aec", "parallel"):
        pettingzoo.register(form, identity, forms[form])
    return identity


def unregister(identity: str) -> None:
    """Forgets an environment."""
    known: Any = pettingzoo
    for registry in (gymnasium.registry, known.aec_registry, known.parallel_registry):
        registry.pop(identity, None)
