"""From an environment's id or class to a subject with all its views."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from typing import Any

import gymnasium
import pettingzoo

from sectow_env.check.environment.subject import SEATS, EnvSubject
from sectow_env.env.single import SectowEnv
from sectow_env.errors import ConfigError

_ID = re.compile(r"(?:(?P<module>[\w.]+):)?(?P<name>(?:[\w-]+/)?[\w.-]+-v\d+)", re.ASCII)


def is_environment_id(name: str) -> bool:
    """Whether a name has the form of a Gymnasium id, with or without its module before a colon."""
    return _ID.fullmatch(name) is not None


def environment_subject(
    env: object, name: str, options: Mapping[str, Any], seed: int
) -> EnvSubject:
    """An environment under check.

    Raises:
        ConfigError: It cannot be made, or is not built on `SectowEnv`.
    """
    who = f"the environment {name}"
    if not isinstance(env, str):
        assert callable(env)
        subject = EnvSubject(who, env, options=options, seed=seed)
    else:
        subject = _registered(env, who, options, seed)
    _check_base(subject, name)
    return subject


def _registered(name: str, who: str, options: Mapping[str, Any], seed: int) -> EnvSubject:
    parts = _ID.fullmatch(name)
    assert parts is not None
    module, bare = parts["module"], parts["name"]
    if module:
        try:
            import_module(module)
        except ModuleNotFoundError as error:
            raise ConfigError(
                given=f"the environment {name!r}",
                why=f"its module cannot be imported ({error})",
                fix="install it, or write module:Id",
            ) from error
    spec = gymnasium.registry.get(bare)
    if spec is None:
        raise ConfigError(
            given=f"the environment {name!r}",
            why="Gymnasium has no environment registered under this id",
            fix="write module:Id, so that the module is imported first",
        )
    entry = spec.entry_point.partition(":")[0] if isinstance(spec.entry_point, str) else None
    vector = partial(gymnasium.make_vec, bare) if spec.vector_entry_point else None
    return EnvSubject(
        who,
        partial(gymnasium.make, bare),
        vector,
        _pettingzoo("aec", bare),
        _pettingzoo("parallel", bare),
        module or entry,
        options,
        seed,
    )


def _pettingzoo(form: str, name: str) -> Callable[..., Any] | None:
    known: Any = pettingzoo
    registry = known.aec_registry if form == "aec" else known.parallel_registry
    return partial(known.make, form, name) if name in registry else None


def _check_base(subject: EnvSubject, name: str) -> None:
    try:
        env = subject.single(seat=SEATS[0], **subject.options).unwrapped
    except TypeError as error:
        why = f"it does not take the arguments of SecTOW ({error})"
    else:
        if isinstance(env, SectowEnv):
            return
        why = f"it is {type(env).__name__}, which is not built on sectow_env.SectowEnv"
    raise ConfigError(
        given=f"the environment {name!r}",
        why=why,
        fix="check other environments with gymnasium.utils.env_checker.check_env",
    )
