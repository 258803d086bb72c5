"""Model judges behind an OpenAI-compatible endpoint, by name.

Each takes `base_url` and `model`, its own settings, and any of `EndpointSettings`. A guard must be
served with the chat template of its own tokenizer, as vLLM and SGLang do; the HarmBench classifiers
have none, so their server needs one that gives the message's text as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sectow_env.judges.intent import ModelIntent
from sectow_env.judges.model_judge import Format, ModelJudge
from sectow_env.judges.prompts.harmbench import HarmBench, Variant
from sectow_env.judges.prompts.intent import Intent
from sectow_env.judges.prompts.llama_guard_3_vision import LlamaGuard3Vision
from sectow_env.judges.prompts.llama_guard_4 import LlamaGuard4
from sectow_env.judges.prompts.qwen3guard import Qwen3Guard
from sectow_env.judges.prompts.rubric import THRESHOLD, Rubric
from sectow_env.judges.settings import fingerprint, setting

if TYPE_CHECKING:
    from sectow_env.endpoint.settings import EndpointSettings

GUARD_TOKENS = 64
"""Longest answer of a guard; the documented ones have at most three short lines."""

ANSWER_TOKENS = 2048
"""Of an instruction-tuned model: longer than its object needs, since it may think before it."""


def qwen3guard(
    base_url: str, model: str, *, strict: bool = False, **endpoint: object
) -> ModelJudge:
    """The registered `served/qwen3guard`; `strict` as in `Qwen3Guard`."""
    form = Qwen3Guard(strict=setting(bool, "strict", strict))
    return served(form, base_url, model, GUARD_TOKENS, endpoint)


def llama_guard_3_vision(base_url: str, model: str, **endpoint: object) -> ModelJudge:
    """The registered `served/llama_guard_3_vision`."""
    return served(LlamaGuard3Vision(), base_url, model, GUARD_TOKENS, endpoint)


def llama_guard_4(base_url: str, model: str, **endpoint: object) -> ModelJudge:
    """The registered `served/llama_guard_4`."""
    return served(LlamaGuard4(), base_url, model, GUARD_TOKENS, endpoint)


def harmbench(
    base_url: str,
    model: str,
    *,
    variant: Variant = "text",
    template: str | None = None,
    **endpoint: object,
) -> ModelJudge:
    """The registered `served/harmbench`; `variant` and `template` as in `HarmBench`."""
    return served(HarmBench(variant, template=template), base_url, model, GUARD_TOKENS, endpoint)


def rubric(
    base_url: str, model: str, *, threshold: float = THRESHOLD, **endpoint: object
) -> ModelJudge:
    """The registered `served/rubric`: any instruction-tuned model; `threshold` as in `Rubric`."""
    return served(Rubric(threshold=threshold), base_url, model, ANSWER_TOKENS, endpoint)


def intent(base_url: str, model: str, *, picture: bool = False, **endpoint: object) -> ModelJudge:
    """The registered `intent/served`: any instruction-tuned model; `picture` as in `Intent`."""
    form = Intent(picture=setting(bool, "picture", picture))
    return served(form, base_url, model, ANSWER_TOKENS, endpoint, ModelIntent)


def served(
    form: Format,
    base_url: str,
    model: str,
    max_tokens: int,
    endpoint: dict[str, object],
    kind: type[ModelJudge] = ModelJudge,
) -> ModelJudge:
    """A judge of this format behind an endpoint; `max_tokens` unless the endpoint's settings say.

    Raises:
        ConfigError: The settings cannot be.
    """
    from sectow_env.endpoint.model import EndpointModel
    from sectow_env.endpoint.settings import endpoint_settings

    given = {"max_tokens": max_tokens, **endpoint, "base_url": base_url, "model": model}
    # Every judge by name is offered the world; these look at the turn alone.
    given.pop("world", None)
    settings = endpoint_settings(**given)
    return kind(form, EndpointModel(settings), decoding=_decoding(settings))


def _decoding(settings: EndpointSettings) -> str:
    """What changes answers: the model's id has neither its whole name nor its whole address."""
    names = {"base_url", "model", "max_tokens", "temperature", "top_p", "seed", "extra"}
    fields = settings.model_dump(mode="json", include=names)
    return fingerprint(fields)
