"""The suites' own judges by name: `published/SUITE?base_url=...&model=...`.

Each takes `base_url` and `model` of any OpenAI-compatible endpoint, `picture`, and any of
`EndpointSettings`. See `prompts/published.py` for what they are, and are not.
"""

from __future__ import annotations

from functools import partial

from sectow_env.judges.model_judge import ModelJudge
from sectow_env.judges.prompts.published import Published
from sectow_env.judges.served import ANSWER_TOKENS, served
from sectow_env.judges.settings import setting


def published(
    suite: str, base_url: str, model: str, *, picture: bool | None = None, **endpoint: object
) -> ModelJudge:
    """The judge of a suite; `picture` as in `Published`."""
    seen = None if picture is None else setting(bool, "picture", picture)
    return served(Published(suite, picture=seen), base_url, model, ANSWER_TOKENS, endpoint)


holisafe = partial(published, "holisafe")
jailbreakbench = partial(published, "jailbreakbench")
mm_safetybench = partial(published, "mm_safetybench")
mossbench = partial(published, "mossbench")
mssbench = partial(published, "mssbench")
msts = partial(published, "msts")
or_bench_hard = partial(published, "or_bench_hard")
siuo = partial(published, "siuo")
spa_vl = partial(published, "spa_vl")
vlsbench = partial(published, "vlsbench")
xstest = partial(published, "xstest")
