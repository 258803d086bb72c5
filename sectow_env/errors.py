"""Errors that a user can fix: what was given, why it cannot work, what to do instead.

The command line prints them without a traceback and exits with status 2; any other exception is a
bug of ours, and keeps its traceback.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from types import NoneType
from typing import TypeVar

from sectow_env.text import flaw_of

T = TypeVar("T")
MAX_LISTED = 20
MAX_QUOTED = 300
"""Characters quoted of a third party's error message."""


_NOISE = re.compile(
    r"\s*For further information visit https://errors\.pydantic\.dev\S*"
    r"|( object)? at 0x[0-9a-fA-F]+(?=>)"
)


def without_noise(message: str) -> str:
    """A third party's message without what helps nobody: addresses in memory and of help pages."""
    return _NOISE.sub("", message)


def quoted(error: BaseException) -> str:
    """A third party's message in one line, cut."""
    return " ".join(without_noise(str(error)).split())[:MAX_QUOTED]


class SectowError(ValueError):
    """Base of all errors that a user can fix: what was given cannot work.

    Attributes:
        given: What the user gave, verbatim.
        why: Why it cannot work.
        fix: What to do instead.
    """

    def __init__(self, given: str, why: str, fix: str) -> None:
        super().__init__(given, why, fix)
        self.given = given
        self.why = why
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.given}; {self.why}; {self.fix}"


class ConfigError(SectowError):
    """Raised when a setting, or the way that settings are combined, cannot work."""


class UnknownNameError(SectowError):
    """Raised when a name is unknown; see `unknown`."""


class TrainingError(SectowError):
    """Raised when a training phase stopped learning; names the optimizer step."""


class FileError(SectowError):
    """Raised when a file cannot be read or written, or does not contain what it should."""


class PackError(SectowError):
    """Raised when a scenario pack cannot be read or is invalid."""


class RunFolderError(SectowError):
    """Raised when a folder is missing, taken, foreign, of another schema or damaged."""


class MissingExtraError(SectowError):
    """Raised when an optional package is needed that is not installed.

    Attributes:
        what: What the user asked for, such as ``sectow train``.
        missing: The missing package or packages.
        extra: The extra that contains them.
    """

    def __init__(self, what: str, missing: str, extra: str) -> None:
        super().__init__(
            given=what,
            why=f"it needs {missing}, which is not installed",
            fix=f"run: {pip_line(extra)}",
        )
        # Exceptions are rebuilt from args when they cross a process.
        self.args = (what, missing, extra)
        self.what = what
        self.missing = missing
        self.extra = extra


def pip_line(extra: str) -> str:
    """The command that installs an extra."""
    return f'pip install "sectow[{extra}]"'


def unknown(kind: str, name: str, known: Iterable[str]) -> UnknownNameError:
    """Build the error for an unknown name, with the nearest known names.

    Args:
        kind: What the name should have been, such as ``channel``.
        name: The name as it was given.
        known: All valid names.

    Returns:
        The error, to be raised by the caller.
    """
    names = sorted(known)
    if not names:
        return UnknownNameError(
            given=f"{kind} {name!r}",
            why=f"no {kind} is installed",
            fix=f"install a package with a {kind}",
        )
    listed = ", ".join(names[:MAX_LISTED])
    if len(names) > MAX_LISTED:
        listed += f" and {len(names) - MAX_LISTED} more"
    return UnknownNameError(
        given=f"{kind} {name!r}",
        why=f"there is no {kind} of that name",
        fix=f"{did_you_mean(name, names)}known: {listed}",
    )


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A question after the nearest known names, with a blank behind it; empty if none is near."""
    near = get_close_matches(name, list(known), n=3)
    return f"did you mean {' or '.join(map(repr, near))}? " if near else ""


class PartError(SectowError):
    """Raised when a part (judge, policy, renderer, ...) failed; names the part."""


@contextmanager
def at_fault(what: str) -> Iterator[None]:
    """Turn exceptions raised inside into a failure of this part.

    Args:
        what: The part, such as ``the judge mine/strict``.

    Raises:
        PartError: Something was raised that is not a `SectowError`.
    """
    try:
        yield
    except (SectowError, ModuleNotFoundError):
        # A missing package is reported where its extra is known.
        raise
    except Exception as error:
        message = quoted(error)
        raise PartError(
            given=what,
            why=f"it raised {type(error).__name__}{f': {message}' if message else ''}",
            fix="fix that part, or name another one; SECTOW_DEBUG=1 shows where it happened",
        ) from error


def named(kind: str, part: object) -> str:
    """How a part is named to a user: by its id, else by its class.

    Never by its repr, which may contain a server's secret.
    """
    own = getattr(part, "id", None)
    home = type(part)
    return f"the {kind} {own if isinstance(own, str) else f'{home.__module__}.{home.__qualname__}'}"


def one_each(what: str, answers: Iterable[T], count: int, *kinds: type) -> list[T]:
    """A part's answers as a list, checked to be one of the right type for each question.

    Args:
        what: The part, as in `at_fault`.
        answers: What it returned.
        count: The expected number of answers.
        kinds: The allowed types of an answer.

    Raises:
        PartError: The number or a type is wrong, or a text contains an unpaired surrogate.
    """
    if not isinstance(answers, Iterable) or isinstance(answers, str | bytes | Mapping):
        raise _bad_answer(what, f"it returned {type(answers).__name__}, not a list")
    listed = list(answers)
    if len(listed) != count:
        raise _bad_answer(what, f"it returned {len(listed)} answers, not {count}")
    for answer in listed:
        if not isinstance(answer, kinds):
            expected = " or ".join("None" if kind is NoneType else kind.__name__ for kind in kinds)
            raise _bad_answer(what, f"it returned {type(answer).__name__}, not {expected}")
        flaw = flaw_of(answer) if isinstance(answer, str) else None
        if flaw:
            raise _bad_answer(what, f"it returned a text with {flaw}, which no file can store")
    return listed


def _bad_answer(what: str, why: str) -> PartError:
    return PartError(
        given=what,
        why=why,
        fix="fix that part: it must return a list with one answer per input, in order",
    )
