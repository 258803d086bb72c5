"""Errors that a user can mend: what was given, why it cannot work, what to do instead.

The command line prints them without a traceback and exits with status 2; whatever is not a
`SectowError` is a defect of ours, and keeps its traceback.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from types import NoneType
from typing import TypeVar

from sectow_env.text import is_whole

T = TypeVar("T")
MAX_LISTED = 20
MAX_SAID = 300
"""Characters of a stranger's error message that are told on."""


class SectowError(Exception):
    """Base of all errors that a user can mend.

    Attributes:
        given: What the user gave, quoted as it came.
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
    """Raised when nothing goes by the name that was given; see `unknown`."""


class PackError(SectowError):
    """Raised when a scenario pack cannot be read or breaks its format."""


class RunFolderError(SectowError):
    """Raised when a run folder is missing, foreign, of another schema or damaged."""


class MissingExtraError(SectowError):
    """Raised when an optional package that was not installed is needed.

    Attributes:
        what: What the user asked for, such as ``sectow train``.
        missing: The package or packages that are not there.
        extra: The extra that brings them.
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
    """Builds the error for a name that is not known, with the nearest known names.

    Args:
        kind: What the name should have been, such as ``channel``.
        name: The name as it was given.
        known: All names that would have worked.

    Returns:
        The error, to be raised by the caller.
    """
    names = sorted(known)
    if not names:
        return UnknownNameError(
            given=f"{kind} {name!r}",
            why=f"there is no {kind} at all",
            fix=f"install a package that brings a {kind}",
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
    """Raised when a part (judge, policy, renderer, ...) failed: says whose fault it is."""


@contextmanager
def at_fault(what: str) -> Iterator[None]:
    """Whatever is raised inside is told as a failure of this part.

    Args:
        what: The part, such as ``the judge mine/strict``.

    Raises:
        PartError: Something was raised that is no `SectowError`.
    """
    try:
        yield
    except (SectowError, ModuleNotFoundError):
        # A missing package is told by whoever knows the extra that brings it.
        raise
    except Exception as error:
        told = " ".join(str(error).split())[:MAX_SAID]
        raise PartError(
            given=what,
            why=f"it raised {type(error).__name__}{f': {told}' if told else ''}",
            fix="mend that part, or name another one; SECTOW_DEBUG=1 shows where it happened",
        ) from error


def named(kind: str, part: object) -> str:
    """How a part is named to a user: by its id, else by its class.

    Never by its repr: that of a part which asks a server may hold a secret.
    """
    own = getattr(part, "id", None)
    home = type(part)
    return f"the {kind} {own if isinstance(own, str) else f'{home.__module__}.{home.__qualname__}'}"


def one_each(what: str, answers: Iterable[T], count: int, *kinds: type) -> list[T]:
    """What a part gave back, once it is certain to be one answer of its kind for each question.

    Args:
        what: The part, as in `at_fault`.
        answers: What it gave back.
        count: How many answers are due.
        kinds: Of which types an answer may be.

    Raises:
        PartError: There are more or fewer, or one is of another type or holds half a character.
    """
    if not isinstance(answers, Iterable) or isinstance(answers, str | bytes | Mapping):
        raise _bad_answer(what, f"it gave one {type(answers).__name__} in place of a list")
    listed = list(answers)
    if len(listed) != count:
        raise _bad_answer(what, f"it gave {len(listed)} answers in place of {count}")
    for one in listed:
        if not isinstance(one, kinds):
            wanted = " or ".join("None" if kind is NoneType else kind.__name__ for kind in kinds)
            raise _bad_answer(what, f"it gave {type(one).__name__} where {wanted} is due")
        if isinstance(one, str) and not is_whole(one):
            raise _bad_answer(what, "it gave a text with half a character, which no file can hold")
    return listed


def _bad_answer(what: str, why: str) -> PartError:
    return PartError(
        given=what,
        why=why,
        fix="mend that part: it gives a list with one answer for each that it is asked, in order",
    )
