"""What the tests of the client share."""

from __future__ import annotations

from collections.abc import Callable

from sectow_env.endpoint.exchange import ChatRequest, Outcome, Reply
from sectow_env.endpoint.settings import EndpointSettings
from sectow_env.game.messages import Message
from tests.env.endpoint.server import FaultyServer

Serve = Callable[..., FaultyServer]
Quick = Callable[..., EndpointSettings]


def asking(*questions: str) -> list[ChatRequest]:
    """One request a question."""
    return [ChatRequest(messages=(Message(role="user", text=question),)) for question in questions]


def texts(outcomes: list[Outcome]) -> list[str | None]:
    """The texts of the replies, None for a failure."""
    return [outcome.text if isinstance(outcome, Reply) else None for outcome in outcomes]
