"""Shared by the wrappers: finding the game under other wrappers."""

from __future__ import annotations

from typing import Any, TypeVar

import gymnasium as gym

from sectow_env.env.single import SectowEnv
from sectow_env.env.vector import SectowVectorEnv
from sectow_env.errors import ConfigError

E = TypeVar("E", SectowEnv, SectowVectorEnv)


def base_of(env: Any, kind: type[E], wrapper: str) -> E:
    """The SecTOW environment under an environment.

    Raises:
        ConfigError: It is not one of this kind.
    """
    base = env.unwrapped
    if isinstance(base, kind):
        return base
    ours = isinstance(base, SectowEnv | SectowVectorEnv)
    raise ConfigError(
        given=f"{wrapper} around {type(base).__name__}",
        why=f"it wraps {kind.__name__}" if ours else "it is not an environment of SecTOW",
        fix="see sectow_env.wrappers for the wrappers of this one"
        if ours
        else f"wrap a {kind.__name__}",
    )


def attacks_from(base: SectowEnv | SectowVectorEnv, wrapper: str) -> None:
    """Raise ConfigError unless the player has the attacker's seat."""
    if base.seat != "defender":
        return
    raise ConfigError(
        given=f"{wrapper} around {type(base).__name__} in the seat 'defender'",
        why="its actions are turned into attacks; a defender's action is already a text",
        fix="take seat='attacker' or seat='both'",
    )


class SectowWrapper(gym.Wrapper[Any, Any, Any, Any], gym.utils.RecordConstructorArgs):
    """A wrapper of `SectowEnv` that knows the environment under it.

    Args:
        env: A `SectowEnv`, wrapped or not.
        recorded: Constructor arguments, for the JSON of an `EnvSpec`.

    Raises:
        ConfigError: It is not a `SectowEnv`.
    """

    def __init__(self, env: gym.Env[Any, Any], **recorded: Any) -> None:
        # Not copied, because an argument may be a policy with all its weights.
        gym.utils.RecordConstructorArgs.__init__(self, _disable_deepcopy=True, **recorded)
        base = base_of(env, SectowEnv, type(self).__name__)
        gym.Wrapper.__init__(self, env)
        self.base = base
