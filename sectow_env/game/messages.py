"""Conversations with a language model as plain data, and what every chat model offers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

from sectow_env.game.picture import Picture
from sectow_env.game.records import Frozen

Role = Literal["system", "user", "assistant"]


class Message(Frozen):
    """One message of a conversation; a picture stands before its text."""

    role: Role
    text: str
    picture: Picture | None = None


Conversation = Sequence[Message]


class ChatModel(Protocol):
    """A language model that is asked in batches: behind an endpoint, or on this machine."""

    id: str
    """Which model, for provenance: never a path with a user's name in it, never a secret."""

    def chat(self, conversations: Sequence[Conversation]) -> list[str | None]:
        """One answer a conversation, in order; None where there is none."""
        ...
