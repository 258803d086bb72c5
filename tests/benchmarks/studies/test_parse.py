"""The share of attacks that can be read: by channel, with what is missing left out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sectow_benchmarks.studies.command import app
from sectow_benchmarks.studies.parse.measure import GreyPicture, measure, playable
from sectow_env.channels import find_channel
from sectow_env.game import Attack, Scenario
from sectow_env.game.decoding import Decoding
from sectow_env.game.world import World
from sectow_env.worlds.packs.world import PackWorld

PACK = Path(__file__).parents[3] / "examples" / "packs" / "lantern_shop.jsonl"
DECODINGS = {"greedy": (Decoding(False), 1), "T = 1": (Decoding(True), 2)}
JUNK = ("Sure! I would ask nicely.", "picture: only one slot", "")


class Writer:
    """Writes a good completion for each second scenario, junk for the others."""

    def __init__(self, *, world: World, silent: bool = False) -> None:
        self.world = world
        self.silent = silent
        self.calls: list[int] = []

    def attack(self, scenarios: Sequence[Scenario]) -> list[Attack]:
        self.calls.append(len(scenarios))
        if self.silent:
            return [Attack(query="nothing was written") for _ in scenarios]
        return [
            self.world.attack(scenario, self.written(index, scenario))
            for index, scenario in enumerate(scenarios)
        ]

    def written(self, index: int, scenario: Scenario) -> str:
        channel = find_channel(str(scenario.channel))
        good = channel.write({slot.name: "a lamp" for slot in channel.slots})
        return JUNK[index % len(JUNK)] if index % 2 else good


@pytest.fixture
def world() -> PackWorld:
    return PackWorld.read(PACK).drawn_by(GreyPicture())


def test_the_share_is_of_what_was_written(world: PackWorld) -> None:
    writer = Writer(world=world)
    notes: list[str] = []
    names = ["image/typography", "image/scene"]
    rows = measure(
        writer, lambda name: playable(world, name, ["train"]), names, DECODINGS, notes.append
    )
    assert [(row.channel, row.decoding) for row in rows] == [
        (name, kind) for name in names for kind in DECODINGS
    ]
    clusters = len(playable(world, names[0], ["train"]))
    assert [row.share.n for row in rows] == [clusters, 2 * clusters] * 2
    assert {row.share.clusters for row in rows} == {clusters}
    assert rows[1].share.value == 0.5
    assert rows[1].reasons == {"unparsable": clusters}
    assert notes[1] == f"image/typography, T = 1: 0.500 of {2 * clusters} can be played"


def test_one_scenario_of_each_cluster_is_asked_for(world: PackWorld) -> None:
    chosen = playable(world, "image/list", ["train", "test"])
    clusters = [scenario.cluster for scenario in chosen]
    assert len(clusters) == len(set(clusters)) > 0
    assert {scenario.split for scenario in chosen} == {"train", "test"}


def test_what_was_not_written_is_missing_and_never_a_failure(world: PackWorld) -> None:
    writer = Writer(world=world, silent=True)
    (row,) = measure(
        writer,
        lambda name: playable(world, name, ["train"]),
        ["image/list"],
        {"greedy": DECODINGS["greedy"]},
        print,
    )
    assert not row.share.known
    assert row.share.missing == writer.calls[0]
    assert row.reasons == {}


def test_the_command_prints_a_row_per_channel_and_names_what_it_left_out(tmp_path: Path) -> None:
    arguments = ["parse", "--model", f"{__name__}:Writer", "--world", str(PACK)]
    folder = tmp_path / "a" / "b"
    done = CliRunner().invoke(app, [*arguments, "--split", "train", "--out", str(folder)])
    assert done.exit_code == 0, done.output
    page = (folder / "figures.md").read_text()
    assert "| image/list | T = 1 | 0.500 [" in page
    assert "Left out, since it needs settings: image/retrieval." in page
    assert "sectow study parse --model" in page
    figures = json.loads((folder / "figures.json").read_text())
    assert {row["channel"] for row in figures} >= {"image/flowchart", "image/scene"}


@pytest.mark.parametrize(
    ("more", "why"),
    [
        (["--split", "dev"], "a pack has no such split"),
        (["--channel", "image/lst"], "did you mean 'image/list'"),
        (["--channel", "image/retrieval"], "none is given"),
        (["--out", str(PACK)], "is not a folder"),
    ],
)
def test_what_does_not_exist_is_named_before_anything_is_loaded(more: list[str], why: str) -> None:
    arguments = ["parse", "--model", f"{__name__}:Writer", "--world", str(PACK)]
    done = CliRunner().invoke(app, [*arguments, *more])
    assert done.exit_code != 0
    assert why in f"{done.output}{done.exception}"
