"""What the policy that is trained writes in an optimizer step: all of it at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from transformers import ProcessorMixin
from trl import GRPOTrainer
from trl.data_utils import prepare_multimodal_messages
from trl.models import unwrap_model_for_generation

from sectow_agents.algorithms.job import Job
from sectow_agents.algorithms.recorder import diverged
from sectow_agents.algorithms.sharding import in_parts
from sectow_agents.models.generator import Generator, Rendered
from sectow_agents.models.shared import InMemory
from sectow_agents.settings.training import GrpoSettings
from sectow_env.errors import PartError
from sectow_env.game.decoding import Decoding
from sectow_env.game.seeds import draw_seeds

Messages = Sequence[Mapping[str, Any]]
_OF_TRL = ("use_vllm", "top_p", "top_k", "min_p", "repetition_penalty")
"""Fields of TRL's configuration by which it generates itself."""


class Rollout:
    """Writes the completions of an optimizer step, as `rollout_func` of `GRPOTrainer`.

    The trainer hands over the prompts of the whole step. They may mix texts with pictures: what it
    trains on afterwards are the data set's own lists of pictures, an empty one for a text.
    """

    def __init__(self, job: Job, settings: GrpoSettings, processor: Any) -> None:
        self._job = job
        self._decoding = Decoding(True, settings.temperature, settings.max_new_tokens)
        self._processor = processor
        self._memory = InMemory(shared=True, generation=job.generation)
        # Whoever has a part of the weights only must generate in step with the others.
        self._by_trl = in_parts() or any(settings.grpo.get(name) for name in _OF_TRL)
        self._generator: Generator | None = None

    def __call__(self, prompts: Sequence[Messages], trainer: GRPOTrainer) -> dict[str, Any]:
        """Prompts and completions as token ids.

        Args:
            prompts: This process's rows; a prompt is repeated for its group.
            trainer: The trainer.
        """
        if self._by_trl:
            return _trl_s_own(prompts, trainer)
        seeds = self._seeds(len(prompts), trainer.state.global_step)
        rendered = [
            _rendered(prompt, seed, trainer) for prompt, seed in zip(prompts, seeds, strict=True)
        ]
        with _frozen(trainer) as model:
            if self._generator is None:
                self._generator = Generator(model, self._processor, None, None, self._memory)
            try:
                drawn = self._generator.draw(rendered, self._decoding)
            except PartError as error:
                raise diverged(self._job, trainer.state.global_step + 1, error.why) from error
        return {
            "prompt_ids": [row.prompt for row in drawn],
            "completion_ids": [row.completion for row in drawn],
            "logprobs": None,
        }

    def _seeds(self, count: int, step: int) -> list[int]:
        """One for each row of this process; a row has the same one however many share the rows."""
        rng = np.random.Generator(np.random.PCG64([self._job.seed, 3, step]))
        return draw_seeds(rng, count * self._job.share.size)[count * self._job.share.rank :][:count]


def _trl_s_own(prompts: Sequence[Messages], trainer: GRPOTrainer) -> dict[str, Any]:
    """As without a rollout function, which would not keep the empty lists of pictures."""
    read, images, fields = trainer._tokenize_prompts(list(prompts))  # noqa: SLF001  (nothing public)
    written, logprobs = trainer._generate_single_turn(  # noqa: SLF001  (nothing public)
        read, images, fields, trainer.num_generations
    )
    return {"prompt_ids": read, "completion_ids": written, "logprobs": logprobs}


def _rendered(prompt: Messages, seed: int, trainer: GRPOTrainer) -> Rendered:
    """The prompt as the trainer itself reads it when it trains."""
    messages = list(prompt)
    if isinstance(trainer.processing_class, ProcessorMixin):
        messages = prepare_multimodal_messages(messages)
    text = trainer.processing_class.apply_chat_template(
        messages, tokenize=False, add_generation_prompt=True
    )
    blocks = [block for message in messages for block in _blocks(message)]
    pictures = tuple(block["image"] for block in blocks if block["type"] == "image")
    return Rendered(text, pictures, seed)


def _blocks(message: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    return () if isinstance(message["content"], str) else message["content"]


@contextmanager
def _frozen(trainer: GRPOTrainer) -> Iterator[Any]:
    """The bare model for as long as it generates."""
    with unwrap_model_for_generation(
        trainer.model_wrapped,
        trainer.accelerator,
        gradient_checkpointing_kwargs=trainer.args.gradient_checkpointing_kwargs,
    ) as model:
        try:
            yield model
        finally:
            model.train()
