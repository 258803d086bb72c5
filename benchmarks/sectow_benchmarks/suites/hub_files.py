"""Data sets on the hub, as `huggingface_hub` lists them, with its token."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sectow_benchmarks.suites.about import About
from sectow_benchmarks.suites.remote import (
    GIT_DIGITS,
    Listing,
    NotThereError,
    RemoteFile,
    listing_of,
)
from sectow_env.errors import ConfigError, quoted

if TYPE_CHECKING:
    from huggingface_hub import HfApi

KIND = "dataset"


def list_hub(about: About, repo: str) -> Listing:
    """The files that a suite needs, at its commit in full; errors as `of_the_hub` makes them."""
    from huggingface_hub import HfApi, get_token, hf_hub_url
    from huggingface_hub.hf_api import RepoFile

    # Read when it is needed: the library reads it once, when it is imported.
    api = HfApi(endpoint=os.environ.get("HF_ENDPOINT") or None)
    commit = _commit(api, about, repo)
    tree = api.list_repo_tree(repo, recursive=True, revision=commit, repo_type=KIND)
    files = [
        RemoteFile(
            name=entry.path,
            size=entry.size,
            digest=entry.lfs.sha256 if entry.lfs else entry.blob_id,
            url=hf_hub_url(
                repo, entry.path, repo_type=KIND, revision=commit, endpoint=api.endpoint
            ),
        )
        for entry in tree
        if isinstance(entry, RepoFile)
    ]
    token = get_token()
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return listing_of(repo, commit, about.source.files, files, headers)


def _commit(api: HfApi, about: About, repo: str) -> str:
    pin = about.source.revision
    if pin is not None and len(pin) < GIT_DIGITS:
        # The hub takes commits in full only.
        known = api.list_repo_commits(repo, repo_type=KIND)
        pin = next((each.commit_id for each in known if each.commit_id.startswith(pin)), pin)
    return str(api.dataset_info(repo, revision=pin).sha)


@contextmanager
def of_the_hub(about: About, repo: str) -> Iterator[None]:
    """Turns errors inside into what a user can do about them.

    Raises:
        NotThereError: No data set goes by this id.
        ConfigError: It is gated, lacks the commit, or cannot be reached.
    """
    import httpx2
    from huggingface_hub import errors

    given = f"the data set {repo} on the hub"
    try:
        yield
    except errors.RevisionNotFoundError as error:
        raise ConfigError(
            given=given,
            why=f"it no longer has the commit {about.source.revision}",
            fix="report this as a bug of the suite; a copy of your own works with ?path=FOLDER",
        ) from error
    except httpx2.HTTPError as error:
        status = getattr(getattr(error, "response", None), "status_code", None)
        absent = isinstance(error, errors.RepositoryNotFoundError)
        gated = isinstance(error, errors.GatedRepoError) or (status in {401, 403} and not absent)
        if gated or (absent and about.gate is not None):
            raise _closed(about, given) from error
        if absent:
            raise NotThereError(
                given=given,
                why="there is no such data set",
                fix="report this as a bug of the suite",
            ) from error
        raise ConfigError(
            given=given,
            why=f"it cannot be reached ({type(error).__name__}: {quoted(error)})",
            fix="check the connection, and run the command again: it resumes",
        ) from error


def _closed(about: About, given: str) -> ConfigError:
    steps = about.gate or "ask its owners for access"
    return ConfigError(
        given=given,
        why="it is gated: the hub does not give it to this account, or to nobody in particular",
        fix=f"{steps}, or set HF_TOKEN to a token of yours; then run this again",
    )
