"""The checkers of Gymnasium and PettingZoo, without unexpected warnings."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

from sectow_env.check.environment.subject import EnvSubject, each_seat
from sectow_env.check.fault import Skip, blamed
from sectow_env.check.runner import plain_warning
from sectow_env.env.arena import Seating

CYCLES = 30
# By design: spaces of text and pictures, seats that see different things.
EXPECTED = (
    "Observation is not a NumPy array",
    "Observation space for each agent probably should be",
    "Action space for each agent probably should be",
    "Agents have different observation space sizes",
    "Agents have different action space sizes",
)


@each_seat
def gymnasium_checker(subject: EnvSubject, seat: Seating) -> Iterator[str]:
    """Gymnasium's `check_env` passes without a warning, in every seat."""
    from gymnasium.utils.env_checker import check_env

    env = subject.make(seat)
    yield from _quietly(subject, lambda: check_env(env))


def aec_api(subject: EnvSubject) -> Iterator[str]:
    """PettingZoo's `api_test` passes for the AEC form."""
    env = _made(subject.aec, "AEC", subject)
    yield from _quietly(subject, lambda: _pettingzoo().api_test(env, num_cycles=CYCLES))


def parallel_api(subject: EnvSubject) -> Iterator[str]:
    """PettingZoo's `parallel_api_test` passes for the Parallel form."""
    env = _made(subject.parallel, "Parallel", subject)
    yield from _quietly(subject, lambda: _pettingzoo().parallel_api_test(env, num_cycles=CYCLES))


def aec_seeds(subject: EnvSubject) -> Iterator[str]:
    """PettingZoo's `seed_test` passes for the AEC form."""
    _made(subject.aec, "AEC", subject)
    yield from _quietly(
        subject,
        lambda: _pettingzoo().seed_test(lambda: _made(subject.aec, "AEC", subject), CYCLES),
    )


def parallel_seeds(subject: EnvSubject) -> Iterator[str]:
    """PettingZoo's `parallel_seed_test` passes for the Parallel form."""
    _made(subject.parallel, "Parallel", subject)
    yield from _quietly(
        subject,
        lambda: _pettingzoo().parallel_seed_test(
            lambda: _made(subject.parallel, "Parallel", subject), CYCLES
        ),
    )


def _quietly(subject: EnvSubject, checker: Callable[[], object]) -> Iterator[str]:
    """A checker's assertion error and unexpected warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        complaint = _complaint(subject, checker)
    texts = dict.fromkeys(plain_warning(warning.message) for warning in caught)
    for text in texts:
        if any(re.search(pattern, text) for pattern in EXPECTED):
            # Passed on, so that they are listed with the result.
            warnings.warn(text, stacklevel=2)
        else:
            yield f"it warns: {text}"
    if complaint:
        yield complaint


def _complaint(subject: EnvSubject, checker: Callable[[], object]) -> str | None:
    with blamed(subject.who):
        try:
            checker()
        except AssertionError as error:
            return f"it reports: {str(error) or 'an assertion without a message'}"
    return None


def _made(make: Callable[..., Any] | None, form: str, subject: EnvSubject) -> Any:
    if make is None:
        raise Skip(f"it has no {form} form")
    with blamed(f"the {form} form of {subject.who}"):
        return make(**subject.options)


def _pettingzoo() -> Any:
    # Untyped upstream.
    return import_module("pettingzoo.test")
