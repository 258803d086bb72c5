"""`sectow push` and `sectow pull`: evaluations and attack packs as data sets."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Literal

import typer

from sectow_env.display.console import note, print_json, say
from sectow_env.errors import ConfigError, RunFolderError

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead.")]


def push(
    source: Annotated[Path, typer.Argument(help="A finished evaluation, or an attack pack.")],
    target: Annotated[str, typer.Argument(help="A new folder, or hub:OWNER/NAME.")],
    profile: Annotated[
        Literal["public", "local"],
        typer.Option(help="public: texts of invented worlds only; local: of open suites too."),
    ] = "public",
    licence: Annotated[str, typer.Option(help="Of the data set, as the hub names it.")] = "",
    visible: Annotated[
        bool, typer.Option("--visible", help="On the hub, let everybody see it.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make a data set that datasets.load_dataset reads, in a folder or on the hub.

    On the hub it is private unless --visible is given; the token is that in HF_TOKEN. Texts and
    pictures of suites that are gated, or not free to be passed on, never leave this machine.
    """
    if not any((source / name).is_file() for name in ("run.json", "pack.json")):
        raise RunFolderError(
            given=f"the folder {source}",
            why="it has neither a run.json nor a pack.json",
            fix="give an evaluation that sectow bench wrote, or a pack of sectow bench freeze",
        )
    from sectow_benchmarks.hub.dataset import write
    from sectow_benchmarks.hub.remote import hub_id, token, upload

    remote = hub_id(target)
    if visible and profile == "local":
        raise ConfigError(
            given="--visible with --profile local",
            why="raw texts of attacks are not for everybody",
            fix="leave one of them out",
        )
    if remote is None:
        made = write(source, Path(target), profile, licence)
        where = str(made.path)
    else:
        token()
        with TemporaryDirectory() as folder:
            made = write(source, Path(folder) / "data", profile, licence)
            note(f"sending it to {target}")
            where = upload(made.path, remote[0], visible=visible)
    if as_json:
        print_json({"path": where, "kind": made.kind, "withheld": list(made.withheld)})
        return
    say(f"{made.kind}: {where}")
    if made.withheld:
        say(f"without the texts and pictures of {', '.join(made.withheld)}")


def pull(
    source: Annotated[str, typer.Argument(help="A data set's folder, or hub:OWNER/NAME[@REV].")],
    out: Annotated[Path, typer.Argument(help="A new folder.")],
    as_json: AsJson = False,
) -> None:
    """Make the evaluation or the attack pack of a data set again.

    What is pulled is data: it is checked against its digests, and nothing in it is run.
    """
    if not source.startswith("hub:") and not Path(source).is_dir():
        raise RunFolderError(
            given=f"the data set {source}",
            why="there is no such folder",
            fix="give a folder that sectow push wrote, or hub:OWNER/NAME",
        )
    from sectow_benchmarks.hub.dataset import read
    from sectow_benchmarks.hub.remote import downloaded, hub_id

    remote = hub_id(source)
    if remote is None:
        made = read(Path(source), out)
    else:
        note(f"fetching {source}")
        with downloaded(*remote) as folder:
            made = read(folder, out)
    if as_json:
        print_json({"path": str(made.path), "kind": made.kind})
        return
    check = "sectow verify" if made.kind == "evaluation" else "sectow bench --attacks"
    say(f"{made.kind}: {made.path}; next: {check} {made.path}")


def card(
    model: Annotated[Path, typer.Argument(help="Folder of a checkpoint.")],
    evaluation: Annotated[
        Path | None, typer.Option(help="A finished evaluation of these weights.")
    ] = None,
    base: Annotated[
        str | None, typer.Option(help="Id of the base model on the hub, if it is not named there.")
    ] = None,
    licence: Annotated[
        str | None, typer.Option(help="Of the weights, as the hub names it.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a card that is there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write the model card of a checkpoint: how it was made, its figures, its limits."""
    if not model.is_dir():
        raise RunFolderError(
            given=f"the model {model}", why="it is not a folder", fix="give a checkpoint's folder"
        )
    from sectow_benchmarks.hub.model_card import write_card
    from sectow_benchmarks.verify.folder import open_run

    run = None if evaluation is None else open_run(evaluation)
    file = write_card(model, evaluation=run, base=base, licence=licence, force=force)
    if as_json:
        print_json({"card": str(file)})
    else:
        say(str(file))
