"""`sectow study parse`: the share of a model's attacks that can be read, by channel."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sectow_benchmarks.board.markdown import md_safe, shown, table, yes
from sectow_benchmarks.studies.options import AsJson, publish
from sectow_env.channels import channel_names, find_channel
from sectow_env.display.console import note
from sectow_env.errors import ConfigError
from sectow_env.files import check_new_folder
from sectow_env.game import SPLITS
from sectow_env.resolve.names import check_names

if TYPE_CHECKING:
    from sectow_benchmarks.studies.parse.measure import ParseRow

MAX_NEW_TOKENS = 96
HEAD = """# Attacks that can be read

Printed by `{command}` on {machine}. The model is asked by each channel's own request, before any
training, and writes up to {tokens} tokens. An attack counts that can be read and played. The pack's
splits {splits} are asked for, one scenario of each cluster. Floor, declared before the run: {floor}
at temperature 1. Pictures that a renderer would make are grey here, since only reading is measured.
"""
LEFT_OUT = "\n\nLeft out, since it needs settings: {channels}. Name it by `--channel`."


def parse(
    model: Annotated[str, typer.Option(help="An attacker: a folder, a hub id or another spec.")],
    world: Annotated[Path, typer.Option(help="A scenario pack, JSONL.")],
    channel: Annotated[
        list[str] | None,
        typer.Option(help="A channel for packs; may be given several times. Default: all."),
    ] = None,
    split: Annotated[
        list[str] | None, typer.Option(help="Of the pack; may be given several times.")
    ] = None,
    samples: Annotated[
        int, typer.Option(min=1, help="Completions of each scenario at temperature 1.")
    ] = 2,
    seed: Annotated[int, typer.Option(min=0, help="Of the draws.")] = 0,
    out: Annotated[Path | None, typer.Option(help="Folder for the page and figures.")] = None,
    as_json: AsJson = False,
) -> None:
    """Ask a model for attacks through every channel for packs, and count those that can be read."""
    splits = split or ["test"]
    if unknown := set(splits) - set(SPLITS):
        raise ConfigError(
            given=f"--split {unknown.pop()}",
            why="a pack has no such split",
            fix=f"choose from {', '.join(SPLITS)}",
        )
    check_names(attackers=[model])
    channels, left_out = _channels(channel)
    if out is not None:
        check_new_folder(out, {"figures.md", "figures.json"})
        out.mkdir(parents=True, exist_ok=True)
    note(f"asking {model} for attacks through {len(channels)} channels")
    rows = _measured(model, world, channels, splits, samples, seed)
    options = [
        *(part for name in channel or () for part in ("--channel", name)),
        *(part for name in splits for part in ("--split", name)),
        *("--samples", str(samples), "--seed", str(seed)),
    ]
    command = shlex.join(
        ["sectow", "study", "parse", "--model", model, "--world", str(world), *options]
    )
    page = _page(rows, command, splits, left_out)
    publish(page, [row.to_json() for row in rows], out, as_json)


def _channels(given: list[str] | None) -> tuple[list[str], list[str]]:
    """The channels that are asked for, and the registered ones that cannot be without settings."""
    if given:
        for name in given:
            find_channel(name)
        return given, []
    channels, left_out = [], []
    for name in channel_names():
        try:
            find_channel(name)
        except ConfigError:
            left_out.append(name)
        else:
            channels.append(name)
    return channels, left_out


def _measured(
    model: str,
    world: Path,
    channels: list[str],
    splits: list[str],
    samples: int,
    seed: int,
) -> list[ParseRow]:
    from sectow_benchmarks.studies.parse.measure import GreyPicture, measure, playable
    from sectow_env.game.decoding import Decoding
    from sectow_env.resolve.parts import find_attacker
    from sectow_env.worlds.packs.world import PackWorld

    pack = PackWorld.read(world).drawn_by(GreyPicture())
    decodings = {
        "greedy": (Decoding(False, 1.0, MAX_NEW_TOKENS, seed), 1),
        "T = 1": (Decoding(True, 1.0, MAX_NEW_TOKENS, seed), samples),
    }
    attacker = find_attacker(model, pack)
    return measure(attacker, lambda name: playable(pack, name, splits), channels, decodings, note)


def _page(rows: list[ParseRow], command: str, splits: list[str], left_out: list[str]) -> str:
    from sectow_benchmarks.results.provenance import machine
    from sectow_benchmarks.studies.parse.measure import FLOOR

    lines = [
        (
            md_safe(row.channel),
            row.decoding,
            shown(row.share),
            yes(row.share.value >= FLOOR) if row.decoding != "greedy" and row.share.known else "",
            ", ".join(f"{reason} {count}" for reason, count in row.reasons.items()) or "-",
        )
        for row in rows
    ]
    head = HEAD.format(
        tokens=MAX_NEW_TOKENS,
        command=command,
        machine=machine(),
        splits=", ".join(splits),
        floor=FLOOR,
    )
    heads = ("channel", "drawn", "can be played", f"at least {FLOOR}", "why not")
    page = "\n".join([head, *table(heads, lines)])
    return page + (LEFT_OUT.format(channels=", ".join(left_out)) if left_out else "") + "\n"
