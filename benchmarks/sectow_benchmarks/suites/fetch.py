"""Fetches the files of a suite: aside first, checked, then put in place with a record."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from threading import Lock

from sectow_benchmarks.suites.about import About
from sectow_benchmarks.suites.download import download
from sectow_benchmarks.suites.fetched import FETCHED, Fetched, fetched_in, missing_from
from sectow_benchmarks.suites.github_files import list_github, of_github
from sectow_benchmarks.suites.hub_files import list_hub, of_the_hub
from sectow_benchmarks.suites.remote import Listing, NotThereError
from sectow_benchmarks.suites.source import aside_of, data_home
from sectow_env.display.console import Bar
from sectow_env.errors import ConfigError, FileError
from sectow_env.files import check_new_folder, not_written, write_text


@dataclass(frozen=True)
class Host:
    """How one host is asked."""

    listing: Callable[[About, str], Listing]
    explained: Callable[[About, str], AbstractContextManager[None]]


HOSTS: Mapping[str, Host] = {
    "hub": Host(list_hub, of_the_hub),
    "github": Host(list_github, of_github),
}
MEBIBYTE = 2**20


def fetch(about: About) -> Fetched:
    """Fetch a suite into the user's data folder, or find that it is there.

    Raises:
        ConfigError: It is gated, not there, cannot be reached, or is not what it should be.
        FileError: The disk is full or failed.
    """
    from filelock import FileLock

    home = data_home()
    try:
        home.mkdir(parents=True, exist_ok=True)
        with FileLock(home / f".{about.name}.lock"):
            return _fetch(about, home / about.name)
    except OSError as error:
        failure = not_written(error)
        if failure is None:
            raise
        raise FileError(
            given=f"the suite {about.name}, for {home}",
            why=f"{failure.given}; {failure.why}",
            fix="free some space or set SECTOW_DATA to another folder, and run this again: it "
            "resumes",
        ) from error


def _fetch(about: About, folder: Path) -> Fetched:
    before = fetched_in(folder)
    whole = before is not None and not any(missing_from(folder, before))
    pin = about.source.revision
    if before is not None and whole and pin is not None and before.commit.startswith(pin):
        return before
    if before is None:
        check_new_folder(folder, fix=f"move it, or use it as it is: {about.name}?path={folder}")
    listing = _listing(about)
    if before is not None and whole and before.commit == listing.commit:
        return before
    aside = aside_of(about.name)
    aside.mkdir(exist_ok=True)
    _download(about, listing, aside)
    record = Fetched(
        suite=about.name,
        repo=listing.repo,
        commit=listing.commit,
        pinned=pin is not None,
        when=datetime.now(UTC).isoformat(timespec="seconds"),
        version=version("sectow"),
        files={file.name: file.size for file in listing.files},
    )
    _prune(aside, record)
    write_text(aside / FETCHED, record.model_dump_json(indent=2) + "\n")
    if folder.is_dir():
        shutil.rmtree(folder)
    aside.rename(folder)
    return record


def _listing(about: About) -> Listing:
    """From the first of the repository's ids that is known; the commit decides, not the id."""
    source, host = about.source, HOSTS[about.source.host]
    *ids, last = (source.repo, *source.moved_from)
    for repo in ids:
        with suppress(NotThereError), host.explained(about, repo):
            return _of_the_pin(source.revision, host.listing(about, repo))
    with host.explained(about, last):
        return _of_the_pin(source.revision, host.listing(about, last))


def _of_the_pin(pin: str | None, listing: Listing) -> Listing:
    if pin is None or listing.commit.startswith(pin):
        return listing
    raise ConfigError(
        given=f"{listing.repo}, of which the commit {pin} was asked for",
        why=f"the answer is commit {listing.commit[:12]}",
        fix="unset HF_ENDPOINT or SECTOW_GITHUB, or report this to whoever runs that mirror",
    )


def _download(about: About, listing: Listing, aside: Path) -> None:
    _check_space(listing, aside)
    done, lock = 0, Lock()
    host = HOSTS[about.source.host]
    with Bar(f"{about.name} (MiB)", max(1, listing.size // MEBIBYTE)) as bar:

        def advance(count: int) -> None:
            nonlocal done
            with lock:
                done += count
                bar.update(done // MEBIBYTE, about.source.repo)

        with host.explained(about, listing.repo):
            download(listing, aside, advance)


def _check_space(listing: Listing, aside: Path) -> None:
    arrived = sum(path.stat().st_size for path in aside.rglob("*") if path.is_file())
    need, free = listing.size - arrived, shutil.disk_usage(aside).free
    if need > free:
        raise FileError(
            given=f"the folder {aside.parent}",
            why=f"{listing.repo} needs {need // MEBIBYTE} MiB more, and {free // MEBIBYTE} MiB are "
            "free",
            fix="free some space, or set SECTOW_DATA to a folder on another disk",
        )


def _prune(aside: Path, record: Fetched) -> None:
    """Remove what downloads leave beside the files, and what an earlier commit had."""
    for path in sorted(aside.rglob("*"), reverse=True):
        if path.is_dir():
            if not any(path.iterdir()):
                path.rmdir()
        elif path.relative_to(aside).as_posix() not in record.files:
            path.unlink()
