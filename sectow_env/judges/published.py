"""The suites' own judges by name: `published/SUITE?base_url=...&model=...`.

Each takes `base_url` and `model` of any OpenAI-compatible endpoint, `picture`, and any of
`EndpointSettings`. See `prompts/published.py` for what they are, and are not.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from sectow_env.judges.model_judge import ModelJudge
from sectow_env.judges.prompts.published import Published
from sectow_env.judges.served import ANSWER_TOKENS, served


def _judge(suite: str) -> Callable[..., ModelJudge]:
    return partial(served, partial(Published, suite), ANSWER_TOKENS, ModelJudge)


holisafe = _judge("holisafe")
jailbreakbench = _judge("jailbreakbench")
mm_safetybench = _judge("mm_safetybench")
mossbench = _judge("mossbench")
mssbench = _judge("mssbench")
msts = _judge("msts")
or_bench_hard = _judge("or_bench_hard")
siuo = _judge("siuo")
spa_vl = _judge("spa_vl")
vlsbench = _judge("vlsbench")
xstest = _judge("xstest")
