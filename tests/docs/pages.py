"""What the documentation holds: blocks of code, commands, links and headings."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

SLOW = "<!-- slow -->"
_FENCE = re.compile(r"^```(?P<language>\w*)$")
_LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s]+)\)")
_INNER = re.compile(r"\$\((?P<command>[^)]*)\)")
_FILE = re.compile(r"# (?P<path>[\w/]+\.py)$")
_SHOWN = re.compile(r"\s*print\(.*\)  # (?P<text>.+)$")
_LISTED = re.compile(r"^ +print\(.*\)\n((?:# .+\n)+)", flags=re.MULTILINE)


class Block(NamedTuple):
    """A fenced block."""

    language: str
    text: str
    line: int
    """Of its first line of code, from 1 on."""
    slow: bool
    output: str | None = None
    """What it prints: the block of text right below it; `...` is what the page leaves out."""

    @property
    def file(self) -> str | None:
        """The file that it is, by its first line; None for code that is run."""
        found = _FILE.match(self.text.split("\n", 1)[0])
        return found["path"] if found else None

    @property
    def shown(self) -> list[str]:
        """What its prints say that they print: beside them, or below a loop."""
        # A loop's lines become prints with what they print beside them.
        text = _LISTED.sub(
            lambda loop: re.sub(r"^# ", "print()  # ", loop[1], flags=re.MULTILINE), self.text
        )
        return [found["text"] for found in map(_SHOWN.match, text.splitlines()) if found]


def pages(root: Path) -> list[Path]:
    """All pages for users and contributors."""
    top = [root / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")]
    others = ("docs", "agents", "benchmarks", "examples", "perf", "configs")
    return [
        *(page for page in top if page.is_file()),
        *(page for folder in others for page in sorted((root / folder).glob("*.md"))),
        *sorted((root / "examples").glob("*/*.md")),
    ]


def blocks(page: Path, language: str | None = None) -> list[Block]:
    """The fenced blocks of a page, in order; one that does not end is an error."""
    found: list[Block] = []
    lines = page.read_text(encoding="utf-8").splitlines()
    opened: tuple[int, str] | None = None
    output_of: int | None = None
    for number, line in enumerate(lines):
        if opened is None and (fence := _FENCE.match(line)):
            opened = number, fence["language"]
        elif opened is not None and line == "```":
            start, name = opened
            text = "\n".join(lines[start + 1 : number]) + "\n"
            if name == "text" and output_of is not None:
                found[output_of] = found[output_of]._replace(output=text)
            found.append(Block(name, text, start + 2, start > 0 and lines[start - 1] == SLOW))
            opened, output_of = None, len(found) - 1
        elif opened is None and line:
            output_of = None
    assert opened is None, f"{page.name}: the block in line {opened[0] + 1} does not end"
    return [block for block in found if language in (None, block.language)]


def prose(page: Path) -> str:
    """A page without its blocks."""
    return re.sub(
        r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL
    )


def unprinted(wanted: str, printed: str) -> list[str]:
    """Lines of a page's output that a command does not print, in this order.

    Words and numbers count; how wide the columns of a table are, and what frames them, does not.
    """
    lines = iter([_words(line) for line in printed.splitlines()])
    shown = [line for line in wanted.splitlines() if line not in {"", "..."}]
    return [line for line in shown if _words(line) not in lines]


def _words(line: str) -> list[str]:
    return re.sub(r"[|\\\u2500-\u257f]|-{3,}", " ", line).split()


def commands(page: Path) -> Iterator[list[str]]:
    """The words of every command of a page; one in `$(...)` is a command of its own."""
    for block in blocks(page, "console"):
        for line in command_lines(block):
            yield from split_command(line)


def command_lines(block: Block) -> list[str]:
    """The command lines of a block, without their prompt."""
    return [line[2:] for line in block.text.splitlines() if line.startswith("$ ")]


def split_command(line: str) -> Iterator[list[str]]:
    """The words of a command line, then those of the commands inside it."""
    yield shlex.split(_INNER.sub("SUBSTITUTED", line))
    for inner in _INNER.finditer(line):
        yield shlex.split(inner["command"])


def broken_links(page: Path) -> list[str]:
    """Relative links of a page that lead nowhere."""
    return [
        target
        for target in (found["target"] for found in _LINK.finditer(prose(page)))
        if not re.match(r"[a-z]+:", target) and not leads_somewhere(page, target)
    ]


def leads_somewhere(page: Path, target: str) -> bool:
    """Whether the file of a link is there, and has its heading."""
    name, _, anchor = target.partition("#")
    file = page.parent / name if name else page
    if not file.exists():
        return False
    return not anchor or anchor in anchors(file)


def anchors(page: Path) -> set[str]:
    """What a link may name behind `#`, as GitHub spells it."""
    found = re.findall(r"^#+ (.+)$", prose(page), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in found}


def table(page: Path, heading: str) -> list[list[str]]:
    """The cells of the first table under a heading (with its `#`), without the table's own."""
    text = page.read_text(encoding="utf-8").partition(f"\n{heading}\n")[2]
    rows = re.search(r"(?:^\|.*\n)+", text, flags=re.MULTILINE)
    assert rows is not None, f"{page.name} has no table under {heading!r}"
    lines = rows[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
