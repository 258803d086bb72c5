"""`sectow suites`: what there is, how to get it, and whether a copy is the real thing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from sectow_benchmarks.suites.about import About
from sectow_benchmarks.suites.cards import (
    LEGEND,
    NEVER,
    ROLE_WORDS,
    abouts,
    card,
    facts_of,
    others,
    rows,
    table,
)
from sectow_benchmarks.suites.data_suite import DataSuite
from sectow_benchmarks.suites.fetched import fetched_in
from sectow_benchmarks.suites.group_table import GROUP_NAMES, Part, parts_of, suites_of
from sectow_benchmarks.suites.lock import Outcome, record, verify_copy, write_lock
from sectow_benchmarks.suites.registry import find_suite
from sectow_benchmarks.suites.revisions import FOREIGN
from sectow_benchmarks.suites.source import data_home
from sectow_env.commands.main import complain
from sectow_env.display.console import note, print_json, say, stdout
from sectow_env.display.page import print_page
from sectow_env.display.printable import one_line
from sectow_env.errors import ConfigError, SectowError, unknown
from sectow_env.registry.spec import parse_spec

FAILED = 1
app = typer.Typer(
    help="List the suites of the field, fetch them, and verify copies.", no_args_is_help=True
)
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead.")]


@app.command("list")
def list_suites(as_json: AsJson = False) -> None:
    """Show all suites, whether they are on this machine, and the names of groups."""
    cards = list(abouts().values())
    if as_json:
        print_json(rows(cards))
        return
    print_page("\n".join(table(cards)), stdout())
    say(LEGEND, style="dim")
    never = [row["name"] for row in rows(cards) if row["verified"] == "never"]
    if never:
        say(f"{NEVER}: {', '.join(never)}", style="dim")
    say(f"without data of their own: {', '.join(others())}", style="dim")
    say(f"groups: {', '.join(GROUP_NAMES)}", style="dim")


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="A suite or group: siuo, sectow_quick.")],
    as_json: AsJson = False,
) -> None:
    """Show the card of a suite: what it is, where it is from, and how to get it; or of a group."""
    if parts := parts_of(name):
        _show_group(name, parts, as_json)
        return
    about = _about(name)
    if as_json:
        print_json(facts_of(about))
    else:
        print_page("\n".join(card(about)), stdout())


@app.command()
def get(
    names: Annotated[list[str], typer.Argument(help="Suites and groups: siuo, sectow_quick.")],
    as_json: AsJson = False,
) -> None:
    """Fetch suites at their pinned revisions; an interrupted one is resumed."""
    from sectow_benchmarks.suites.fetch import fetch

    suites = suites_of(names)
    for name in suites:
        _about(name)

    def one_suite(name: str) -> dict[str, Any]:
        about = abouts()[name]
        before = fetched_in(data_home() / name)
        fetched = fetch(about)
        kept = before is not None and before.when == fetched.when
        if not as_json:
            state = "is here already" if kept else "fetched"
            say(f"{name} {state}: {fetched.repo} at {fetched.commit[:12]}, {data_home() / name}")
            if not fetched.pinned:
                say("  no commit is known for it: this was the newest, and the record has it")
            if about.gate is not None and not kept:
                say(f"  gate: {about.gate}")
        return {"suite": name, "folder": str(data_home() / name)} | fetched.model_dump(
            mode="json", exclude={"files", "suite"}
        )

    _each(suites, one_suite, as_json)


@app.command()
def verify(
    names: Annotated[
        list[str], typer.Argument(help="Suites, such as siuo, or copies: siuo?path=FOLDER.")
    ],
    copy_of: Annotated[
        str | None, typer.Option(help="Where a copy of your own is from, for the record.")
    ] = None,
    write: Annotated[
        Path | None, typer.Option("--write-lock", help="Also write the lock, to be packaged.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Load the real data of suites and compare them with the locks; exits with 1 if they differ."""
    for spec in names:
        _about(parse_spec(spec).name)
    if write is not None and len(names) != 1:
        raise ConfigError(
            given=f"--write-lock with {len(names)} suites",
            why="a lock is of one suite",
            fix="verify one at a time",
        )

    def one_suite(spec: str) -> dict[str, Any]:
        suite = find_suite(spec)
        assert isinstance(suite, DataSuite)
        if suite.mini:
            raise ConfigError(
                given=f"the suite {spec}",
                why="a lock is of the whole suite",
                fix=f"verify {suite.about.name}",
            )
        place = f"{suite.about.source.where}, as {suite.copy_revision}"
        outcome = verify_copy(suite, copy_of or place)
        if not outcome.findings:
            record(outcome)
            if write is not None:
                write_lock(write, outcome.lock)
        if not as_json:
            _say_outcome(spec, outcome)
        return {
            "suite": spec,
            "compared": outcome.compared,
            "findings": list(outcome.findings),
            "notes": list(outcome.notes),
            "lock": outcome.lock.model_dump(mode="json"),
        }

    results = _each(names, one_suite, as_json)
    if any(result["findings"] for result in results):
        raise typer.Exit(FAILED)


def _show_group(name: str, parts: Sequence[Part], as_json: bool) -> None:
    tasks = [[f"{FOREIGN}{task.name}" for task in part.group.tasks] for part in parts]
    if as_json:
        members = [
            {"role": each.group.role, "mini": each.mini, "suites": each.group.suites, "tasks": also}
            for each, also in zip(parts, tasks, strict=True)
        ]
        print_json({"group": name, "members": members})
        return
    lines = [f"## {name}", ""]
    for part, also in zip(parts, tasks, strict=True):
        what = ROLE_WORDS[part.group.role] + ", minis" * part.mini
        lines.append(f"- {what}: {', '.join([*part.group.suites, *also])}")
    print_page("\n".join(lines), stdout())


def _say_outcome(spec: str, outcome: Outcome) -> None:
    seen = outcome.lock.verified[-1].seen
    counts = ", ".join(f"{role} {count:,}" for role, count in seen.items.items())
    files = sum(each.count for each in seen.files.values())
    read = f"{counts}; {files:,} files, commit {seen.commit[:12]}"
    if outcome.findings:
        say(f"{one_line(spec)} differs: {read}", style="red")
    elif outcome.compared:
        say(f"{one_line(spec)} is as its lock says: {read}", style="green")
    else:
        say(
            f"{one_line(spec)} has nothing to compare with: this run fixes it: {read}",
            style="yellow",
        )
    for line in (*outcome.findings, *outcome.notes):
        say(f"  {one_line(line)}")


def _each(
    names: Sequence[str], work: Callable[[str], Mapping[str, Any]], as_json: bool
) -> list[Mapping[str, Any]]:
    """Do something for each; a failure is reported and stops no other, but the exit status."""
    results: list[Mapping[str, Any]] = []
    failures: list[SectowError] = []
    for name in dict.fromkeys(names):
        try:
            results.append(work(name))
        except SectowError as error:
            failures.append(error)
            complain(error)
    if as_json:
        failed = [{"given": e.given, "why": e.why, "fix": e.fix} for e in failures]
        print_json({"suites": results, "failed": failed})
    elif failures and len(names) > 1:
        note(f"{len(failures)} of {len(names)} failed")
    if failures:
        raise typer.Exit(FAILED)
    return results


def _about(name: str) -> About:
    cards = abouts()
    if name in cards:
        return cards[name]
    if name in others():
        raise ConfigError(
            given=f"the suite {name}",
            why="it has no data to fetch: it is built in, or a file of yours",
            fix=f"choose one of {', '.join(sorted(cards))}",
        )
    raise unknown("suite", name, cards)
