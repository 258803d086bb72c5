"""A pseudo-terminal: what a command leaves on the screen of one that is so many columns wide."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import pyte

_CONTROL = re.compile(r"\x1b(\[[0-9;?]*[A-Za-z]|\][^\x07]*\x07|.)")
_BAR = re.compile(r"[━╸╺]{3}|\d+/\d+ +(-:--|\d+:\d\d)|\d+%\|")
ROWS, HISTORY = 24, 100_000


@dataclass(frozen=True)
class Shown:
    """What came of a command."""

    code: int
    raw: str
    lines: tuple[str, ...]
    """All lines that a person can still read: those scrolled away, and the screen."""

    @property
    def text(self) -> str:
        """All lines, with what the terminal broke put together."""
        return " ".join(" ".join(self.lines).split())

    @property
    def stale_bars(self) -> list[str]:
        """Lines that are left of a progress bar."""
        return [line for line in self.lines if _BAR.search(line)]

    def too_wide(self, columns: int) -> list[str]:
        """Lines that the terminal itself had to break."""
        plain = _CONTROL.sub("", self.raw).replace("\r\n", "\n")
        pieces = (piece for line in plain.split("\n") for piece in line.split("\r"))
        return [piece for piece in pieces if len(piece) > columns]


def in_terminal(
    command: Sequence[str],
    columns: int,
    environment: Mapping[str, str] | None = None,
    keys: str = "",
) -> Shown:
    """Run a command with both outputs on one pseudo-terminal, where somebody presses these keys."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, columns, 0, 0))
    started = subprocess.Popen(
        command, stdin=slave, stdout=slave, stderr=slave, env=_environment(environment)
    )
    os.close(slave)
    os.write(master, keys.encode())
    raw = b""
    # Linux ends a terminal without writers with an error.
    with suppress(OSError):
        while chunk := os.read(master, 65536):
            raw += chunk
    os.close(master)
    screen = pyte.HistoryScreen(columns, ROWS, history=HISTORY)
    pyte.ByteStream(screen).feed(raw)
    scrolled = (
        "".join(line[place].data for place in range(columns)) for line in screen.history.top
    )
    lines = tuple(line.rstrip() for line in (*scrolled, *screen.display))
    return Shown(started.wait(), raw.decode(errors="replace"), lines)


def piped(
    command: Sequence[str], environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command without a terminal."""
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        env=_environment(environment),
    )


def sectow(*words: str) -> list[str]:
    """The command line that starts `sectow` in this Python."""
    return python("from sectow_env.commands.main import main; main()", *words)


def python(program: str, *words: str) -> list[str]:
    """The command line of a program."""
    return [sys.executable, "-c", program, *words]


def _environment(more: Mapping[str, str] | None) -> dict[str, str]:
    steered = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "TERM", "TTY_COMPATIBLE")
    kept = {name: value for name, value in os.environ.items() if name not in steered}
    return {**kept, "TERM": "xterm-256color", **(more or {})}
