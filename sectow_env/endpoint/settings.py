"""Where a model is served and how it is asked. The key itself is never a setting."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import ConfigDict, Field, JsonValue, ValidationError, field_validator

from sectow_env.errors import ConfigError
from sectow_env.game import Frozen

MIB = 2**20
MAX_ADDRESS = 2048
MAX_SEED = 2**31 - 1
"""Largest seed that every server takes."""
OWN_FIELDS = frozenset(
    {"max_tokens", "messages", "model", "n", "seed", "stream", "temperature", "top_p"}
)
"""Fields of a request that `extra` may not set: the settings do, or the answer is read by them."""
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")
_HOST = re.compile(r"[A-Za-z0-9._:-]+")


class EndpointSettings(Frozen):
    """One model behind one OpenAI-compatible server."""

    model_config = ConfigDict(hide_input_in_errors=True)  # An address may hold a password.

    base_url: str
    """Up to and without `/chat/completions`, such as `http://localhost:8000/v1`."""
    model: str = Field(min_length=1)
    """As the server names it."""
    key_env: str = "SECTOW_API_KEY"
    """Name of the environment variable that holds the API key. It is read when the server is asked;
    where it is unset, no key is sent."""
    max_tokens: int | None = Field(default=512, gt=0)
    """Longest answer, in tokens. None sends no such field, for servers that name it otherwise: see
    `extra`."""
    temperature: float | None = Field(default=0.0, ge=0.0, allow_inf_nan=False)
    """None leaves it to the server."""
    top_p: float | None = Field(default=1.0, gt=0.0, le=1.0)
    """None leaves it to the server."""
    seed: int | None = Field(default=None, ge=0, le=MAX_SEED)
    concurrency: int = Field(default=8, gt=0)
    """Requests that are under way at once, those included that wait for their next attempt."""
    requests_per_minute: float | None = Field(default=None, gt=0.0, allow_inf_nan=False)
    """Requests are started evenly, never in bursts. None: as fast as they are answered."""
    timeout: float = Field(default=60.0, gt=0.0, allow_inf_nan=False)
    """Seconds from the start of a request to the last byte of its answer."""
    retries: int = Field(default=6, ge=0)
    """Attempts beyond the first."""
    backoff: float = Field(default=1.0, ge=0.0, allow_inf_nan=False)
    """The wait before retry k, from 0 on, is drawn evenly from 0 to `backoff * 2**k` seconds."""
    longest_wait: float = Field(default=300.0, ge=0.0, allow_inf_nan=False)
    """Seconds, the bound of every wait. A server that asks for more (Retry-After) is given up."""
    wait_seed: int | None = None
    """Seed of the waits; None draws one, so that many clients do not come back in step."""
    max_requests: int | None = Field(default=None, ge=0)
    """Requests over the life of the client, retries included; cached answers are free."""
    max_spent_tokens: int | None = Field(default=None, ge=0)
    """Tokens of prompts and answers over the life of the client. No request is started beyond it;
    those under way are let finish, so it may be passed by the tokens of `concurrency` requests."""
    max_answer_bytes: int = Field(default=4 * MIB, gt=0)
    """Longer answers are given up while they are read."""
    cache: Path | Literal["default"] | None = "default"
    """File that keeps the answers, for later runs and other processes; `default` lies in the user's
    cache folder, None keeps nothing, so that what a stopped run had is asked again."""
    extra: Mapping[str, JsonValue] = Field(default_factory=dict)
    """Further fields of each request, such as `{"max_completion_tokens": 512}`."""

    @field_validator("base_url")
    @classmethod
    def _address(cls, given: str) -> str:
        if len(given) > MAX_ADDRESS or " " in given or not given.isprintable():
            raise ValueError(f"give an address without blanks, of at most {MAX_ADDRESS} characters")
        parts = urlsplit(given)
        if parts.scheme not in {"http", "https"} or not _HOST.fullmatch(parts.hostname or ""):
            raise ValueError("give an address such as https://host/v1")
        if "@" in parts.netloc or parts.query or parts.fragment:
            raise ValueError(
                "give the bare address, without user, password, ? or #: the API key belongs in the "
                "environment variable that key_env names"
            )
        parts.port  # noqa: B018  (raises ValueError for an invalid port)
        return given.rstrip("/")

    @field_validator("key_env")
    @classmethod
    def _name(cls, given: str) -> str:
        if not _VARIABLE.fullmatch(given):
            raise ValueError(
                "give the name of an environment variable, in capital letters, not the key itself"
            )
        return given

    @field_validator("extra")
    @classmethod
    def _free(cls, given: Mapping[str, JsonValue]) -> Mapping[str, JsonValue]:
        taken = sorted(OWN_FIELDS & given.keys())
        if taken:
            raise ValueError(f"{', '.join(taken)} cannot be set here: use the setting, or leave it")
        json.dumps(given, allow_nan=False)
        return given

    @property
    def host(self) -> str:
        """Host and port of the server."""
        return urlsplit(self.base_url).netloc

    @property
    def draws(self) -> bool:
        """Whether two answers to one conversation may differ."""
        return self.temperature != 0.0

    def key(self) -> str | None:
        """The API key as the environment has it now.

        Raises:
            ConfigError: It cannot be sent. The message does not show it.
        """
        key = os.environ.get(self.key_env, "").strip()
        if not (key.isascii() and key.isprintable()):
            raise ConfigError(
                given=f"the API key in the environment variable {self.key_env}",
                why="it holds characters that no request can carry",
                fix="set the variable anew, to the key alone",
            )
        return key or None


def endpoint_settings(**given: object) -> EndpointSettings:
    """Builds the settings from what a user wrote.

    Raises:
        ConfigError: They cannot work.
    """
    try:
        return EndpointSettings.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = ".".join(str(part) for part in first["loc"]) or "settings"
        raise ConfigError(
            given=f"the endpoint's {name}",
            why=first["msg"].removeprefix("Value error, "),
            fix=f"change it; an endpoint takes {', '.join(EndpointSettings.model_fields)}",
        ) from None
