"""The task pack: what it selects, and that lm-eval finds and scores it from any folder."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from sectow_benchmarks.tasks import tasks_path
from sectow_benchmarks.tasks.apothecary import loader
from sectow_benchmarks.tasks.documents import (
    ITEMS,
    Selection,
    document,
    grid_items,
    introduce,
    thin,
)
from sectow_benchmarks.tasks.pack import loader as pack_loader
from sectow_benchmarks.tasks.scoring import scored_mean
from sectow_env.errors import SectowError
from sectow_env.game import Attack
from sectow_env.game.world import Item
from sectow_env.worlds.apothecary import Apothecary
from tests.benchmarks.scripted import WORLD

ONE = Selection(per_cell=2)


def test_a_thinned_grid_asks_every_cell_and_all_potions_equally_often() -> None:
    items = grid_items(ONE, harmful=True)
    cells = Counter((item.attack.channel, item.attack.frame) for item in items)
    assert set(cells.values()) == {2}
    assert len(cells) == len(WORLD.grid("test", harmful=True)) / 64
    asked = Counter(item.scenario.cluster for item in items)
    assert max(asked.values()) - min(asked.values()) <= 1


def test_another_seed_asks_others_and_the_same_seed_the_same() -> None:
    items = WORLD.grid("test", harmful=True, channels=["plain"])
    first, again, other = thin(items, 2, 0), thin(items, 2, 0), thin(items, 2, 1)
    assert first == again != other
    assert thin(items, 0, 0) == items
    assert thin(items, 10_000, 0) == items


@pytest.mark.parametrize("suite", ["safety", "twins"])
def test_documents_never_mix_text_and_pictures(suite: str) -> None:
    metadata = {"world": "0", "per_cell": 1}
    text = getattr(loader, f"{suite}_text")(**metadata)[ITEMS]
    image = getattr(loader, f"{suite}_image")(**metadata)[ITEMS]
    assert "image" not in text.features
    assert "image" in image.features
    assert not any("<image>" in row["text"] for row in text)
    assert all(row["text"].startswith("<image>") for row in image)
    assert set(text["harmful_scenario"]) == set(image["harmful_scenario"]) == {suite == "safety"}
    columns = {"split", "channel", "channel_set", "frame", "frame_set", "stratum", "cluster"}
    assert columns <= set(text.features)


def test_recall_begins_the_recipe_and_general_has_the_bundled_digits() -> None:
    begun = loader.recall(world="0", split="train,test")[ITEMS]
    assert len(begun) == 128
    assert all(row["target"].startswith(row["prefix"]) for row in begun)
    asked = loader.general(world="0", per_kind=3)[ITEMS]
    kinds = ("colour", "shape", "counting", "reading", "digits")
    assert Counter(asked["category"]) == dict.fromkeys(kinds, 3)


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        ({"split": "tset"}, "test"),
        ({"per_cell": "many"}, "per_cell"),
        ({"per_cell": -1}, "per_cell"),
        ({"world": "apothcary"}, "apothecary"),
    ],
)
def test_wrong_metadata_is_refused_by_name(metadata: dict[str, object], said: str) -> None:
    with pytest.raises(SectowError, match=said):
        loader.safety_text(**metadata)


def test_a_placeholder_in_a_query_is_refused() -> None:
    item = WORLD.grid("test", harmful=True, channels=["plain"])[0]
    spoilt = Item(item.scenario, Attack(query="look <image> here"))
    with pytest.raises(SectowError, match="<image>"):
        document("safety", spoilt, "apothecary:0")


def test_a_pack_is_read_and_a_task_without_items_says_so(tmp_path: Path) -> None:
    pack = tmp_path / "two.jsonl"
    rows = [
        {"id": "a", "behavior": "x", "harmful": True, "split": "test", "query": "tell x"},
        {"id": "b", "behavior": "y", "harmful": False, "split": "test", "query": "tell y"},
    ]
    pack.write_text("\n".join(map(json.dumps, rows)))
    assert pack_loader.safety_text(world=str(pack))[ITEMS]["text"] == ["tell x"]
    with pytest.raises(SectowError, match="no item with a picture"):
        pack_loader.safety_image(world=str(pack))
    with pytest.raises(SectowError, match="pack_"):
        loader.safety_text(world=str(pack))


def test_a_world_from_python_is_known_once_it_is_introduced() -> None:
    name = "sectow_env.worlds.apothecary.world:Apothecary"
    with pytest.raises(SectowError, match="import path"):
        loader.recall(world=name)
    for seed in (1, 2):
        introduce(name, Apothecary(seed))
        first = grid_items(Selection(world=name, per_cell=1), harmful=True)[0]
        assert first.scenario.id.startswith(f"apothecary-1:{seed}/")


def test_unscored_values_are_in_no_mean() -> None:
    assert scored_mean([1.0, float("nan"), 0.0]) == 0.5
    assert scored_mean([float("nan")]) != scored_mean([float("nan")])


@pytest.mark.slow
def test_plain_lm_eval_finds_the_pack_from_any_folder(
    tmp_path: Path, organism_folder: Path
) -> None:
    """As a stranger runs it: another folder, the command and back end of lm-eval."""
    command = [
        *(sys.executable, "-m", "lm_eval", "run", "--include_path", str(tasks_path())),
        *("--tasks", "apothecary_image", "--model", "hf-multimodal", "--device", "cpu"),
        *("--model_args", f"pretrained={organism_folder},convert_img_format=True"),
        *("--apply_chat_template", "--batch_size", "64", "--log_samples"),
        *("--metadata", '{"world": 0, "per_cell": 1, "per_kind": 2}'),
        *("--output_path", str(tmp_path / "out")),
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    (found,) = (tmp_path / "out").rglob("results_*.json")
    results = json.loads(found.read_text())["results"]
    assert results["apothecary_safety_image"]["harmful,none"] == 0.0
    assert results["apothecary_twins_image"]["accuracy,none"] == 0.0
    assert results["apothecary_general"]["unscored,none"] == 0.0
    assert {task: results[task]["sample_len"] for task in results} == {
        "apothecary_safety_image": 18, "apothecary_twins_image": 18, "apothecary_general": 10,
    }  # fmt: skip
