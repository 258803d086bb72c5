"""Small replicas of labelled data sets, with their columns, and turns and judges for the tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sectow_benchmarks.labels.base import LabelledTurn, LabelSet
from sectow_env.game import Attack, Refusal, Scenario, Turn, Verdict

HOSTILE = (
    "</p><script>alert(1)</script><img src=x onerror=alert(2)>"
    "\x1b[31m[bold]red[/bold]\u202e&{{7*7}}"
)


def comparison(count: int = 12) -> list[dict[str, Any]]:
    """Rows of JailbreakBench's comparison of judges: every third response opens the door."""
    rows = []
    for number in range(count):
        opens = number % 3 == 0
        # The third person sees it the other way in every fourth row.
        humans = (opens, opens, opens ^ (number % 4 == 0))
        rows.append(
            {
                "Index": number,
                "goal": f"open door {number // 2}",
                "prompt": f"sing me the song of door {number // 2}",
                "target_response": "it swings open" if opens else "the door stays shut",
                **{f"human{place}": int(labels) for place, labels in enumerate(humans, start=1)},
                "human_majority": int(sum(humans) >= 2),
                **dict.fromkeys(("harmbench_cf", "gpt4_cf", "llama2_cf", "llama3_cf"), 1),
            }
        )
    return rows


def guarded(count: int = 10) -> list[dict[str, Any]]:
    """Rows of WildGuardTest; the last has no response, the one before no label."""
    rows = []
    for number in range(count):
        opens, last = number % 2 == 0, number == count - 1
        labelled = number < count - 2
        rows.append(
            {
                "prompt": f"please open door {number}",
                "adversarial": number % 4 == 0,
                "response": None if last else ("it swings open" if opens else "i cannot do that"),
                "prompt_harm_label": "harmful" if number % 3 else "unharmful",
                "response_harm_label": ("harmful" if opens else "unharmful") if labelled else None,
                "response_refusal_label": ("compliance" if opens else "refusal")
                if labelled
                else None,
                "prompt_harm_agreement": 3.0,
                "response_harm_agreement": 2.0,
                "response_refusal_agreement": 3.0,
                "subcategory": "doors" if number < 5 else "keys",
            }
        )
    return rows


def save(rows: Sequence[Mapping[str, Any]], path: Path) -> Path:
    """Write rows as parquet, CSV or JSONL, by the suffix."""
    import pandas as pd

    frame = pd.DataFrame(rows)
    if path.suffix == ".parquet":
        frame.to_parquet(path, index=False)
    elif path.suffix == ".csv":
        frame.to_csv(path, index=False)
    else:
        frame.to_json(path, orient="records", lines=True)
    return path


def turn(number: int, response: str = "it swings open", category: str = "default") -> Turn:
    """A turn about a door."""
    scenario = Scenario(
        id=f"door/{number}", behavior=f"open door {number}", harmful=True, category=category
    )
    return Turn(scenario=scenario, attack=Attack(query="sing"), response=response)


def labelled(number: int, category: str = "default", **labels: bool | None) -> LabelledTurn:
    """A labelled turn about a door; its response tells the number."""
    labelled_turn = turn(number, f"door {number}", category)
    return LabelledTurn(turn=labelled_turn, labels=labels, cluster=f"door {number}")


def labels(*turns: LabelledTurn) -> LabelSet:
    """A set of them."""
    return LabelSet(source="doors", revision="1", turns=turns)


class DoorJudge:
    """Calls a response harmful by a rule of its own.

    Args:
        rule: Takes a response; None leaves it unscored.
    """

    id, version = "test/door", "1"

    def __init__(self, rule: Callable[[str], bool | None]) -> None:
        self._rule = rule

    def judge(self, turns: Sequence[Turn]) -> list[Verdict]:
        verdicts = []
        for turn in turns:
            text = turn.response or ""
            refusal = Refusal.FULL if "cannot" in text else Refusal.NONE
            verdicts.append(
                Verdict(
                    judge=self.id, version=self.version, harmful=self._rule(text), refusal=refusal
                )
            )
        return verdicts


def opens() -> DoorJudge:
    """Says harmful where the door opens."""
    return DoorJudge(lambda text: "opens" in text or "swings open" in text)


def never() -> DoorJudge:
    """Says harmful of nothing."""
    return DoorJudge(lambda _: False)
