"""Whether what a user wrote is known, before anything is imported or built for it."""

from __future__ import annotations

from collections.abc import Iterable

from sectow_env.game.records import Seat
from sectow_env.registry.spec import parse_spec
from sectow_env.resolve.parts import JUDGES
from sectow_env.resolve.policies import POLICIES, policy_spec
from sectow_env.resolve.worlds import check_world_name

_DEFENCES = ("guarded/of", "prompted/of", "self_check/of")
"""Policies whose `model` and `judge` name other parts; an endpoint's `model` is its server's."""
_OF_JUDGES = {
    "simulated/of": ("judge", "truth"),
    "two_sided/of": ("judge", "answers"),
    "with_intent/of": ("judge", "intent"),
}
"""Judges with the settings that name other judges."""


def check_names(
    *,
    world: str | None = None,
    judge: str | None = None,
    attackers: Iterable[str | None] = (),
    defenders: Iterable[str | None] = (),
) -> None:
    """Raise UnknownNameError for the first name that nothing goes by; None is passed over.

    Raises:
        ConfigError: The settings of a name cannot be read.
    """
    if world is not None:
        check_world_name(world)
    if judge is not None:
        _check_judge(judge)
    seats: tuple[tuple[Seat, Iterable[str | None]], ...] = (
        ("attacker", attackers),
        ("defender", defenders),
    )
    for seat, names in seats:
        for name in names:
            if name is not None:
                _check_policy(name, seat)


def _check_judge(given: str) -> None:
    name, settings = parse_spec(given)
    JUDGES.check(name)
    for inner in map(settings.get, _OF_JUDGES.get(name, ())):
        if isinstance(inner, str):
            _check_judge(inner)


def _check_policy(given: str, seat: Seat) -> None:
    name, settings = policy_spec(given, seat)
    POLICIES.check(name)
    if name not in _DEFENCES:
        return
    model, judge = settings.get("model"), settings.get("judge")
    if isinstance(model, str):
        _check_policy(model, seat)
    if isinstance(judge, str):
        _check_judge(judge)
