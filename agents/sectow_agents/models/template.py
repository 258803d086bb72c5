"""A model's chat template, tried before it is needed."""

from __future__ import annotations

from typing import Any

import numpy as np

from sectow_agents.models.chat import as_blocks
from sectow_env.errors import MAX_QUOTED, ConfigError
from sectow_env.game.messages import Conversation, Message
from sectow_env.game.picture import Picture

_PROBE = "be brief"
_SIDE = 64


class Template:
    """Renders conversations.

    Some templates refuse a system prompt, or leave it out without a word (Mllama's refuses it only
    beside a picture). There it is put before the user's first words.
    """

    def __init__(self, processor: Any, name: str) -> None:
        self._processor = processor
        self._name = name
        self._folds: dict[bool, bool] = {}

    def render(self, conversation: Conversation) -> str:
        """What the model reads.

        Raises:
            ConfigError: The template refuses the conversation, or fails.
        """
        return self._rendered(self.fitted(conversation))

    def _rendered(self, conversation: Conversation) -> str:
        blocks = as_blocks(conversation)
        try:
            return str(self._processor.apply_chat_template(blocks, add_generation_prompt=True))
        except ConfigError:
            raise
        # A template is a program of somebody else: it may raise anything.
        except Exception as error:
            raise ConfigError(
                given=f"a conversation of {', '.join(message.role for message in conversation)}",
                why=f"the chat template of {self._name} refuses it ({_short(error)})",
                fix="correct its chat_template.jinja, or use another model",
            ) from error

    def fitted(self, conversation: Conversation) -> Conversation:
        """The conversation, with the system prompt where the template has a place for it."""
        if len(conversation) < 2 or conversation[0].role != "system":
            return conversation
        pictures = any(message.pictures for message in conversation)
        if pictures not in self._folds:
            self._folds[pictures] = not self._takes_system(pictures)
        return _folded(conversation) if self._folds[pictures] else conversation

    def check(self, *, pictures: bool) -> None:
        """Ask for something, without and with a picture.

        Raises:
            ConfigError: The template fails, leaves out what was asked, or has no place for a
                picture; or the processor fails at what the template wrote.
        """
        question = Message(role="user", text=_PROBE)
        plain = self.render([question])
        if _PROBE not in plain:
            raise self._useless("it leaves out what a user writes")
        if not pictures:
            return
        shown = _blank()
        text = self.render([question.model_copy(update={"pictures": (shown,)})])
        if text == plain:
            raise self._useless("it has no place for a picture")
        try:
            self._processor(text=[text], images=[[shown.pil()]], return_tensors="pt")
        except Exception as error:
            raise self._useless(
                f"its processor fails at what it writes for a picture ({_short(error)})"
            ) from error

    def _takes_system(self, pictures: bool) -> bool:
        user = Message(role="user", text="x", pictures=(_blank(),) if pictures else ())
        try:
            return _PROBE in self._rendered((Message(role="system", text=_PROBE), user))
        except ConfigError:
            return False

    def _useless(self, why: str) -> ConfigError:
        return ConfigError(
            given=f"the chat template of the model {self._name}",
            why=why,
            fix="correct its chat_template.jinja, or use another model",
        )


def _folded(conversation: Conversation) -> Conversation:
    system, first, *rest = conversation
    if first.role != "user":
        return conversation
    before = f"{system.text}\n\n"
    places = tuple(place + len(before) if place else 0 for place in first.places)
    text = before + first.text
    return (first.model_copy(update={"text": text, "places": places}), *rest)


def _blank() -> Picture:
    return Picture(np.full((_SIDE, _SIDE, 3), 255, np.uint8))


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:MAX_QUOTED] or type(error).__name__
