"""The options of `sectow bench` and `sectow report`: one place for what they are called."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

Profile = Literal["public", "local"]
Seed = Annotated[int, typer.Option(min=0, help="Of items, answers and attacks.")]
System = Annotated[str | None, typer.Option(help="A system prompt for the defender.")]
Judge = Annotated[str | None, typer.Option(help="A registered judge; default: each suite's own.")]
Suites = Annotated[
    str | None,
    typer.Option(
        help="Suites and groups of them, with commas: see sectow suites list; default: all of the "
        "world where the model or --world has one, else sectow_quick."
    ),
]
Name = Annotated[str | None, typer.Option(help="What it is called in tables.")]
Models = Annotated[
    list[str] | None,
    typer.Option("--model", help="Folder, hub id, policy or its import path; may be given again."),
]
Defences = Annotated[
    list[str] | None,
    typer.Option(
        "--defence",
        help="Also measure each model with it, such as prompted/of?system=be careful; may be given "
        "again.",
    ),
]
WorldName = Annotated[
    str | None,
    typer.Option(
        help="A world, or the path of a scenario pack; default: apothecary:0 for its organisms and "
        "scripts, none for other models."
    ),
]
AttackerName = Annotated[str | None, typer.Option(help="Also measure what it gets out of it.")]
Template = Annotated[str | None, typer.Option(help="How the attacker is asked.")]
Base = Annotated[
    str | None,
    typer.Option(help="Compare with this model or evaluation; it may be one of the models."),
]
PerCell = Annotated[int, typer.Option(min=0, help="Items of each channel and frame; 0: all.")]
PerKind = Annotated[int, typer.Option(min=0, help="General questions of each kind and split.")]
Task = Annotated[
    list[str] | None,
    typer.Option(help="Also ask a task of lm-eval: name or YAML file; may be given again."),
]
Include = Annotated[
    list[Path] | None,
    typer.Option("--include-path", help="A folder with tasks of your own; may be given again."),
]
Split = Annotated[str, typer.Option(help="Some of train,validation,test.")]
Tokens = Annotated[
    int,
    typer.Option(min=1, help="Longest answer to a world's suites; others have a length each."),
]
Attacks = Annotated[Path | None, typer.Option(help="Replay a pack of frozen attacks.")]
Limit = Annotated[int, typer.Option(min=0, help="Items of each task, to try things out; 0: all.")]
BatchSize = Annotated[str, typer.Option(help="Prompts that are answered at once, or auto.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be asked, ask nothing.")]
Out = Annotated[Path | None, typer.Option(help="Folder that is written.")]
Resume = Annotated[bool, typer.Option("--resume", help="Resume what is in --out.")]
Columns = Annotated[
    str | None,
    typer.Option(
        help="Groups of columns that are printed too, with commas: safety, over-refusal, "
        "capability, attackers, cost."
    ),
]
AllColumns = Annotated[bool, typer.Option("--all-columns", help="Print all of them.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
ProfileOption = Annotated[
    Profile,
    typer.Option(help="public: no texts and pictures unless the world is fictional; local: all."),
]
