"""The page about models: its table is the records', and all that it says was tried is."""

from __future__ import annotations

from pathlib import Path

from sectow_agents.models.families import table
from tests.agents.families.every import EVERY


def test_the_table_is_made_of_the_records(root: Path) -> None:
    text = (root / "docs" / "models.md").read_text(encoding="utf-8")
    _, _, rest = text.partition("<!-- families: begin -->\n")
    shown, _, _ = rest.partition("<!-- families: end -->")
    assert shown.splitlines() == table()


def test_all_that_were_tried_are_named(root: Path) -> None:
    page = (root / "docs" / "models.md").read_text(encoding="utf-8")
    tried = page.partition("## What was tried")[2].partition("\n\n")[2].partition("\n\n")[0]
    plain = tried.lower().replace("-", "").replace(".", "").replace(" ", "")
    for name in EVERY:
        assert name.replace("_", "").removesuffix("hf") in plain, name
