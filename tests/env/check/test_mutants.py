from __future__ import annotations

from collections.abc import Iterator

import gymnasium
import pytest

from sectow_env.check import CHECKS_BY_KIND, CheckResult, Kind, check
from sectow_env.check.randomness import kept
from sectow_env.resolve.worlds import load_world
from tests.env.check.broken_channels import CHANNELS, Whisper
from tests.env.check.broken_environments import ENVIRONMENTS, register, unregister
from tests.env.check.broken_pack_channels import PACK_CHANNELS, Riddle
from tests.env.check.broken_parts import (
    ATTACKERS,
    DEFENDERS,
    JUDGES,
    Asker,
    Echo,
    NumpySeeder,
    Persistent,
    SeededAtFirst,
    Seeder,
    TorchDrawer,
    TorchSeeder,
)
from tests.env.check.broken_renderers import RENDERERS, Plain
from tests.env.check.broken_worlds import PACK, QUICK, WORLDS, Lanterns

MUTANTS: dict[Kind, dict[str, object]] = {
    "environment": dict(ENVIRONMENTS),
    "world": WORLDS,
    "judge": JUDGES,
    "attacker": ATTACKERS,
    "defender": DEFENDERS,
    "channel": CHANNELS,
    "pack_channel": PACK_CHANNELS,
    "renderer": RENDERERS,
}
OBJECTS = [
    (kind, name) for kind, mutants in MUTANTS.items() if kind != "environment" for name in mutants
]
SLOW = "import_leaves_random"
"""It starts a process, so it runs on its own mutant only."""


def failed(results: list[CheckResult]) -> dict[str, str]:
    return {result.name: result.message for result in results if result.outcome == "failed"}


def type_name(part: object) -> str:
    return getattr(part, "__name__", type(part).__name__)


def world_of(kind: Kind) -> str:
    return "apothecary:0" if kind == "channel" else PACK


@pytest.fixture(autouse=True)
def generators() -> Iterator[None]:
    with kept():
        yield


def test_every_check_has_a_mutant() -> None:
    for kind, checks in CHECKS_BY_KIND.items():
        assert set(MUTANTS[kind]) == {each.__name__ for each in checks}


def test_every_check_is_documented() -> None:
    for checks in CHECKS_BY_KIND.values():
        for each in checks:
            assert each.__doc__
            assert each.__doc__.partition("\n")[0].endswith(".")


@pytest.mark.parametrize(
    "sound", [Asker(), Persistent(), Echo(), Lanterns, Whisper(), Riddle(), Plain()], ids=type_name
)
def test_what_the_mutants_are_made_of_is_sound(sound: object) -> None:
    kind: Kind = "channel" if isinstance(sound, Whisper) else "judge"
    results = check(sound, world=world_of(kind))
    skipped = {result.name for result in results if result.outcome == "skipped"}
    assert failed(results) == {}
    assert skipped <= {"follow_ups_repeat"}


@pytest.mark.parametrize(("kind", "name"), OBJECTS)
def test_a_mutant_turns_exactly_its_check_red(kind: Kind, name: str) -> None:
    assert set(failed(check(MUTANTS[kind][name], world=world_of(kind), kind=kind))) == {name}


@pytest.mark.parametrize(
    ("part", "generator"),
    [
        (Seeder(), "random"),
        (NumpySeeder(), "numpy.random"),
        (TorchSeeder(), "torch"),
        (TorchDrawer(), "torch"),
    ],
    ids=type_name,
)
def test_a_constant_seed_is_found_and_so_is_torch(part: object, generator: str) -> None:
    findings = failed(check(part, world=PACK, kind="judge"))
    assert set(findings) == {"global_random_untouched"}
    assert f"draws from or seeds {generator};" in findings["global_random_untouched"]


@pytest.mark.parametrize(
    "target", [SeededAtFirst, f"{SeededAtFirst.__module__}:SeededAtFirst"], ids=["class", "path"]
)
def test_a_seed_in_the_constructor_is_found(target: object) -> None:
    findings = failed(check(target, world=PACK, kind="judge"))
    assert set(findings) == {"global_random_untouched"}
    assert "building it draws from or seeds random;" in findings["global_random_untouched"]


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_a_broken_environment_turns_exactly_its_check_red(name: str) -> None:
    identity = register(name, ENVIRONMENTS[name])
    try:
        left_out = () if name == SLOW else (SLOW,)
        assert set(failed(check(identity, world=QUICK, leave_out=left_out))) == {name}
    finally:
        unregister(identity)


def test_a_judge_that_prices_only_a_half_is_warned_of() -> None:
    results = {result.name: result for result in check("rules/refusal", world=PACK)}
    assert results["cases_in_order"].outcome == "passed"
    (first, *_) = results["cases_in_order"].warnings
    assert "has no reward for the attacker, so sectow train refuses it here" in first


def test_torch_seeded_at_import_is_found() -> None:
    gymnasium.register("Seeding-v0", entry_point="tests.env.check.seeds_torch_at_import:SectowEnv")
    try:
        left_out = {each.__name__ for each in CHECKS_BY_KIND["environment"]} - {SLOW}
        (result,) = check("Seeding-v0", world=QUICK, leave_out=left_out)
    finally:
        del gymnasium.registry["Seeding-v0"]
    assert result.message.endswith("draws from or seeds torch")


def test_worlds_are_not_changed_by_being_checked() -> None:
    world = load_world(PACK)
    before = world.fingerprint
    check(world)
    assert world.fingerprint == before == load_world(PACK).fingerprint
