"""Worlds by name: `apothecary:3`, a registered name, or the path of a scenario pack."""

from __future__ import annotations

import re
from pathlib import Path

from sectow_env.errors import ConfigError, PackError, UnknownNameError, at_fault, unknown
from sectow_env.game.renderer import Renderer
from sectow_env.game.world import TakesRenderer, World
from sectow_env.registry.entry_points import Registry
from sectow_env.registry.spec import SEPARATOR, parse_spec

GROUP = "sectow.worlds"
PACK = "pack"
"""The registered world that is read from a file."""
PACK_SUFFIX = ".jsonl"
_SEEDED = re.compile(r"(?P<name>[^:]+):(?P<seed>[0-9]+)")


def load_world(name: str | World, *, allow_import_path: bool = False) -> World:
    """Build a world by its name; a world that is already built is handed back.

    Args:
        name: `NAME` or `NAME:SEED` of a registered world, or the path of a scenario pack (it ends
            in `.jsonl`, or is a file that exists), with or without settings
            (`FILE.jsonl?channels=text/direct,text/split`).
        allow_import_path: Also accept `package.module:attribute`, which runs code: only for names
            from the command line, from Python or from the user's own configuration.

    Raises:
        UnknownNameError: No world goes by this name; near ones are suggested.
        PackError: The pack cannot be read.
        ConfigError: The world takes no seed, or the name is an import path and none is allowed.
        PartError: The world's factory failed.
    """
    if not isinstance(name, str):
        return name
    if is_pack(name):
        return _pack(name, allow_import_path)
    check_world_name(name)
    with at_fault(f"the world {name}"):
        return _registered(name, allow_import_path)


def is_pack(name: str) -> bool:
    """Whether a world's name is the path of a scenario pack."""
    path = Path(name)
    if path.exists():
        # A pipe or a device is refused by the reader, by name.
        return not path.is_dir()
    return pack_path(name).endswith(PACK_SUFFIX)


def pack_path(name: str) -> str:
    """The path in a pack's name, without its settings; a file may have a question mark in it."""
    return name if Path(name).exists() else name.partition(SEPARATOR)[0]


def _pack(name: str, allow_settings: bool) -> World:
    path = pack_path(name)
    settings = {} if path == name else parse_spec(name).settings
    if SEPARATOR in str(settings.get("channels", "")) and not allow_settings:
        raise ConfigError(
            given=f"the world {name!r}",
            why="settings of a channel may open folders or load models, and only bare names are "
            "allowed here",
            fix="give the world on the command line or in your own configuration",
        )
    return Registry[World](GROUP).make(PACK, path=path, **settings)


def check_world_name(name: str) -> None:
    """Raise a SectowError for the name of a world that does not exist; builds none."""
    registry: Registry[World] = Registry(GROUP)
    if is_pack(name):
        if not Path(pack_path(name)).exists():
            raise PackError(name, "the file does not exist", "check the path of the pack")
        return
    if _SEEDED.fullmatch(name):
        registry.check(name.partition(":")[0])
        return
    family, _, seed = name.partition(":")
    if seed and family in registry.names():
        raise ConfigError(
            given=f"the world {name!r}",
            why=f"{seed!r} is no seed: a whole number from 0 on",
            fix=f"write for example {family}:0",
        )
    if ":" not in name and name not in registry.names():
        error = unknown("world", name, registry.names())
        hint = f"{error.fix}; a scenario pack is given by its path, which ends in {PACK_SUFFIX}"
        raise UnknownNameError(error.given, error.why, hint)


def _registered(name: str, allow_import_path: bool) -> World:
    registry: Registry[World] = Registry(GROUP)
    if seeded := _SEEDED.fullmatch(name):
        return registry.make(seeded["name"], seed=int(seeded["seed"]))
    if ":" in name:
        return registry.get(name, allow_import_path=allow_import_path)()
    return registry.make(name)


def drawn_by(world: World, renderer: Renderer) -> World:
    """The world with another renderer of free-form attacks.

    Raises:
        ConfigError: The world takes none.
    """
    if isinstance(world, TakesRenderer):
        with at_fault(f"the world {world.id}"):
            return world.drawn_by(renderer)
    raise ConfigError(
        given=f"the renderer {renderer.id} in the world {world.id}",
        why="this world draws its attacks itself",
        fix="leave renderer out, or give the world a method drawn_by(renderer)",
    )
