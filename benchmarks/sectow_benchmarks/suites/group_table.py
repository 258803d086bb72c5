"""The groups of suites and of lm-eval's tasks: safety, over-refusal and capability.

`sectow_safety`, `sectow_over_refusal` and `sectow_general` ask everything; with `_mini` behind the
name, each member's mini, which is the same for everybody who has the same data. `sectow_quick` asks
all three minis, in under half an hour by this estimate, which has every answer at full length:

    17 suites of safety and over-refusal   1,880 items x 2 decodings x 256 tokens    963,000
    7 suites of capability                   700 items x 64 tokens                    45,000
    mmmu_val and chartqa                     220 documents x 512 tokens              113,000
    ifeval                                   100 documents x 1,280 tokens            128,000
    gsm8k                                    100 documents x 256 tokens               26,000
    mmlu, hellaswag, arc                     414 documents with 4 choices, each taken
                                           for an answer of 128 tokens: a bound      212,000
                                                                                   ---------
    1,487,000 tokens / 1,290 a second = 1,153 s = 20 minutes

1,290 tokens a second is what a model of 3.75 billion parameters in bfloat16 gave on one H100, 64
questions with pictures of 336 x 336 at once (64 x 128 tokens in 6.35 s). Loading weights and data,
and judges that are models, come on top; a model of twice the size takes about twice as long.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from sectow_benchmarks.suites.base import Role

MINI = "_mini"
"""What the name of a mini ends with."""
QUICK = "sectow_quick"
MINI_DOCUMENTS = 100
"""Documents of the mini of a task, shared equally by the tasks of a group, rounded up."""
TOKENS_A_SECOND = 64 * 128 / 6.35
"""Of the model and card above."""
RATED_TOKENS = 4 * 128
"""Tokens of answers that a document with four choices is taken for, each of which is rated: more
than that costs."""


class ForeignTask(NamedTuple):
    """A task of lm-eval as a member of a group."""

    name: str
    likelihoods: bool = False
    """Whether it needs likelihoods, which only bare local weights have."""


class Group(NamedTuple):
    """Suites with the items of one role, and tasks of lm-eval."""

    role: Role
    suites: tuple[str, ...]
    tasks: tuple[ForeignTask, ...] = ()


GROUPS: Mapping[str, Group] = {
    "sectow_safety": Group(
        "safety",
        (
            *("msts", "mm_safetybench", "figstep", "jailbreakv_28k", "vlguard", "mssbench"),
            *("siuo", "vlsbench", "holisafe", "spa_vl", "harmbench", "harmbench_multimodal"),
            *("strongreject", "jailbreakbench"),
        ),
    ),
    "sectow_over_refusal": Group(
        "over_refusal",
        (
            *("mossbench", "xstest", "or_bench_hard"),
            *("vlguard", "mssbench", "holisafe", "spa_vl", "jailbreakbench"),
        ),
    ),
    "sectow_general": Group(
        "capability",
        ("mmstar", "scienceqa", "ai2d", "pope", "mme", "realworldqa", "mathvista"),
        (
            *(ForeignTask("mmmu_val"), ForeignTask("chartqa")),
            *(ForeignTask("gsm8k"), ForeignTask("ifeval")),
            *(ForeignTask("mmlu", likelihoods=True), ForeignTask("hellaswag", likelihoods=True)),
            ForeignTask("arc_easy", likelihoods=True),
            ForeignTask("arc_challenge", likelihoods=True),
        ),
    ),
}
GROUP_NAMES = (*GROUPS, *(name + MINI for name in GROUPS), QUICK)


class Part(NamedTuple):
    """What a name of a group stands for: a group's members, or their minis."""

    group: Group
    mini: bool


def parts_of(name: str) -> tuple[Part, ...]:
    """The groups behind a name; empty where it is not that of a group."""
    if name == QUICK:
        return tuple(Part(group, True) for group in GROUPS.values())
    group = GROUPS.get(name.removesuffix(MINI))
    return () if group is None else (Part(group, name.endswith(MINI)),)


def suites_of(names: Iterable[str]) -> tuple[str, ...]:
    """Names of suites, and in place of groups those of their suites, each once."""
    return tuple(
        dict.fromkeys(
            suite
            for name in names
            for suite in ([each for part in parts_of(name) for each in part.group.suites] or [name])
        )
    )
