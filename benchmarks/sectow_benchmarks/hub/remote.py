"""The hub: folders go there, private unless the user says otherwise, and come from there."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from sectow_benchmarks.hub.dataset import CARD, PATTERNS
from sectow_env.errors import ConfigError, SectowError, quoted

PREFIX = "hub:"
TOKEN = "HF_TOKEN"  # noqa: S105  (the name of a variable)
_ID = re.compile(r"(?P<id>[\w-][\w.-]{0,95}/[\w-][\w.-]{0,95})(@(?P<revision>[\w.-]{1,64}))?")


def hub_id(text: str) -> tuple[str, str | None] | None:
    """The id and revision of `hub:OWNER/NAME[@REVISION]`; None for a folder.

    Raises:
        ConfigError: It begins like one, and is not.
    """
    if not text.startswith(PREFIX):
        return None
    match = _ID.fullmatch(text.removeprefix(PREFIX))
    if match is None:
        raise ConfigError(given=text, why="it is not an id of the hub", fix="write hub:OWNER/NAME")
    return match["id"], match["revision"]


def token() -> str:
    """The user's token, from the environment alone.

    Raises:
        ConfigError: It is not set.
    """
    given = os.environ.get(TOKEN)
    if not given:
        raise ConfigError(
            given=f"the environment variable {TOKEN}",
            why="it is not set, and nothing is sent without a token of yours",
            fix=f"make a token that may write, and set {TOKEN} to it",
        )
    return given


def upload(folder: Path, name: str, *, visible: bool, endpoint: str | None = None) -> str:
    """Send a data set to the hub.

    Args:
        folder: As `dataset.write` left it.
        name: `OWNER/NAME`.
        visible: Whether everybody may see it.
        endpoint: Of another hub.

    Returns:
        Its address.

    Raises:
        ConfigError: There is no token, or the data set there is visible and this one must not be.
        SectowError: The hub refused.
    """
    from huggingface_hub import HfApi

    api = HfApi(endpoint=endpoint, token=token())
    with _explained(name):
        address = api.create_repo(name, repo_type="dataset", private=not visible, exist_ok=True)
        if not visible and not api.repo_info(name, repo_type="dataset").private:
            raise ConfigError(
                given=f"{PREFIX}{name}",
                why="it is there already, and everybody can see it",
                fix="give another name, or --visible if that is what you want",
            )
        api.upload_folder(
            repo_id=name,
            repo_type="dataset",
            folder_path=folder,
            allow_patterns=[*PATTERNS, CARD],
            commit_message="sectow push",
        )
    return str(address)


@contextmanager
def downloaded(name: str, revision: str | None, endpoint: str | None = None) -> Iterator[Path]:
    """A data set of the hub, in a folder for the time being.

    Raises:
        SectowError: The hub refused.
    """
    from huggingface_hub import HfApi

    api = HfApi(endpoint=endpoint, token=os.environ.get(TOKEN) or False)
    with TemporaryDirectory() as folder:
        with _explained(name):
            api.snapshot_download(
                name,
                repo_type="dataset",
                revision=revision,
                allow_patterns=list(PATTERNS),
                local_dir=folder,
            )
        yield Path(folder)


@contextmanager
def _explained(name: str) -> Iterator[None]:
    from huggingface_hub.errors import HfHubHTTPError

    try:
        yield
    except (HfHubHTTPError, OSError) as error:
        raise SectowError(
            given=f"{PREFIX}{name}",
            why=f"the hub did not do it ({quoted(error)})",
            fix="check the name, the token's rights and the network",
        ) from error
