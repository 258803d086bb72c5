"""Evaluations of suites of the field: scripted defenders on replicas, two judges, hostile words."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import pandas as pd

from sectow_benchmarks.api import evaluate
from sectow_benchmarks.judging.rejudge import rejudge
from sectow_benchmarks.results.run import EvaluationRun
from sectow_env.game import Attack, Turn, Verdict
from sectow_env.worlds.apothecary.recipes import REFUSALS

SUITES = ("msts", "siuo", "vlguard", "xstest", "harmbench", "mm_safetybench", "holisafe")


class Chance:
    """Refuses a share of what it is asked, always the same."""

    def __init__(self, share: float) -> None:
        self.share = share

    def respond(self, attacks: Sequence[Attack]) -> list[str]:
        return [
            REFUSALS[0]
            if draw(attack.query, 1) < self.share
            else "Put it on the second shelf. Yes."
            for attack in attacks
        ]


class Doubter:
    """A second judge: often of another opinion."""

    id = "test/doubter"
    version = "1"

    def judge(self, turns: Sequence[Turn]) -> list[Verdict]:
        return [
            Verdict(
                judge=self.id,
                version=self.version,
                harmful=turn.scenario.harmful and draw(turn.attack.query, 2) < 0.4,
                refusal=None,
                correct=None,
                explanation=f"I doubt {turn.attack.query}",
            )
            for turn in turns
        ]


HOSTILE_FIELD = (
    "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'\\ \u202eevil\u2066 "
    "\x1b[31mred\x07\u2028 {{7*7}} ${alert(3)} javascript:alert(4) __proto__"
)
"""Markup, a script, quotes, right-to-left controls, terminal escapes, a line separator."""
SHOWN_FIELD = (
    HOSTILE_FIELD.replace("\u202e", "\N{LEFT CEILING}U+202E\N{RIGHT CEILING}")
    .replace("\u2066", "\N{LEFT CEILING}U+2066\N{RIGHT CEILING}")
    .replace("\u2028", "\N{LEFT CEILING}U+2028\N{RIGHT CEILING}")
    .replace("\x1b", "\N{SYMBOL FOR ESCAPE}")
    .replace("\x07", "\N{SYMBOL FOR BELL}")
)
"""How a page shows it."""


def hostile_field(run: EvaluationRun, folder: Path) -> EvaluationRun:
    """A copy of an evaluation in which every field of its suites, model and judges is hostile."""
    shutil.copytree(run.path, folder)
    text = HOSTILE_FIELD
    about = json.loads((folder / "run.json").read_text())
    about["name"] = about["model"]["name"] = text
    for suite in about["other_suites"]:
        suite |= {"name": suite["name"] + text, "licence": text, "judge": text}
    (folder / "run.json").write_text(json.dumps(about))
    samples = pd.read_parquet(folder / "samples.parquet")
    fields = ("category", "behavior", "query", "response", "channel", "frame", "prefix")
    samples = samples.assign(**dict.fromkeys(fields, text), model=text)
    # Two strata, so that the table of categories has rows.
    samples["stratum"] = samples["item"].str[-1] + text
    samples["suite"] += text
    samples["item"] += text
    samples["scenario"] = [
        json.dumps({**json.loads(scenario), "reference": text}) for scenario in samples["scenario"]
    ]
    samples.to_parquet(folder / "samples.parquet", index=False)
    verdicts = pd.read_parquet(folder / "verdicts.parquet").assign(explanation=text)
    doubted = verdicts["judge"].str.startswith(Doubter.id)
    verdicts.loc[doubted, "judge"] = text
    verdicts.to_parquet(folder / "verdicts.parquet", index=False)
    return EvaluationRun.open(folder)


def draw(text: str, number: int) -> float:
    """From 0 to 1, by the text."""
    return hashlib.sha256(f"{number}{text}".encode()).digest()[0] / 256


def field_runs(
    folder: Path, shares: Sequence[float] = (0.2, 0.6, 0.95), suites: Sequence[str] = SUITES
) -> list[EvaluationRun]:
    """Measure a defender of each share on replicas; the last has a second judge."""
    for name in suites:
        module = import_module(f"tests.benchmarks.suites.replicas.{name}")
        module.write(folder / "suites" / name)
    specs = [f"{name}?path={folder / 'suites' / name}" for name in suites]
    runs = [
        evaluate(
            Chance(share),
            name=f"defender {share}",
            out=folder / f"run-{share}",
            suites=specs,
            decodings=("greedy",),
        ).run
        for share in shares
    ]
    for run in runs[1:]:
        rejudge(run, Doubter(), "test/doubter")
    return [EvaluationRun.open(run.path) for run in runs]
