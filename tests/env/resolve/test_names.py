"""Names are checked before anything is built, and only what is a name."""

from __future__ import annotations

import pytest

from sectow_env.errors import UnknownNameError
from sectow_env.resolve.names import check_names

SERVER = "base_url=http://127.0.0.1:9/v1"


@pytest.mark.parametrize("model", ["my-model", "gpt-4o", "qwen2.5:7b", "owner/model"])
def test_the_name_of_a_model_is_its_server_s(model: str) -> None:
    policy = f"endpoint/defender?{SERVER}&model={model}"
    attacker = f"endpoint/attacker?{SERVER}&model={model}"
    check_names(judge=f"served/rubric?{SERVER}&model={model}", attackers=[attacker])
    check_names(defenders=[policy])


@pytest.mark.parametrize(
    "given", ["guarded/of?model=nope", "self_check/of?model=organism/defendr", "prompted/off"]
)
def test_what_a_defence_names_is_checked(given: str) -> None:
    with pytest.raises(UnknownNameError):
        check_names(defenders=[given])


def test_the_judges_within_are_checked() -> None:
    with pytest.raises(UnknownNameError):
        check_names(judge="simulated/of?judge=rules/refusl")
    with pytest.raises(UnknownNameError):
        check_names(defenders=["guarded/of?model=organism/defender&judge=rules/refusl"])
