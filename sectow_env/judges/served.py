"""Model judges behind an OpenAI-compatible endpoint, by name.

Each takes `base_url` and `model`, the settings of its format, and any of `EndpointSettings`. A
guard must be served with the chat template of its own tokenizer, as vLLM and SGLang do; the
HarmBench classifiers have none, so their server needs one that gives the message's text as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from sectow_env.judges.intent import ModelIntent
from sectow_env.judges.model_judge import Format, ModelJudge, settings_of
from sectow_env.judges.prompts.harmbench import HarmBench
from sectow_env.judges.prompts.intent import Intent
from sectow_env.judges.prompts.llama_guard import LlamaGuard3Vision, LlamaGuard4
from sectow_env.judges.prompts.qwen3guard import Qwen3Guard
from sectow_env.judges.prompts.rubric import Rubric
from sectow_env.judges.settings import fingerprint

if TYPE_CHECKING:
    from sectow_env.endpoint.settings import EndpointSettings

GUARD_TOKENS = 64
"""Longest answer of a guard; the documented ones have at most three short lines."""

ANSWER_TOKENS = 2048
"""Of an instruction-tuned model: longer than its object needs, since it may think before it."""


def served(
    form: Callable[..., Format],
    max_tokens: int,
    kind: type[ModelJudge],
    /,
    base_url: str,
    model: str,
    **settings: object,
) -> ModelJudge:
    """A judge of this format behind an endpoint.

    Its longest answer is `max_tokens`, unless the endpoint's settings say.

    Raises:
        ConfigError: The settings cannot be.
    """
    from sectow_env.endpoint.model import EndpointModel
    from sectow_env.endpoint.settings import endpoint_settings

    own, others = settings_of(form, settings)
    made = form(**own)
    given = {"max_tokens": max_tokens, **others, "base_url": base_url, "model": model}
    endpoint = endpoint_settings(**given)
    return kind(made, EndpointModel(endpoint), decoding=_decoding(endpoint))


qwen3guard = partial(served, Qwen3Guard, GUARD_TOKENS, ModelJudge)
llama_guard_3_vision = partial(served, LlamaGuard3Vision, GUARD_TOKENS, ModelJudge)
llama_guard_4 = partial(served, LlamaGuard4, GUARD_TOKENS, ModelJudge)
harmbench = partial(served, HarmBench, GUARD_TOKENS, ModelJudge)
rubric = partial(served, Rubric, ANSWER_TOKENS, ModelJudge)
intent = partial(served, Intent, ANSWER_TOKENS, ModelIntent)


def _decoding(settings: EndpointSettings) -> str:
    """What changes answers: the model's id has neither its whole name nor its whole address."""
    names = {"base_url", "model", "max_tokens", "temperature", "top_p", "seed", "extra"}
    fields = settings.model_dump(mode="json", include=names)
    return fingerprint(fields)
