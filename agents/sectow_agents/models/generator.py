"""A model with its processor: the only place where text is generated from conversations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import torch
from PIL import Image
from transformers import GenerationConfig, LogitsProcessorList

from sectow_agents.models.batching import Batcher, Load, room_for
from sectow_agents.models.begin import begins
from sectow_agents.models.cache import Cache
from sectow_agents.models.chat import inert, pictures_of
from sectow_agents.models.families import family_of
from sectow_agents.models.merging import Merging
from sectow_agents.models.pictures import beside_text
from sectow_agents.models.quiet import quiet
from sectow_agents.models.sampling import FiniteLogits, SeededDraws, uniform_rows
from sectow_agents.models.shared import ITS_OWN, InMemory
from sectow_agents.models.template import Template
from sectow_agents.models.thinking import thinking_marks, without_thinking
from sectow_env.errors import ConfigError, PartError
from sectow_env.game.decoding import Decoding
from sectow_env.game.messages import Conversation, Prefix
from sectow_env.game.picture import Picture
from sectow_env.game.seeds import SeedQueue

T = TypeVar("T")


class Drawn(NamedTuple):
    """A completion as token ids, without padding."""

    prompt: list[int]
    completion: list[int]
    """With the token that ended it, if one did."""


class Generator:
    """Generates completions of conversations, each with or without pictures.

    Args:
        model: Any generative model of transformers, or a PEFT model around one.
        processor: Its processor, with a chat template.
        source: Folder or model id that it came from, for provenance.
        batch_size: Prompts that are answered at once; None finds it.
        memory: How it is kept. On a base that is shared, an adapter is merged into the weights
            while completions are written.
    """

    def __init__(
        self,
        model: Any,
        processor: Any,
        source: str | Path | None = None,
        batch_size: int | None = 128,
        memory: InMemory = ITS_OWN,
    ) -> None:
        self.model = model
        self.processor = processor
        self.source = source
        self.batcher = Batcher(batch_size, lambda: room_for(self.model))
        self._merging = Merging(model) if memory.shared else None
        self._cache = Cache(model, memory.generation)
        self._image_tokens: dict[tuple[tuple[int, int], ...], int] = {}
        self._control = control_tokens(processor)
        self.family = family_of(model.config)
        name = type(model).__name__ if source is None else repr(str(source))
        self._name = f"the model {name}"
        self._template = Template(processor, name)
        marks = self.family.thinking
        self._thinking = thinking_marks(processor) if marks is None else marks

    def generate(
        self,
        conversations: Sequence[Conversation],
        decoding: Decoding,
        prefix: Prefix = None,
        seeds: Sequence[int] | None = None,
    ) -> list[str]:
        """One completion per conversation, in order, without thinking and special tokens, stripped.

        Args:
            conversations: The prompts.
            decoding: Greedy or sampled, and how long.
            prefix: Beginning of the assistant's message, the same for all, or one per conversation;
                it is continued and is not part of what is returned.
            seeds: One per conversation, for sampled decoding; default: drawn from `decoding.seed`.

        Raises:
            ConfigError: There is a picture, and the model cannot be shown any.
            PartError: Its logits are not finite.
        """
        if seeds is None:
            seeds = SeedQueue(decoding.seed).take(len(conversations))
        prompts = self._prompts(conversations, prefix, seeds)

        def answer(batch: Sequence[Rendered]) -> list[str]:
            inputs, out = self._complete(batch, decoding)
            written = out[:, inputs["input_ids"].shape[1] :]
            texts = self.processor.batch_decode(written, skip_special_tokens=True)
            return [without_thinking(text, self._thinking) for text in texts]

        with torch.inference_mode():
            return self._answered(prompts, decoding, answer)

    def draw(self, prompts: Sequence[Rendered], decoding: Decoding) -> list[Drawn]:
        """One completion per prompt as token ids, in order: what a policy is trained on.

        Raises:
            PartError: Its logits are not finite.
        """

        def answer(batch: Sequence[Rendered]) -> list[Drawn]:
            inputs, out = self._complete(batch, decoding)
            read, mask = inputs["input_ids"], inputs["attention_mask"].bool()
            ends = torch.isin(out, torch.tensor(self._ends, device=out.device)).cpu()
            shown, written = out.cpu(), slice(read.shape[1], None)
            return [
                Drawn(tokens[kept].tolist(), _until(row[written], ended[written]))
                for tokens, kept, row, ended in zip(
                    read[: len(batch)].cpu(), mask[: len(batch)].cpu(), shown, ends, strict=True
                )
            ]

        # What such a model computes lazily is also used in training: no inference tensors.
        with torch.no_grad():
            return self._answered(prompts, decoding, answer)

    def _answered(
        self,
        prompts: Sequence[Rendered],
        decoding: Decoding,
        answer: Callable[[Sequence[Rendered]], Sequence[T]],
    ) -> list[T]:
        answers: dict[int, T] = {}
        self.model.eval()
        with quiet(), nullcontext() if self._merging is None else self._merging.merged():
            loads = [self._load(prompt) for prompt in prompts]
            for batch in self.batcher.batches(loads, decoding.max_new_tokens):
                answers |= self.batcher.run(
                    batch, lambda part: answer([prompts[index] for index in part])
                )
        return [answers[index] for index in range(len(prompts))]

    def _load(self, prompt: Rendered) -> Load:
        """Length of a prompt; one image per size is processed to count its tokens."""
        if not prompt.pictures:
            return Load(len(prompt.text), 0)
        images = prompt.images
        sizes = tuple(image.size for image in images)
        if sizes not in self._image_tokens:
            shown = self.encode([prompt.text], [images])["input_ids"].shape[1]
            read = len(self.processor.tokenizer(prompt.text)["input_ids"])
            across = len(images) * beside_text(self.model.config)
            self._image_tokens[sizes] = max(1, int(shown) - read + across)
        return Load(len(prompt.text), self._image_tokens[sizes])

    @property
    def sees_images(self) -> bool:
        """Whether the model can be shown pictures."""
        return self.family.sees_images

    def prompt(self, conversation: Conversation) -> str:
        """What the model reads: the conversation as its chat template renders it.

        Raises:
            ConfigError: There is a picture, and the model cannot be shown any; or its chat template
                refuses the conversation.
        """
        self._pictures(conversation)
        return self._template.render(inert(conversation, self._control))

    def _prompts(
        self, conversations: Sequence[Conversation], prefix: Prefix, seeds: Sequence[int]
    ) -> list[Rendered]:
        given = "" if prefix is None else prefix
        starts = [given] * len(conversations) if isinstance(given, str) else given
        return [
            Rendered(self.prompt(conversation) + start, self._pictures(conversation), seed)
            for conversation, start, seed in zip(conversations, starts, seeds, strict=True)
        ]

    def _pictures(self, conversation: Conversation) -> tuple[Picture, ...]:
        pictures = pictures_of(conversation)
        if pictures and not self.sees_images:
            raise ConfigError(
                given=f"a conversation with {len(pictures)} picture{'s' * (len(pictures) > 1)}",
                why=f"{self._name} sees none",
                fix="use a model that sees images, or ask without pictures",
            )
        return pictures

    def _complete(self, prompts: Sequence[Rendered], decoding: Decoding) -> tuple[Any, Any]:
        """The model's inputs, and what it makes of them: prompts and completions, padded."""
        count, prompts = len(prompts), self._cache.filled(prompts)
        texts, images = [prompt.text for prompt in prompts], [prompt.images for prompt in prompts]
        inputs = self.encode(texts, images, **self._cache.padding)
        inputs = inputs.to(self.model.device, dtype=self.model.dtype)
        seen = FiniteLogits()
        processors = LogitsProcessorList([seen])
        if decoding.sampled:
            uniforms = uniform_rows([prompt.seed for prompt in prompts], decoding.max_new_tokens)
            length = int(inputs["input_ids"].shape[1])
            processors.append(
                SeededDraws(uniforms, decoding.temperature, length, self.model.device)
            )
        out = self._cache.generate(
            self.model,
            **inputs,
            generation_config=self._settings(decoding),
            logits_processor=processors,
        )
        if not seen.finite:
            raise PartError(
                given=self._name,
                why=f"it computed NaN or infinite logits in {self.model.dtype}",
                fix="use dtype=float32 or bfloat16, or other weights: training with too high a "
                "learning rate leaves such weights",
            )
        return inputs, out[:count]

    def encode(
        self, texts: Sequence[str], images: Sequence[Sequence[Image.Image]], **padding: int
    ) -> Any:
        """Rendered prompts as model inputs, left-padded; all have an image, or none has."""
        shown = [list(some) for some in images if some]
        return self.processor(
            text=list(texts),
            images=shown or None,
            padding=True,
            padding_side="left",
            return_tensors="pt",
            **padding,
            **begins(self.processor, texts[0] if texts else ""),
        )

    @property
    def _ends(self) -> list[int]:
        """Tokens that end a completion."""
        ends = _first(
            self.model.generation_config.eos_token_id, self.processor.tokenizer.eos_token_id
        )
        return [ends] if isinstance(ends, int) else list(ends or [])

    def _settings(self, decoding: Decoding) -> GenerationConfig:
        own = self.model.generation_config
        tokenizer = self.processor.tokenizer
        return GenerationConfig(
            max_new_tokens=decoding.max_new_tokens,
            # Sampling is done by our own processor, which leaves one token to the argmax.
            do_sample=False,
            num_beams=1,
            repetition_penalty=1.0,
            pad_token_id=_first(own.pad_token_id, tokenizer.pad_token_id, tokenizer.eos_token_id),
            eos_token_id=self._ends or None,
            suppress_tokens=suppressed_tokens(self.model, self.processor),
        )


@dataclass(frozen=True)
class Rendered:
    """A prompt as a model reads it."""

    text: str
    pictures: tuple[Picture | Image.Image, ...]
    seed: int
    """Of its draws."""

    @property
    def images(self) -> list[Image.Image]:
        """The pictures as processors take them."""
        return [shown.pil() if isinstance(shown, Picture) else shown for shown in self.pictures]


def suppressed_tokens(model: Any, processor: Any) -> list[int]:
    """Ids that no policy may emit: image and video placeholders, and what the model forbids."""
    forbidden = set(model.generation_config.suppress_tokens or [])
    for holder in (model.config, processor, processor.tokenizer):
        for name in ("image_token_id", "video_token_id", "image_token_index"):
            forbidden.add(getattr(holder, name, None))
    forbidden.update(getattr(processor, "image_token_ids", None) or [])
    placeholders = family_of(model.config).placeholders
    forbidden.update(processor.tokenizer.convert_tokens_to_ids(list(placeholders)))
    return sorted(token for token in forbidden if isinstance(token, int))


def control_tokens(processor: Any) -> list[str]:
    """Spelling of the tokens that mean something to the chat template or the processor."""
    tokenizer = processor.tokenizer
    added = [str(token) for token in tokenizer.added_tokens_decoder.values()]
    named = [getattr(processor, name, None) for name in ("image_token", "video_token")]
    return sorted(
        {*added, *tokenizer.all_special_tokens, *(str(token) for token in named if token)}
    )


def _until(tokens: torch.Tensor, ends: torch.Tensor) -> list[int]:
    """Tokens up to the first that ends the completion; behind it is padding."""
    count = int(ends.int().argmax()) + 1 if bool(ends.any()) else len(tokens)
    written: list[int] = tokens[:count].tolist()
    return written


def _first(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)
