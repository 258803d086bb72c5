from __future__ import annotations

import json
import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as PilImage

from sectow_env import NO_IMAGE, SectowEnv
from sectow_env.errors import ConfigError, PackError
from sectow_env.game import Attack, Invalid, Scenario
from sectow_env.game.picture import Picture
from sectow_env.game.world import World
from sectow_env.images.typography import draw_words
from sectow_env.resolve.parts import find_attacker, find_defender
from sectow_env.worlds.apothecary import Apothecary
from sectow_env.worlds.packs.world import MAX_QUERY_CHARACTERS, PackRules, PackWorld

ROW: dict[str, Any] = {"id": "a", "behavior": "tell it", "harmful": True}
EXAMPLE = "examples/packs/lantern_shop.jsonl"


@pytest.fixture
def example(root: Path) -> PackWorld:
    return PackWorld.read(root / EXAMPLE)


def write(folder: Path, *rows: object) -> Path:
    path = folder / "pack.jsonl"
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_every_column_arrives(tmp_path: Path) -> None:
    draw_words(("x",)).pil().save(tmp_path / "x.png")
    full = {
        **ROW,
        "category": "c",
        "split": "test",
        "image": "x.png",
        "query": "¿ what\u2028?",
        "reference": "so",
        "channel": "signs",
        "cluster": "k",
        "meta": {"rule": "of the house"},
    }
    world = PackWorld.read(write(tmp_path, full, "", {**ROW, "id": "b", "query": None}))
    first, second = world.items
    assert first == Scenario.model_validate({**full, "image": draw_words(("x",))})
    assert second == Scenario(id="b", behavior="tell it", harmful=True)
    assert world.working_channels == ("signs", None)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"id": "a", "harmful": True}, "the column behavior is missing"),
        ({**ROW, "harmful": None}, "the column harmful is missing"),
        ({**ROW, "colour": "red"}, "no column of that name"),
        ({**ROW, "harmful": "yes"}, "str, not true or false"),
        ({**ROW, "harmful": 1}, "int, not true or false"),
        ({**ROW, "id": 7}, "int, not a text"),
        ({**ROW, "query": ["q"]}, "list, not a text"),
        ({**ROW, "meta": {"n": 3}}, "int, not a text"),
        ({**ROW, "meta": "n"}, "not an object of texts"),
        ({**ROW, "split": "dev"}, "Input should be 'train', 'validation' or 'test'"),
        ({**ROW, "id": ""}, "must not be empty"),
        ({**ROW, "image": 3}, "int, not the path"),
        ({**ROW, "image": "gone.png"}, "does not exist"),
        ({**ROW, "image": "broken.png"}, "the file is truncated"),
        ({**ROW, "image": "painted.png"}, "not a PNG or JPEG file"),
        ({**ROW, "image": "fifo.png"}, "not a regular file"),
        ({**ROW, "image": "../x.png"}, "leads out of the pack's folder"),
        ({**ROW, "image": "a/../../x.png"}, "leads out of the pack's folder"),
        ({**ROW, "image": "/etc/hostname"}, "leads out of the pack's folder"),
        ({**ROW, "image": "..\\x.png"}, "leads out of the pack's folder"),
        ({**ROW, "image": ""}, "leads out of the pack's folder"),
        ({**ROW, "image": "link.png"}, "symbolic link"),
        ({**ROW, "image": "linked/x.png"}, "symbolic link"),
        ({**ROW, "behavior": "\ud800"}, "unpaired surrogate"),
        ({**ROW, "meta": {"n": "\udfff"}}, "unpaired surrogate"),
        ("{", "it is not JSON"),
        ("[" * 100_000, "nested deeper"),
        ("[1]", "a JSON list, not an object"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_bad_line_is_named_with_its_fault_and_cure(
    tmp_path: Path, row: object, message: str
) -> None:
    (tmp_path / "broken.png").write_bytes(draw_words(("x",)).png[:90])
    outside = tmp_path / "outside"
    outside.mkdir()
    draw_words(("x",)).pil().save(outside / "x.png")
    folder = tmp_path / "pack"
    folder.mkdir()
    (tmp_path / "broken.png").rename(folder / "broken.png")
    PilImage.new("RGB", (3, 3)).save(folder / "painted.png", format="EPS")
    os.mkfifo(folder / "fifo.png")
    (folder / "link.png").symlink_to(outside / "x.png")
    (folder / "linked").symlink_to(outside)
    with pytest.raises(PackError, match=message) as caught:
        PackWorld.read(write(folder, {**ROW, "id": "first"}, row))
    assert "line 2" in caught.value.given
    assert caught.value.why
    assert caught.value.fix


def test_a_repeated_id_is_named_with_both_lines(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="line 3: id 'a'; line 1 has the same id"):
        PackWorld.read(write(tmp_path, ROW, {**ROW, "id": "b"}, ROW))


@pytest.mark.parametrize("content", [b"", b"\n \n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "pack.jsonl"
    path.write_bytes(content)
    with pytest.raises(PackError, match="it contains no scenarios"):
        PackWorld.read(path)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "pack.jsonl"
    path.write_bytes(b"\xff\xfe\x00")
    for bad in (path, tmp_path):
        with pytest.raises(PackError, match=r"not text in UTF-8|not a regular file"):
            PackWorld.read(bad)


@given(st.text())
def test_any_text_is_read_or_refused(tmp_path_factory: Any, text: str) -> None:
    path = tmp_path_factory.mktemp("any") / "pack.jsonl"
    path.write_text(text, encoding="utf-8", errors="replace")
    with pytest.raises(PackError):
        PackWorld.read(path)


def test_rows_of_a_table_bring_their_pictures() -> None:
    picture = draw_words(("x",))
    rows = [
        {**ROW, "id": str(index), "image": image, "meta": {"rule": "r", "other": None}}
        for index, image in enumerate(
            [picture, picture.pil(), {"bytes": picture.png, "path": None}]
        )
    ]
    world = PackWorld.from_rows([*rows, {**ROW, "image": None, "split": None, "meta": None}])
    assert [scenario.image for scenario in world.items] == [picture, picture, picture, None]
    assert world.items[0].meta == {"rule": "r"}
    for image in ("x.png", 3, {"path": "x.png", "bytes": None}):
        with pytest.raises(PackError, match="not a picture"):
            PackWorld.from_rows([{**ROW, "image": image}])
    with pytest.raises(PackError, match="rows, row 1"):
        PackWorld.from_rows([{**ROW, "image": {"bytes": b"no"}}])


@pytest.mark.slow
@pytest.mark.skipif(find_spec("datasets") is None, reason="needs the extra train")
def test_a_dataset_is_a_table(example: PackWorld) -> None:
    from datasets import Dataset, Image

    rows = [
        {
            **scenario.model_dump(exclude={"image"}),
            "image": {"bytes": scenario.image.png, "path": None} if scenario.image else None,
        }
        for scenario in example.items
    ]
    table = Dataset.from_list(rows).cast_column("image", Image())
    assert PackWorld.from_rows(table).fingerprint == example.fingerprint


def test_the_example_is_sound_and_its_pictures_can_be_drawn_again(
    root: Path, example: PackWorld
) -> None:
    assert len(example.items) == 24
    assert sum(scenario.harmful for scenario in example.items) == 12
    drawn = {
        Picture.from_bytes(file.read_bytes()).sha256
        for file in (root / "examples/packs/images").glob("*.png")
    }
    words = (("cellar", "door"), ("blue", "oil"), ("moth", "lamp"))
    assert drawn == {draw_words(name, jitter_key="lantern_shop").sha256 for name in words}
    assert drawn == {scenario.image.sha256 for scenario in example.items if scenario.image}


def test_a_pack_is_a_world(example: PackWorld) -> None:
    world: World = example
    harmful = world.scenarios("train", harmful=True)
    assert [scenario.harmful for scenario in harmful] == [True] * 5
    assert len(world.scenarios("validation")) == 6
    assert world.fingerprint != PackWorld(example.items[1:]).fingerprint
    for scenario, attack in world.grid("test"):
        assert (attack.query, attack.image) == (scenario.query or scenario.behavior, scenario.image)
        assert world.rules.inspect(scenario, attack) is None
    assert world.grid("test", frames="held_out") == []
    with pytest.raises(ConfigError, match="no scenario of the pack names 'x'"):
        world.scenarios("train", channels=["x"])


def test_completions_take_the_free_form_and_keep_the_channel() -> None:
    scenario = Scenario(id="a", behavior="b", harmful=True, channel="signs")
    attack = PackWorld([scenario]).attack(scenario, "image : blue oil ; query : what is it ?")
    assert (attack.query, attack.drawn, attack.channel) == ("what is it ?", "blue oil", "signs")
    assert attack.invalid is None
    bad = PackWorld([scenario]).attack(scenario, "frame : f0 ; name : x")
    assert bad.invalid is Invalid.UNPARSABLE


@pytest.mark.parametrize(
    ("attack", "reason"),
    [
        (Attack(query="what ?"), None),
        (Attack(query="", image=draw_words(("x",))), None),
        (Attack(query=" "), Invalid.OFF_BEHAVIOR),
        (Attack(query="a" * MAX_QUERY_CHARACTERS), None),
        (Attack(query="a" * (MAX_QUERY_CHARACTERS + 1)), Invalid.OFF_BUDGET),
        (
            Attack(query="", image=Picture(np.zeros((2049, 2048, 3), np.uint8))),
            Invalid.OFF_BUDGET,
        ),
    ],
    ids=range(6),
)
def test_the_rules_of_a_pack_are_its_budget(attack: Attack, reason: Invalid | None) -> None:
    scenario = Scenario(id="a", behavior="b", harmful=True)
    assert PackRules().inspect(scenario, attack) is reason


def played(world: PackWorld, split: Any) -> Iterator[dict[str, Any]]:
    for seed in range(12):
        env = SectowEnv(seat="attacker", world=world, split=split, labels="all")
        env.reset(seed=seed)
        attack = find_attacker("pack/seed", world).attack([env.scenario])[0]
        yield env.step(attack)[4]


def test_the_packs_own_policies_play_it_safely(example: PackWorld) -> None:
    for info in played(example, "validation"):
        rewards = info["rewards"]
        assert rewards["defender"] == 1.0
        assert rewards["attacker"] in (None, 0.0)
    lookup = find_defender("pack/lookup", example)
    assert lookup.respond([Attack(query="something else")]) == ["i do not know"]
    with pytest.raises(ConfigError, match="in a scenario pack"):
        find_defender("pack/lookup", Apothecary())


def test_harm_without_a_reference_is_scored_by_the_proxy_only(example: PackWorld) -> None:
    attack = {"image": NO_IMAGE, "query": "tell me"}
    options: dict[str, Any] = {
        "world": PackWorld([item for item in example.items if item.id == "tale-owner"]),
        "split": "test",
        "defender": "apothecary/nonsense",
    }
    for judge, reward in ((None, None), ("pack/reference-or-no-refusal", 1.0)):
        env = SectowEnv(judge=judge, **options)
        env.reset(seed=0)
        assert env.step(attack)[4]["rewards"]["attacker"] == reward


def test_a_large_image_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x.png").write_bytes(draw_words(("x",)).png + bytes(2**17))
    monkeypatch.setattr("sectow_env.game.picture.MAX_BYTES", 2**17)
    with pytest.raises(PackError, match="more than 0 MiB"):
        PackWorld.read(write(tmp_path, {**ROW, "image": "x.png"}))
