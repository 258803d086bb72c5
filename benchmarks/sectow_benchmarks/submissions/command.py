"""`sectow submit`: entries of a public board, made, checked and put together."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from pydantic import ValidationError

from sectow_benchmarks.verify.command import FAILED, print_checks
from sectow_env.display.console import Bar, note, print_json, say, stdout
from sectow_env.display.tables import print_table
from sectow_env.errors import ConfigError, RunFolderError
from sectow_env.files import check_new_folder, folder_name, write_text
from sectow_env.reading import explained

if TYPE_CHECKING:
    from sectow_benchmarks.results.run import EvaluationRun
    from sectow_benchmarks.submissions.check import Checked
    from sectow_benchmarks.submissions.entry import Entry, Submitter

app = typer.Typer(help="Make, check and rank entries of a public board.", no_args_is_help=True)
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead.")]


@app.callback()
def submit() -> None:
    """Make, check and rank entries of a public board."""


@app.command()
def make(  # noqa: PLR0913, PLR0917  (each is an option of the command)
    evaluations: Annotated[
        list[Path], typer.Argument(help="Finished evaluations, or training runs that have some.")
    ],
    out: Annotated[Path, typer.Option(help="Folder of entries; each gets a folder in it.")],
    base: Annotated[
        Path | None, typer.Option(help="Evaluation of the base, which capability is compared with.")
    ] = None,
    samples: Annotated[
        bool, typer.Option("--samples", help="Put the samples in, without texts of real suites.")
    ] = False,
    name: Annotated[
        str | None,
        typer.Option(help="What the model is called on boards; of several, with the evaluation's."),
    ] = None,
    defence: Annotated[
        Literal["none", "prompt", "guard", "trained"] | None,
        typer.Option(help="What defends the model; default: what its evaluation knows."),
    ] = None,
    by: Annotated[str | None, typer.Option(help="Who sends it.")] = None,
    contact: Annotated[str | None, typer.Option(help="How you are reached; it is shown.")] = None,
    link: Annotated[list[str] | None, typer.Option(help="An https link; up to five.")] = None,
    remark: Annotated[str, typer.Option("--note", help="A line that is shown.")] = "",
    as_json: AsJson = False,
) -> None:
    """Make an entry of each evaluation; nothing is sent anywhere."""
    for folder in (*evaluations, *([] if base is None else [base])):
        if not (folder / "run.json").is_file():
            raise RunFolderError(
                given=f"the folder {folder}",
                why="it has no run.json",
                fix="give a folder that sectow bench or sectow demo wrote",
            )
    sender = _submitter(by, contact, link or [], remark)
    from sectow_benchmarks.hub.publish import publish
    from sectow_benchmarks.submissions.make import as_sent, entry_of
    from sectow_benchmarks.submissions.read import ENTRY, EVALUATION

    runs = [run for folder in evaluations for run in _runs(folder)]
    ground = _ground(base, evaluations, runs)
    made: dict[str, Entry] = {}
    for run in runs:
        shown = name if name is None or len(runs) == 1 else f"{name}, {run.name}"
        entry = entry_of(run, base=ground, defence=defence, by=sender, name=shown)
        folder = _new_folder(out, entry.model.name, run.name, made)
        if samples:
            note(f"copying the samples of {run.path}")
            copy = publish(run, folder / EVALUATION)
            with Bar(f"verifying {run.name}"):
                entry = as_sent(entry, copy.run)
        folder.mkdir(parents=True, exist_ok=True)
        write_text(folder / ENTRY, json.dumps(json.loads(entry.model_dump_json()), indent=2) + "\n")
        made[str(folder)] = entry
    if as_json:
        tree = [{"path": path, "evidence": entry.evidence} for path, entry in made.items()]
        print_json({"entries": tree})
        return
    for path, entry in made.items():
        say(f"{path}: {entry.evidence}, {len(entry.figures)} rates of {entry.model.name}")
    say("Send these folders, and check those of others with sectow submit check.")


@app.command()
def check(
    entries: Annotated[list[Path], typer.Argument(help="Entries, or folders of entries.")],
    as_json: AsJson = False,
) -> None:
    """Check entries, and recompute them where their samples are beside them.

    Ends with status 1 when a check failed, such as one of an entry that says verified and is not.
    What an entry names is never opened or fetched.
    """
    checked = _checked(entries)
    if as_json:
        print_json({"entries": _tree(checked)})
    else:
        for each in checked:
            print_checks(str(each.submission.path), each.checks)
    _exit(checked)


@app.command()
def board(
    entries: Annotated[list[Path], typer.Argument(help="Entries, or folders of entries.")],
    out: Annotated[Path, typer.Option(help="Folder of the page and the tables.")],
    as_json: AsJson = False,
) -> None:
    """Build the public board of entries: a page, Markdown, CSV and JSON.

    Entries with a failed check are left out and named, and the status is 1 then.
    """
    checked = _checked(entries)
    from sectow_benchmarks.submissions.board import tables
    from sectow_benchmarks.submissions.files import cells, title, write_board

    made = tables(checked)
    files = write_board(made, out)
    left_out = [each for each in checked if not each.good]
    if as_json:
        tree = {"files": list(map(str, files)), "left_out": _tree(left_out)}
        print_json({**tree, "tables": len(made)})
    else:
        from sectow_benchmarks.submissions.files import HEADS

        for table in made:
            rows = [list(cells(line)) for line in table.lines]
            print_table(HEADS, rows, stdout(), title=title(table), keys=2)
        for each in left_out:
            why = next(result.detail for result in each.checks if result.outcome == "failed")
            say(f"left out {each.submission.path}: {why}")
        say(f"page: {files[0].resolve()}", "bold")
    _exit(checked)


@app.command()
def schema() -> None:
    """Print the JSON schema of an entry."""
    from sectow_benchmarks.submissions.entry import Entry

    print_json(Entry.model_json_schema())


def _submitter(by: str | None, contact: str | None, links: Sequence[str], remark: str) -> Submitter:
    from sectow_benchmarks.submissions.entry import Submitter

    tree = {"name": by, "contact": contact, "links": list(links), "note": remark}
    try:
        return Submitter.model_validate_json(json.dumps(tree))
    except ValidationError as error:
        raise ConfigError(
            given="--by, --contact, --link or --note",
            why=explained(error),
            fix="give one short line each, and links that begin with https://",
        ) from error


def _runs(folder: Path) -> list[EvaluationRun]:
    from sectow_benchmarks.evaluation.callback import FOLDER, read_evaluations
    from sectow_benchmarks.verify.folder import open_run

    if (folder / FOLDER).is_dir():
        return list(read_evaluations(folder).defenders)
    return [open_run(folder)]


def _ground(
    base: Path | None, given: Sequence[Path], runs: Sequence[EvaluationRun]
) -> EvaluationRun | None:
    """The evaluation of the base; of a training run it is its first."""
    if base is not None:
        return _runs(base)[0]
    return runs[0] if len(given) == 1 and len(runs) > 1 else None


def _new_folder(out: Path, model: str, run: str, made: dict[str, Entry]) -> Path:
    """A free folder of this entry's own.

    Raises:
        RunFolderError: It is not free.
    """
    folder = out / folder_name(model)
    if str(folder) in made:
        folder = out / folder_name(f"{model} {run}")
    check_new_folder(folder, fix="give another folder with --out, or remove it")
    return folder


def _checked(entries: Sequence[Path]) -> list[Checked]:
    from sectow_benchmarks.submissions.read import submissions

    given = submissions(entries)
    note(f"checking {len(given)} entries")
    from sectow_benchmarks.submissions.check import check as check_all

    with Bar("checking entries"):
        return check_all(given)


def _tree(checked: Sequence[Checked]) -> list[dict[str, object]]:
    return [
        {
            "path": str(each.submission.path),
            "evidence": each.evidence,
            "checks": [result._asdict() for result in each.checks],
        }
        for each in checked
    ]


def _exit(checked: Sequence[Checked]) -> None:
    if not all(each.good for each in checked):
        raise typer.Exit(FAILED)
