"""Where a defender is measured: in a world, or nowhere but in the suites of the field."""

from __future__ import annotations

from pathlib import Path

from sectow_env.errors import FileError, SectowError
from sectow_env.game.world import World
from sectow_env.reading import read_json
from sectow_env.registry.spec import SEPARATOR
from sectow_env.resolve.policies import POLICIES, policy_spec
from sectow_env.resolve.worlds import load_world
from sectow_env.worlds.packs.world import PackWorld

BUILT_IN = "apothecary:0"
OF_WORLDS = ("apothecary", "organism", "pack")
"""What the names of policies begin with that are at home in a world."""
_RECORD = "organism.json"
"""In every folder of an organism's weights."""


def home_of(policy: object) -> str | None:
    """The world that a policy is measured in where nobody names one; None for a real model.

    The built-in world is home to organisms, to checkpoints of runs in it, to scripts of worlds, and
    to policies that are given as objects; a defence is at home where its model is.
    """
    if not isinstance(policy, str | Path):
        return BUILT_IN
    try:
        name, settings = policy_spec(str(policy), "defender")
    except SectowError:
        # Whoever builds it gives the reason.
        return BUILT_IN
    inner = settings.get("model")
    # An endpoint's model is its server's.
    if isinstance(inner, str) and "base_url" not in settings:
        return home_of(inner)
    if name in POLICIES.names() and name.partition("/")[0] in OF_WORLDS:
        return BUILT_IN
    path = settings.get("path")
    folder = Path(str(path)) if path is not None else None
    return BUILT_IN if folder is not None and _is_ours(folder) else None


def ground_of(name: str | None) -> World:
    """The world of that name; an empty one where a measurement has none."""
    return PackWorld((), "none") if name is None else load_world(name)


def defended(policy: str, defence: str) -> str:
    """The spec of a defence with a model in it.

    Args:
        policy: The model's spec.
        defence: A defence without one, such as `prompted/of?system=be careful`.
    """
    name, mark, settings = defence.partition(SEPARATOR)
    inner = policy.replace("%", "%25").replace("&", "%26")
    return f"{name}?model={inner}{'&' if mark else ''}{settings}"


def _is_ours(folder: Path) -> bool:
    """Whether a folder contains an organism, or a checkpoint of a run in the built-in world."""
    if (folder / _RECORD).is_file():
        return True
    place = folder.resolve()
    if place.name not in {"attacker", "defender"} or len(place.parents) < 3:
        return False
    try:
        about = read_json(place.parents[2] / "run.json", follow=False)
    except FileError:
        return False
    world = about.get("world") if isinstance(about, dict) else None
    return isinstance(world, dict) and str(world.get("id", "")).startswith("apothecary")
