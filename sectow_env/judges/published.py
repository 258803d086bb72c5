"""The suites' own judges by name: `published/SUITE?base_url=...&model=...`.

Each takes `base_url` and `model` of any OpenAI-compatible endpoint, `picture`, and any of
`EndpointSettings`. See `prompts/published.py` for what they are, and are not.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from sectow_env.judges.model_judge import ModelJudge
from sectow_env.judges.prompts.published import Published, questions
from sectow_env.judges.served import ANSWER_TOKENS, served


def __getattr__(suite: str) -> Callable[..., ModelJudge]:
    """The judge of any suite of `published.toml`."""
    if suite not in questions():
        raise AttributeError(f"module {__name__!r} has no attribute {suite!r}")
    return partial(served, partial(Published, suite), ANSWER_TOKENS, ModelJudge)
