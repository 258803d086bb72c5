"""The page about suites: its table is the command's, and the suite that it shows works."""

from __future__ import annotations

import importlib
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sectow_benchmarks.api import evaluate
from sectow_benchmarks.suites.cards import abouts, table
from sectow_env.commands.main import main
from tests.benchmarks.suites.replicas import siuo
from tests.docs.pages import blocks

LONGEST = 60


@pytest.fixture
def installed(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The page's package, and a replica of the data where `sectow suites get` would put them."""
    page, site = root / "docs" / "suites.md", tmp_path / "site"
    (code,) = (block for block in blocks(page, "python") if block.file is not None)
    assert code.text.count("\n") <= LONGEST
    assert code.file is not None
    (site / code.file).parent.mkdir(parents=True)
    (site / code.file).write_text(code.text)
    (project,) = (tomllib.loads(block.text)["project"] for block in blocks(page, "toml"))
    ((group, entries),) = project["entry-points"].items()
    ((name, path),) = entries.items()
    info = site / "my_suites-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.4\nName: {project['name']}\nVersion: 1\n")
    (info / "entry_points.txt").write_text(f"[{group}]\n{name} = {path}\n")
    monkeypatch.setenv("SECTOW_DATA", str(tmp_path / "data"))
    siuo.write(tmp_path / "data" / name)
    monkeypatch.syspath_prepend(site)
    importlib.invalidate_caches()
    yield tmp_path
    for module in [each for each in sys.modules if each.partition(".")[0] == "my_suites"]:
        del sys.modules[module]


def sectow(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["suites", *arguments])
    return int(ended.value.code or 0)


def test_the_table_is_what_the_command_prints(root: Path) -> None:
    text = (root / "docs" / "suites.md").read_text(encoding="utf-8")
    _, _, rest = text.partition("<!-- suites: begin -->\n")
    shown, _, _ = rest.partition("<!-- suites: end -->")
    assert shown.splitlines() == list(table(list(abouts().values()), local=False))


def test_the_suite_of_the_page_is_listed_verified_and_asked(
    installed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sectow("list") == 0
    assert "my_siuo" in capsys.readouterr().out
    assert sectow("show", "my_siuo") == 0
    assert "My SIUO" in capsys.readouterr().out
    assert sectow("verify", "my_siuo") == 0
    assert "my_siuo has nothing to compare with" in capsys.readouterr().out
    assert sectow("verify", "my_siuo") == 0
    assert "my_siuo is as its lock says: safety 3; 4 files" in capsys.readouterr().out
    few: dict[str, Any] = {"splits": ("test",), "decodings": ("greedy",)}
    suites = ["my_siuo?mini=true"]
    loaded = evaluate("apothecary/refuse_all", suites=suites, out=installed / "run", **few)
    figures = loaded.figures.set_index("figure")["value"]
    assert figures["my_siuo_mini/asr"] == 0.0
