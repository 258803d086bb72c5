"""The token at the beginning of a text, which chat templates write and tokenizers do too."""

from __future__ import annotations

from typing import Any


def begins(processor: Any, prompt: str) -> dict[str, bool]:
    """How a rendered prompt is encoded, so that the token is written once."""
    begin = processor.tokenizer.bos_token
    return {"add_special_tokens": False} if begin and prompt.startswith(begin) else {}


def begin_once(processor: Any) -> None:
    """Let a processor write no such token before a prompt that begins with it.

    Whoever encodes what a template rendered gets two otherwise, as TRL does: Gemma's pictures are
    then marked one place off. The processor stays of its kind, also when it is saved.
    """
    kind: Any = type(processor)

    def call(self: Any, images: Any = None, text: Any = None, **settings: Any) -> Any:
        first = text if isinstance(text, str) else next(iter(text or ()), "")
        return kind.__call__(
            self, images=images, text=text, **{**settings, **begins(self, str(first))}
        )

    processor.__class__ = type(kind.__name__, (kind,), {"__call__": call})


def begun(processor: Any, prompt: str) -> str:
    """A rendered prompt with the token, where its template leaves that to the tokenizer.

    For those who encode without special tokens, as TRL's SFT does.
    """
    words = processor.tokenizer
    begin = words.bos_token
    if (
        not begin
        or prompt.startswith(begin)
        or begin not in words.convert_ids_to_tokens(words("").input_ids)
    ):
        return prompt
    return str(begin + prompt)
