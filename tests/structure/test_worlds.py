"""Only the Apothecary's own room and the organism ask whether a world is the Apothecary."""

from __future__ import annotations

import ast
from pathlib import Path

HOMES = ("sectow_env", "agents", "benchmarks", "perf", "examples", "tests")
MAY = ("sectow_env/worlds/apothecary/", "agents/sectow_agents/organism/")


def asking(root: Path) -> list[str]:
    """Places that call `isinstance(..., Apothecary)`."""
    found = []
    for file in sorted(file for home in HOMES for file in (root / home).rglob("*.py")):
        name = file.relative_to(root).as_posix()
        if name.startswith(MAY):
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "isinstance":
                kinds = {one.id for one in ast.walk(node.args[1]) if isinstance(one, ast.Name)}
                found += [f"{name}:{node.lineno}"] * ("Apothecary" in kinds)
    return found


def test_nobody_asks_whether_a_world_is_the_apothecary(root: Path) -> None:
    assert asking(root) == []


def test_one_who_asks_is_seen(tmp_path: Path) -> None:
    file = tmp_path / "benchmarks" / "one.py"
    file.parent.mkdir()
    file.write_text("isinstance(a, int)\nisinstance(a.world, (int, Apothecary))\n")
    assert asking(tmp_path) == ["benchmarks/one.py:2"]
