"""Conversations with a language model as plain data, and what every chat model offers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol, TypeAlias

from pydantic import model_validator

from sectow_env.game.decoding import Decoding
from sectow_env.game.picture import Picture
from sectow_env.game.records import Frozen

Role = Literal["system", "user", "assistant"]


class Message(Frozen):
    """One message of a conversation."""

    role: Role
    text: str
    pictures: tuple[Picture, ...] = ()
    """In order; before the text unless `places` says otherwise."""
    places: tuple[int, ...] = ()
    """Where in the text each picture is shown, as an offset in characters, ascending; empty: all
    before the text."""

    @model_validator(mode="after")
    def _placed(self) -> Message:
        if self.places and (
            len(self.places) != len(self.pictures)
            or list(self.places) != sorted(self.places)
            or not 0 <= self.places[0] <= self.places[-1] <= len(self.text)
        ):
            raise ValueError(
                f"{len(self.pictures)} pictures at {self.places} do not fit a text of "
                f"{len(self.text)} characters: give each picture an ascending offset in it"
            )
        return self

    def parts(self) -> tuple[str | Picture, ...]:
        """Pictures and the pieces of text between them, in order; no piece of text is empty."""
        places = self.places or (0,) * len(self.pictures)
        pieces: list[str | Picture] = []
        start = 0
        for place, picture in zip(places, self.pictures, strict=True):
            pieces += [self.text[start:place], picture]
            start = place
        pieces.append(self.text[start:])
        return tuple(part for part in pieces if part != "")

    def canonical(self) -> list[object]:
        """What the message says and shows as JSON-able data, for digests: pictures by pixels."""
        shown = [picture.sha256 for picture in self.pictures]
        if len(shown) <= 1 and not any(self.places):
            return [self.role, self.text, shown[0] if shown else None]
        return [self.role, self.text, shown, list(self.places)]


Conversation: TypeAlias = Sequence[Message]
Prefix: TypeAlias = str | Sequence[str] | None
"""Beginning of the assistant's message, the same for all conversations or one for each."""


def shown(picture: Picture | None) -> tuple[Picture, ...]:
    """The pictures of a message that shows this one, or none."""
    return () if picture is None else (picture,)


class ChatModel(Protocol):
    """A language model that is asked in batches: behind an endpoint, or on this machine."""

    @property
    def id(self) -> str:
        """Which model, for provenance: never a path with a user's name in it, never a secret."""

    def chat(
        self,
        conversations: Sequence[Conversation],
        decoding: Decoding | None = None,
        prefix: Prefix = None,
        seeds: Sequence[int] | None = None,
    ) -> list[str | None]:
        """One answer per conversation, in order; None for a missing answer.

        Args:
            conversations: What is asked.
            decoding: How answers are drawn; None leaves it to the model's own settings.
            prefix: The answer continues it; it is not part of what is returned.
            seeds: One per conversation, for sampled decoding; None draws from `decoding.seed`.

        Raises:
            ConfigError: The model cannot do what is asked, such as continue a prefix.
        """


def takes_prefix(model: object) -> bool:
    """Whether a model can continue a prefix: it says so by an attribute of that name."""
    return bool(getattr(model, "takes_prefix", False))
