"""Locks: what real data were seen to be, and that a copy which differs is found out."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from sectow_benchmarks.suites import lock as locks
from sectow_benchmarks.suites.cards import abouts
from sectow_benchmarks.suites.fetched import FETCHED, Fetched
from sectow_benchmarks.suites.lock import HERE, Lock, known_lock, lock_of, verify_copy, write_lock
from sectow_benchmarks.suites.siuo import Siuo
from sectow_env.errors import SectowError
from sectow_env.reading import read_model
from tests.benchmarks.suites.host import commit_of
from tests.benchmarks.suites.replicas import siuo

SPOILT = Callable[[Path], object]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A replica in the user's data folder, as if fetched, and no packaged lock of it."""
    monkeypatch.setenv("SECTOW_DATA", str(tmp_path / "home"))
    monkeypatch.setattr(locks, "HERE", tmp_path / "packaged")
    (tmp_path / "packaged").mkdir()
    folder = tmp_path / "home" / "siuo"
    siuo.write(folder)
    write_record(folder, commit_of("024e80a"))
    return folder


def write_record(folder: Path, commit: str) -> None:
    names = ("siuo_gen.json", *(f"images/S-{number}.png" for number in range(3)))
    record = Fetched(
        suite="siuo",
        repo="sinwang/SIUO",
        commit=commit,
        pinned=True,
        when="2026-01-01",
        version="1",
        files={name: (folder / name).stat().st_size for name in names},
    )
    (folder / FETCHED).write_text(record.model_dump_json())


@pytest.fixture
def packaged(folder: Path, tmp_path: Path) -> Path:
    """The lock of that replica."""
    path = tmp_path / "packaged" / "siuo.json"
    write_lock(path, verify_copy(Siuo(), "here").lock)
    return folder


def test_every_suite_has_a_lock_and_every_lock_a_suite() -> None:
    cards = abouts()
    assert {path.stem for path in HERE.glob("*.json")} == set(cards), (
        "write a lock for each: lock.write_lock(HERE / 'NAME.json', lock_of(NAME.about))"
    )
    for name, about in cards.items():
        lock = read_model(HERE / f"{name}.json", Lock)
        assert (lock.suite, lock.repo, lock.revision) == (
            name,
            about.source.repo,
            about.source.revision,
        )


@pytest.mark.usefixtures("folder")
def test_without_a_lock_there_is_nothing_to_compare_with() -> None:
    outcome = verify_copy(Siuo(), "here")
    assert not outcome.compared
    assert outcome.findings == ()
    assert outcome.notes == ("the card gives 167 items, this copy has 3",)
    (seen,) = outcome.lock.verified
    assert seen.seen.commit == commit_of("024e80a")
    assert seen.seen.items == {"safety": 3}
    assert "question" in seen.seen.columns["siuo_gen.json"]
    assert {name: files.count for name, files in seen.seen.files.items()} == {
        "images/*": 3,
        "siuo_gen.json": 1,
    }
    assert lock_of(Siuo.about).state(Siuo.about) == "never"
    assert outcome.lock.state(Siuo.about) == "in part"


@pytest.mark.usefixtures("packaged")
def test_the_same_data_are_as_the_lock_says() -> None:
    outcome = verify_copy(Siuo(), "again")
    assert outcome.compared
    assert outcome.findings == ()


def reword(folder: Path) -> None:
    path = folder / "siuo_gen.json"
    path.write_text(path.read_text().replace("jar 1", "jar 9"))


def shorten(folder: Path) -> None:
    path = folder / "siuo_gen.json"
    path.write_text(json.dumps(json.loads(path.read_text())[:2]))


def widen(folder: Path) -> None:
    path = folder / "siuo_gen.json"
    path.write_text(json.dumps([{**row, "extra": "x"} for row in json.loads(path.read_text())]))


def repaint(folder: Path) -> None:
    (folder / "images" / "S-1.png").write_bytes((folder / "images" / "S-2.png").read_bytes())


def add(folder: Path) -> None:
    (folder / "images" / "S-9.png").write_bytes((folder / "images" / "S-2.png").read_bytes())


def break_picture(folder: Path) -> None:
    (folder / "images" / "S-1.png").write_bytes(b"not a picture")


@pytest.mark.parametrize(
    ("spoil", "finding"),
    [
        (reword, "files siuo_gen.json: their contents differ"),
        (shorten, "items, safety: the lock has 3, the copy 2"),
        (widen, r"columns of siuo_gen.json: without \[\], with \['extra'\] anew"),
        (repaint, r"files images/\*: their contents differ"),
        (add, r"files images/\*: the lock has 3, the copy 4"),
        (break_picture, "1 pictures that cannot be opened: '1'"),
    ],
)
def test_what_differs_is_a_finding(packaged: Path, spoil: SPOILT, finding: str) -> None:
    spoil(packaged)
    write_record(packaged, commit_of("024e80a"))
    if spoil is add:
        (packaged / FETCHED).unlink()
    outcome = verify_copy(Siuo(), "spoilt")
    assert outcome.compared
    assert any(re.search(finding, each) for each in outcome.findings), outcome.findings


def test_another_commit_is_a_finding(packaged: Path) -> None:
    write_record(packaged, "024e80a" + 33 * "0")
    (finding,) = verify_copy(Siuo(), "again").findings
    assert finding.startswith("revision: the lock has ")


def test_a_user_s_own_copy_is_of_no_revision_and_accepted(packaged: Path) -> None:
    (packaged / FETCHED).unlink()
    outcome = verify_copy(Siuo(path=packaged), "mine")
    assert outcome.compared
    assert outcome.findings == ()
    assert outcome.lock.verified[-1].seen.commit == "as given"


def test_a_user_s_own_look_is_beside_the_packaged_ones(folder: Path, tmp_path: Path) -> None:
    outcome = verify_copy(Siuo(), "here")
    locks.record(outcome)
    assert known_lock(Siuo.about) == outcome.lock
    (look,) = outcome.lock.verified
    other = look.seen.model_copy(update={"columns": {"another.txt": ("line",)}})
    part = outcome.lock.model_copy(update={"verified": (look.model_copy(update={"seen": other}),)})
    write_lock(tmp_path / "packaged" / "siuo.json", part)
    assert known_lock(Siuo.about).verified == (*part.verified, look)
    assert verify_copy(Siuo(path=folder), "again").compared


def test_a_damaged_record_is_refused(packaged: Path) -> None:
    (packaged / FETCHED).write_text("{}")
    with pytest.raises(SectowError, match=r"fetched\.json"):
        Siuo()
