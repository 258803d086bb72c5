from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version

import pytest

from sectow_env.commands import main as cli
from sectow_env.commands.main import GROUP, OURS, complain, main
from sectow_env.display.printable import printable
from sectow_env.errors import ConfigError
from sectow_env.registry.entry_points import claims

Install = Callable[..., None]
HEAVY = ("torch", "transformers", "trl", "datasets", "pandas", "sklearn", "lm_eval")

SOURCE = """
import typer
from sectow_env.display.printable import printable
from sectow_env.errors import ConfigError

def greet(name: str = "you"):
    '''Say hello.'''
    typer.echo(f"hello {name}")

def fail():
    raise ConfigError("config [bold]x[/bold]", "no such key", "drop it")

def stop():
    raise KeyboardInterrupt

def lazy():
    import torch

def full():
    raise OSError(28, "No space left on device", "runs/mine")

def broken():
    raise RuntimeError("a defect")

noun = typer.Typer()

@noun.command()
def check(file: str):
    '''Check one file.'''
    typer.echo(f"checked {file}")

number = 3
"""


def run(*arguments: str) -> int | str | None:
    """Runs the program; its exit status."""
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    return caught.value.code


@pytest.fixture
def command(install: Install) -> None:
    names = ("greet", "fail", "full", "stop", "lazy", "broken", "noun", "number")
    install("stranger", {GROUP: {name: f"foreign:{name}" for name in names}}, foreign=SOURCE)


@pytest.fixture
def no_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)


def test_help_lists_every_installed_command_with_a_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("--help") == 0
    lines = capsys.readouterr().out.splitlines()
    for name in claims(GROUP):
        assert any(name in line and OURS[name].help.split()[0] in line for line in lines), name


def test_every_command_of_ours_is_installed_and_described() -> None:
    assert set(OURS) == {name for name, entries in claims(GROUP).items() if entries}


@pytest.mark.usefixtures("command")
def test_help_lists_a_stranger_without_importing_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--help") == 0
    listing = capsys.readouterr().out
    assert "greet" in listing
    assert "From the package stranger." in listing
    assert "foreign" not in sys.modules


def test_help_imports_no_heavy_package() -> None:
    program = (
        "import sys\nfrom sectow_env.commands.main import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit as end:\n    assert not end.code\n"
        f"sys.exit(' '.join(set(sys.modules) & set({HEAVY!r})) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.usefixtures("no_torch")
def test_help_still_lists_a_command_whose_extra_is_missing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("--help") == 0
    listing = " ".join(capsys.readouterr().out.split())
    assert "Needs the extra 'train'." in listing


@pytest.mark.usefixtures("command", "no_torch")
def test_a_missing_extra_ends_with_the_pip_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("lazy") == 2
    output = capsys.readouterr()
    assert 'pip install "sectow[train]"' in output.err
    assert "sectow lazy" in output.err
    assert "Traceback" not in output.err + output.out


@pytest.mark.usefixtures("no_torch")
def test_a_command_of_ours_names_its_own_extra(
    install: Install, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install("stranger", {GROUP: {"heavy": "foreign:run"}}, foreign="import torch\n")
    monkeypatch.setattr(cli, "OURS", {**OURS, "heavy": OURS["demo"]})
    assert run("heavy") == 2
    assert 'pip install "sectow[all]"' in capsys.readouterr().err


@pytest.mark.usefixtures("command")
def test_a_function_and_a_noun_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("greet", "--name", "potion") == 0
    assert run("noun", "check", "pack.jsonl") == 0
    assert capsys.readouterr().out == "hello potion\nchecked pack.jsonl\n"


@pytest.mark.usefixtures("command")
def test_a_user_error_is_printed_in_three_parts_without_a_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SECTOW_DEBUG", raising=False)
    assert run("fail") == 2
    output = capsys.readouterr().err.splitlines()
    assert output == ["error: config [bold]x[/bold]", "  why: no such key", "  fix: drop it"]


@pytest.mark.usefixtures("command")
def test_a_full_disk_is_a_user_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("full") == 2
    output = capsys.readouterr().err.splitlines()
    assert output[:2] == ["error: the file runs/mine", "  why: the disk is full"]
    assert output[2].startswith("  fix: free some space")


@pytest.mark.usefixtures("command")
def test_debug_shows_the_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECTOW_DEBUG", "1")
    assert run("fail") == 2
    output = capsys.readouterr().err
    assert "Traceback" in output
    assert "  fix: drop it" in output


@pytest.mark.usefixtures("command")
def test_a_defect_is_not_dressed_up() -> None:
    with pytest.raises(RuntimeError, match="a defect"):
        main(["broken"])


@pytest.mark.usefixtures("command")
def test_an_interruption_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("stop") == 130
    assert "interrupted" in capsys.readouterr().err


@pytest.mark.usefixtures("command")
def test_an_entry_point_that_is_not_a_command_is_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("number") == 2
    assert "is not a command" in capsys.readouterr().err


def test_a_command_without_its_module_is_a_user_error_and_leaves_help_whole(
    install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    install("stranger", {GROUP: {"later": "not_written_yet:command"}})
    assert run("--help") == 0
    assert "later" in capsys.readouterr().out
    assert run("later") == 2
    assert "not_written_yet" in capsys.readouterr().err


def test_a_misspelt_command_is_corrected(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("docter") == 2
    assert "doctor" in capsys.readouterr().err


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--version") == 0
    assert capsys.readouterr().out == f"sectow {version('sectow')}\n"


def test_control_characters_and_markup_are_shown_not_obeyed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert printable("a\x1b[2Jb\nc").plain == "a\\x1b[2Jb\\nc"
    assert printable("a\x1b[2Jb\nc", lines=True).plain == "a\\x1b[2Jb\nc"
    complain(ConfigError("[link=x]y[/link]", "\x07", "z"))
    output = capsys.readouterr().err
    assert "[link=x]y[/link]" in output
    assert "\\x07" in output


def test_a_message_with_several_lines_cannot_imitate_ours(
    capsys: pytest.CaptureFixture[str],
) -> None:
    complain(ConfigError("a\n  fix: run rm", "b\x9b2J\u202e", "c"))
    lines = capsys.readouterr().err.splitlines()
    assert [line for line in lines if line.startswith("  fix: ")] == ["  fix: c"]
    assert "  why: b\\x9b2J\\u202e" in lines


def test_addresses_that_help_nobody_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    page = "\n    For further information visit https://errors.pydantic.dev/2.14/v/missing"
    complain(ConfigError("<_io.BytesIO object at 0x7f28ab>", f"Field required{page}", "x"))
    assert "error: <_io.BytesIO>\n  why: Field required\n" in capsys.readouterr().err
