"""Requests to an endpoint and what comes back: an answer, or the reason why it is missing."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from pydantic import Field, JsonValue

from sectow_env.endpoint.settings import MAX_SEED
from sectow_env.game import Frozen
from sectow_env.game.decoding import Decoding
from sectow_env.game.messages import Message


class ChatRequest(Frozen):
    """One conversation to be answered."""

    messages: tuple[Message, ...] = Field(min_length=1)
    sample: int = Field(default=0, ge=0)
    """Which of several answers to the same conversation. It is not sent, except that it is added to
    a seed."""
    seed: int | None = Field(default=None, ge=0, le=MAX_SEED)
    """Replaces the seed of the settings."""
    decoding: Decoding | None = None
    """Replaces the temperature and the longest answer of the settings."""
    answer_schema: Mapping[str, JsonValue] | None = None
    """JSON schema that the server is to enforce on the answer."""


class Reply(Frozen):
    """An answer. An empty text is one, and so is an answer that was cut at its longest."""

    text: str
    finish_reason: str | None = None
    """As the server says: `stop`, `length`, or None where it does not say."""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached: bool = False
    """It was asked before, so it cost nothing now."""


class FailureKind(StrEnum):
    """Why there is no answer."""

    TIMEOUT = "timeout"
    CONNECTION = "connection"
    RATE_LIMITED = "rate_limited"
    SERVER_ERROR = "server_error"
    CLIENT_ERROR = "client_error"
    """The server will not have this request, for example because it is too long."""
    BAD_JSON = "bad_json"
    WRONG_CONTENT_TYPE = "wrong_content_type"
    EMPTY_CHOICES = "empty_choices"
    NULL_CONTENT = "null_content"
    FILTERED = "filtered"
    """The server's own filter kept the text back. That is missing, not a refusal and not safe."""
    CUT_OFF = "cut_off"
    """The tokens ran out before any text, as with a model that thinks for long."""
    TOO_LARGE = "too_large"
    PAUSED = "paused"
    """The server asks to wait for longer than `longest_wait`; nothing was sent."""
    SPENT = "spent"
    """The limit of requests or tokens is reached; nothing was sent."""


TRANSIENT = frozenset(FailureKind) - {
    FailureKind.CLIENT_ERROR,
    FailureKind.FILTERED,
    FailureKind.CUT_OFF,
    FailureKind.PAUSED,
    FailureKind.SPENT,
}
"""What may be gone at the next attempt."""


class Failure(Frozen):
    """No answer, after all attempts."""

    kind: FailureKind
    detail: str
    """What happened, in words; never a key, never a whole answer."""
    status: int | None = None
    """HTTP status, where there was one."""


Outcome = Reply | Failure


class Spent(Frozen):
    """What a client has used since it was made."""

    requests: int
    """Sent, retries included."""
    retries: int
    cached: int
    """Different requests of a call that were answered from the cache."""
    prompt_tokens: int
    completion_tokens: int
    unmetered: int
    """Answers for which the server named no tokens: what they cost is in neither sum."""
    faults: Mapping[FailureKind, int]
    """Attempts that failed."""
    failures: Mapping[FailureKind, int]
    """Requests that were given up."""

    @property
    def tokens(self) -> int:
        """Tokens of prompts and answers together, as far as they are known."""
        return self.prompt_tokens + self.completion_tokens
