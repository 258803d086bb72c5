"""What the wrappers share: finding the game under other wrappers."""

from __future__ import annotations

from typing import Any, TypeVar

import gymnasium as gym

from sectow_env.env import SectowEnv
from sectow_env.errors import ConfigError
from sectow_env.vector import SectowVectorEnv

E = TypeVar("E", SectowEnv, SectowVectorEnv)


def base_of(env: Any, kind: type[E], wrapper: str) -> E:
    """The SecTOW environment under an environment.

    Raises:
        ConfigError: It is none.
    """
    base = env.unwrapped
    if isinstance(base, kind):
        return base
    raise ConfigError(
        given=f"{wrapper} around {type(base).__name__}",
        why="it is no environment of SecTOW",
        fix=f"wrap a {kind.__name__}",
    )


def attacks_from(base: SectowEnv | SectowVectorEnv, wrapper: str) -> None:
    """Raises ConfigError where the player does not sit in the attacker's seat."""
    if base.seat != "defender":
        return
    raise ConfigError(
        given=f"{wrapper} around {type(base).__name__} in the seat 'defender'",
        why="its actions stand for attacks; a defender's action is a text already",
        fix="take seat='attacker' or seat='both'",
    )


class SectowWrapper(gym.Wrapper[Any, Any, Any, Any], gym.utils.RecordConstructorArgs):
    """A wrapper of `SectowEnv` that knows the game under it.

    Args:
        env: A `SectowEnv`, wrapped or not.
        recorded: Constructor arguments, for the JSON of an `EnvSpec`.

    Raises:
        ConfigError: It is no `SectowEnv`.
    """

    def __init__(self, env: gym.Env[Any, Any], **recorded: Any) -> None:
        gym.utils.RecordConstructorArgs.__init__(self, **recorded)
        gym.Wrapper.__init__(self, env)
        self.base = base_of(env, SectowEnv, type(self).__name__)
