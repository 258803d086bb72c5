"""The plug-in package that docs/extending.md shows, installed as it stands there."""

from __future__ import annotations

import importlib
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import blocks


@pytest.fixture
def plugin(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Writes the package with its entry points to a folder that Python imports from."""
    page, site = root / "docs" / "extending.md", tmp_path / "site"
    for block in blocks(page, "python"):
        if block.file is not None:
            file = site / block.file
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.text)
    (project,) = (tomllib.loads(block.text)["project"] for block in blocks(page, "toml"))
    info = site / "my_plugin-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.4\nName: {project['name']}\nVersion: 1\n")
    lines = []
    for group, entries in project["entry-points"].items():
        lines += [f"[{group}]", *(f"{name} = {path}" for name, path in entries.items())]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
    monkeypatch.syspath_prepend(site)
    importlib.invalidate_caches()
    yield site
    for module in [name for name in sys.modules if name.partition(".")[0] == "my_plugin"]:
        del sys.modules[module]


@pytest.fixture
def desk(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to run the documentation's code in: like the repository's, but free to be written.

    Its packs and configurations are the real ones.
    """
    folder = tmp_path / "desk"
    folder.mkdir()
    for name in ("configs", "examples"):
        (folder / name).symlink_to(root / name)
    monkeypatch.chdir(folder)
    return folder
