"""Suites by name: registered in the entry-point group `sectow.suites`, one file each."""

from __future__ import annotations

from collections.abc import Iterable

from sectow_benchmarks.suites.about import About
from sectow_benchmarks.suites.base import Export, Suite
from sectow_benchmarks.suites.figure import Figure, figures_of_paper
from sectow_benchmarks.suites.group_table import GROUP_NAMES
from sectow_benchmarks.suites.revisions import FOREIGN, REVISIONS
from sectow_env.errors import ConfigError, at_fault, unknown
from sectow_env.game.world import World, world_facts
from sectow_env.registry.entry_points import Registry, check_arguments
from sectow_env.registry.spec import parse_spec

REGISTRY: Registry[Suite] = Registry("sectow.suites")
ANY_WORLD = "pack"
"""The suite of a world that has none of its own."""


def find_suite(spec: str, *, allow_import_path: bool = False) -> Suite:
    """The suite behind a spec, such as `pack?path=FILE.jsonl`.

    Args:
        spec: As the user wrote it.
        allow_import_path: Also accept `package.module:attribute`, which runs code; never for a
            spec from a run folder.

    Raises:
        UnknownNameError: No suite goes by this name.
        ConfigError: It does not take these settings, or has no name to keep its samples apart by.
    """
    name, settings = parse_spec(spec)
    factory = REGISTRY.get(name, allow_import_path=allow_import_path)
    check_arguments(factory, f"suite {name!r}", settings)
    with at_fault(f"the suite {name}"):
        suite = factory(**settings)
    if not suite.name:
        raise ConfigError(
            given=f"the suite {spec!r}",
            why="it has no name, and its samples could not be kept apart from those of the world",
            fix="give the suite a name",
        )
    return suite


def check_suite_names(names: Iterable[str]) -> None:
    """Raise UnknownNameError for a suite that is not of the measured world, registered or a group.

    Imports none of them; tasks of lm-eval, `lm_eval/TASK`, are left to it.
    """
    known = (*REVISIONS, *GROUP_NAMES, *REGISTRY.names())
    for kind in (parse_spec(name).name for name in names):
        if kind not in known and ":" not in kind and not kind.startswith(FOREIGN):
            raise unknown("suite", kind, known)


def suite_of_world(world: World) -> Suite:
    """The measured world's own suite."""
    name = kind_of_world(world)
    factory = REGISTRY.get(name)
    check_arguments(factory, f"suite {name!r}", {"world": world})
    return factory(world=world)


def kind_of_world(world: World) -> str:
    """The registered name of a world's own suite."""
    return world_facts(world).suite or ANY_WORLD


def figures_of_suite(name: str) -> tuple[Figure, ...]:
    """What a registered suite reports beside the rates of its roles; nothing for one not here.

    Its own figures, and the shares that its paper reports.
    """
    if name not in REGISTRY.names():
        return ()
    return (*getattr(REGISTRY.get(name), "figures", ()), *figures_of_paper(name))


def card_of(name: str) -> About | None:
    """The card of a registered suite of the field; None for any other, or one not here."""
    card = getattr(REGISTRY.get(name), "about", None) if name in REGISTRY.names() else None
    return card if isinstance(card, About) else None


def exports_of_suite(name: str) -> tuple[tuple[Export, ...], int]:
    """The lm-eval tasks of a registered suite, and the longest answer in them."""
    factory = REGISTRY.get(name)
    return tuple(getattr(factory, "exports", ())), int(getattr(factory, "export_tokens", 256))
