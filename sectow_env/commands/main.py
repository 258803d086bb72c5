"""The command `sectow`: a program whose commands are plug-ins, loaded when they are invoked.

A command is an entry point of the group ``sectow.commands`` that points at a typer function, or at
a `typer.Typer` for a noun with commands of its own. ``sectow --help`` lists all, imports none.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import EntryPoint, version
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, cast

import typer
from rich.markup import escape
from rich.text import Text
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command, get_group

from sectow_env.display.console import note, say
from sectow_env.display.printable import printable
from sectow_env.errors import ConfigError, SectowError, without_noise
from sectow_env.files import not_written
from sectow_env.registry.entry_points import claims, distribution_of, is_ours, load, the_only
from sectow_env.registry.extras import missing, missing_extra

if TYPE_CHECKING:
    # typer carries its own copy of click and gives these two types no public name.
    from typer._click.core import Command, Context

GROUP = "sectow.commands"
USER_ERROR = 2
INTERRUPTED = 130


class About(NamedTuple):
    """The help of one of our commands, known without importing it."""

    help: str
    extra: str | None = None
    """The extra that the command needs."""


OURS: Mapping[str, About] = {
    "demo": About("Watch a small model be attacked and hardened, on this machine.", "all"),
    "play": About("Take a seat yourself, in the terminal."),
    "check": About("Check an environment, world, judge, policy, channel or renderer."),
    "train": About("Train attacker and defender in turn.", "train"),
    "attacker": About("Give an attacker a start, before it is trained in the game.", "train"),
    "plan": About("Say what memory, time and disk a run needs.", "train"),
    "bench": About("Measure safety, over-refusal and capability.", "bench"),
    "suites": About("List the field's suites, fetch them, and verify copies.", "bench"),
    "report": About("Render the report of a finished run.", "bench"),
    "verify": About("Recompute an evaluation from its samples, and check its files.", "bench"),
    "submit": About("Make, check and rank entries of a public board.", "bench"),
    "export": About("Merge a checkpoint's adapter into its base model.", "train"),
    "card": About("Write the model card of a checkpoint.", "bench"),
    "push": About("Give an evaluation or an attack pack away as a data set.", "bench"),
    "pull": About("Make the evaluation or the attack pack of a data set again.", "bench"),
    "judge": About("Score stored turns anew, label them by hand, and audit judges.", "bench"),
    "organism": About("Build the built-in model organism and find its parts.", "train"),
    "rung": About("Build the second rung: a small real language model with secrets.", "all"),
    "study": About("Play a study over several worlds and print its table.", "all"),
    "pack": About("Check scenario packs, and build them from public sources."),
    "doctor": About("Show what this machine offers, and what of a configuration would fail."),
}
"""In the order of the list; commands that are not installed are left out."""


class CommandGroup(TyperGroup):
    """A group that finds its commands by entry point and loads one when it is invoked."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._claims = claims(GROUP)
        for name in _in_order(self._claims):
            self.commands[name] = TyperCommand(name, help=_help(name, self._claims[name][0]))

    def resolve_command(
        self, ctx: Context, args: list[str]
    ) -> tuple[str | None, Command | None, list[str]]:
        """Replace the listed placeholder by the real command."""
        name, command, rest = super().resolve_command(ctx, args)
        if name is not None and name in self._claims:
            command = _load(name, self._claims[name])
        return name, command, rest

    def invoke(self, ctx: Context) -> Any:
        """Run a command; Ctrl-C and a missing extra end it without a traceback."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            note("interrupted", style="")
            raise typer.Exit(INTERRUPTED) from None
        except ModuleNotFoundError as error:
            name = ctx.invoked_subcommand or ""
            missing_error = missing_extra(f"sectow {name}".strip(), error, _about(name).extra)
            if missing_error is None:
                raise
            raise missing_error from error


app = typer.Typer(
    cls=CommandGroup,
    no_args_is_help=True,
    # A bug shows Python's own traceback, a user error none.
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main(argv: Sequence[str] | None = None) -> None:
    """Run the program; always ends in SystemExit.

    Args:
        argv: Arguments without the program's name; None takes those of the process.
    """
    try:
        app(args=None if argv is None else list(argv), prog_name="sectow")
    except SectowError as error:
        if os.environ.get("SECTOW_DEBUG", "0") not in {"", "0"}:
            traceback.print_exception(error)
        complain(error)
        raise SystemExit(USER_ERROR) from None
    except Exception as error:
        failed = not_written(error)
        if failed is None:
            raise
        complain(failed)
        raise SystemExit(USER_ERROR) from None


def complain(error: SectowError) -> None:
    """Print the three parts of a user error to stderr, safe against markup and control codes."""
    note(Text("error: ", style="bold red") + _message(error.given), style="")
    note(Text("  why: ") + _message(error.why), style="")
    note(Text("  fix: ", style="bold") + _message(error.fix), style="")


def _message(text: str) -> Text:
    # Indented, so that a text with several lines cannot imitate one of ours.
    return printable(without_noise(text).replace("\n", "\n       "), lines=True)


def _show_version(requested: bool) -> None:
    if requested:
        say(f"sectow {version('sectow')}")
        raise typer.Exit


@app.callback()
def _sectow(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Secure Tug-of-War: harden vision-language models by letting two of them play."""


def _in_order(names: Mapping[str, object]) -> list[str]:
    """Ours first, in the order of the table, then the others by name."""
    return [name for name in OURS if name in names] + sorted(set(names) - set(OURS))


def _about(name: str) -> About:
    return OURS.get(name, About(""))


def _help(name: str, entry: EntryPoint) -> str:
    if name not in OURS or not is_ours(entry):
        return f"From the package {escape(distribution_of(entry))}."
    about = OURS[name]
    if about.extra and missing(about.extra):
        return f"{about.help} Needs the extra {about.extra!r}."
    return about.help


def _load(name: str, entries: tuple[EntryPoint, ...]) -> Command:
    what = f"sectow {name}"
    target = load(the_only(entries, what), what, _about(name).extra)
    if isinstance(target, typer.Typer):
        # As a group even with a single command, so that a noun stays a noun.
        command: Command = get_group(target)
    elif callable(target):
        single = typer.Typer(add_completion=False)
        single.command(name)(cast("Callable[..., Any]", target))
        command = get_command(single)
    else:
        raise ConfigError(
            given=what,
            why=f"its entry point is {type(target).__name__}, which is not a command",
            fix="point it at a function or a typer.Typer",
        )
    command.name = name
    return command
