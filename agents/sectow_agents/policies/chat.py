"""What each seat's policy is told: one place, so that training, play and measurement agree.

A chat is a list of messages whose content is plain text; an image, if there is one, stands before
the text of the first user message. That is also where TRL puts it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sectow_env.game import Attack, Scenario

Message = dict[str, str]
Chat = list[Message]
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
    """Ask what the attack asks; its image is handed over beside the chat.

    Args:
        attack: Its own system prompt, which a prompt defence sets, goes before `system`.
        system: System prompt, or None.
    """
    told = attack.system if attack.system is not None else system
    return [*_system(told), {"role": "user", "content": attack.query}]


def with_blocks(chat: Sequence[Message], image: object | None) -> list[dict[str, Any]]:
    """The chat in the form that multimodal processors take, with its image in place."""
    blocks: list[dict[str, Any]] = []
    waiting = image
    for message in chat:
        content: list[dict[str, Any]] = [{"type": "text", "text": message["content"]}]
        if waiting is not None and message["role"] == "user":
            content.insert(0, {"type": "image", "image": waiting})
            waiting = None
        blocks.append({"role": message["role"], "content": content})
    return blocks


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
