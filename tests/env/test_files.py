from __future__ import annotations

import errno
import hashlib
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sectow_env import files as disk
from sectow_env.errors import RunFolderError

TABLE = """\
/dev/sda1 / ext4 rw 0 0
proc /proc proc rw 0 0
server:/home /home nfs4 rw 0 0
/dev/sdb1 /home/fast\\040disk xfs rw 0 0
sshfs /mnt/far fuse.sshfs rw 0 0
"""


@pytest.fixture
def mounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    table = tmp_path / "mounts"
    table.write_text(TABLE)
    monkeypatch.setattr(disk, "MOUNTS", table)
    return table


@pytest.mark.parametrize(
    ("path", "local"),
    [
        ("/var/pool", True),
        ("/home/me/pool", False),
        ("/home/fast disk/pool", True),
        ("/mnt/far/pool", False),
        ("/mnt/farther/pool", True),
    ],
)
@pytest.mark.usefixtures("mounts")
def test_the_nearest_mount_decides(path: str, local: bool) -> None:
    assert disk.is_local(Path(path)) is local


def test_where_the_system_does_not_say_nothing_is_local(mounts: Path) -> None:
    mounts.write_text("garbage\n\n")
    assert not disk.is_local(Path("/var/pool"))
    mounts.unlink()
    assert not disk.is_local(Path("/var/pool"))


def test_a_file_is_replaced_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    disk.write_text(file, "old ä")
    assert file.read_text("utf-8") == "old ä"

    def die(_handle: int) -> None:
        raise OSError("no power")

    monkeypatch.setattr("os.fsync", die)
    with pytest.raises(OSError, match="no power"):
        disk.write_bytes(file, b"new")
    assert file.read_text("utf-8") == "old ä"
    monkeypatch.undo()
    disk.write_bytes(file, b"new")
    assert file.read_bytes() == b"new"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    disk.sync(tmp_path)


def test_a_new_folder_appears_once_it_is_complete(tmp_path: Path) -> None:
    out = tmp_path / "below" / "out"
    with pytest.raises(IsADirectoryError), disk.new_folder(out) as aside:
        aside.read_bytes()
    assert list(out.parent.iterdir()) == []
    with disk.new_folder(out) as aside:
        (aside / "file").touch()
        assert not out.exists()
    assert [path.name for path in out.parent.iterdir()] == ["out"]
    assert [path.name for path in out.iterdir()] == ["file"]


def test_the_working_folder_is_filled_and_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with disk.new_folder(Path()) as aside:
        (aside / "below").mkdir()
        (aside / "below" / "file").touch()
    assert [path.name for path in Path.cwd().iterdir()] == ["below"]
    with pytest.raises(RunFolderError, match="'below' is in it"), disk.new_folder(Path()):
        pass


@pytest.mark.parametrize("existing", [True, False])
def test_what_was_killed_is_written_again_and_two_at_once_do_not_mix(
    tmp_path: Path, existing: bool
) -> None:
    out = tmp_path / "out"
    left = out / ".partial" if existing else tmp_path / ".out.partial"
    (left / "below").mkdir(parents=True)
    (left / "half").touch()
    disk.check_new_folder(out)
    with disk.new_folder(out) as aside:
        (aside / "file").touch()
        with pytest.raises(RunFolderError, match="another process"), disk.new_folder(out):
            pass
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert [path.name for path in out.iterdir()] == ["file"]


def test_a_loop_of_links_is_not_a_folder(tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    with pytest.raises(RunFolderError, match="cannot be made"):
        disk.check_new_folder(loop)


def test_what_cannot_become_a_folder_is_known_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = {"run.json", "shards"}
    disk.check_new_folder(tmp_path / "new", own)
    (tmp_path / "run.json").touch()
    (tmp_path / "shards").mkdir()
    disk.check_new_folder(tmp_path, own)
    for path, why in (
        (tmp_path / "run.json", "not a folder"),
        (tmp_path / "run.json" / "below", "not a folder"),
        (tmp_path / ("x" * 300), "cannot be made"),
    ):
        with pytest.raises(RunFolderError, match=rf"{why}.*another one"):
            disk.check_new_folder(path, own, "give another one")
    (tmp_path / "shards" / "mine").touch()
    with pytest.raises(RunFolderError, match="'shards' is in it"):
        disk.check_new_folder(tmp_path, own)
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(RunFolderError, match="nothing may be written"):
        disk.check_new_folder(tmp_path / "new")


def test_a_link_beside_a_file_leads_no_writing_elsewhere(tmp_path: Path) -> None:
    """A folder of somebody else may contain a link under the name of the file aside."""
    other = tmp_path / "other"
    other.write_text("years of work")
    (tmp_path / ".file.partial").symlink_to(other)
    disk.write_text(tmp_path / "file", "new")
    assert other.read_text() == "years of work"
    assert not (tmp_path / "file").is_symlink()


def test_the_digest_of_a_file_is_that_of_its_bytes(tmp_path: Path) -> None:
    disk.write_bytes(tmp_path / "file", b"bytes")
    assert disk.file_digest(tmp_path / "file") == hashlib.sha256(b"bytes").hexdigest()


@given(st.text())
def test_any_name_makes_the_name_of_one_folder(name: str) -> None:
    made = disk.folder_name(name)
    assert Path(made).name == made
    assert made not in {"", ".", ".."}
    assert not set(made) & set('/\\:*?"<>| \n\0')


def test_a_good_name_stays() -> None:
    assert disk.folder_name("round-1_b.2") == "round-1_b.2"
    assert disk.folder_name("org/model") == "org-model"


def full_device() -> None:
    Path("/dev/full").write_text("more")


def full_database() -> None:
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("PRAGMA max_page_count = 2")
        database.execute("CREATE TABLE texts (text TEXT)")
        database.execute("INSERT INTO texts VALUES (?)", ("x" * 100_000,))


def other_library() -> None:
    # As safetensors reports it.
    raise RuntimeError("Error while serializing: I/O error: No space left (os error 28)")


@pytest.mark.parametrize("write", [full_device, full_database, other_library])
def test_a_full_disk_is_named_whichever_library_reports_it(write: Callable[[], None]) -> None:
    with pytest.raises(Exception, match=r"full|space") as failed:
        write()
    error = disk.not_written(failed.value)
    assert error is not None
    assert "the disk is full" in error.why
    assert error.fix.startswith("free some space")


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.ENAMETOOLONG, errno.EFBIG])
def test_what_the_system_refuses_names_the_file(number: int) -> None:
    error = disk.not_written(OSError(number, os.strerror(number), "runs/mine"))
    assert error is not None
    assert error.given == "the file runs/mine"


def test_a_defect_stays_one() -> None:
    assert disk.not_written(FileNotFoundError(errno.ENOENT, "No such file", "x")) is None
    assert disk.not_written(RuntimeError("index out of range")) is None


@given(st.text(min_size=1, max_size=400))
def test_a_folder_can_have_any_name(name: str) -> None:
    assert len(disk.folder_name(name).encode()) <= 255


def test_long_names_that_begin_alike_differ() -> None:
    assert disk.folder_name("x" * 300) != disk.folder_name("x" * 301)
    assert disk.folder_name("x" * 60) == "x" * 60
