"""Errors that a user can mend: what was given, why it cannot work, what to do instead.

The command line prints them without a traceback and exits with status 2; whatever is not a
`SectowError` is a defect of ours, and keeps its traceback.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches

MAX_LISTED = 20


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
    near = get_close_matches(name, names, n=3)
    hint = f"did you mean {' or '.join(repr(one) for one in near)}? " if near else ""
    return UnknownNameError(
        given=f"{kind} {name!r}",
        why=f"there is no {kind} of that name",
        fix=f"{hint}known: {listed}",
    )


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
        said = f": {error}" if str(error) else ""
        raise PartError(
            given=what,
            why=f"it raised {type(error).__name__}{said}",
            fix="mend that part, or name another one; SECTOW_DEBUG=1 shows where it happened",
        ) from error
