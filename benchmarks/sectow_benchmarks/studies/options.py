"""What the commands of studies take, and how they print their page."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Annotated, Any

import typer

from sectow_env.display.console import print_json, stdout
from sectow_env.display.page import print_page
from sectow_env.files import write_text

Changes = Annotated[
    list[str] | None,
    typer.Argument(metavar="[KEY=VALUE]...", help="Settings to change, as in sectow train."),
]
World = Annotated[int, typer.Option(min=0, help="Seed of the world.")]
Out = Annotated[Path, typer.Option(help="Folder; a study in it is resumed.")]
Seed = Annotated[int, typer.Option(min=0, help="Seed of the runs.")]
Small = Annotated[bool, typer.Option("--small", help="As little as possible, to see that it runs.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead.")]


def publish(
    page: str, tree: object, out: Path | None, as_json: bool, name: str = "figures"
) -> None:
    """Write a study's page and its figures into a folder, and print one of them.

    Args:
        page: In Markdown.
        tree: The figures, JSON-able but for NaN and infinity, which become null.
        out: The folder; None writes nothing.
        as_json: Print the figures.
        name: Of the files.
    """
    tree = _without_nan(tree)
    if out is not None:
        write_text(out / f"{name}.md", page)
        write_text(out / f"{name}.json", json.dumps(tree, indent=2, allow_nan=False) + "\n")
    if as_json:
        print_json(tree)
    else:
        print_page(page, stdout())


def _without_nan(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: _without_nan(value) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [_without_nan(value) for value in tree]
    return None if isinstance(tree, float) and not math.isfinite(tree) else tree
