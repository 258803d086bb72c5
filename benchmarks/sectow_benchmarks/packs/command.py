"""`sectow pack`: checks scenario packs, and builds them from public sources."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sectow_env.errors import ConfigError
from sectow_env.files import check_new_folder
from sectow_env.worlds.packs.command import app

if TYPE_CHECKING:
    from sectow_benchmarks.packs.card import PackCard
    from sectow_benchmarks.packs.source import Source
    from sectow_env.game import Split

SPLITS = ("train", "validation", "test")
OUT = Path("built-pack")
SHARES = "train=0.8,validation=0.1,test=0.1"
__all__ = ["app"]

Names = Annotated[
    list[str] | None,
    typer.Argument(help="redteam_2k, vlguard_train, spa_vl_train; a copy: NAME?path=FOLDER."),
]
Harmless = Annotated[
    str | None, typer.Option(help="Harmless requests: hub ID, ID@REVISION, or a folder.")
]
Answers = Annotated[
    str | None, typer.Option(help="Its column of answers, which are kept as references.")
]
Licence = Annotated[
    str | None, typer.Option(help="Its licence, for the card, as its page states it.")
]
Limit = Annotated[
    int, typer.Option(min=1, help="Most harmful, and most harmless, scenarios of a source.")
]
Channels = Annotated[str | None, typer.Option(help="Channels that write every scenario once more.")]


@app.command()
def build(  # noqa: PLR0913, PLR0917  (each is an option of the command)
    sources: Names = None,
    out: Annotated[Path, typer.Option(help="Folder of the pack, new or empty.")] = OUT,
    harmless: Harmless = None,
    harmless_split: Annotated[str, typer.Option(help="Its split.")] = "train",
    image_column: Annotated[str | None, typer.Option(help="Its column of pictures.")] = None,
    question_column: Annotated[str, typer.Option(help="Its column of questions.")] = "question",
    answer_column: Answers = None,
    harmless_licence: Licence = None,
    limit: Limit = 1000,
    seed: Annotated[int, typer.Option(help="Of the choice and of the splits.")] = 0,
    split: Annotated[str, typer.Option(help="Shares of the splits, by cluster.")] = SHARES,
    channels: Channels = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the card as JSON.")] = False,
) -> None:
    """Build a pack from public sources, without what the suites of this machine ask."""
    shares = shares_of(split)
    if not sources and harmless is None:
        raise ConfigError(
            given="no source",
            why="a pack needs at least one",
            fix="name one, such as redteam_2k, or give --harmless",
        )
    from sectow_benchmarks.packs.build import Recipe, build_pack
    from sectow_benchmarks.packs.source import check_source_names, find_source
    from sectow_benchmarks.packs.table import Table
    from sectow_env.channels.find import find_channel
    from sectow_env.display.console import print_json

    # Before anything is fetched.
    check_new_folder(out)
    check_source_names(sources or ())
    names = () if channels is None else tuple(channels.split(","))
    for name in names:
        if find_channel(name).needs_scenes:
            raise ConfigError(
                given=f"--channels {name}",
                why="it needs a renderer that makes scenes, and a pack is built without one",
                fix="leave it out; a run can attack through it, with renderer=...",
            )
    chosen: list[Source] = [find_source(spec) for spec in dict.fromkeys(sources or ())]
    if harmless is not None:
        chosen.append(
            Table(
                harmless,
                split=harmless_split,
                image=image_column,
                question=question_column,
                answer=answer_column,
                licence=harmless_licence,
            )
        )
    card = build_pack(out, chosen, Recipe(seed, limit, shares, names))
    if as_json:
        print_json(card.model_dump(mode="json"))
    else:
        _print(out, card)


def shares_of(text: str) -> dict[Split, float]:
    """Split -> share, as a user writes them.

    Raises:
        ConfigError: They are not shares of the three splits.
    """
    try:
        shares = {name: float(share) for name, share in (s.split("=") for s in text.split(","))}
    except ValueError:
        shares = {}
    fits = set(shares) <= set(SPLITS) and all(0.0 <= share <= 1e6 for share in shares.values())
    if not fits or not sum(shares.values()) > 0.0:
        raise ConfigError(
            given=f"--split {text}",
            why="it is not a list of shares of train, validation and test",
            fix=f"write --split {SHARES}",
        )
    return {name: shares[name] for name in ("train", "validation", "test") if shares.get(name)}


def _print(out: Path, card: PackCard) -> None:
    from sectow_benchmarks.packs.build import file_name
    from sectow_benchmarks.packs.card import overlap_lines
    from sectow_env.display.console import say, stdout
    from sectow_env.display.page import print_page
    from sectow_env.display.printable import one_line

    pack = card.pack
    harmless = pack.scenarios - pack.harmful
    say(f"{out / file_name(out)}: harmful {pack.harmful}, harmless {harmless}")
    for reason, count in card.left_out.items():
        say(f"  left out {count}: {one_line(reason)}")
    for channel, count in card.not_rendered.items():
        say(f"  {one_line(channel)} could not render {count}")
    print_page("\n".join(overlap_lines(card)), stdout())
