"""Labels on disk: JSON lines, one label per line the moment it is given.

The first line states kind, schema number, source and revision; each other line is a `LabelledTurn`.
A label that is given anew is a line of its own, and counts. A line counts once it is whole.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from errno import EACCES, EINVAL
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sectow_benchmarks.labels.base import LabelledTurn, LabelSet, with_labels
from sectow_env.errors import ConfigError, FileError
from sectow_env.files import sync, write_text
from sectow_env.game import Turn
from sectow_env.reading import explained, parse_json, parse_model

KIND = "sectow-labels"
SCHEMA = 1


def write_labels(path: Path, labels: LabelSet) -> None:
    """Write a set; a reader sees the old file or the new one, never a part."""
    lines = [_head(labels), *(turn.model_dump_json() for turn in labels.turns)]
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, "\n".join(lines) + "\n")
    sync(path.parent)


def read_labels(path: Path) -> LabelSet:
    """Read a file of labels; of one annotator's labels of a turn the last one counts.

    Raises:
        ConfigError: There is no such file, it is of another kind or schema, or a line cannot be
            read. No error quotes a turn.
    """
    labels, _torn = _parsed(path, _data(path))
    return labels


class LabelFile:
    """A file that one annotator's labels go into, made with the first one.

    Args:
        path: Of the file; it may contain labels of other annotators too.
        annotator: Who labels.
        source: What the turns are from.
        revision: Which state of it.

    Raises:
        ConfigError: The annotator has no name, it is not a file of labels, or it cannot be written.
    """

    def __init__(self, path: Path, annotator: str, source: str, revision: str) -> None:
        if not annotator.strip() or not annotator.isprintable():
            raise ConfigError(
                given=f"the annotator {annotator!r}",
                why="labels are kept under a name that can be printed",
                fix="give a name or a pseudonym",
            )
        self.path = path
        self.annotator = annotator
        self._about = LabelSet(source=source, revision=revision, turns=())
        self._own: dict[str, LabelledTurn] = {}
        try:
            known = path.exists()
        except OSError as error:
            raise _failed(path, "looked for", error) from error
        if known:
            self._take_up()
        # Before anybody labels: the file itself, or the folder that it will be made in.
        place = next(near for near in (path, *path.absolute().parents) if near.exists())
        if not os.access(place, os.W_OK) or (place != path and not place.is_dir()):
            why = "is read-only" if place == path or place.is_dir() else "is a file, not a folder"
            raise _failed(path, "written", OSError(EACCES, f"{place} {why}"))

    def get(self, key: str) -> LabelledTurn | None:
        """This annotator's label of the turn with this key, nobody else's."""
        return self._own.get(key)

    def add(self, turn: Turn, cluster: str, *, harmful: bool | None, refused: bool | None) -> None:
        """Keep a label, None for "cannot tell"; it is on disk when this returns.

        Raises:
            ConfigError: It cannot be written, and is not kept.
        """
        label = LabelledTurn(
            turn=turn,
            labels={self.annotator: harmful},
            refusals={self.annotator: refused},
            cluster=cluster,
        )
        try:
            if not self.path.exists():
                write_labels(self.path, self._about)
            _append(self.path, label.model_dump_json().encode())
        except OSError as error:
            raise _failed(self.path, "written", error) from error
        self._own[label.key] = label

    def _take_up(self) -> None:
        data = _data(self.path)
        known, torn = _parsed(self.path, data)
        about = self._about
        if (known.source, known.revision) != (about.source, about.revision):
            raise ConfigError(
                given=f"the labels in {self.path}",
                why=f"they are about {known.source} at {known.revision}, not about {about.source} "
                f"at {about.revision}",
                fix="give another file with --out",
            )
        # Unless somebody has written on since it was read: then it is a whole line by now.
        if torn and self.path.stat().st_size == len(data):
            os.truncate(self.path, len(data) - torn)
        for turn in known.turns:
            if self.annotator in turn.labels:
                self._own[turn.key] = turn.model_copy(
                    update={
                        "labels": {self.annotator: turn.labels[self.annotator]},
                        "refusals": {self.annotator: turn.refusals.get(self.annotator)},
                    }
                )


def _data(path: Path) -> bytes:
    try:
        if path.exists() and not path.is_file():
            # A device may have no end.
            raise OSError(EINVAL, "it is not a file")
        return path.read_bytes()
    except OSError as error:
        raise _failed(path, "read", error) from error


def _append(path: Path, line: bytes) -> None:
    """Add a line in one write, so that two annotators may share a file; it is on disk then."""
    with path.open("a+b") as file:
        file.seek(-1, os.SEEK_END)
        # What another process left half written must not spoil this one too.
        start = b"" if file.read(1) == b"\n" else b"\n"
        file.write(start + line + b"\n")
        file.flush()
        os.fsync(file.fileno())


def _parsed(path: Path, data: bytes) -> tuple[LabelSet, int]:
    """The labels, and how many bytes at the end are a torn line, which is dropped."""
    head, *lines = data.split(b"\n")
    about = _about(path, head)
    by_key: dict[str, LabelledTurn] = {}
    torn = 0
    for number, line in enumerate(lines, start=2):
        if not line.strip():
            continue
        try:
            turn = parse_model(line, f"{path}, line {number}", LabelledTurn)
        except FileError as error:
            if number == len(lines) + 1:
                # What follows the last line feed was being written when the process died.
                torn = len(line)
                continue
            raise ConfigError(error.given, error.why, "fix the line, or delete it") from error
        before = by_key.get(turn.key)
        by_key[turn.key] = (
            turn if before is None else with_labels(before, turn.labels, turn.refusals)
        )
    return LabelSet(**about, turns=tuple(by_key.values())), torn


def _head(labels: LabelSet) -> str:
    about = labels.model_dump(exclude={"turns"})
    return json.dumps({"kind": KIND, "schema": SCHEMA, **about})


def _about(path: Path, line: bytes) -> Mapping[str, Any]:
    try:
        head = parse_json(line, str(path))
    except FileError:
        head = None
    kind, schema = (head.get("kind"), head.get("schema")) if isinstance(head, dict) else (None,) * 2
    if (kind, schema) != (KIND, SCHEMA) or not isinstance(head, dict):
        raise ConfigError(
            given=f"{path}, line 1",
            why=f"it does not say that this is a file of kind {KIND!r} and schema {SCHEMA}",
            fix="give a file that this version of sectow judge annotate wrote",
        )
    about = {name: value for name, value in head.items() if name not in {"kind", "schema"}}
    try:
        LabelSet(**about, turns=())
    except (TypeError, ValidationError) as error:
        # Without the input: it is text of a third party.
        why = explained(error) if isinstance(error, ValidationError) else "it names a field twice"
        raise ConfigError(f"{path}, line 1", why, "fix the line, or delete it") from error
    return about


def _failed(path: Path, what: str, error: OSError) -> ConfigError:
    return ConfigError(
        given=f"the file of labels {path}",
        why=f"it cannot be {what} ({error.strerror})",
        fix="give a file that sectow judge annotate wrote, or may write; the labels in it are kept",
    )
