"""An endpoint as a chat model, for whatever takes one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from sectow_env.endpoint.client import Endpoint
from sectow_env.endpoint.exchange import ChatRequest, Reply
from sectow_env.endpoint.report import report
from sectow_env.endpoint.settings import EndpointSettings
from sectow_env.game.messages import Conversation


class EndpointModel(Endpoint):
    """A `sectow_env.game.messages.ChatModel` behind a server.

    Args:
        settings: Where the model is and how it is asked.
    """

    def __init__(self, settings: EndpointSettings) -> None:
        super().__init__(settings)
        name = settings.model
        # A server of a local model names it by its path, which may hold a user's name.
        shown = PurePath(name).name if name.startswith(("/", "~", ".")) else name
        self.id = f"{shown}@{settings.host}"
        self.unanswered = 0
        """Conversations so far without an answer that another try may get."""

    def chat(self, conversations: Sequence[Conversation]) -> list[str | None]:
        """One answer a conversation, in order; None where there is none after all attempts.

        Raises:
            ConfigError: The server will have no request at all.
            SectowError: It cannot be reached.
        """
        requests = [ChatRequest(messages=tuple(messages)) for messages in conversations]
        outcomes = self.complete(requests)
        self.unanswered += report(repr(self), outcomes)
        return [one.text if isinstance(one, Reply) else None for one in outcomes]
