"""An endpoint as a chat model, for whatever takes one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from sectow_env.endpoint.client import Endpoint
from sectow_env.endpoint.exchange import ChatRequest, Reply
from sectow_env.endpoint.report import report
from sectow_env.endpoint.settings import MAX_SEED, EndpointSettings
from sectow_env.errors import ConfigError
from sectow_env.game.decoding import Decoding
from sectow_env.game.messages import Conversation, Prefix


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

    def chat(
        self,
        conversations: Sequence[Conversation],
        decoding: Decoding | None = None,
        prefix: Prefix = None,
        seeds: Sequence[int] | None = None,
    ) -> list[str | None]:
        """One answer per conversation, in order; None where there is none after all attempts.

        Args:
            conversations: What is asked.
            decoding: Temperature and longest answer; None leaves them to the settings.
            prefix: A server cannot be made to continue a text.
            seeds: One per conversation, sent where answers are drawn.

        Raises:
            ConfigError: There is a prefix, or the server will have no request at all.
            SectowError: It cannot be reached.
        """
        if prefix is not None and any(prefix):
            raise ConfigError(
                given=f"the beginning of an answer for {self.id}",
                why="an endpoint cannot be made to continue a text",
                fix="leave out tasks with a prefilled answer, or use local weights",
            )
        drawn = seeds if decoding is not None and decoding.sampled else None
        requests = [
            ChatRequest(
                messages=tuple(messages),
                seed=None if drawn is None else drawn[index] % (MAX_SEED + 1),
                temperature=_temperature(decoding),
                max_tokens=None if decoding is None else decoding.max_new_tokens,
            )
            for index, messages in enumerate(conversations)
        ]
        outcomes = self.complete(requests)
        self.unanswered += report(repr(self), outcomes)
        return [one.text if isinstance(one, Reply) else None for one in outcomes]


def _temperature(decoding: Decoding | None) -> float | None:
    if decoding is None:
        return None
    return decoding.temperature if decoding.sampled else 0.0
