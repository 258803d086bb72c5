"""Exceptions during a check: a fault of the checked part, or a check that does not apply."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Skip(Exception):  # noqa: N818  (it is not an error)
    """Raised by a check that does not apply; its text is the reason."""


class Fault(Exception):  # noqa: N818  (it becomes a finding, not an error)
    """An exception of a user's part, with the part's name; its text is the finding."""

    def __init__(self, who: str, error: Exception) -> None:
        detail = f": {error}" if str(error) else ""
        super().__init__(f"{who} raised {type(error).__name__}{detail}{_place(error)}")


def _place(error: Exception) -> str:
    """File name and line of the innermost frame."""
    frames = traceback.extract_tb(error.__traceback__)
    return f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""


@contextmanager
def blamed(who: str) -> Iterator[None]:
    """Turn exceptions raised inside into a `Fault` of this part.

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
