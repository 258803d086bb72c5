"""The SecTOW game: scenarios, worlds, judges, rewards and environments. No torch.

Importing it registers `SecTOW-v0` with Gymnasium and PettingZoo. Everything else is loaded when it
is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import gymnasium
import pettingzoo

if TYPE_CHECKING:
    from sectow_env.env.multi_agent import aec_env, parallel_env
    from sectow_env.env.single import SectowEnv
    from sectow_env.env.spaces import NO_IMAGE
    from sectow_env.env.vector import SectowVectorEnv
    from sectow_env.errors import SectowError
    from sectow_env.game import (
        Attack,
        Episode,
        Invalid,
        Price,
        Refusal,
        Scenario,
        Turn,
        Verdict,
        play,
        respond,
        settle,
    )
    from sectow_env.game.picture import Picture
    from sectow_env.pool.store import AttackPool
    from sectow_env.resolve.worlds import load_world
    from sectow_env.wrappers import TextAction, VectorTextAction

__all__ = [
    "ENV_ID",
    "NO_IMAGE",
    "Attack",
    "AttackPool",
    "Episode",
    "Invalid",
    "Picture",
    "Price",
    "Refusal",
    "Scenario",
    "SectowEnv",
    "SectowError",
    "SectowVectorEnv",
    "TextAction",
    "Turn",
    "VectorTextAction",
    "Verdict",
    "aec_env",
    "load_world",
    "parallel_env",
    "play",
    "respond",
    "settle",
]

ENV_ID = "SecTOW-v0"
_HOMES = {
    "sectow_env.env.single": ("SectowEnv",),
    "sectow_env.errors": ("SectowError",),
    "sectow_env.game": (
        *("Attack", "Episode", "Invalid", "Price", "Refusal", "Scenario", "Turn", "Verdict"),
        *("play", "respond", "settle"),
    ),
    "sectow_env.env.multi_agent": ("aec_env", "parallel_env"),
    "sectow_env.game.picture": ("Picture",),
    "sectow_env.pool.store": ("AttackPool",),
    "sectow_env.env.spaces": ("NO_IMAGE",),
    "sectow_env.env.vector": ("SectowVectorEnv",),
    "sectow_env.resolve.worlds": ("load_world",),
    "sectow_env.wrappers": ("TextAction", "VectorTextAction"),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def _register() -> None:
    if ENV_ID not in gymnasium.registry:
        # As text: an EnvSpec with a class for its entry point has no JSON form.
        gymnasium.register(
            ENV_ID,
            entry_point="sectow_env.env:SectowEnv",
            vector_entry_point="sectow_env.env.vector:SectowVectorEnv",
        )
    if ENV_ID not in pettingzoo.aec_registry:
        pettingzoo.register("aec", ENV_ID, "sectow_env.env.multi_agent:aec_env")
        pettingzoo.register("parallel", ENV_ID, "sectow_env.env.multi_agent:parallel_env")


_register()
