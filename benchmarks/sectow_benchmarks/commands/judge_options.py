"""The options of `sectow bench` about judges and what asking costs, and the plan of a dry run."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sectow_env.display.console import print_json, say, stdout
from sectow_env.display.tables import print_table
from sectow_env.registry.spec import parse_spec

if TYPE_CHECKING:
    import pandas as pd

    from sectow_benchmarks.evaluation.cost import Price

AlsoJudge = Annotated[
    list[str] | None,
    typer.Option(help="A judge that looks at the answers too; may be given again."),
]
Published = Annotated[
    str | None,
    typer.Option(
        help="The judges of the suites' authors look at their suites too, by the endpoint with "
        "these settings: base_url=...&model=..."
    ),
]
JudgeLimit = Annotated[
    int,
    typer.Option(min=0, help="Samples of each suite that judges ask a model about; 0: all."),
]
DefenderPrice = Annotated[
    str | None,
    typer.Option("--price", help="IN,OUT: the price of a million tokens, for --dry-run."),
]
JudgePrice = Annotated[
    str | None, typer.Option(help="IN,OUT of the judges' endpoint, for --dry-run.")
]


def print_plan(
    model: str,
    attacker: str | None,
    settings: Mapping[str, Any],
    as_json: bool,
    prices: tuple[str | None, str | None],
) -> None:
    """Print what would be asked, and what it would cost at the prices of defender and judges.

    Raises:
        SectowError: A name is not known, or a price is not two amounts.
    """
    from sectow_benchmarks.evaluation.cost import Price

    read = [
        None if text is None else Price.read(text, option)
        for text, option in zip(prices, ("--price", "--judge-price"), strict=True)
    ]
    from sectow_benchmarks.api import plan as planned
    from sectow_benchmarks.evaluation.estimate import arithmetic
    from sectow_benchmarks.evaluation.ground import home_of
    from sectow_benchmarks.suites.group_table import parts_of

    plan = planned(model, attacker=attacker, **settings)
    tables = {"defender": plan.questions, "judges": plan.judging}
    money = {
        name: _money(table, price)
        for (name, table), price in zip(tables.items(), read, strict=True)
    }
    if as_json:
        print_json(
            {"questions": _records(plan.questions), "judging": _records(plan.judging)}
            | {"money": money}
        )
        return
    _print(plan.questions, 2)
    if len(plan.judging):
        _print(plan.judging.assign(judge=[_short(spec) for spec in plan.judging["judge"]]), 2)
    questions, calls = (int(table.sum()) for table in (plan.questions["questions"],
                                                       plan.judging["calls"]))  # fmt: skip
    judged = f" and {calls} calls of judges" if calls else ""
    say(f"{questions} answers{judged} in all; nothing was asked.")
    groups = any(map(parts_of, settings.get("suites") or ()))
    if groups or (settings.get("world") is None and home_of(model) is None):
        say(arithmetic(_records(plan.questions)))
    spent = [f"{name} {amount:.2f}" for name, amount in money.items() if amount is not None]
    if spent:
        say(f"At most {', '.join(spent)}, in the money of the prices.")


def _print(table: pd.DataFrame, keys: int) -> None:
    heads = [str(name).replace("_", " ") for name in table.columns]
    rows = [[_cell(cell) for cell in row] for row in table.itertuples(index=False)]
    print_table(heads, rows, stdout(), keys=keys)


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "-" if value is None or math.isnan(value) else str(int(value))


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    rows = table.astype(object).where(table.notna(), None).to_dict("records")
    whole = ("questions", "calls", "prompt_tokens", "answer_tokens")
    return [
        {
            str(key): int(value) if key in whole and value is not None else value
            for key, value in row.items()
        }
        for row in rows
    ]


def _money(table: pd.DataFrame, price: Price | None) -> float | None:
    if price is None:
        return None
    prompt, answer = (int(table[name].sum()) for name in ("prompt_tokens", "answer_tokens"))
    return price.of(prompt, answer)


def _short(spec: str) -> str:
    name, settings = parse_spec(spec)
    model = settings.get("model")
    return f"{name} {model}" if isinstance(model, str) else name


def judge_settings(also: Sequence[str] | None, published: str | None, limit: int) -> dict[str, Any]:
    """What these options are among the settings of an evaluation."""
    return {"also": tuple(also or ()), "published": published, "judge_limit": limit}
