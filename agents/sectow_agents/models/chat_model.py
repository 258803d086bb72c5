"""Weights on this machine as a chat model, for either seat and for guards."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from sectow_agents.models.generator import Generator
from sectow_agents.models.load import load_model
from sectow_agents.models.quiet import quiet
from sectow_agents.models.shared import ITS_OWN, InMemory
from sectow_agents.models.weights import weights_digest
from sectow_agents.settings.run_config import Dtype, Place
from sectow_env.game.decoding import Decoding
from sectow_env.game.messages import Conversation, Prefix


class LocalModel:
    """A `sectow_env.game.messages.ChatModel` of transformers, loaded when it is first needed.

    Args:
        source: Folder or hub id of the weights, or a generator that is already loaded.
        revision: Branch, tag or commit of a hub id.
        batch_size: Conversations that are answered at once; None finds it.
        device: `auto` takes CUDA where it is available; `cuda:1` is the second GPU.
        dtype: `auto` takes float32 on the CPU, else bfloat16.
        decoding: How it answers where a call leaves that open.
        memory: How its base model is kept. On one that is shared, its adapter is merged while it
            answers; see `models.merging`.
        guard: It judges: it may have no chat template, as the HarmBench classifiers, and what does
            not fit into its context has no answer (tokens of pictures are not counted).
    """

    takes_prefix = True

    def __init__(
        self,
        source: str | Path | Generator,
        *,
        revision: str | None = None,
        batch_size: int | None = 128,
        device: Place = "auto",
        dtype: Dtype = "auto",
        decoding: Decoding | None = None,
        memory: InMemory = ITS_OWN,
        guard: bool = False,
    ) -> None:
        self._given = source
        self._revision = revision
        self._batch_size = batch_size
        self._device: Place = device
        self._dtype: Dtype = dtype
        self.decoding = decoding or Decoding()
        self._memory = memory
        self._guard = guard

    @property
    def source(self) -> str | Path | None:
        """Where the weights are."""
        return self._given if isinstance(self._given, str | Path) else self._given.source

    @cached_property
    def generator(self) -> Generator:
        """Model and processor.

        Raises:
            ConfigError: The model does not exist, or cannot be loaded.
        """
        if not isinstance(self._given, str | Path):
            return self._given
        model, processor = load_model(
            self._given,
            revision=self._revision,
            device=self._device,
            dtype=self._dtype,
            template=not self._guard,
            memory=self._memory,
        )
        return Generator(model, processor, self._given, self._batch_size, self._memory)

    @cached_property
    def id(self) -> str:
        """Name and weights: a commit of the hub, or a digest of a folder's files."""
        source = self.source
        if source is None:
            return "unnamed"
        digest = weights_digest(source)
        if digest is not None:
            # A folder's own name, without the folders that it is in.
            return f"{Path(source).resolve().name}@{digest[:12]}"
        config = self.generator.model.config
        commit = getattr(config, "_commit_hash", None) or self._revision or "main"
        return f"{source}@{str(commit)[:12]}"

    @property
    def sees_images(self) -> bool:
        """Whether it can be shown pictures."""
        return self.generator.sees_images

    def tokens(self, text: str) -> int:
        """Length of a text in the model's own tokens."""
        return len(self.generator.processor.tokenizer(text, add_special_tokens=False)["input_ids"])

    def chat(
        self,
        conversations: Sequence[Conversation],
        decoding: Decoding | None = None,
        prefix: Prefix = None,
        seeds: Sequence[int] | None = None,
    ) -> list[str | None]:
        """One answer per conversation, in order; see `ChatModel`.

        Raises:
            ConfigError: It cannot be loaded, or is shown pictures that it cannot see.
        """
        how = decoding or self.decoding
        fitting = [
            index
            for index, conversation in enumerate(conversations)
            if not self._guard or self._fits(conversation, how.max_new_tokens)
        ]
        answers: list[str | None] = [None] * len(conversations)
        completions = self.generator.generate(
            [conversations[index] for index in fitting],
            how,
            prefix if prefix is None or isinstance(prefix, str) else [prefix[i] for i in fitting],
            None if seeds is None else [seeds[index] for index in fitting],
        )
        for index, completion in zip(fitting, completions, strict=True):
            answers[index] = completion
        return answers

    def _fits(self, conversation: Conversation, answer: int) -> bool:
        config = self.generator.model.config.get_text_config()
        longest = getattr(config, "max_position_embeddings", None)
        if longest is None:
            return True
        with quiet():
            rendered = self.generator.prompt(conversation)
            read = self.generator.processor.tokenizer(rendered)["input_ids"]
        return len(read) + answer <= int(longest)
