"""Output leaves in one place: no other console, no other bar, no other way to print."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PRINTING = {
    "sectow_env/display/console.py",
    "sectow_env/check/environment/randomness.py",  # the text of a program that a check runs
}
PACKAGES = ("sectow_env", "agents/sectow_agents", "benchmarks/sectow_benchmarks")
FORBIDDEN = re.compile(
    r"\bConsole\(|\bSafeConsole\(|typer\.s?echo|click\.s?echo|rich\.progress|rich\.live|rich\.status"
    r"|\.status\(|\btqdm\.|(?<![\w.])print\(|sys\.std(out|err)\.write"
)


def elsewhere(root: Path) -> list[str]:
    """Lines that print by themselves."""
    return [
        f"{name}:{number}: {line.strip()}"
        for package in PACKAGES
        for file in sorted((root / package).rglob("*.py"))
        for name in [file.relative_to(root).as_posix()]
        if name not in PRINTING
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if FORBIDDEN.search(line)
    ]


def test_there_is_one_console(root: Path) -> None:
    assert elsewhere(root) == []


@pytest.mark.parametrize(
    "line",
    [
        "console = Console(stderr=True)",
        "typer.echo(text)",
        "from rich.progress import Progress",
        "print(text)",
        "sys.stderr.write(text)",
    ],
)
def test_another_is_seen(tmp_path: Path, line: str) -> None:
    file = tmp_path / "sectow_env/commands/new.py"
    file.parent.mkdir(parents=True)
    file.write_text(f"{line}\n")
    assert len(elsewhere(tmp_path)) == 1
