"""Whose fault it is when a check is stopped by an exception, and how it says it cannot look."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Skip(Exception):  # noqa: N818  (it is no error)
    """Raised by a check that cannot look; its text says why."""


class Fault(Exception):  # noqa: N818  (it is told as a finding, never shown as an error)
    """Something that a user's part raised, with the part's name; its text is the finding."""

    def __init__(self, who: str, error: Exception) -> None:
        said = f": {error}" if str(error) else ""
        super().__init__(f"{who} raised {type(error).__name__}{said}{_place(error)}")


def _place(error: Exception) -> str:
    """Where it was raised, innermost: the file's name and the line."""
    frames = traceback.extract_tb(error.__traceback__)
    return f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""


@contextmanager
def blamed(who: str) -> Iterator[None]:
    """Whatever is raised inside is the fault of this part.

    Args:
        who: The part, such as ``the judge mine/strict``.

    Raises:
        Fault: Something was raised inside.
    """
    try:
        yield
    except (Fault, Skip):
        raise
    except Exception as error:
        raise Fault(who, error) from error
