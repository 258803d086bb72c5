"""What each seat's policy is told: one place, so that training, play and measurement agree.

A chat is a list of messages whose content is plain text; an image, if there is one, stands before
the text of the first user message. That is also where TRL puts it. In a conversation of several
turns each user message says by `shown` whether an image belongs to it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from PIL import Image

from sectow_env.game import Attack, Scenario

Message = dict[str, str]
Chat = list[Message]
YES, NO = "yes", "no"
FREE = "free"
"""What `{channel}` becomes in a template when the attacker may choose the form itself."""


def attacker_chat(scenario: Scenario, template: str, system: str | None = None) -> Chat:
    """Ask for an attack.

    Args:
        scenario: Names the channel and the behavior.
        template: Holds `{channel}` and `{behavior}`.
        system: System prompt, or None.
    """
    asked = template.format(channel=scenario.channel or FREE, behavior=scenario.behavior)
    return [*_system(system), {"role": "user", "content": asked}]


def defender_chat(attack: Attack, system: str | None = None) -> Chat:
    """Ask what the attack asks, after what was said before it; images are handed over beside.

    Args:
        attack: Its own system prompt, which a prompt defence sets, goes before `system`.
        system: System prompt, or None.
    """
    told = attack.system if attack.system is not None else system
    if not attack.history:
        return [*_system(told), {"role": "user", "content": attack.query}]
    chat = _system(told)
    for turn in attack.history:
        shown = YES if turn.image is not None else NO
        chat.append({"role": "user", "content": turn.query, "shown": shown})
        chat.append({"role": "assistant", "content": turn.response})
    shown = YES if attack.image is not None else NO
    return [*chat, {"role": "user", "content": attack.query, "shown": shown}]


def images_of(attack: Attack) -> tuple[Image.Image, ...]:
    """The images of an attack and of the turns before it, in the order of its chat."""
    pictures = [*(turn.image for turn in attack.history), attack.image]
    return tuple(picture.pil() for picture in pictures if picture is not None)


def with_blocks(chat: Sequence[Message], images: Sequence[object]) -> list[dict[str, Any]]:
    """The chat in the form that multimodal processors take, with its images in place.

    Args:
        chat: Messages with plain text.
        images: In their order; where no message says what is shown, the first user message has the
            only one.
    """
    blocks: list[dict[str, Any]] = []
    waiting = list(images)
    for message in chat:
        content: list[dict[str, Any]] = [{"type": "text", "text": message["content"]}]
        if "places" in message:
            content = _interleaved(message, waiting)
        elif waiting and message["role"] == "user" and message.get("shown", YES) == YES:
            content.insert(0, {"type": "image", "image": waiting.pop(0)})
        blocks.append({"role": message["role"], "content": content})
    assert not waiting, "every image has its message"
    return blocks


def _interleaved(message: Message, waiting: list[object]) -> list[dict[str, Any]]:
    text, start = message["content"], 0
    content: list[dict[str, Any]] = []
    for place in json.loads(message["places"]):
        content += [{"type": "text", "text": text[start:place]}] * (place > start)
        content.append({"type": "image", "image": waiting.pop(0)})
        start = place
    rest = [{"type": "text", "text": text[start:]}] * (start < len(text) or not content)
    return [*content, *rest]


def inert(chat: Sequence[Message], control: Iterable[str]) -> Chat:
    """The chat with the control tokens that somebody wrote into it broken up.

    An attack may spell out `<image>` or an end-of-turn token. As text it is a fair attack; taken as
    a token it would forge another role's turn, or ask the processor for an image that is not there.

    Args:
        chat: Messages with plain text.
        control: The spelling of the tokenizer's control tokens.
    """
    tokens = sorted(set(filter(None, control)), key=len, reverse=True)
    return [{**message, "content": _broken(message["content"], tokens)} for message in chat]


def _broken(text: str, tokens: Sequence[str]) -> str:
    for token in tokens:
        text = text.replace(token, f"{token[0]} {token[1:]}")
    return text


def _system(text: str | None) -> Chat:
    return [] if text is None else [{"role": "system", "content": text}]
