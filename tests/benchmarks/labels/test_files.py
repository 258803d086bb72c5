"""Labels on disk: read as written, resumable, and torn or foreign lines are seen."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sectow_benchmarks.labels import files
from sectow_benchmarks.labels.base import LabelSet, key_of_turn
from sectow_benchmarks.labels.files import LabelFile, read_labels, write_labels
from sectow_env.errors import ConfigError
from sectow_env.game import Attack, Turn
from sectow_env.game.picture import Picture
from sectow_env.worlds.apothecary import Apothecary
from tests.benchmarks.labels.replicas import HOSTILE, labelled, labels, turn


def opened(path: Path, annotator: str = "ana", revision: str = "1") -> LabelFile:
    return LabelFile(path, annotator, "doors", revision)


def test_a_set_comes_back_with_its_pictures(tmp_path: Path) -> None:
    item = Apothecary(0).grid("test", harmful=True, channels=["typography"])[0]
    assert isinstance(item.attack.image, Picture)
    shown = Turn(scenario=item.scenario, attack=item.attack, response=HOSTILE)
    known = labels(labelled(1, ana=True, ben=None)).turns[0].model_copy(update={"turn": shown})
    whole = LabelSet(source="doors", revision="1", turns=(known,), left_out=3)
    write_labels(tmp_path / "labels.jsonl", whole)
    assert read_labels(tmp_path / "labels.jsonl") == whole


def test_each_label_is_on_disk_at_once_and_the_last_one_holds(tmp_path: Path) -> None:
    path = tmp_path / "new" / "ana.jsonl"
    file = opened(path)
    assert not path.exists()
    for harmful in (True, None, False):
        file.add(turn(1), "door 1", harmful=harmful, refused=True)
        (labelled_turn,) = read_labels(path).turns
        assert labelled_turn.labels == {"ana": harmful}
        assert file.get(labelled_turn.key) == labelled_turn
        assert labelled_turn.refusals == {"ana": True}
    assert len(path.read_text().splitlines()) == 4
    (labelled_turn,) = read_labels(path).turns
    assert opened(path).get(labelled_turn.key) == labelled_turn
    assert opened(path).get("other") is None


def test_two_annotators_share_a_file_and_see_nothing_of_each_other(tmp_path: Path) -> None:
    path = tmp_path / "both.jsonl"
    opened(path).add(turn(1), "door 1", harmful=True, refused=False)
    ben = opened(path, "ben")
    (labelled_turn,) = read_labels(path).turns
    assert ben.get(labelled_turn.key) is None
    ben.add(turn(1), "door 1", harmful=False, refused=False)
    (labelled_turn,) = read_labels(path).turns
    assert labelled_turn.labels == {"ana": True, "ben": False}
    assert labelled_turn.harmful is None
    mine = opened(path, "ben").get(labelled_turn.key)
    assert mine is not None
    assert mine.labels == {"ben": False}


@pytest.mark.parametrize("kept", [0, 1, 40, -1])
def test_a_torn_last_line_is_cut_off_and_a_whole_one_is_not(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "ana.jsonl"
    file = opened(path)
    file.add(turn(1), "door 1", harmful=True, refused=False)
    before = path.read_bytes()
    file.add(turn(2), "door 2", harmful=True, refused=False)
    line = path.read_bytes()[len(before) :]
    path.write_bytes(before + line[:kept])
    whole = 2 if kept == -1 else 1
    assert len(read_labels(path).turns) == whole
    opened(path).add(turn(3), "door 3", harmful=False, refused=False)
    assert len(read_labels(path).turns) == whole + 1
    assert path.read_bytes().startswith(before + (line if kept == -1 else b""))


def test_a_label_given_while_another_person_opens_the_file_is_not_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "both.jsonl"
    ana = opened(path)
    ana.add(turn(1), "door 1", harmful=True, refused=False)
    with path.open("ab") as file:
        file.write(b'{"turn": ')
    read = files._data

    def slowly(given: Path) -> bytes:
        data = read(given)
        ana.add(turn(2), "door 2", harmful=False, refused=False)
        return data

    monkeypatch.setattr(files, "_data", slowly)
    opened(path, "ben")
    monkeypatch.undo()
    assert path.read_bytes().count(b"\n") == 4
    assert b"door/2" in path.read_bytes().splitlines()[-1]
    # The torn line of somebody else is a line of its own, to be taken out.
    with pytest.raises(ConfigError, match="line 3"):
        read_labels(path)


def test_a_half_written_line_of_another_process_spoils_no_label(tmp_path: Path) -> None:
    path = tmp_path / "both.jsonl"
    ana = opened(path)
    ana.add(turn(1), "door 1", harmful=True, refused=False)
    torn = path.read_bytes() + b'{"turn": '
    path.write_bytes(torn)
    ana.add(turn(2), "door 2", harmful=True, refused=False)
    assert path.read_bytes().startswith(torn + b"\n")
    path.write_bytes(path.read_bytes().replace(b'{"turn": \n', b""))
    assert len(read_labels(path).turns) == 2


def test_where_nothing_can_be_written_no_label_is_kept(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    for path in (blocked / "ana.jsonl", tmp_path / f"{'a' * 300}.jsonl"):
        with pytest.raises(ConfigError, match="the file of labels"):
            opened(path).add(turn(1), "door 1", harmful=True, refused=False)
    path = tmp_path / "ana.jsonl"
    file = opened(path)
    file.add(turn(1), "door 1", harmful=True, refused=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "_append", full)
        with pytest.raises(ConfigError, match="No space left"):
            file.add(turn(2), "door 2", harmful=True, refused=False)
    assert file.get(key_of_turn(turn(2))) is None
    assert len(read_labels(path).turns) == 1


def full(path: Path, line: bytes) -> None:
    del path, line
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_label_is_on_the_disk_when_it_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ana.jsonl"
    file = opened(path)
    file.add(turn(1), "door 1", harmful=True, refused=False)
    sizes: list[int] = []
    synced = os.fsync

    def sync(handle: int) -> None:
        synced(handle)
        sizes.append(os.fstat(handle).st_size)

    monkeypatch.setattr(os, "fsync", sync)
    file.add(turn(2), "door 2", harmful=True, refused=False)
    assert sizes == [path.stat().st_size]


def test_a_long_label_is_written_whole_and_at_once(tmp_path: Path) -> None:
    path = tmp_path / "ana.jsonl"
    file = opened(path)
    for number in range(3):
        file.add(turn(number, "door " * 100_000), "door", harmful=True, refused=False)
    assert len(read_labels(path).turns) == 3


@pytest.mark.parametrize("given", ["/dev/zero", "/dev/full", "."])
def test_what_is_no_file_is_not_read(given: str) -> None:
    for act in (opened, read_labels):
        with pytest.raises(ConfigError, match="cannot be read"):
            act(Path(given))


def test_a_broken_line_is_named_and_not_quoted(tmp_path: Path) -> None:
    path = tmp_path / "ana.jsonl"
    write_labels(path, labels(labelled(1, ana=True), labelled(2, ana=True)))
    head, first, second = path.read_text().splitlines()
    tree = json.loads(first)
    tree["turn"]["response"], tree["labels"]["ana"] = "a secret song", "yes, a secret song"
    for broken in (json.dumps(tree), "a secret song", "[" * 100_000):
        path.write_text(f"{head}\n{broken}\n{second}\n")
        with pytest.raises(ConfigError, match="line 2") as caught:
            read_labels(path)
        assert "secret" not in str(caught.value)
        assert "song" not in repr(caught.value.args)


@pytest.mark.parametrize(
    "head",
    [
        "",
        "x",
        "[]",
        "{}",
        '{"kind": "sectow-labels", "schema": 2, "source": "doors", "revision": "1"}',
        '{"kind": "sectow-labels", "schema": 1, "source": "doors"}',
        '{"kind": "sectow-labels", "schema": 1, "source": "a", "revision": "1", "turns": []}',
        '{"kind": "sectow-labels", "schema": 1, "source": "a", "revision": "1", "colour": 1}',
    ],
)
def test_another_kind_of_file_is_refused(tmp_path: Path, head: str) -> None:
    path = tmp_path / "other.jsonl"
    path.write_text(head + "\n")
    with pytest.raises(ConfigError, match="line 1"):
        read_labels(path)


def test_what_cannot_go_on_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ana.jsonl"
    opened(path).add(turn(1), "door 1", harmful=True, refused=False)
    with pytest.raises(ConfigError, match="not about doors at 2"):
        opened(path, revision="2")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_labels(tmp_path / "gone.jsonl")
    for name in ("", "  ", "ana\x1b[31m"):
        with pytest.raises(ConfigError, match="annotator"):
            opened(path, name)


@given(st.text(), st.text())
def test_any_text_comes_back(query: str, response: str) -> None:
    labelled_turn = labelled(1, ana=True)
    other_turn = Turn(
        scenario=labelled_turn.turn.scenario, attack=Attack(query=query), response=response
    )
    known = labelled_turn.model_copy(update={"turn": other_turn})
    assert type(labelled_turn).model_validate_json(known.model_dump_json().encode()) == known


def test_a_place_that_cannot_be_written_is_found_before_anybody_labels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="is a file, not a folder"):
        opened(tmp_path / "file" / "deep" / "ana.jsonl")
    known = tmp_path / "ana.jsonl"
    opened(known).add(turn(1), "door 1", harmful=True, refused=False)
    # Root may write everywhere, so the system's answer is put in.
    monkeypatch.setattr(os, "access", lambda *_: False)
    for path in (known, tmp_path / "new.jsonl"):
        with pytest.raises(ConfigError, match="is read-only"):
            opened(path)
