"""`sectow judge audit` and `sectow judge annotate`."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sectow_benchmarks.results.run import EvaluationRun
from sectow_env.display.console import note, print_json, say, stdout
from sectow_env.display.page import print_page
from sectow_env.errors import ConfigError
from sectow_env.files import folder_name
from sectow_env.resolve.names import check_names
from sectow_env.resolve.parts import find_judge

if TYPE_CHECKING:
    from sectow_benchmarks.judging.audit import Audit
    from sectow_benchmarks.labels.session import Session


def audit(
    judge: Annotated[str, typer.Option(help="A registered judge.")],
    folder: Annotated[
        Path | None, typer.Argument(help="A finished evaluation, judged by the truth.")
    ] = None,
    labels: Annotated[
        list[str] | None,
        typer.Option(
            help="Labels instead: jailbreakbench or wildguard, with :PATH a local copy; or a file "
            "of sectow judge annotate. Several files are put together."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead.")] = False,
) -> None:
    """How far a judge agrees with the truth or with people, and what its errors do to ASR."""
    if (folder is None) == (not labels):
        raise ConfigError(
            given="an evaluation and labels" if labels else "neither an evaluation nor labels",
            why="a judge is held against one of the two",
            fix="give the folder of an evaluation, or --labels",
        )
    check_names(judge=judge)
    note(f"{judge} looks at {' and '.join(labels) if labels else folder}")
    result = _of_labels(labels, judge) if labels else _of_run(folder or Path(), judge)
    if as_json:
        print_json(result.to_json())
        return
    from sectow_benchmarks.judging.audit import to_markdown

    print_page(to_markdown(result), stdout())


def annotate(
    folder: Annotated[Path, typer.Argument(help="A finished evaluation.")],
    annotator: Annotated[str, typer.Option(help="Who labels: a name or a pseudonym.")],
    sample: Annotated[int | None, typer.Option(min=1, help="So many turns; default: all.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the sample and its order.")] = 0,
    out: Annotated[Path | None, typer.Option(help="File of the labels; it may exist.")] = None,
    page: Annotated[bool, typer.Option(help="Label in the browser, on this machine.")] = False,
) -> None:
    """Label stored turns by hand, blind to the judge and to others; resumes where it was."""
    from sectow_benchmarks.labels.files import LabelFile
    from sectow_benchmarks.labels.session import Session, draw_cards
    from sectow_benchmarks.labels.terminal import label_in_terminal
    from sectow_benchmarks.labels.world_truth import labels_of

    known = labels_of(EvaluationRun.open(folder))
    # `.` alone has no name.
    home = folder.resolve()
    path = out or home.with_name(f"{home.name}-labels") / f"{folder_name(annotator)}.jsonl"
    session = Session(
        draw_cards(known, sample, seed), LabelFile(path, annotator, known.source, known.revision)
    )
    if page:
        _serve(session)
    else:
        label_in_terminal(session, stdout(), typer.getchar)
    say(f"labels: {path}")


def _serve(session: Session) -> None:
    from sectow_benchmarks.labels.page import LabelServer

    with LabelServer(session) as server, suppress(KeyboardInterrupt):
        say(f"open {server.url}\nstop it there, or with Ctrl-C; each label is saved at once")
        server.serve_forever()


def _of_run(folder: Path, judge: str) -> Audit:
    from sectow_benchmarks.evaluation.ground import ground_of
    from sectow_benchmarks.judging.audit import audit as hold

    run = EvaluationRun.open(folder)
    return hold(run, find_judge(judge, ground_of(run.about["world"].get("name"))))


def _of_labels(names: list[str], judge: str) -> Audit:
    from sectow_benchmarks.judging.audit import audit as hold
    from sectow_benchmarks.labels.sources import find_labels
    from sectow_env.worlds.packs.world import PackWorld

    known = find_labels(names)
    world = PackWorld([labelled.turn.scenario for labelled in known.turns], "labels")
    return hold(known, find_judge(judge, world))
