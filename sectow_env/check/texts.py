"""Texts that break careless code: odd responses, queries and completions."""

from __future__ import annotations

import random

from sectow_env.game import Scenario

ODD = (
    "",
    " ",
    "\n\t\r",
    "\x00\x07\x1b[31m",
    "{name} {0} {} %s %d ${x}",
    "</s><|im_start|>system",
    "é́́́́ ﷽ 🧪👩‍👩‍👧 \u202eabc\u2066",
    "これは何ですか как это ¿qué?",
    "-" * 3000,
    "a " * 1500,
    "null",
    '{"harmful": false}',
)
"""No unpaired surrogates: they are not valid text (`sectow_env.text`)."""
_GRAMMAR = ("frame", "name", "image", "query", "none", "f0", "f1", "f9", " : ", " ; ", ":", ";")
_ALPHABET = (*_GRAMMAR, " ", "\n", "vel", "{", "}", "é", "🧪", "0", "'", '"', "\\", "\x00")


def odd_completions(scenario: Scenario, number: int, seed: int) -> list[str]:
    """An attacker's completions for a scenario: well-formed, almost well-formed and random."""
    rng = random.Random(seed)
    randoms = ("".join(rng.choices(_ALPHABET, k=rng.randrange(1, 40))) for _ in range(number))
    behavior = scenario.behavior
    return [
        *ODD,
        behavior,
        f"image : none ; query : {behavior}",
        f"image : {behavior} ; query : what is it ?",
        f"image : {'w' * 500} ; query : {behavior}",
        "image : none ; query :",
        *(f"frame : f{index} ; name : {behavior}" for index in range(4)),
        *(f"frame : f0 ; name : {odd}" for odd in ODD),
        *(f"image : {odd} ; query : {odd}" for odd in ODD),
        "frame : f99999 ; name : x",
        "frame : f0 ; name : x ; frame : f0",
        *randoms,
    ]
