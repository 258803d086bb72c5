"""Suites are fetched whole or not at all, from a real server that speaks the hosts' routes."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from sectow_benchmarks.suites import fetch as fetching
from sectow_benchmarks.suites.about import About
from sectow_benchmarks.suites.cards import abouts
from sectow_benchmarks.suites.fetch import fetch
from sectow_benchmarks.suites.fetched import FETCHED, fetched_in
from sectow_benchmarks.suites.registry import find_suite
from sectow_benchmarks.suites.selection import Selection
from sectow_benchmarks.suites.siuo import Siuo
from sectow_benchmarks.suites.source import Source
from sectow_env.errors import ConfigError, FileError, RunFolderError
from tests.benchmarks.suites.host import COMMIT, NEWEST, Host, Repo, commit_of
from tests.benchmarks.suites.replicas import siuo

LARGE = "images/large.png"


@pytest.fixture(params=["hub", "github"])
def about(request: pytest.FixtureRequest, host: Host, tmp_path: Path) -> About:
    """SIUO's card, and its replica on either host with one picture of some size."""
    source = replace(Siuo.about.source, host=request.param)
    siuo.write(tmp_path / "published")
    repo = Repo.of(tmp_path / "published", commit_of(source.revision))
    repo.files |= {LARGE: bytes(range(256)) * 400, "README.md": b"not needed"}
    host.repos[source.repo] = repo
    return replace(Siuo.about, source=source)


def repo_of(host: Host, about: About) -> Repo:
    return host.repos[about.source.repo]


def test_it_is_fetched_at_its_commit_and_read(about: About, home: Path, host: Host) -> None:
    record = fetch(about)
    assert record == fetched_in(home / "siuo")
    assert record.commit == commit_of("024e80a")
    assert record.pinned
    kept = {path.relative_to(home / "siuo").as_posix() for path in (home / "siuo").rglob("*.*")}
    assert kept == {*record.files, FETCHED}, "nothing but what is needed"
    assert "README.md" not in kept
    suite = find_suite("siuo")
    assert len(list(suite.records())) == 3  # type: ignore[attr-defined]  # of suites with data
    before = len(host.requests)
    assert fetch(about) == record
    assert len(host.requests) == before, "what is here is not asked for"
    assert not (home / "siuo.partial").exists()


@pytest.mark.parametrize("name", sorted(abouts()))
def test_every_suite_is_fetched_and_read(name: str, host: Host, tmp_path: Path) -> None:
    about = abouts()[name]
    folder = tmp_path / "published"
    import_module(f"tests.benchmarks.suites.replicas.{name}").write(folder)
    host.repos[about.source.repo] = Repo.of(folder, commit_of(about.source.revision))
    fetch(about)
    assert find_suite(name).items(Selection())


def test_what_broke_off_is_resumed_at_once(about: About, home: Path, host: Host) -> None:
    host.cut = 70_000
    fetch(about)
    assert ("large.png", "bytes=70000-") in host.sent()
    assert len(host.sent()) == 6, "one more than there are files"
    assert (home / "siuo" / LARGE).read_bytes() == repo_of(host, about).files[LARGE]


KILLED = """
import sys
from dataclasses import replace
from sectow_benchmarks.suites.fetch import fetch
from sectow_benchmarks.suites.siuo import Siuo
fetch(replace(Siuo.about, source=replace(Siuo.about.source, host=sys.argv[1])))
"""


def sizes(folder: Path) -> list[int]:
    with suppress(OSError):
        return [path.stat().st_size for path in folder.rglob("*")]
    return []


def test_what_was_killed_is_resumed(about: About, home: Path, host: Host) -> None:
    host.hang_after = 60_000
    command = [sys.executable, "-c", KILLED, about.source.host]
    environment = {**os.environ, "HF_HUB_OFFLINE": "0"}
    with subprocess.Popen(command, env=environment) as child:
        while not any(size > 10_000 for size in sizes(home / "siuo.partial")):
            time.sleep(0.01)
        child.kill()
    with pytest.raises(ConfigError, match="half there"):
        find_suite("siuo")
    host.hang_after = None
    host.requests.clear()
    fetch(about)
    assert dict(host.sent())["large.png"] is not None, "from where it was"
    assert (home / "siuo" / LARGE).read_bytes() == repo_of(host, about).files[LARGE]


def test_a_moved_repository_is_followed(about: About, host: Host) -> None:
    host.repos = {"old/home": repo_of(host, about)}
    moved = replace(about, source=replace(about.source, moved_from=("older/home", "old/home")))
    assert fetch(moved).repo == "old/home"


def test_one_that_is_nowhere_says_so(about: About, host: Host) -> None:
    host.repos.clear()
    with pytest.raises(ConfigError, match="there is no such"):
        fetch(replace(about, source=replace(about.source, moved_from=("old/home",))))


@pytest.mark.parametrize("token", [None, "hf_others"])
def test_a_gate_names_the_steps(
    host: Host, token: str | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    siuo.write(tmp_path / "published")
    host.repos["a/gated"] = Repo.of(tmp_path / "published", COMMIT)
    host.repos["a/gated"].reader = "hf_mine"
    source = Source("a/gated", COMMIT, ("siuo_gen.json",))
    gated = replace(Siuo.about, source=source, gate="open its page and accept the terms")
    if token is not None:
        monkeypatch.setenv("HF_TOKEN", token)
    with pytest.raises(ConfigError, match=r"gated.*accept the terms, or set HF_TOKEN") as caught:
        fetch(gated)
    assert "hf_others" not in str(caught.value)
    monkeypatch.setenv("HF_TOKEN", "hf_mine")
    assert fetch(gated).files.keys() == {"siuo_gen.json"}


def test_a_commit_that_is_gone_says_so(about: About, host: Host) -> None:
    repo_of(host, about).commit = NEWEST
    with pytest.raises(ConfigError, match="no longer has the commit 024e80a"):
        fetch(about)


def test_without_a_pin_the_newest_is_recorded(about: About, host: Host) -> None:
    unpinned = replace(about, source=replace(about.source, revision=None))
    repo_of(host, about).commit = NEWEST
    record = fetch(unpinned)
    assert (record.commit, record.pinned) == (NEWEST, False)
    assert fetch(unpinned) == record
    repo_of(host, about).commit = COMMIT
    assert fetch(unpinned).commit == COMMIT, "a newer one replaces it"


def test_another_revision_is_refused_and_replaced(about: About, home: Path) -> None:
    fetch(about)
    path = home / "siuo" / FETCHED
    path.write_text(path.read_text().replace(commit_of("024e80a"), NEWEST))
    with pytest.raises(ConfigError, match=f"at commit {NEWEST[:12]}, and this version reads 024e"):
        find_suite("siuo")
    fetch(about)
    find_suite("siuo")


def test_a_lost_file_is_half_there_and_fetched_again(about: About, home: Path) -> None:
    fetch(about)
    (home / "siuo" / LARGE).write_bytes(b"cut")
    with pytest.raises(ConfigError, match="half there: 1 of its 5 files"):
        find_suite("siuo")
    fetch(about)
    find_suite("siuo")


@pytest.mark.parametrize(
    "name",
    [
        "images/../../x.png",
        "images//x.png",
        "images/a\\x.png",
        "images/\x1b[2J.png",
        "images/x.partial",
    ],
)
def test_a_name_that_leads_out_is_refused(about: About, home: Path, host: Host, name: str) -> None:
    repo_of(host, about).files[name] = b"x"
    with pytest.raises(ConfigError, match="nothing was fetched") as caught:
        fetch(about)
    assert "\x1b" not in str(caught.value)
    assert host.sent() == []
    assert not (home / "siuo").exists()


def test_files_that_changed_on_the_way_are_not_kept(about: About, home: Path, host: Host) -> None:
    repo = repo_of(host, about)
    repo.listed = {LARGE: bytes(len(repo.files[LARGE]))}
    with pytest.raises(ConfigError, match="listed"):
        fetch(about)
    assert not (home / "siuo").exists()
    assert not (home / "siuo.partial" / LARGE).exists()


def test_a_failure_stops_the_other_files(host: Host) -> None:
    files = {f"{number}.png": bytes(2_000_000) for number in range(40)} | {"0.txt": b"x"}
    host.repos["a/b"] = Repo(files, COMMIT, listed={"0.txt": b"y"})
    several = replace(Siuo.about, source=Source("a/b", COMMIT, ("*",), "github"))
    with pytest.raises(ConfigError, match="listed"):
        fetch(several)
    assert len(host.sent()) < 30
    host.repos["a/b"].listed = {}
    assert len(fetch(several).files) == 41


def test_another_form_of_the_data_set_is_refused(about: About, host: Host) -> None:
    del repo_of(host, about).files["siuo_gen.json"]
    with pytest.raises(ConfigError, match="it has no file 'siuo_gen"):
        fetch(about)


def test_a_disk_without_room_is_refused_before_the_download(
    about: About, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=10))
    with pytest.raises(FileError, match=r"0 MiB are free.*SECTOW_DATA"):
        fetch(about)
    assert host.sent() == []


def test_a_disk_that_fills_up_says_so(about: About, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "large.png")

    monkeypatch.setattr(fetching, "download", full)
    with pytest.raises(FileError, match=r"large\.png; the disk is full.*it resumes"):
        fetch(about)


def test_files_of_the_users_own_are_not_replaced(about: About, home: Path) -> None:
    (home / "siuo").mkdir(parents=True)
    (home / "siuo" / "mine.txt").touch()
    with pytest.raises(RunFolderError, match=r"mine\.txt.*move it, or use it as it is"):
        fetch(about)
    assert (home / "siuo" / "mine.txt").exists()


def test_a_server_that_is_down_says_so(about: About, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("HF_ENDPOINT", "SECTOW_GITHUB"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")
    # The hub's library waits longer and longer between its tries.
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda _: None)
    with pytest.raises(ConfigError, match="cannot be reached"):
        fetch(about)
