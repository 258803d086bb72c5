"""Downloads the files of a listing: several at once, each resumed where it broke off.

`huggingface_hub` itself resumes no file after the process was killed, and some suites are one file
of gigabytes.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from sectow_benchmarks.suites.remote import PARTIAL, Listing, RemoteFile
from sectow_env.errors import ConfigError

if TYPE_CHECKING:
    import httpx2

Advance = Callable[[int], None]
"""Called with a number of bytes that have arrived, negative for those that are lost."""
AT_ONCE, TRIES = 8, 4
_POINTER = b"version https://git-lfs"


def download(listing: Listing, folder: Path, advance: Advance) -> None:
    """Download what the folder lacks.

    Raises:
        ConfigError: What arrives is not what was listed.
        httpx2.HTTPError: The host refuses a file, or cannot be reached.
        OSError: The disk failed.
    """
    import httpx2

    headers, stopped = dict(listing.headers), Event()

    def counted(count: int) -> None:
        if stopped.is_set():
            raise _StoppedError
        advance(count)

    with (
        # Where it is redirected to another server, the library leaves the token out.
        httpx2.Client(headers=headers, timeout=30.0, follow_redirects=True) as client,
        ThreadPoolExecutor(AT_ONCE) as pool,
    ):
        tasks = [pool.submit(_file, client, file, folder, counted) for file in listing.files]
        try:
            for task in tasks:
                task.result()
        finally:
            # After a failure, or Ctrl-C, the others need not finish: what they have is kept.
            stopped.set()
            pool.shutdown(cancel_futures=True)


def _file(client: httpx2.Client, file: RemoteFile, folder: Path, advance: Advance) -> None:
    path = folder / file.name
    if file.is_intact(folder):
        advance(file.size)
        return
    aside = path.with_name(path.name + PARTIAL)
    path.parent.mkdir(parents=True, exist_ok=True)
    advance(_size(aside))
    _patiently(client, file, aside, advance)
    aside.replace(path)
    if file.is_intact(folder):
        return
    stored = path.read_bytes()[: len(_POINTER)] == _POINTER
    path.unlink()
    raise ConfigError(
        given=f"{file.name} from {file.url}",
        why="it is kept in Git LFS" if stored else "what arrived is not what was listed",
        fix="git clone the repository with Git LFS, and give the folder with ?path=FOLDER"
        if stored
        else "run the command again; if it persists, look for a proxy that changes files",
    )


def _patiently(client: httpx2.Client, file: RemoteFile, aside: Path, advance: Advance) -> None:
    import httpx2
    from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

    retrying = Retrying(
        retry=retry_if_exception_type((httpx2.TransportError, _BusyError)),
        stop=stop_after_attempt(TRIES),
        wait=wait_exponential(0.1, max=10),
        reraise=True,
    )
    retrying(_stream, client, file, aside, advance)


class _BusyError(Exception):
    """The server fails for now."""


class _StoppedError(Exception):
    """Another file failed, or the user has had enough."""


def _stream(client: httpx2.Client, file: RemoteFile, aside: Path, advance: Advance) -> None:
    start = _size(aside)
    advance(0)
    if start >= file.size > 0:
        return
    # Of compressed bytes the range would be another one.
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
    with client.stream("GET", file.url, headers=headers) as response:
        if response.status_code >= 500:
            raise _BusyError(f"status {response.status_code}")
        response.raise_for_status()
        resumed = response.status_code == 206
        if start and not resumed:
            advance(-start)
        with aside.open("ab" if resumed else "wb", buffering=0) as out:
            for block in response.iter_bytes():
                out.write(block)
                advance(len(block))


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0
