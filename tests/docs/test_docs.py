"""The documentation is true: its code runs, its commands exist, its links lead somewhere."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from sectow_env.commands.main import main
from tests.docs.pages import (
    Block,
    anchors,
    blocks,
    broken_links,
    command_lines,
    pages,
    prose,
    unprinted,
)

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = [str(page.relative_to(ROOT)) for page in pages(ROOT)]
CONSOLES = {name: blocks(ROOT / name, "console") for name in PAGES}
WITH_CODE = [name for name in PAGES if blocks(ROOT / name, "python")]
WITH_SLOW_CODE = [name for name in WITH_CODE if any(one.slow for one in blocks(ROOT / name))]
WITH_OUTPUT, WITH_SLOW_OUTPUT = (
    [name for name in PAGES if any(one.output and one.slow is slow for one in CONSOLES[name])]
    for slow in (False, True)
)
HIDDEN = {".venv", ".ci"}
"""Hidden files and folders that a page may name."""
LONGEST_PLUGIN = 30
LONGEST_DOOR = 5


def run(page: str, block: Block, names: dict[str, Any]) -> None:
    """Runs a block with what those before it defined; its prints say what they promise."""
    # Padded, so that a traceback names the page and the line in it.
    source = "\n" * (block.line - 1) + block.text
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(source, page, "exec"), names)  # noqa: S102  (our own pages)
    lines = iter(out.getvalue().splitlines())
    for wanted in block.shown:
        assert wanted in lines, f"{page}:{block.line} does not print {wanted!r}:\n{out.getvalue()}"
    if block.output is not None:
        assert unprinted(block.output, out.getvalue()) == [], f"{page}:{block.line}"


def run_page(name: str, *, slow: bool) -> None:
    names: dict[str, Any] = {"__name__": "page"}
    for block in blocks(ROOT / name, "python"):
        if block.file is None and (slow or not block.slow):
            run(name, block, names)


@pytest.mark.usefixtures("plugin", "desk")
@pytest.mark.parametrize("name", WITH_CODE)
def test_the_code_runs(name: str) -> None:
    run_page(name, slow=False)


@pytest.mark.slow
# trl 1.16 asks transformers 5.23 for the old name, in a user's script as in ours.
@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")
@pytest.mark.usefixtures("plugin", "desk")
@pytest.mark.parametrize("name", WITH_SLOW_CODE)
def test_the_slow_code_runs(name: str) -> None:
    run_page(name, slow=True)


@pytest.mark.parametrize("name", WITH_CODE)
def test_the_code_shows_what_it_prints(name: str) -> None:
    run_blocks = [one for one in blocks(ROOT / name, "python") if one.file is None]
    assert [one.line for one in run_blocks if not one.shown and one.output is None] == []


def run_commands(page: str, capsys: pytest.CaptureFixture[str], *, slow: bool) -> None:
    """Runs the commands whose output a page shows; they print what it shows."""
    for block in blocks(ROOT / page, "console"):
        if block.output is None or block.slow is not slow:
            continue
        for line in command_lines(block):
            program, *words = shlex.split(line)
            assert program == "sectow"
            with pytest.raises(SystemExit) as ended:
                main(words)
            assert ended.value.code == 0, line
        printed = capsys.readouterr().out
        assert unprinted(block.output, printed) == [], f"{page}:{block.line} prints:\n{printed}"


@pytest.mark.usefixtures("plugin", "desk", "wide")
@pytest.mark.parametrize("name", WITH_OUTPUT)
def test_commands_print_what_the_page_shows(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    run_commands(name, capsys, slow=False)


@pytest.mark.slow
@pytest.mark.usefixtures("plugin", "desk", "wide")
@pytest.mark.parametrize("name", WITH_SLOW_OUTPUT)
def test_slow_commands_print_what_the_page_shows(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run_commands(name, capsys, slow=True)


@pytest.fixture
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal in which every row of a table is one line."""
    monkeypatch.setenv("COLUMNS", "250")


def test_the_pages_have_code() -> None:
    assert {"README.md", "docs/game.md", "docs/world.md", "docs/extending.md"} <= set(WITH_CODE)
    assert WITH_SLOW_CODE


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(name: str) -> None:
    assert broken_links(ROOT / name) == []


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_about_the_project_and_no_machine(name: str) -> None:
    assert foreign(ROOT / name) == []


def foreign(page: Path) -> list[str]:
    """Absolute paths, and hidden files that are not the project's, anywhere in a page."""
    text = page.read_text(encoding="utf-8")
    absolute = re.findall(r"(?<![\w.:/>)])/[a-z][\w.-]*/[\w./-]*", text)
    hidden = re.findall(r"(?<![\w./*)\]])(\.[a-z]\w+)(?=[/`\s])", text)
    return [*absolute, *(name for name in hidden if name not in HIDDEN | _SUFFIXES)]


_SUFFIXES = {".csv", ".json", ".jsonl", ".md"}


def test_plug_ins_are_short() -> None:
    long = {
        block.file: block.text.count("\n")
        for block in blocks(ROOT / "docs" / "extending.md", "python")
        if block.file is not None and block.text.count("\n") >= LONGEST_PLUGIN
    }
    assert long == {}


def test_the_doors_of_the_readme_are_narrow() -> None:
    doors = blocks(ROOT / "README.md")[:3]
    assert [door.language for door in doors] == ["console", "python", "console"]
    lines = [sum(map(bool, door.text.splitlines())) for door in doors]
    assert max(lines) <= LONGEST_DOOR


def test_the_readme_has_a_place_for_the_table_of_the_demo() -> None:
    text = prose(ROOT / "README.md")
    begin, end = (text.index(f"<!-- demo table: {mark} -->") for mark in ("begin", "end"))
    assert begin < end < text.index("\n## ")


def test_every_page_is_in_the_index() -> None:
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    others = [page.name for page in (ROOT / "docs").glob("*.md") if page.name != "index.md"]
    assert [name for name in others if f"]({name})" not in index] == []


@pytest.mark.parametrize(
    "code",
    [
        "print(1)  # 2\n",
        "print(1)  # 1\nprint(2)  # 1\n",
        "for one in (1, 2):\n    print(one)\n# 1\n# 3\n",
        "raise ValueError\n",
        "x = undefined\n",
    ],
)
def test_code_that_is_wrong_is_seen(code: str) -> None:
    with pytest.raises((AssertionError, ValueError, NameError)):
        run("page.md", Block("python", code, 1, slow=False), {})


def test_blocks_are_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("a\n```python\n# p/q.py\n```\n\n<!-- slow -->\n```python\nx = 1\n```\n")
    first, second = blocks(page, "python")
    assert (first.file, first.slow, first.line) == ("p/q.py", False, 3)
    assert (second.file, second.slow, second.text) == (None, True, "x = 1\n")
    page.write_text("```python\nx = 1\n")
    with pytest.raises(AssertionError, match="line 1 does not end"):
        blocks(page)


def test_an_output_belongs_to_the_block_right_above_it(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```console\n$ a\n```\n\n```text\none\n```\n\nand\n\n```text\ntwo\n```\n")
    assert [block.output for block in blocks(page)] == ["one\n", None, None]


@pytest.mark.parametrize(
    ("wanted", "missing"),
    [
        ("name  n\n...\nb  2\n", []),
        ("| name | n |\n", []),
        ("b  3\n", ["b  3"]),
        ("b  2\na  1\n", ["a  1"]),
    ],
)
def test_an_output_that_is_wrong_is_seen(wanted: str, missing: list[str]) -> None:
    printed = "│ name  n │\n|---|---|\n a   1\n b   2\n"
    assert unprinted(wanted, printed) == missing


@pytest.mark.parametrize("target", ["gone.md", "#gone", "other.md#gone", "../gone/"])
def test_a_broken_link_is_seen(tmp_path: Path, target: str) -> None:
    (tmp_path / "other.md").write_text("# There\n")
    page = tmp_path / "page.md"
    page.write_text(f"# A b, c\n[x]({target}) [y](#a-b-c) [z](other.md#there) [w](https://a.b)\n")
    assert broken_links(page) == [target]
    assert anchors(page) == {"a-b-c"}


@pytest.mark.parametrize(
    "text", ["see /some/place/x", "run `/opt/tool/bin`", "in .secret/y", "`.x1/`"]
)
def test_a_foreign_place_is_seen(tmp_path: Path, text: str) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"{text}\n")
    assert len(foreign(page)) == 1


def test_our_own_places_are_fine(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("`.venv/bin/x` `examples/packs/a.jsonl` https://a.b/c/d [a](../b/c.md) x/y/z\n")
    assert foreign(page) == []
