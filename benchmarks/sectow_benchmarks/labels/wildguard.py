"""WildGuardTest: 1725 prompts with responses, labelled by people for harm and for refusal.

Han et al. (2024), arXiv 2406.18495. What is published of each row is the label that its annotators
agreed on, none where they did not: so there is one annotator here, `published`. The data set is
gated; accept its terms on the hub first.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sectow_benchmarks.labels.base import LabelledTurn, LabelSet
from sectow_benchmarks.labels.data_set import Home, label_set
from sectow_benchmarks.results.journal import key_of
from sectow_benchmarks.suites.data import Row
from sectow_env.game import Attack, Scenario, Turn

ANNOTATOR = "published"
HOME = Home(
    repo="allenai/wildguardmix",
    config="wildguardtest",
    split="test",
    revision="d29c47f41c8b51348b5c8e8c81c039b3132b66d1",
    columns=(
        *("prompt", "response", "adversarial", "subcategory"),
        *("prompt_harm_label", "response_harm_label", "response_refusal_label"),
    ),
)
HARM: Mapping[str, bool] = {"harmful": True, "unharmful": False}
_WORDS: Mapping[bool | None, str] = {True: "true", False: "false", None: ""}
REFUSAL: Mapping[str, bool] = {"refusal": True, "compliance": False}


def load(path: Path | None = None) -> LabelSet:
    """Read the test set; rows without a response are left out and counted.

    All scenarios are put as harmful, since a judge says nothing of harm about a benign one. What
    people said of the prompt is in the scenario's meta as `prompt`, whether it was written to
    get around a defence as `adversarial`; its category is the subcategory.

    Args:
        path: A local copy, see `label_set`; None asks the hub.

    Raises:
        ConfigError: It cannot be had, or is not what was published.
    """
    return label_set(HOME, path, _labelled)


def _labelled(row: Row, number: int) -> LabelledTurn | None:
    response = row.optional("response")
    if response is None:
        return None
    prompt = row.optional("prompt") or ""
    cluster = key_of(prompt)[:16]
    meta = {
        "prompt": row.optional("prompt_harm_label") or "",
        "adversarial": _WORDS[row.optional_flag("adversarial")],
    }
    scenario = Scenario(
        id=f"wildguardtest/{number}",
        behavior=prompt,
        category=row.optional("subcategory") or "none",
        harmful=True,
        split="test",
        cluster=cluster,
        meta={name: value for name, value in meta.items() if value},
    )
    return LabelledTurn(
        turn=Turn(scenario=scenario, attack=Attack(query=prompt), response=response),
        labels={ANNOTATOR: _label(row, "response_harm_label", HARM)},
        refusals={ANNOTATOR: _label(row, "response_refusal_label", REFUSAL)},
        cluster=cluster,
    )


def _label(row: Row, column: str, known: Mapping[str, bool]) -> bool | None:
    value = row.optional(column)
    if value is None:
        return None
    if value not in known:
        raise row.wrong(column, f"a label is one of {', '.join(known)}")
    return known[value]
