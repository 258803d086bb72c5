"""A tokenizer in a processor's place, so that text models are prompted like all others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from transformers import BatchFeature

from sectow_env.errors import ConfigError


class TextProcessor:
    """Renders and encodes chats without pictures.

    A tokenizer without a chat template, such as those of the HarmBench classifiers, takes one
    message and gets its text unchanged.
    """

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer
        tokenizer.padding_side = "left"
        if tokenizer.pad_token is None:
            # Padding is masked, so any token will do.
            tokenizer.pad_token = tokenizer.eos_token

    @property
    def chat_template(self) -> str | None:
        """The tokenizer's."""
        return getattr(self.tokenizer, "chat_template", None)

    def apply_chat_template(
        self, chat: Sequence[dict[str, Any]], *, add_generation_prompt: bool
    ) -> str:
        """A chat as a prompt.

        Args:
            chat: Messages whose content is a list of text blocks.
            add_generation_prompt: Also write the beginning of the answer.

        Raises:
            ConfigError: There is no chat template, and more than one message.
        """
        plain = [
            {"role": message["role"], "content": "".join(b["text"] for b in message["content"])}
            for message in chat
        ]
        if self.chat_template is not None:
            return str(
                self.tokenizer.apply_chat_template(
                    plain, tokenize=False, add_generation_prompt=add_generation_prompt
                )
            )
        if len(plain) > 1:
            raise ConfigError(
                given=f"a conversation of {len(plain)} messages",
                why="the model's tokenizer has no chat template",
                fix="use an instruction-tuned model, or a format that asks in one message",
            )
        return str(plain[0]["content"])

    def __call__(self, text: Sequence[str], images: None = None, **settings: Any) -> BatchFeature:
        """Prompts as model inputs."""
        encoded = self.tokenizer(list(text), return_token_type_ids=False, **settings)
        return BatchFeature(dict(encoded))

    def batch_decode(self, tokens: Any, **settings: Any) -> list[str]:
        """Token ids, shape (rows, length), as texts."""
        return list(self.tokenizer.batch_decode(tokens, **settings))

    def save_pretrained(self, folder: str | Path) -> None:
        """Write the tokenizer into a folder."""
        self.tokenizer.save_pretrained(folder)
