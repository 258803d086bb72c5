from __future__ import annotations

from pathlib import Path

import pytest

from sectow_env import disk

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
