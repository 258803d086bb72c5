"""Finds keys of servers where settings are given, which end up in files: they are refused."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from sectow_env.errors import ConfigError

_NAME = re.compile(
    r"(hub_|hf_|access_|auth_|api_|bearer_)?token|.*(api_?key|password|passwd|secret|credential).*"
    r"|authorization",
    re.IGNORECASE,
)
_VALUE = re.compile(
    r"\b(hf_[A-Za-z0-9]{20,}|sk-[A-Za-z0-9_-]{20,}|gh[oprsu]_[A-Za-z0-9]{20,}|AKIA[0-9A-Z]{16}\b"
    r"|xox[abp]-[A-Za-z0-9-]{10,}|github_pat_\w{20,}|glpat-[\w-]{20,}|AIza[\w-]{35}"
    r"|(npm|gsk|r8)_[A-Za-z0-9]{30,}|nvapi-[\w-]{30,}|ASIA[0-9A-Z]{16}\b"
    r"|eyJ[\w-]{10,}\.eyJ[\w-]{6,}\.[\w-]{10,}"
    r"|Bearer\s+[A-Za-z0-9._~+/-]{16,})|-----BEGIN [A-Z ]*PRIVATE KEY|://[^/\s:@]+:[^/\s@]+@"
)


def check_no_secrets(tree: object, name: str = "") -> None:
    """Refuse settings with a token or a password in them.

    Args:
        tree: The settings, as mappings, lists and values.
        name: The setting that the tree is the value of; empty for all of them.

    Raises:
        ConfigError: A name or a value is that of a secret. The message does not show the value.
    """
    for key, value in _leaves(tree, name):
        last = key.rpartition(".")[2]
        named = _NAME.fullmatch(last) is not None and isinstance(value, str | int) and value != ""
        if named or (isinstance(value, str) and _VALUE.search(value)):
            raise ConfigError(
                given=f"the setting {key}" if key else "a setting",
                why="it is a secret, or looks like one, and settings are written into files",
                fix="leave it out: an endpoint takes key_env=NAME, the name of the environment "
                "variable with the key; the Hugging Face hub reads HF_TOKEN",
            )


def _leaves(tree: object, name: str) -> Iterator[tuple[str, object]]:
    if isinstance(tree, Mapping):
        for key, value in tree.items():
            yield from _leaves(value, f"{name}.{key}" if name else str(key))
    elif isinstance(tree, list | tuple):
        for value in tree:
            yield from _leaves(value, name)
    else:
        yield name, tree
