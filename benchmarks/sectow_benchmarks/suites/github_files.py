"""Repositories on GitHub: the tree by its API, each file by its raw address.

Git's own ids of the files are in the tree, so that each can be checked.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sectow_benchmarks.suites.about import About
from sectow_benchmarks.suites.remote import Listing, NotThereError, RemoteFile, listing_of
from sectow_env.errors import ConfigError, quoted

if TYPE_CHECKING:
    import httpx2

MIRROR_VARIABLE = "SECTOW_GITHUB"
"""Environment variable: a server whose /api and /raw are asked in place of GitHub's."""
TOKEN_VARIABLE = "GITHUB_TOKEN"  # noqa: S105  # the name of a variable
_LINK = "120000"
_REPORT = "report this as a bug of the suite"


def list_github(about: About, repo: str) -> Listing:
    """The files that a suite needs, at its commit in full; errors as `of_github` makes them."""
    import httpx2

    with httpx2.Client(timeout=60.0, follow_redirects=True) as client:
        newest = _json(client, repo, f"commits/{about.source.revision or 'HEAD'}")
        commit = str(newest["sha"])
        tree = _json(client, repo, f"git/trees/{commit}?recursive=1")
    if tree.get("truncated"):
        raise ConfigError(
            given=f"{repo} on GitHub",
            why="it has more files than its API lists",
            fix=f"git clone it, check out {commit}, and give the folder: {about.name}?path=FOLDER",
        )
    files = [
        RemoteFile(
            name=entry["path"],
            size=entry["size"],
            digest=entry["sha"],
            url=f"{_server('raw')}/{repo}/{commit}/{quote(entry['path'])}",
        )
        for entry in tree["tree"]
        if entry["type"] == "blob" and entry["mode"] != _LINK
    ]
    return listing_of(repo, commit, about.source.files, files)


@contextmanager
def of_github(about: About, repo: str) -> Iterator[None]:
    """Turns errors inside into what a user can do about them.

    Raises:
        NotThereError: No repository goes by this name.
        ConfigError: It lacks the commit, or cannot be reached.
    """
    import httpx2

    given = f"{repo} on GitHub"
    try:
        yield
    except httpx2.HTTPStatusError as error:
        status = error.response.status_code
        if status == 404:
            raise NotThereError(given, "there is no such repository", _REPORT) from error
        if status == 422:
            why = f"it no longer has the commit {about.source.revision}"
            fix = f"{_REPORT}; a copy of your own works with ?path=FOLDER"
            raise ConfigError(given, why, fix) from error
        if status in {403, 429}:
            raise ConfigError(
                given=given,
                why="GitHub refuses the request, most likely for having had too many of this hour",
                fix=f"wait, or set {TOKEN_VARIABLE} to a token of yours, and run this again",
            ) from error
        raise _unreachable(given, error) from error
    except httpx2.HTTPError as error:
        raise _unreachable(given, error) from error


def _server(part: str) -> str:
    mirror = os.environ.get(MIRROR_VARIABLE)
    if mirror:
        return f"{mirror.rstrip('/')}/{part}"
    return {"api": "https://api.github.com", "raw": "https://raw.githubusercontent.com"}[part]


def _json(client: httpx2.Client, repo: str, path: str) -> Mapping[str, Any]:
    token = os.environ.get(TOKEN_VARIABLE)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    response = client.get(f"{_server('api')}/repos/{repo}/{path}", headers=headers)
    response.raise_for_status()
    tree: Mapping[str, Any] = response.json()
    return tree


def _unreachable(given: str, error: Exception) -> ConfigError:
    return ConfigError(
        given=given,
        why=f"it cannot be reached ({type(error).__name__}: {quoted(error)})",
        fix="check the connection, and run the command again: it resumes",
    )
