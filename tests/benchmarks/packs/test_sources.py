"""Every source of packs, read from a replica in its own layout, and from broken ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sectow_benchmarks.packs.source import SOURCES, find_source
from sectow_benchmarks.packs.table import Table
from sectow_benchmarks.suites.fetched import AS_GIVEN
from sectow_env.errors import ConfigError, UnknownNameError
from tests.benchmarks.packs.replicas import REPLICAS, scene, write_table

NAMES = tuple(REPLICAS)
COLUMNS = [(name, column) for name, each in REPLICAS.items() for column in each.columns]


def test_every_source_has_a_replica() -> None:
    assert set(SOURCES.names()) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_it_is_read_from_its_own_layout(name: str, tmp_path: Path) -> None:
    replica = REPLICAS[name]
    replica.write(tmp_path, None)
    source = find_source(f"{name}?path={tmp_path}")
    records = list(source.records())
    roles = [record.role for record in records]
    assert (roles.count("safety"), roles.count("over_refusal")) == replica[1:3]
    assert len({record.id for record in records}) == len(records)
    assert set(roles) == set(source.about.roles)
    shown = {record.picture is not None for record in records}
    assert shown == {"text": {False}, "picture": {True}}[source.about.shown]
    assert all(record.picture is None or record.picture() for record in records)
    assert source.facts().revision == AS_GIVEN


@pytest.mark.parametrize(("name", "column"), COLUMNS)
def test_another_layout_is_refused_by_name(name: str, column: str, tmp_path: Path) -> None:
    REPLICAS[name].write(tmp_path, column)
    with pytest.raises(ConfigError) as caught:
        list(find_source(f"{name}?path={tmp_path}").records())
    assert column in str(caught.value)


def test_what_harmless_requests_teach_is_their_reference(tmp_path: Path) -> None:
    REPLICAS["vlguard_train"].write(tmp_path, None)
    records = list(find_source(f"vlguard_train?path={tmp_path}").records())
    assert {record.reference for record in records if record.role == "over_refusal"} == {"Tea."}
    assert {record.reference for record in records if record.role == "safety"} == {None}


def test_an_unknown_source_is_an_error() -> None:
    with pytest.raises(UnknownNameError, match="redteam_2k"):
        find_source("redteam2k")


def test_a_table_of_any_columns_gives_harmless_requests(tmp_path: Path) -> None:
    write_table(tmp_path)
    table = Table(str(tmp_path), image="picture", question="text", answer="reply")
    first, *others = table.records()
    assert (first.id, first.role, first.reference) == ("0", "over_refusal", "Green.")
    assert first.query == "Which color has basket 0 of the market?"
    assert first.picture is not None
    assert first.picture().png
    assert len({first.cluster, *(record.cluster for record in others)}) == 5
    assert [record.id for record in table.records()] == [str(number) for number in range(5)]
    words_alone = Table(str(tmp_path), question="text")
    assert {record.picture for record in words_alone.records()} == {None}


def test_a_row_without_a_question_does_not_lose_the_others(tmp_path: Path) -> None:
    rows = [{"ask": "what is a lamp?"}, {"ask": None}, {"ask": ""}]
    (tmp_path / "train.jsonl").write_text("\n".join(map(json.dumps, rows)))
    table = Table(str(tmp_path), question="ask")
    assert [record.query for record in table.records()] == ["what is a lamp?", "", ""]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"question": "query"}, "no column 'query'; choose from .*text"),
        ({"question": "text", "image": "image"}, "no column 'image'"),
        ({"question": "text", "image": "text"}, "not a picture's bytes"),
        ({"question": "text", "answer": "picture"}, "not a text"),
        ({"question": "text", "split": "tset"}, "tset"),
    ],
)
def test_other_columns_of_a_table_are_refused_by_name(
    settings: dict[str, str], words: str, tmp_path: Path
) -> None:
    write_table(tmp_path)
    table = Table(str(tmp_path), **settings)
    with pytest.raises(ConfigError, match=words):
        [record.picture and record.picture() for record in table.records()]


def test_a_table_cannot_name_a_file_outside_of_its_folder(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    outside = tmp_path / "secret.png"
    outside.write_bytes(scene(1))
    folder = tmp_path / "table"
    (folder / "pictures").mkdir(parents=True)
    inside = folder / "pictures" / "0.png"
    inside.write_bytes(scene(2))
    rows = [
        {"image": {"bytes": None, "path": str(path)}, "question": "What is on the shelf?"}
        for path in (inside, outside)
    ]
    pq.write_table(pa.Table.from_pylist(rows), folder / "train.parquet")
    first, other = Table(str(folder), image="image").records()
    assert first.picture is not None
    assert other.picture is not None
    assert first.picture().png
    with pytest.raises(ConfigError, match="leads out of"):
        other.picture()
