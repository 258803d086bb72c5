from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import gymnasium
import pytest

from sectow_env.check import CheckResult, Kind, check
from sectow_env.check.compare import as_text
from sectow_env.env.single import SectowEnv
from sectow_env.errors import ConfigError, UnknownNameError
from sectow_env.game import Attack, Scenario, Turn, Verdict
from sectow_env.judges.reference import ReferenceJudge
from sectow_env.resolve.worlds import load_world
from tests.env.check import broken_worlds
from tests.env.check.broken_parts import Asker, Echo
from tests.env.check.broken_worlds import PACK
from tests.env.conftest import Install

HERE = __name__


class Both(Asker):
    """A policy for both seats."""

    def __init__(self, *, world: Any) -> None:
        super().__init__()
        self.echo = Echo()

    def reseed(self, seeds: Sequence[int]) -> None:
        super().reseed(seeds)
        self.echo.reseed(seeds)

    def respond(self, attacks: Sequence[Attack]) -> list[str | None]:
        return self.echo.respond(attacks)


class Crasher(ReferenceJudge):
    def judge(self, turns: Sequence[Turn]) -> list[Verdict]:
        raise ZeroDivisionError("of [bold]sins[/bold]")


class Surrogate(Asker):
    def attack_for(self, scenario: Scenario, seed: int) -> Attack:
        return super().attack_for(scenario, seed).model_copy(update={"query": "\ud800"})


class Chatty(SectowEnv):
    def seed(self, seed: int) -> None:
        """Gymnasium has dropped this, and warns of it."""


INSTANCE = ReferenceJudge()


def make_judge() -> ReferenceJudge:
    return ReferenceJudge()


def make_policy(*, world: Any) -> Both:
    return Both(world=world)


def make_number() -> int:
    return 3


def kinds(results: list[CheckResult]) -> set[Kind]:
    return {result.kind for result in results}


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (PACK, {"world"}),
        (load_world(PACK), {"world"}),
        (broken_worlds.Lanterns, {"world"}),
        (broken_worlds.QUICK, {"world"}),
        ("rules/refusal", {"judge"}),
        ("simulated/of?sensitivity=0.5", {"judge"}),
        ("sectow_env.judges.reference:ReferenceJudge?proxy=true", {"judge"}),
        (f"{HERE}:INSTANCE", {"judge"}),
        (f"{HERE}:make_judge", {"judge"}),
        ("sectow_env.judges.reference:ReferenceJudge", {"judge"}),
        (ReferenceJudge(), {"judge"}),
        (ReferenceJudge, {"judge"}),
        ("pack/seed", {"attacker"}),
        ("pack/lookup", {"defender"}),
        (Both, {"attacker", "defender"}),
        (f"{HERE}:make_policy", {"attacker", "defender"}),
        ("sectow_env.worlds.apothecary.channels.plain:Plain", {"channel"}),
    ],
)
def test_targets_are_found_by_their_name_or_their_methods(
    target: object, expected: set[Kind]
) -> None:
    results = check(target, world=PACK)
    assert kinds(results) == expected
    assert not [result for result in results if result.outcome == "failed"]


def test_a_name_of_several_kinds_is_checked_as_each_of_them() -> None:
    assert kinds(check("apothecary/plain")) == {"attacker", "channel"}
    assert kinds(check("apothecary/plain", kind="channel")) == {"channel"}


@pytest.mark.parametrize(
    ("target", "error", "message"),
    [
        ("apothecary/kyword", UnknownNameError, "apothecary/keyword"),
        ("SecTOW-v99", ConfigError, "registered under this id"),
        ("no_such_module:Thing-v0", ConfigError, "cannot be imported"),
        ("CartPole-v1", ConfigError, "SecTOW|SectowEnv"),
        ("no_such_module:thing", ConfigError, "cannot be imported"),
        (f"{HERE}:no_such_thing", UnknownNameError, "no_such_thing"),
        (f"{HERE}:make_number", ConfigError, "not an environment, world, judge"),
        (3, ConfigError, "not an environment, world, judge"),
        ("", UnknownNameError, "target"),
    ],
)
def test_what_cannot_be_checked_is_refused(
    target: object, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        check(target)


def test_settings_that_a_part_does_not_take_are_refused() -> None:
    with pytest.raises(ConfigError, match="sharpness"):
        check("rules/refusal?sharpness=3")


def test_a_kind_that_it_is_not_is_refused() -> None:
    with pytest.raises(ConfigError, match="it is a judge"):
        check("rules/refusal", kind="attacker")


def test_a_policy_that_cannot_play_there_suggests_another_world() -> None:
    with pytest.raises(ConfigError, match="--world") as caught:
        check("apothecary/keyword", world=PACK)
    assert "only the Apothecary has them" in caught.value.why


def test_an_exception_of_a_part_is_a_finding_and_the_checks_continue() -> None:
    results = check(Crasher(), world=PACK)
    assert len(results) > 10
    first = results[0]
    assert first.outcome == "failed"
    message = "the judge Crasher raised ZeroDivisionError: of [bold]sins[/bold] (test_targets.py:"
    assert first.message.startswith(message)
    assert {result.outcome for result in results} == {"failed"}


def test_an_unpaired_surrogate_is_a_finding() -> None:
    results = {result.name: result for result in check(Surrogate(), world=PACK)}
    assert results["attacks_well_formed"].outcome == "failed"
    assert json.loads(results["attacks_well_formed"].model_dump_json())["kind"] == "attacker"


def test_an_unexpected_warning_fails_the_environment() -> None:
    gymnasium.register("Chatty-v0", entry_point=f"{HERE}:Chatty")
    try:
        results = {result.name: result for result in check("Chatty-v0", world=broken_worlds.QUICK)}
    finally:
        del gymnasium.registry["Chatty-v0"]
    assert results["gymnasium_checker"].outcome == "failed"
    assert "`seed` function" in results["gymnasium_checker"].message
    assert results["aec_api"].outcome == results["vector_equals_single"].outcome == "skipped"


def test_expected_warnings_are_listed() -> None:
    results = {result.name: result for result in check("SecTOW-v0", world=broken_worlds.QUICK)}
    assert "Observation is not a NumPy array" in results["aec_api"].warnings
    assert results["gymnasium_checker"].warnings == ()


def test_a_bare_class_is_checked_as_far_as_it_goes() -> None:
    results = {result.name: result for result in check(SectowEnv, world=broken_worlds.QUICK)}
    assert results["episodes_repeat"].outcome == "passed"
    assert results["spec_survives_json"].outcome == "skipped"


def test_the_same_seed_finds_the_same() -> None:
    first, second = (
        [(result.name, result.message) for result in check(Crasher(), world=PACK, seed=3)]
        for _ in "ab"
    )
    assert first == second


def test_a_strangers_part_is_checked_by_its_registered_name(install: Install) -> None:
    install(
        "mine",
        {"sectow.judges": {"mine/strict": "mine_strict:Strict"}},
        mine_strict="from sectow_env.judges.refusal import RefusalJudge\n\n\n"
        "class Strict(RefusalJudge):\n    id = 'mine/strict'\n",
    )
    results = check("mine/strict", world=PACK)
    assert {result.outcome for result in results} == {"passed"}
    assert {result.subject for result in results} == {"mine/strict"}


def test_texts_of_values_are_equal_when_the_values_are() -> None:
    scenario = load_world(PACK).scenarios("train")[4]
    assert scenario.image is not None
    again = Scenario.model_validate_json(scenario.model_dump_json())
    assert as_text(scenario) == as_text(again)
    assert as_text(scenario) != as_text(scenario.model_copy(update={"image": None}))
