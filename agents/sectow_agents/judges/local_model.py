"""A model of transformers on this machine as a chat model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoModelForCausalLM,
    AutoModelForImageTextToText,
    AutoProcessor,
    AutoTokenizer,
)

from sectow_agents.models.chat import NO, YES, Chat, inert, with_blocks
from sectow_agents.models.generator import Generator, control_tokens
from sectow_agents.models.load import pick_device, pick_dtype
from sectow_agents.models.quiet import quiet
from sectow_agents.models.text_processor import TextProcessor
from sectow_agents.models.weights import weights_digest
from sectow_agents.settings.run_config import Device, Dtype
from sectow_env.errors import ConfigError, SectowError
from sectow_env.game.decoding import Decoding
from sectow_env.game.messages import Conversation, Prefix
from sectow_env.game.picture import Picture
from sectow_env.judges.settings import fingerprint


class LocalModel:
    """Answers conversations greedily; a `ChatModel` that is loaded when it is made.

    Weights are read from safetensors only, and no code from the source is run. A conversation that
    does not fit the model's context has no answer; the tokens of a picture are not counted.

    Args:
        source: Folder or hub id.
        revision: Branch, tag or commit of a hub id.
        sees_images: Load an image-text-to-text model; else a causal language model, which takes no
            pictures.
        dtype: `auto` takes float32 on the CPU, else bfloat16.
        device: `auto` takes CUDA where there is one.
        batch_size: Conversations that are answered at once; None finds it, and halves it whenever
            the device runs out of memory.
        max_new_tokens: Longest answer, in tokens.

    Raises:
        ConfigError: There is no such model, or it cannot be loaded.
    """

    def __init__(
        self,
        source: str | Path,
        *,
        revision: str | None = None,
        sees_images: bool = False,
        dtype: Dtype = "auto",
        device: Device = "auto",
        batch_size: int | None = None,
        max_new_tokens: int = 64,
    ) -> None:
        place = pick_device(device)
        kind = pick_dtype(dtype, place, full=False)
        model, processor = _load(source, revision, sees_images, place, kind)
        self.generator = Generator(model, processor, source, batch_size)
        self.sees_images = sees_images
        self.max_new_tokens = max_new_tokens
        self.id = _identity(source, revision, model)
        self.decoding = fingerprint(kind, max_new_tokens, processor.chat_template)
        """Fingerprint of what changes answers beside the weights."""
        self._control = control_tokens(processor)

    def chat(
        self,
        conversations: Sequence[Conversation],
        decoding: Decoding | None = None,
        prefix: Prefix = None,
        seeds: Sequence[int] | None = None,
    ) -> list[str | None]:
        """One answer a conversation, in order; None where it does not fit or nothing was said.

        Raises:
            ConfigError: A conversation has pictures that the model cannot be shown.
        """
        chats = [_plain(conversation) for conversation in conversations]
        pictures = [self._picture(conversation) for conversation in conversations]
        fitting = [i for i, chat in enumerate(chats) if self._fits(chat, pictures[i])]
        answers: list[str | None] = [None] * len(chats)
        said = self.generator.generate(
            [chats[index] for index in fitting],
            [None if (one := pictures[index]) is None else one.pil() for index in fitting],
            decoding or Decoding(max_new_tokens=self.max_new_tokens),
            prefix if prefix is None or isinstance(prefix, str) else [prefix[i] for i in fitting],
            None if seeds is None else [seeds[index] for index in fitting],
        )
        for index, answer in zip(fitting, said, strict=True):
            answers[index] = answer or None
        return answers

    def prompt(self, conversation: Conversation) -> str:
        """What the model reads: the rendered conversation, for inspection."""
        return self._rendered(_plain(conversation), self._picture(conversation))

    def _rendered(self, chat: Chat, picture: Picture | None) -> str:
        shown = () if picture is None else (picture.pil(),)
        blocks = with_blocks(inert(chat, self._control), shown)
        rendered = self.generator.processor.apply_chat_template(blocks, add_generation_prompt=True)
        return str(rendered)

    def _fits(self, chat: Chat, picture: Picture | None) -> bool:
        config = self.generator.model.config.get_text_config()
        longest = getattr(config, "max_position_embeddings", None)
        if longest is None:
            return True
        with quiet():
            read = self.generator.processor.tokenizer(self._rendered(chat, picture))["input_ids"]
        return len(read) + self.max_new_tokens <= int(longest)

    def _picture(self, conversation: Conversation) -> Picture | None:
        shown = [picture for message in conversation for picture in message.pictures]
        if any(one.pictures and one.role != "user" for one in conversation):
            raise ConfigError(
                given="a picture in a message that is not a user's",
                why="chat templates have no place for it",
                fix="show it in a user's message",
            )
        if len(shown) > int(self.sees_images):
            raise ConfigError(
                given=f"a conversation with {len(shown)} pictures",
                why="this model is shown one" if self.sees_images else "this model sees none",
                fix="use another model, or a format that shows no more",
            )
        return shown[0] if shown else None


def _plain(conversation: Conversation) -> Chat:
    # Each message says whether the picture is its own: else the first of a user would have it.
    return [
        {
            "role": message.role,
            "content": message.text,
            "shown": YES if message.pictures else NO,
        }
        for message in conversation
    ]


def _load(
    source: str | Path, revision: str | None, sees_images: bool, place: str, kind: str
) -> tuple[Any, Any]:
    loaders = (
        (AutoProcessor, AutoModelForImageTextToText)
        if sees_images
        else (AutoTokenizer, AutoModelForCausalLM)
    )
    common = {"trust_remote_code": False, **({} if revision is None else {"revision": revision})}
    with quiet():
        try:
            processor = loaders[0].from_pretrained(source, padding_side="left", **common)
            model = loaders[1].from_pretrained(
                source, use_safetensors=True, dtype=getattr(torch, kind), **common
            )
        except (OSError, ValueError, KeyError) as error:
            if isinstance(error, SectowError):
                raise
            raise ConfigError(
                given=f"the judge's model {_name(source)!r}",
                why=f"it cannot be loaded ({' '.join(str(error).split())[:300]})",
                fix="give a folder with safetensors weights and a tokenizer, or the hub id of a "
                f"{'vision-language' if sees_images else 'causal language'} model that you may use",
            ) from error
    if not sees_images:
        processor = TextProcessor(processor)
    elif getattr(processor, "chat_template", None) is None:
        raise ConfigError(
            given=f"the judge's model {_name(source)!r}",
            why="its processor has no chat template",
            fix="add chat_template.jinja to its folder",
        )
    else:
        processor.tokenizer.padding_side = "left"
    return model.to(place), processor


def _identity(source: str | Path, revision: str | None, model: Any) -> str:
    """Name and weights: a commit of the hub, or a digest of a folder's files."""
    digest = weights_digest(source)
    if digest is not None:
        return f"{_name(source)}@{digest[:12]}"
    commit = getattr(model.config, "_commit_hash", None) or revision or "main"
    return f"{source}@{str(commit)[:12]}"


def _name(source: str | Path) -> str:
    """A folder's own name, without the folders that it lies in."""
    return Path(source).resolve().name if Path(source).is_dir() else str(source)
