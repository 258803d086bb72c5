"""From messages to the input of processors, with the control tokens in them broken up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sectow_env.errors import ConfigError
from sectow_env.game.messages import Conversation, Message
from sectow_env.game.picture import Picture


def pictures_of(conversation: Conversation) -> tuple[Picture, ...]:
    """All pictures of a conversation, in order.

    Raises:
        ConfigError: One is in a message of another role than the user.
    """
    if any(message.pictures and message.role != "user" for message in conversation):
        raise ConfigError(
            given="a picture in a message that is not a user's",
            why="chat templates have no place for it",
            fix="show it in a user's message",
        )
    return tuple(picture for message in conversation for picture in message.pictures)


def as_blocks(conversation: Conversation) -> list[dict[str, Any]]:
    """The conversation in the form that the chat templates of multimodal processors take.

    Pictures are marked and not contained; `pictures_of` has them in the same order.
    """
    return [
        {"role": message.role, "content": [_block(part) for part in _parts(message)]}
        for message in conversation
    ]


def inert(conversation: Conversation, control: Iterable[str]) -> tuple[Message, ...]:
    """The conversation with the control tokens in its texts broken up.

    An attack may spell out `<image>` or an end-of-turn token. As text it is a fair attack; taken as
    a token it would forge another role's turn, or ask the processor for an image that is missing.
    """
    tokens = sorted(set(filter(None, control)), key=len, reverse=True)
    return tuple(_inert(message, tokens) for message in conversation)


def _inert(message: Message, tokens: Sequence[str]) -> Message:
    if not message.places:
        return message.model_copy(update={"text": _broken(message.text, tokens)})
    # Each piece between two pictures by itself, so that the pictures keep their places.
    ends = (*message.places, len(message.text))
    starts = (0, *message.places)
    pieces = [
        _broken(message.text[start:end], tokens) for start, end in zip(starts, ends, strict=True)
    ]
    places = [sum(map(len, pieces[:number])) for number in range(1, len(pieces))]
    return message.model_copy(update={"text": "".join(pieces), "places": tuple(places)})


def _parts(message: Message) -> tuple[str | Picture, ...]:
    # A message without text still has a block for it.
    return message.parts() if message.text else (*message.pictures, "")


def _block(part: str | Picture) -> dict[str, str]:
    return {"type": "text", "text": part} if isinstance(part, str) else {"type": "image"}


def _broken(text: str, tokens: Sequence[str]) -> str:
    for token in tokens:
        text = text.replace(token, f"{token[0]} {token[1:]}")
    return text
