"""The pages of the rung in Markdown: the base's card, and the study's table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sectow_benchmarks.board.markdown import md_safe, number, shown, table, yes
from sectow_benchmarks.evaluation.settings import DECODINGS
from sectow_benchmarks.results.run import EvaluationRun
from sectow_benchmarks.studies.rung.ground import CHANNELS, GROUNDS
from sectow_benchmarks.studies.rung.play import Measured
from sectow_benchmarks.studies.rung.rows import (
    TITLES,
    Row,
    accuracy,
    asr,
    channel_rows,
    general,
    over_refusal,
    portfolio,
    refusal,
    target_rows,
)

HEAD = """# The second rung: SmolLM2-135M-Instruct

Printed by `{command}` on {machine}. A real language model of 135 million parameters was taught the
secrets of a fictional guild ([what and how](../rung.md)), and then attacker and defender were
trained in turn in plain English. One run, one seed. 95% intervals, clustered by behavior; n counts
scored items. The targets were declared before the run, and are published as they fell.
"""
NOT_RUN = """
## What this does not say

- One seed of the run and of the guild: an interval covers the items, not another run.
- An attacker trained afresh against the last defender was not run, so exploitability is that of
  the scripts and of attackers that learned against the base.
- General questions are made by rule. They stand for a benchmark of knowledge such as MMLU, which
  lm-eval fetches from a hub.
- Where fewer than 20 behaviors are behind a figure, its interval is a rough guide: there are 10
  secrets on trained grounds and 6 held-out ones.
"""
CARD = """# The base defender of the rung

{source}. {lessons} lessons, {seconds} seconds; weights `{sha256}`. The lessons refuse a secret by
form with these shares: {refused}; benign twins are never refused. 95% intervals, clustered by
behavior.
"""


def card(record: Mapping[str, Any], base: EvaluationRun) -> str:
    """What the base defender does, before any training against attackers."""
    teaching = record["teaching"]
    head = CARD.format(
        source=md_safe(str(record["source"])),
        lessons=teaching["steps"] * teaching["batch"],
        seconds=round(record["seconds"]),
        sha256=record["sha256"]["defender"],
        refused=", ".join(f"{md_safe(k)} {v}" for k, v in record["lessons"]["refused"].items()),
    )
    heads = ("ground", "channel", "decoding", "ASR", "refused", "twins right", "twins refused")
    cells = [
        (
            TITLES[ground],
            channel,
            way,
            *(
                shown(make(ground, channel).estimate(base.samples, way))
                for make in (asr, refusal, accuracy, over_refusal)
            ),
        )
        for ground in GROUNDS
        for channel in CHANNELS
        for way in DECODINGS
    ]
    known = f"General questions: {shown(general().estimate(base.samples))}."
    return "\n".join([head, *table(heads, cells), "", known, ""])


def render(measured: Measured, record: Mapping[str, Any], command: str, machine: str) -> str:
    """The study's page."""
    base, final = measured.base, measured.final
    heads = ("figure", "before", "after", "change", "target", "met")
    parts = [HEAD.format(command=command, machine=machine), "## Targets", ""]
    parts += table(heads, [(*_cells(row), row.target, _mark(row)) for row in target_rows(measured)])
    known = [shown(general().estimate(run.samples)) for run in (measured.model, base, final)]
    parts += ["", "General questions, greedy: untaught model {}, base {}, last {}.".format(*known)]
    for way in DECODINGS:
        parts += ["", f"## By channel, {'T = 1' if way == 'sampled' else way}", ""]
        parts += table(heads[:4], map(_cells, channel_rows(base, final, way)))
    parts += ["", "## Attackers on held-out behaviors, the defender at T = 1", ""]
    parts += table(
        (
            "attacker",
            "ASR on the base",
            "share of the best script",
            "valid",
            "on the last defender",
        ),
        [
            (item.name, number(item.base), number(item.share), _valid(item.valid), item.measured)
            for item in portfolio(measured)
        ],
    )
    parts += [
        "",
        *_invalid(measured.base_attacked),
        "",
        "## What was trained",
        "",
        *trained_lines(measured, record),
    ]
    return "\n".join(parts) + "\n" + NOT_RUN


def _invalid(run: EvaluationRun) -> list[str]:
    """How many completions of each attacker could not be read."""
    samples = run.samples
    lines = []
    for key in ("first", "last"):
        rows = samples[samples["suite"] == f"attacker-{key}"]
        junk = int((rows["invalid"] != "").sum())
        lines.append(f"- {key} attacker: {junk} of {len(rows)} attacks invalid")
    return lines


def trained_lines(measured: Measured, record: Mapping[str, Any]) -> list[str]:
    """What was trained, and which defenders were not accepted."""
    config = measured.config
    lines = [f"- base: {md_safe(str(record['source']))}, taught in {round(record['seconds'])} s"]
    for seat in config.seats:
        training = config.training(seat)
        lora = f"LoRA rank {training.lora.rank}" if training.lora else "all weights"
        lines.append(
            f"- {seat}: {config.rounds} round(s) of {training.steps} optimizer steps, batch "
            f"{training.batch}, {lora}, learning rate {training.learning_rate}, temperature "
            f"{training.temperature}"
        )
    lines += [
        f"- the monitor did not accept the defender of round {number}: measured is the one before"
        for number in measured.rejected
    ]
    return lines


def _cells(row: Row) -> tuple[str, str, str, str]:
    return row.figure, row.before, row.after, row.change


def _mark(row: Row) -> str:
    return "-" if row.met is None else yes(row.met)


def _valid(valid: bool | None) -> str:
    return "-" if valid is None else "yes" if valid else "no"
