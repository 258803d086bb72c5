"""Where a suite comes from, and where its files are on this machine."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import platformdirs

from sectow_env.errors import ConfigError

DATA_VARIABLE = "SECTOW_DATA"
"""Environment variable: the folder of all suites, in place of the user's data folder."""


@dataclass(frozen=True)
class Source:
    """A data set on the hub, or a repository on GitHub, at one commit."""

    repo: str
    """`owner/name`."""
    revision: str | None
    """A commit, maybe shortened; None where none is known: the newest is fetched and noted."""
    files: tuple[str, ...]
    """Patterns of the files that are needed."""
    host: Literal["hub", "github"] = "hub"
    moved_from: tuple[str, ...] = ()
    """Earlier ids of the repository, which hold the same commits."""

    @property
    def where(self) -> str:
        """For people: host, repository and commit."""
        host = "hub data set" if self.host == "hub" else "github.com"
        return f"{host} {self.repo} at {self.revision or 'its newest commit'}"


def data_home() -> Path:
    """The folder in which each suite has one of its own."""
    chosen = os.environ.get(DATA_VARIABLE)
    return Path(chosen) if chosen else Path(platformdirs.user_data_dir("sectow")) / "suites"


def aside_of(suite: str) -> Path:
    """Where a suite's files are while they arrive."""
    return data_home() / f"{suite}.partial"


def folder_of(suite: str, path: str | Path | None) -> Path:
    """The folder with a suite's files.

    Args:
        suite: Its name.
        path: A copy of the user's own; None takes the one that `sectow suites get` made.

    Raises:
        ConfigError: It is not there.
    """
    folder = data_home() / suite if path is None else Path(path)
    if folder.is_dir():
        return folder
    half = path is None and aside_of(suite).is_dir()
    raise ConfigError(
        given=f"the suite {suite}" + ("" if path is None else f" in {path}"),
        why="it is half there: fetching it was interrupted"
        if half
        else f"its data are not on this machine: there is no folder {folder}",
        fix=f"run sectow suites get {suite}, or name your own copy: {suite}?path=FOLDER",
    )
