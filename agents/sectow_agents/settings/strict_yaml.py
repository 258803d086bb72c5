"""Reads YAML as strictly as `sectow_env.reading` reads JSON, with the line of what is refused."""

from __future__ import annotations

import math
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from sectow_env.reading import (
    MAX_DIGITS,
    TOO_DEEP,
    Refused,
    bad_content,
    check_tree,
    read_text,
)
from sectow_env.text import flaw_of

MAX_BYTES = 2**20
MAX_NODES = 100_000
"""Values of a file, with what its aliases repeat."""
_MERGE = "tag:yaml.org,2002:merge"


def read_yaml(path: Path, *, follow: bool = True) -> Any:
    """The contents of a YAML file.

    Args:
        path: The file.
        follow: False refuses a symbolic link, for files in folders of somebody else.

    Raises:
        FileError: As in `sectow_env.reading.read_text` and `parse_yaml`.
    """
    return parse_yaml(read_text(path, MAX_BYTES, follow=follow), str(path))


def parse_yaml(text: str, name: str) -> Any:
    """The value of a YAML text.

    Raises:
        FileError: As in `sectow_env.reading.parse_json`, or its aliases multiply beyond
            `MAX_NODES` values.
    """
    try:
        tree = yaml.load(text, _Loader)  # noqa: S506  (it is a SafeLoader)
        check_tree(tree, most=MAX_NODES)
    except yaml.YAMLError as error:
        raise bad_content(name, f"it is not valid YAML ({_reason(error)})") from error
    except RecursionError as error:
        raise bad_content(name, TOO_DEEP) from error
    except Refused as error:
        raise bad_content(name, str(error)) from error
    return tree


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader, without what it accepts in silence."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
        names: set[tuple[str, str]] = set()
        for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            # What a merge key brings may be set again beside it.
            if not isinstance(key, yaml.ScalarNode) or key.tag == _MERGE:
                continue
            if (key.tag, key.value) in names:
                raise _problem(f"the key {key.value[:80]!r} is set twice", key)
            names.add((key.tag, key.value))
        return super().construct_mapping(node, deep)

    def construct_scalar(self, node: Any) -> Any:
        value = super().construct_scalar(node)
        flaw = flaw_of(value)
        if flaw:
            raise _problem(f"a text has {flaw}", node)
        return value

    def construct_object(self, node: Any, deep: bool = False) -> Any:
        if node.tag.endswith((":int", ":float")) and len(node.value) > MAX_DIGITS:
            raise _problem(f"the number {node.value[:12]}... has {len(node.value)} digits", node)
        try:
            value = super().construct_object(node, deep)
        except ValueError as error:
            # A date, for example, that the calendar does not have.
            raise _problem(" ".join(str(error).split()), node) from error
        if isinstance(value, float) and not math.isfinite(value):
            raise _problem(f"{node.value} is not a finite number", node)
        return value


def _reason(error: yaml.YAMLError) -> str:
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return " ".join(str(error).split())
    return f"{error.problem or error.context} in line {error.problem_mark.line + 1}"


def _problem(reason: str, node: Any) -> Refused:
    return Refused(f"{reason} in line {node.start_mark.line + 1}")
