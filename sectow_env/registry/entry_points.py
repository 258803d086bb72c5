"""Parts by name: looked up in entry points, loaded on request, never at import.

A part is registered by a distribution under one of the `GROUPS`, as ``world/part =
"module:attribute"``. The attribute is a factory, called with keyword arguments. Nothing is
imported until a part is requested, so that listing names needs no heavy import.

A name is safe in a file from someone else. An import path is code: only the command line, Python
and the user's own configuration may contain one.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from inspect import signature
from pathlib import Path
from types import MappingProxyType
from typing import Generic, TypeVar, cast

from sectow_env.errors import ConfigError, at_fault, unknown
from sectow_env.registry.extras import missing_extra

T = TypeVar("T")

OWNER = "sectow"
"""Our distribution: other distributions cannot override its names."""

GROUPS: Mapping[str, str] = {
    "sectow.commands": "command",
    "sectow.worlds": "world",
    "sectow.channels": "channel",
    "sectow.renderers": "renderer",
    "sectow.judges": "judge",
    "sectow.policies": "policy",
    "sectow.algorithms": "algorithm",
    "sectow.suites": "suite",
    "sectow.sources": "source",
    "sectow.families": "family",
}
"""Entry point group -> kind of its parts."""

_IMPORT_PATH = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)


class Registry(Generic[T]):
    """The parts of one entry point group.

    Every look-up reads what is installed at that moment.

    Args:
        group: Entry point group, such as ``sectow.judges``.
    """

    def __init__(self, group: str) -> None:
        self.group = group
        self.kind = GROUPS.get(group, "part")

    def __repr__(self) -> str:
        return f"Registry({self.group!r})"

    def names(self) -> tuple[str, ...]:
        """All registered names, sorted. Imports nothing."""
        return tuple(sorted(claims(self.group)))

    def check(self, name: str) -> None:
        """Raise UnknownNameError unless something is registered under this name.

        Imports nothing: of an import path only the package is looked for.

        Raises:
            ConfigError: It is an import path of a package that is not here.
        """
        if ":" not in name:
            self._entry(name)
            return
        package = self._import_path(name, allowed=True).module.partition(".")[0]
        if package not in sys.modules and find_spec(package) is None:
            raise ConfigError(
                given=f"{self.kind} {name!r}",
                why=f"there is no package or module {package!r} here",
                fix="install it, or check the path",
            )

    def get(self, name: str, *, allow_import_path: bool = False) -> Callable[..., T]:
        """Loads the factory of a part.

        Args:
            name: A registered name such as ``apothecary/keyword``.
            allow_import_path: Also accept ``package.module:attribute``. Only for names from the
                command line, from Python or from the user's own configuration: loading such a
                path runs its code.

        Returns:
            The factory, to be called with keyword arguments.

        Raises:
            UnknownNameError: Nothing is registered under this name.
            MissingExtraError: The part needs an extra that is not installed.
            ConfigError: The name is an import path where only names are allowed, is claimed by
                several distributions, or points at something that cannot be called.
        """
        what = f"{self.kind} {name!r}"
        entry = self._import_path(name, allow_import_path) if ":" in name else self._entry(name)
        factory = load(entry, what)
        if not callable(factory):
            raise ConfigError(
                given=what,
                why=f"{entry.value} is {type(factory).__name__}, which cannot be called",
                fix=f"point it at a function or class that returns a {self.kind}",
            )
        return cast("Callable[..., T]", factory)

    def make(self, name: str, /, **kwargs: object) -> T:
        """Builds a part by its registered name; import paths are refused.

        All keyword arguments go to the factory, so untrusted ones cannot change how the name is
        looked up. A trusted caller with an import path uses
        ``get(name, allow_import_path=True)(**kwargs)``.

        Raises:
            ConfigError: The factory does not take these arguments; also as `get`.
            UnknownNameError: As `get`.
            MissingExtraError: As `get`.
        """
        factory = self.get(name)
        check_arguments(factory, f"{self.kind} {name!r}", kwargs)
        return factory(**kwargs)

    def _entry(self, name: str) -> EntryPoint:
        entries = claims(self.group)
        if name not in entries:
            raise unknown(self.kind, name, entries)
        return the_only(entries[name], f"{self.kind} {name!r}")

    def _import_path(self, path: str, allowed: bool) -> EntryPoint:
        what = f"{self.kind} {path!r}"
        if not allowed:
            raise ConfigError(
                given=what,
                why="it is an import path, which runs code, and only registered names are allowed "
                "here",
                fix=f"use one of the registered names ({', '.join(self.names()) or 'none yet'}), "
                "or give the path on the command line or in your own configuration",
            )
        if not _IMPORT_PATH.fullmatch(path):
            raise ConfigError(
                given=what,
                why="it is not a valid import path",
                fix="write it as package.module:attribute",
            )
        return EntryPoint(name=path, value=path, group=self.group)


def claims(group: str) -> Mapping[str, tuple[EntryPoint, ...]]:
    """Installed entry points of a group by name; ours alone where we registered the name."""
    return _claims(group, _installed())


def _installed() -> tuple[tuple[str, int], ...]:
    """What changes when a distribution is installed or removed: the folders of `sys.path`."""
    changed = []
    for folder in sys.path:
        try:
            changed.append((folder, Path(folder).stat().st_mtime_ns))
        except OSError:
            continue
    return tuple(changed)


# To read the metadata of everything that is installed takes some 40 ms.
@lru_cache(maxsize=32)
def _claims(
    group: str, installed: tuple[tuple[str, int], ...]
) -> Mapping[str, tuple[EntryPoint, ...]]:
    del installed
    by_name: dict[str, list[EntryPoint]] = {}
    for entry in entry_points(group=group):
        by_name.setdefault(entry.name, []).append(entry)
    return MappingProxyType(
        {
            name: tuple([entry for entry in entries if is_ours(entry)] or entries)
            for name, entries in by_name.items()
        }
    )


def is_ours(entry: EntryPoint) -> bool:
    """Whether our own distribution registered it."""
    return distribution_of(entry) == OWNER


def distribution_of(entry: EntryPoint) -> str:
    """Name of the distribution that registered it; empty for an import path."""
    return entry.dist.name if entry.dist is not None else ""


def the_only(entries: tuple[EntryPoint, ...], what: str) -> EntryPoint:
    """The single entry point behind a name.

    Raises:
        ConfigError: Several distributions claim the name.
    """
    if len({entry.value for entry in entries}) > 1:
        owners = sorted({distribution_of(entry) for entry in entries})
        raise ConfigError(
            given=what,
            why=f"more than one part claims this name ({', '.join(owners)})",
            fix="uninstall all but one of these distributions",
        )
    return entries[0]


def load(entry: EntryPoint, what: str, extra: str | None = None) -> object:
    """Imports what an entry point points at.

    Args:
        entry: The entry point.
        what: How to name it to the user.
        extra: The extra to name first when a package is missing.

    Raises:
        MissingExtraError: A package of one of our extras is not installed.
        ConfigError: Another module is missing.
        UnknownNameError: The module has no such attribute.
        PartError: A third-party module failed while it was imported.
    """
    try:
        part = _imported(entry, what)
    except ModuleNotFoundError as error:
        missing = missing_extra(what, error, extra)
        if missing is not None:
            raise missing from error
        source = distribution_of(entry)
        raise ConfigError(
            given=what,
            why=f"its module {entry.module} cannot be imported ({error})",
            fix=f"install what is missing, or reinstall {source}" if source else "check the path",
        ) from error
    for attribute in entry.attr.split("."):
        if not hasattr(part, attribute):
            public = (name for name in dir(part) if not name.startswith("_"))
            raise unknown(f"attribute for {what} in {entry.module}", attribute, public)
        part = getattr(part, attribute)
    return part


def _imported(entry: EntryPoint, what: str) -> object:
    if is_ours(entry):
        # A bug of ours keeps its traceback.
        return import_module(entry.module)
    with at_fault(f"the {what}"):
        return import_module(entry.module)


def takes(
    factory: Callable[..., object], offered: Iterable[str], *, by_name: bool = False
) -> list[str]:
    """The offered keyword arguments that a factory accepts.

    Args:
        factory: The factory.
        offered: Names of the arguments.
        by_name: Leave out those that only its `**kwargs` would catch.
    """
    try:
        parameters = signature(factory).parameters
    except ValueError:
        return [] if by_name else list(offered)
    any_name = not by_name and any(
        parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()
    )
    return [name for name in offered if any_name or name in parameters]


def check_arguments(factory: Callable[..., object], what: str, given: Mapping[str, object]) -> None:
    """Raise ConfigError unless a factory accepts these keyword arguments."""
    try:
        expected = signature(factory)
    except ValueError:
        # Some callables written in C have no signature: they check their arguments themselves.
        return
    try:
        expected.bind(**given)
    except TypeError as error:
        names = ", ".join(expected.parameters) or "nothing"
        raise ConfigError(
            given=f"{what} with {', '.join(given) or 'no arguments'}",
            why=str(error),
            fix=f"it takes {names}",
        ) from error
