from __future__ import annotations

import io
import json
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from sectow_env.errors import MissingExtraError
from sectow_env.game import Episode
from sectow_env.game.picture import Picture
from sectow_env.images.typography import draw_words
from sectow_env.pool import near as module
from sectow_env.pool.duplicates import overlap
from sectow_env.pool.near import NearIndex
from sectow_env.pool.pictures import SAME, bands, look_alike, picture_hash
from sectow_env.pool.store import AttackPool
from tests.env.pool.test_store import episode

Tokens = frozenset[str]
TABLE = "CREATE TABLE attacks (id INTEGER PRIMARY KEY, cluster TEXT, tokens TEXT, sketch BLOB);"


class Indexed:
    """Sets of words in an index, and beside it."""

    def __init__(self, near: float = 0.9) -> None:
        self.database = sqlite3.connect(":memory:")
        self.database.executescript(TABLE + module.TABLES)
        self.index = NearIndex(self.database, near)
        self.sets: list[Tokens] = []

    def add(self, tokens: Tokens, cluster: str = "k") -> None:
        self.sets.append(tokens)
        row = (len(self.sets), cluster, json.dumps(sorted(tokens)), self.index.sketch(tokens))
        self.database.execute("INSERT INTO attacks VALUES (?, ?, ?, ?)", row)
        self.index.add(len(self.sets), cluster, tokens, None)

    def candidates(self, tokens: Tokens) -> list[Tokens]:
        return [other for _, other in self.index.candidates("k", tokens)]


def changed(tokens: Tokens, count: int, rng: np.random.Generator) -> Tokens:
    """Some tokens left out, some replaced."""
    kept = sorted(tokens)[count:]
    return frozenset(kept) | {f"new{at}" for at in rng.integers(0, 99, int(rng.integers(0, 9)))}


def missed(indexed: Indexed, near: float, rng: np.random.Generator, rounds: int = 300) -> int:
    """Near duplicates that the index did not give: must be 0; a checker with mutants below."""
    lost = 0
    for _ in range(rounds):
        words = rng.integers(0, 400, int(rng.integers(0, 200)))
        indexed.add(frozenset(f"w{word}" for word in words))
        base = indexed.sets[int(rng.integers(len(indexed.sets)))]
        probe = changed(base, int(rng.integers(0, 1 + len(base) // 8)), rng)
        given = indexed.candidates(probe)
        assert set(given) <= set(indexed.sets)
        lost += sum(overlap(probe, other) >= near and other not in given for other in indexed.sets)
    return lost


@pytest.mark.parametrize("near", [0.9, 0.8, 1.0])
@pytest.mark.parametrize("most", [module.MOST, 1], ids=["parts", "sketches"])
def test_no_near_duplicate_is_missed(
    monkeypatch: pytest.MonkeyPatch, near: float, most: int
) -> None:
    monkeypatch.setattr(module, "MOST", most)
    assert missed(Indexed(near), near, np.random.default_rng(0)) == 0


def test_an_index_of_too_few_parts_is_seen() -> None:
    broken = Indexed()
    broken.index._near = 0.97
    assert missed(broken, 0.9, np.random.default_rng(0)) > 0


def test_a_sketch_that_is_too_strict_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 1)
    broken = Indexed()
    monkeypatch.setattr(broken.index, "_differing", lambda size: size // 20)
    assert missed(broken, 0.9, np.random.default_rng(0)) > 0


@settings(max_examples=60)
@given(st.lists(st.frozensets(st.integers(0, 30).map(str), max_size=24), max_size=20))
def test_short_and_empty_sets_are_found_too(sets: list[Tokens]) -> None:
    indexed = Indexed()
    for tokens in sets:
        indexed.add(tokens)
    for tokens in sets:
        given = indexed.candidates(tokens)
        assert all(other in given for other in sets if overlap(tokens, other) >= 0.9)


def test_few_others_are_compared() -> None:
    rng = np.random.default_rng(0)
    indexed = Indexed()
    for _ in range(500):
        indexed.add(frozenset(f"w{word}" for word in rng.integers(0, 5000, 200)))
    assert len(indexed.candidates(indexed.sets[0])) <= 2


def test_a_template_of_many_attacks_is_compared_by_sketches(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MOST", 20)
    rng = np.random.default_rng(0)
    indexed, template = Indexed(), frozenset(f"t{at}" for at in range(107))
    for _ in range(300):
        indexed.add(template | {f"w{word}" for word in rng.integers(0, 5000, 13)})
    assert len(indexed.candidates(indexed.sets[7])) <= 2
    assert indexed.index._sketches, "they were loaded"
    indexed.add(template | {"new"})
    assert template | {"new"} in indexed.candidates(template | {"new"}), "and kept up to date"


LONG = " ".join(f"word{at}" for at in range(200))


def test_the_index_lives_with_the_pool(tmp_path: Path) -> None:
    path = tmp_path / "pool.sqlite"
    with AttackPool(path) as pool:
        pool.add([episode(LONG)], round=0)
        pool.add([episode(LONG.replace("word", "other"))], round=1)
    with AttackPool(path) as pool:
        again = [episode(f"{LONG} more"), episode(LONG.replace("word", "other") + " more")]
        assert pool.add(again, round=2).near_duplicates == 2
        assert [entry.successes for entry in pool] == [2, 2]
        assert pool.drop_round(1) == 1
        assert pool.add(again, round=3)[:3] == (1, 0, 1)
        assert pool.drop_round(2) == 0
        assert [entry.successes for entry in pool] == [2, 1], "those of round 2 are forgotten"
        left = pool._database.execute("SELECT COUNT(DISTINCT attack) FROM parts").fetchone()[0]
        assert left == 2


def test_a_failed_addition_leaves_no_sketch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST", 1)
    with AttackPool(tmp_path / "pool.sqlite") as pool:
        pool.add([episode(LONG), episode(f"{LONG} more")], round=0)

        def failing() -> Iterator[Episode]:
            yield episode(LONG + LONG.replace("word", "x"))
            raise RuntimeError("killed")

        with pytest.raises(RuntimeError, match="killed"):
            pool.add(failing(), round=1)
        assert pool.add([episode(LONG.upper())], round=1).near_duplicates == 1


def jpeg(picture: Picture, quality: int) -> Picture:
    file = io.BytesIO()
    picture.pil().save(file, "JPEG", quality=quality)
    return Picture.from_bytes(file.getvalue())


def smaller(picture: Picture) -> Picture:
    image = picture.pil()
    return Picture.from_pil(image.resize((image.width // 2, image.height // 2)))


def scene(seed: int) -> Picture:
    colors = np.random.default_rng(seed).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    return Picture.from_pil(Image.fromarray(colors).resize((200, 160), Image.Resampling.BICUBIC))


def hashed(picture: Picture) -> int:
    value = picture_hash(picture)
    assert value is not None
    return value


def test_alike_pictures_have_near_hashes_and_a_band_in_common() -> None:
    pictures = [scene(seed) for seed in range(8)]
    hashes = [hashed(picture) for picture in pictures]
    for at, picture in enumerate(pictures):
        for copy in (jpeg(picture, 50), smaller(picture), jpeg(smaller(picture), 60)):
            value = hashed(copy)
            assert [look_alike(value, other) for other in hashes] == [
                other == at for other in range(8)
            ]
            assert set(bands(value)) & set(bands(hashes[at]))


@given(st.integers(0, 2**256 - 1), st.sets(st.integers(0, 255), max_size=SAME))
def test_hashes_that_differ_little_share_a_band(value: int, flipped: set[int]) -> None:
    other = value
    for bit in flipped:
        other ^= 1 << bit
    assert look_alike(value, other)
    assert set(bands(value)) & set(bands(other))


def test_attacks_with_alike_pictures_are_near_duplicates(tmp_path: Path) -> None:
    first, other = scene(0), scene(1)
    with AttackPool(tmp_path / "pool.sqlite") as pool:
        offered = [
            (first, "admitted"),
            (jpeg(first, 60), "near_duplicates"),
            (smaller(first), "near_duplicates"),
            (other, "admitted"),
        ]
        for picture, field in offered:
            report = pool.add([episode("look", image=picture)], round=0)
            assert getattr(report, field) == 1
        report = pool.add([episode("look", image=jpeg(first, 60), cluster="other")], round=0)
        assert report.admitted == 1
        report = pool.add([episode("look", image=draw_words(("x",)), drawn="x")], round=0)
        assert report.admitted == 1
        for level in (10, 200):
            blank = Picture(np.full((64, 64, 3), level, dtype=np.uint8))
            assert picture_hash(blank) is None
            assert pool.add([episode("look", image=blank)], round=0).admitted == 1


def test_without_the_library_pictures_name_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "imagehash", None)
    with pytest.raises(MissingExtraError, match=r"sectow\[train\]"):
        picture_hash(scene(0))
