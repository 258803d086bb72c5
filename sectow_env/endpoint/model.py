"""An endpoint as a chat model, for whatever takes one."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

from sectow_env.endpoint.client import Endpoint
from sectow_env.endpoint.exchange import ChatRequest, Reply
from sectow_env.endpoint.report import report
from sectow_env.endpoint.settings import MAX_SEED, EndpointSettings
from sectow_env.errors import ConfigError
from sectow_env.game.decoding import Decoding
from sectow_env.game.messages import Conversation, Prefix
from sectow_env.game.seeds import SeedQueue


class EndpointModel(Endpoint):
    """A `sectow_env.game.messages.ChatModel` behind a server.

    Args:
        settings: Where the model is and how it is asked.
        fresh: Where answers are drawn without seeds, the same conversation gets another answer each
            time; a second run of the same program gets the same ones again. Else it has one answer.
        structured: The server can enforce a JSON schema on an answer.
    """

    def __init__(
        self, settings: EndpointSettings, *, fresh: bool = False, structured: bool = False
    ) -> None:
        super().__init__(settings)
        self.takes_schemas = structured
        name = settings.model
        # A server of a local model names it by its path, which may contain a user's name.
        shown = PurePath(name).name if name.startswith(("/", "~", ".")) else name
        self.id = f"{shown}@{settings.host}"
        self.unanswered = 0
        """Conversations so far without an answer that another try may get."""
        self._fresh = fresh
        self._repeats: Counter[str] = Counter()

    def chat(
        self,
        conversations: Sequence[Conversation],
        decoding: Decoding | None = None,
        prefix: Prefix = None,
        seeds: Sequence[int] | None = None,
        *,
        schemas: Sequence[Mapping[str, Any] | None] | None = None,
    ) -> list[str | None]:
        """One answer per conversation, in order; None where all attempts failed.

        Args:
            conversations: What is asked.
            decoding: Replaces the temperature and the longest answer of the settings, unless those
                are None, which leaves them to the server.
            prefix: Not offered by this protocol.
            seeds: One per conversation; they mean nothing where answers are not drawn.
            schemas: JSON schema of each answer, where it has one.

        Raises:
            ConfigError: There is a prefix, or the server will have no request at all.
            SectowError: It cannot be reached.
        """
        if any([prefix] if prefix is None or isinstance(prefix, str) else prefix):
            raise ConfigError(
                given=f"an answer with a given beginning, asked of {self!r}",
                why="chat completions of an endpoint cannot continue a text",
                fix="leave out the recall task, or measure a model on this machine",
            )
        if decoding is not None and decoding.sampled and seeds is None:
            seeds = SeedQueue(decoding.seed).take(len(conversations))
        drawn = self.settings.draws if decoding is None else decoding.sampled
        nothing = [None] * len(conversations)
        requests = [
            ChatRequest(
                messages=tuple(messages),
                decoding=decoding,
                seed=seed % (MAX_SEED + 1) if drawn and seed is not None else None,
                answer_schema=schema,
            )
            for messages, seed, schema in zip(
                conversations, seeds or nothing, schemas or nothing, strict=True
            )
        ]
        if drawn and seeds is None and self._fresh:
            requests = [each.model_copy(update={"sample": self._count(each)}) for each in requests]
        outcomes = self.complete(requests)
        self.unanswered += report(repr(self), outcomes)
        return [outcome.text if isinstance(outcome, Reply) else None for outcome in outcomes]

    def _count(self, request: ChatRequest) -> int:
        mark = json.dumps([message.canonical() for message in request.messages])
        self._repeats[mark] += 1
        return self._repeats[mark] - 1
