"""The card of a built pack: where it is from, what was left out, and what could not be checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from sectow_benchmarks.board.markdown import md_safe, table
from sectow_benchmarks.overlap import KINDS, Checked, Kind
from sectow_benchmarks.packs.source import Facts
from sectow_env.game import Frozen
from sectow_env.worlds.packs.command import PackSummary

WARNING = (
    "**Its harmful half is harmful.** It is training data for defences: keep it private, and under "
    "the licences below."
)
UNKNOWN = "**Not checked, so nothing is known of the overlap with them:** {}."


class PackCard(Frozen):
    """`card.json` of a built pack."""

    format: Literal["sectow-built-pack-1"] = "sectow-built-pack-1"
    version: str
    """Of this program."""
    created: str
    seed: int
    limit: int | None
    shares: dict[str, float]
    channels: tuple[str, ...]
    sources: tuple[Facts, ...]
    taken: dict[str, int]
    """`SOURCE/harmful` or `SOURCE/harmless` -> scenarios, without those of channels."""
    left_out: dict[str, int]
    not_rendered: dict[str, int]
    removed: dict[str, dict[Kind, int]]
    """Suite -> requests that were left out since it asks the same."""
    checked: dict[str, Checked]
    unchecked: dict[str, str]
    """Suite -> why nothing is known of the overlap with it."""
    pack: PackSummary


def readme(card: PackCard) -> str:
    """The card for people, in Markdown."""
    return "\n".join(_lines(card)) + "\n"


def _lines(card: PackCard) -> Iterator[str]:
    pack = card.pack
    yield from (f"# {md_safe(pack.pack)}", "", WARNING, "")
    yield f"- scenarios: {pack.scenarios}, harmful {pack.harmful}, with a picture {pack.images}"
    yield f"- splits: {_counts(pack.splits)}"
    yield f"- fingerprint: {pack.fingerprint}"
    yield f"- made: {card.created} by sectow {card.version}, seed {card.seed}"
    if card.channels:
        yield f"- written once more by channels: {md_safe(', '.join(card.channels))}"
    yield from ("", "## Sources", "")
    rows = [
        (
            each.title,
            each.where,
            each.revision,
            each.licence or "none stated: do not redistribute",
            str(card.taken.get(f"{each.name}/harmful", 0)),
            str(card.taken.get(f"{each.name}/harmless", 0)),
        )
        for each in card.sources
    ]
    columns = ("source", "from", "revision", "licence", "harmful", "harmless")
    yield from table(columns, rows, escape=True)
    for what, counted in (("Left out", card.left_out), ("Not rendered", card.not_rendered)):
        if counted:
            yield from ("", f"{what}: {_counts(counted)}.")
    yield from ("", "## Overlap with suites", "")
    yield from overlap_lines(card)


def overlap_lines(card: PackCard) -> Iterator[str]:
    """What was left out because a suite asks the same, and which suites are unknown."""
    rows = [
        (
            name,
            str(checked.items),
            *(str(card.removed.get(name, {}).get(kind, 0)) for kind in KINDS),
            str(checked.unread),
        )
        for name, checked in card.checked.items()
    ]
    columns = ("suite", "items", *KINDS, "items without their picture")
    if rows:
        yield from table(columns, rows, escape=True)
        yield ""
    if card.unchecked:
        words = (f"{name} ({why})" for name, why in card.unchecked.items())
        yield UNKNOWN.format(md_safe(", ".join(words)))


def _counts(counted: Mapping[str, int]) -> str:
    return ", ".join(f"{md_safe(name)} {count}" for name, count in counted.items())
