"""Where output leaves: the one console, its bars, and JSON.

Standard output and standard error are one console where both are terminals, so that a line printed
while a bar is shown stays, and the bar moves below it. Control characters never reach a terminal.
"""

from __future__ import annotations

import io
import json
import math
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr
from functools import cache
from typing import IO, TYPE_CHECKING, Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from sectow_env.display.printable import printable
from sectow_env.text import escaped

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

PIPE_WIDTH = 240
"""Columns of a table that goes into a file or a pipe; other lines are not broken there."""
BAR_WIDTH, BESIDE_NOTE = 12, 62
"""Columns of a bar, and of all that stands before its note."""


class SafeConsole(Console):
    """A console that shows control characters instead of obeying them."""

    def render_str(self, text: str, **settings: Any) -> Text:
        """A text as it is laid out: with control characters escaped."""
        return super().render_str(escaped(text), **settings)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """What is written: whatever it was made of, no control character of its is left."""
        for segment in super().render(renderable, options):
            if segment.control or segment.text.isprintable():
                yield segment
            else:
                yield Segment(escaped(segment.text), segment.style)


def stdout() -> SafeConsole:
    """The console of results."""
    return _console(stderr=False)


def stderr() -> SafeConsole:
    """The console of progress and errors: that of results too, where both are terminals."""
    return _console(stderr=not (sys.stdout.isatty() and sys.stderr.isatty()))


def say(text: str | Text, style: str = "") -> None:
    """Print a line of a result."""
    _line(stdout(), text, style)


def note(text: str | Text, style: str = "dim") -> None:
    """Print a line about what is being done."""
    _line(stderr(), text, style)


def print_json(tree: object) -> None:
    """Print a result as JSON, in ASCII; what is missing is null."""
    sys.stdout.write(json.dumps(_without_nan(tree), indent=2, allow_nan=False) + "\n")


def is_plain(console: Console) -> bool:
    """Whether nothing but text may be written: into a pipe, or because the user wants it so."""
    return not console.is_terminal or console.is_dumb_terminal or console.no_color


class Bar:
    """A progress bar of the live display, which all bars share; invisible without a terminal."""

    def __init__(self, label: str, total: int | None = None) -> None:
        self._task = _DISPLAY.open(label, total)

    def update(self, done: int, note: str = "") -> None:
        """Show how far it is."""
        if self._task is not None:
            _DISPLAY.update(self._task, done, note)

    def close(self) -> None:
        """Remove the bar; the display ends with the last one."""
        if self._task is not None:
            _DISPLAY.close(self._task)
            self._task = None

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextmanager
def libraries_silenced() -> Iterator[None]:
    """Swallow what others write to the standard error inside; our console still reaches it."""
    with redirect_stderr(_Swallow(getattr(sys.stderr, "rich_proxied_file", sys.stderr))):
        yield


class _Swallow(io.StringIO):
    """Takes what is written to it; a console that looks for its file finds the real one."""

    def __init__(self, real: IO[str]) -> None:
        super().__init__()
        self.rich_proxied_file = real

    def isatty(self) -> bool:
        return self.rich_proxied_file.isatty()


class _Display:
    """The one live display of the process, from its first bar to the end of its last."""

    def __init__(self) -> None:
        self._progress: Progress | None = None
        self._console: Console | None = None

    def open(self, label: str, total: int | None) -> TaskID | None:
        console = stderr()
        if is_plain(console):
            return None
        if self._progress is None:
            self._progress, self._console = _progress(console), console
            self._progress.start()
        return self._progress.add_task(escaped(label), total=total, note="")

    def update(self, task: TaskID, done: int, note: str) -> None:
        if self._progress is not None and self._console is not None:
            room = max(0, self._console.width - BESIDE_NOTE)
            self._progress.update(task, completed=done, note=escaped(note)[:room])

    def close(self, task: TaskID) -> None:
        if self._progress is None:
            return
        if len(self._progress.task_ids) > 1:
            self._progress.remove_task(task)
        else:
            # With its last line still in it: the display knows how many lines to erase.
            self._progress.stop()
            self._progress = None


_DISPLAY = _Display()


def _progress(console: Console) -> Progress:
    # Costs a tenth of a second, which a command without bars need not pay.
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=BAR_WIDTH),
        MofNCompleteColumn(),
        TimeRemainingColumn(compact=True),
        TextColumn("left"),
        TextColumn("{task.fields[note]}", markup=False),
        console=console,
        transient=True,
        # What goes into a file is not this terminal's business.
        redirect_stdout=sys.stdout.isatty(),
    )


@cache
def _console(*, stderr: bool) -> SafeConsole:
    terminal = (sys.stderr if stderr else sys.stdout).isatty()
    plain = bool(os.environ.get("NO_COLOR"))
    return SafeConsole(
        stderr=stderr,
        width=None if terminal else PIPE_WIDTH,
        # A wish for no colours is one for no escape codes at all.
        color_system=None if plain else "auto",
        highlight=False,
        markup=False,
        emoji=False,
    )


def _line(console: Console, text: str | Text, style: str) -> None:
    shown = printable(text, lines=True) if isinstance(text, str) else text
    console.print(shown, style=style, soft_wrap=not console.is_terminal)


def _without_nan(tree: object) -> object:
    if isinstance(tree, float) and not math.isfinite(tree):
        return None
    if isinstance(tree, Mapping):
        return {key: _without_nan(value) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [_without_nan(value) for value in tree]
    return tree
