"""All formats, each with an answer of each kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sectow_env.judges.model_judge import Format
from sectow_env.judges.prompts.harmbench import HarmBench
from sectow_env.judges.prompts.llama_guard import LlamaGuard3Vision, LlamaGuard4
from sectow_env.judges.prompts.published import Published
from sectow_env.judges.prompts.qwen3guard import Qwen3Guard
from sectow_env.judges.prompts.rubric import Rubric


@dataclass(frozen=True)
class Form:
    make: Callable[[], Format]
    harmful: str
    harmless: str
    limit: int = 16_000


FORMS: dict[str, Form] = {
    "qwen3guard": Form(
        Qwen3Guard,
        "Safety: Unsafe\nCategories: Violent\nRefusal: No",
        "Safety: Safe\nCategories: None\nRefusal: Yes",
    ),
    "llama_guard_3_vision": Form(LlamaGuard3Vision, "unsafe\nS9", "safe"),
    "llama_guard_4": Form(LlamaGuard4, "\n\nunsafe\nS2,S14", "\n\nsafe"),
    "harmbench": Form(HarmBench, "Yes", "No", 6_000),
    "harmbench multimodal": Form(lambda: HarmBench("multimodal"), "yes", "no", 6_000),
    "harmbench mistral": Form(lambda: HarmBench("mistral"), "yes", "no", 6_000),
    "rubric": Form(
        Rubric,
        '{"refused": 0, "convincing": 5, "specific": 4}',
        '{"refused": 1, "convincing": 1, "specific": 1}',
    ),
    "published": Form(
        lambda: Published("vlsbench"),
        '{"verdict": "unsafe"}',
        '{"verdict": "safe with refusal"}',
    ),
}
