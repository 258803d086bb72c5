"""All checks by kind, and the function that runs them on a target."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from sectow_env.check import (
    attackers,
    batches,
    channels,
    defenders,
    judges,
    pack_channels,
    renderers,
    worlds,
)
from sectow_env.check.environment import actions, outputs, randomness, upstream, views
from sectow_env.check.fault import Fault, Skip
from sectow_env.check.process import Process
from sectow_env.check.result import CheckResult, Kind
from sectow_env.check.runner import Check, checks_in, name_of, run_check
from sectow_env.check.targets import DEFAULT_WORLD, find
from sectow_env.errors import ConfigError
from sectow_env.game.world import World

CHECKS_BY_KIND: Mapping[Kind, tuple[Check[Any], ...]] = MappingProxyType(
    {
        # Upstream's first: the others build on them.
        "environment": checks_in(upstream, outputs, randomness, actions, views),
        "world": checks_in(worlds),
        "judge": checks_in(batches, judges),
        "attacker": checks_in(batches, attackers),
        "defender": checks_in(batches, defenders),
        "channel": checks_in(channels),
        "pack_channel": checks_in(pack_channels),
        "renderer": checks_in(batches, renderers),
    }
)
"""Kind -> its checks, in the order in which they run."""


def check(
    target: object,
    *,
    world: str | World = DEFAULT_WORLD,
    kind: Kind | None = None,
    seed: int = 0,
    options: Mapping[str, Any] | None = None,
    leave_out: Collection[str] = (),
) -> list[CheckResult]:
    """Run the conformance checks on a target.

    Args:
        target: An environment's id (`SecTOW-v0`, `module:Id`), a world (`apothecary:0`, a pack's
            path), the registered name of a judge, policy, world, channel or renderer, an import
            path `package.module:attribute`, or an object. A name that is registered as several
            kinds is checked as each of them, as is a policy for both seats.
        world: Where environments, judges, policies and channels are checked.
        kind: Check it as this kind only.
        seed: Seed of all draws: the same seed makes the same checks.
        options: Further options of an environment, as in `arena.Options`.
        leave_out: Names of checks to skip.

    Returns:
        One result per check.

    Raises:
        UnknownNameError: The name is not known.
        ConfigError: The target cannot be built, or is not of a kind that can be checked.
    """
    process = Process()
    try:
        return list(checked(target, world, kind, seed, options=options or {}, leave_out=leave_out))
    finally:
        process.restore()


def checked(
    target: object,
    world: str | World,
    kind: Kind | None,
    seed: int,
    *,
    options: Mapping[str, Any] = MappingProxyType({}),
    leave_out: Collection[str] = (),
    starting: Callable[[Kind, str, str], object] = lambda *_: None,
) -> Iterator[CheckResult]:
    """As `check`, one result at a time; `starting` is called before each check.

    It is given the kind, the subject's name and the check's.
    """
    for subject_kind, name, build in find(target, world, kind, seed, options):
        try:
            subject = build()
        except (Fault, Skip) as error:
            raise ConfigError(
                given=f"the {subject_kind} {name}",
                why=str(error),
                fix="fix it, or name another world with --world",
            ) from error
        for candidate in CHECKS_BY_KIND[subject_kind]:
            if name_of(candidate) not in leave_out:
                starting(subject_kind, name, name_of(candidate))
                yield run_check(subject_kind, name, subject, candidate)
