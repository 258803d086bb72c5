"""From what a user writes to a policy: the same words everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from sectow_env.errors import ConfigError, UnknownNameError
from sectow_env.game import Attack
from sectow_env.game.decoding import Decoding
from sectow_env.resolve.parts import find_attacker, find_defender
from sectow_env.resolve.policies import pinned, policy_spec, weights_of, with_decoding
from sectow_env.worlds.apothecary import Apothecary

WORLD = Apothecary(0)
HERE = "tests.env.resolve.test_policies"


class Backed:
    """A defender with weights, that knows how it was made."""

    def __init__(self, source: str, system: str | None, temperature: float) -> None:
        self.source = source
        self.system = system
        self.temperature = temperature

    def respond(self, attacks: Sequence[Attack]) -> list[str]:
        return [""] * len(attacks)


def backed(*, world: Apothecary, system: str | None = None, temperature: float = 0.5) -> Backed:
    return Backed(f"weights/{world.seed}", system, temperature)


def hidden(**settings: object) -> Backed:
    assert set(settings) == {"world"}
    return Backed("hidden", None, 0.0)


def model(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").touch()
    return folder


def test_a_folder_is_a_model_in_the_seat_that_it_is_named_for(tmp_path: Path) -> None:
    model(tmp_path)
    for seat in ("attacker", "defender"):
        name, settings = policy_spec(str(tmp_path), seat)
        assert (name, settings) == (f"transformers/{seat}", {"path": str(tmp_path)})
    odd = model(tmp_path / "is it?")
    assert policy_spec(str(odd), "defender").settings == {"path": str(odd)}


def test_settings_may_follow_a_folder_and_a_hub_id(tmp_path: Path) -> None:
    model(tmp_path)
    _, settings = policy_spec(f"{tmp_path}?system=no&seed=3", "defender")
    assert settings == {"path": str(tmp_path), "system": "no", "seed": 3}
    name, settings = policy_spec("some-org/some.model-7B?system=no", "attacker")
    assert name == "transformers/attacker"
    assert settings == {"path": "some-org/some.model-7B", "system": "no"}
    with pytest.raises(ConfigError, match="twice"):
        policy_spec(f"{tmp_path}?path=elsewhere", "defender")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("/nope", "'/nope'; there is no such folder; check the path: / exists"),
        ("./nope?seed=1", "'./nope'; there is no such folder"),
        ("../nope/", "there is no such folder"),
        ("~/nope", "there is no such folder; write out the home folder"),
    ],
)
def test_a_path_that_leads_nowhere_is_not_an_unknown_name(given: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        policy_spec(given, "defender")


def test_a_path_to_something_else_than_a_model_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = model(tmp_path / "run" / "rounds" / "2" / "defender")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    for given, message in (
        (str(folder / "config.json"), f"it is a file, .*that it is in: {folder}"),
        ("run", "no model in it: .*name a folder in it, such as run/rounds/2/defender"),
        (str(tmp_path), "such as .*run/rounds/2/defender"),
        ("empty", "neither config.json nor adapter_config.json; give a folder written by"),
    ):
        with pytest.raises(ConfigError, match=message):
            policy_spec(given, "defender")


@pytest.mark.parametrize("given", ["organism/defendr", "organism/defendr?seed=1"])
def test_a_misspelt_registered_name_is_not_a_hub_id(given: str) -> None:
    with pytest.raises(UnknownNameError, match="organism/defender"):
        policy_spec(given, "defender")


@pytest.mark.parametrize("given", ["apothecary/keyword/", "keyword", "no/such/folder"])
def test_an_unknown_name_is_answered_with_what_is_known(given: str) -> None:
    with pytest.raises(UnknownNameError, match="apothecary/keyword"):
        find_defender(given, WORLD)


def test_an_import_path_may_have_settings() -> None:
    policy = find_defender(f"{HERE}:backed?temperature=0.25", WORLD)
    assert isinstance(policy, Backed)
    assert (policy.temperature, policy.system) == (0.25, None)


def test_a_factory_gets_the_decoding_and_the_prompt_that_it_has_parameters_for() -> None:
    decoding = Decoding(True, 0.75, 5, 1)
    policy = find_defender(f"{HERE}:backed", WORLD, decoding, "be brief")
    assert isinstance(policy, Backed)
    assert (policy.temperature, policy.system) == (0.75, "be brief")
    # What the user wrote goes first.
    policy = find_defender(f"{HERE}:backed?temperature=0.25", WORLD, decoding)
    assert isinstance(policy, Backed)
    assert policy.temperature == 0.25
    # Settings that a factory only catches by its `**kwargs` are not forced on it.
    assert weights_of(find_defender(f"{HERE}:hidden", WORLD, decoding)) is not None


@pytest.mark.parametrize("name", ["apothecary/keyword", f"{HERE}:hidden"])
def test_a_policy_that_takes_no_system_prompt_refuses_one(name: str) -> None:
    with pytest.raises(ConfigError, match="cannot take a system prompt"):
        find_defender(name, WORLD, system="be brief")
    with pytest.raises(ConfigError, match="cannot take a system prompt"):
        find_defender(find_defender(name, WORLD), WORLD, system="be brief")


def test_an_endpoint_takes_a_system_prompt() -> None:
    spec = "endpoint/defender?base_url=http://127.0.0.1:9/v1&model=m"
    policy = find_defender(spec, WORLD, system="be brief")
    assert getattr(policy, "system", None) == "be brief"
    again = find_defender(policy, WORLD, system="be kind")
    assert (getattr(policy, "system", None), getattr(again, "system", None)) == (
        "be brief",
        "be kind",
    )
    with pytest.raises(ConfigError, match="system prompt already"):
        find_defender(f"{spec}&system=one", WORLD, system="two")


def test_only_a_policy_with_weights_can_be_trained() -> None:
    assert weights_of(find_defender("apothecary/keyword", WORLD)) is None
    weights = weights_of(find_defender(f"{HERE}:backed", WORLD))
    assert weights is not None
    assert weights.source == "weights/0"


def test_a_spec_has_the_last_word_on_its_decoding() -> None:
    given = Decoding(True, 1.0, 16, 7)
    assert pinned("apothecary/keyword", "defender", given) == given
    changed = pinned(f"{HERE}:backed?temperature=0.25", "defender", given)
    assert changed == Decoding(True, 0.25, 16, 7)
    script = find_attacker("apothecary/random", WORLD)
    assert with_decoding(script, given) is script
