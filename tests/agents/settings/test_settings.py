"""Settings: what is read, what is refused, and with which message."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sectow_agents.settings.file import (
    build_config,
    config_hash,
    differences,
    dump_config,
    load_config,
)
from sectow_agents.settings.run_config import RunConfig
from sectow_agents.settings.training import GrpoSettings
from sectow_env.errors import ConfigError

SMALL = "attacker: {model: a/b}\ndefender: {model: c/d}\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "small.yaml"
    file.write_text(SMALL)
    return file


def test_every_recipe_loads(root: Path) -> None:
    recipes = sorted((root / "configs").glob("*.yaml"))
    assert {recipe.stem for recipe in recipes} >= {"apothecary", "pack", "qwen2.5-vl-7b"}
    for recipe in recipes:
        config = load_config(recipe)
        assert load_config(recipe, [f"run={recipe.stem}"]).run == Path(recipe.stem)
        assert (config.attacker.template or "{behavior}").format(channel="c", behavior="b")


def test_the_organism_recipe_asks_as_the_organism_was_taught(root: Path) -> None:
    from sectow_agents.organism.vocabulary import ATTACK_REQUEST

    config = load_config(root / "configs" / "apothecary.yaml")
    assert config.attacker.template == ATTACK_REQUEST
    assert config.rounds == 2
    assert config.attacker.training.steps == config.defender.training.steps == 60


def test_the_adapter_recipe_is_one(root: Path) -> None:
    config = load_config(root / "configs" / "qwen2.5-vl-7b.yaml")
    for seat in ("attacker", "defender"):
        training = config.training(seat)
        assert training.lora is not None
        assert training.micro(images=True) == 16


def test_changes_are_typed_as_yaml(file: Path) -> None:
    config = load_config(
        file,
        [
            "attacker.training.steps=7",
            "attacker.training.learning_rate=3e-4",
            "defender.mix.controlled_channels=[plain]",
            "judge=null",
            "scenarios=packs/mine.jsonl",
            "defender.training.lora={rank: 4}",
        ],
    )
    assert config.attacker.training.steps == 7
    assert config.attacker.training.learning_rate == 3e-4
    assert config.defender.mix.controlled_channels == ["plain"]
    assert config.judge is None
    assert config.played == str(Path("packs/mine.jsonl"))
    assert config.defender.training.lora is not None
    assert config.defender.training.lora.rank == 4


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("attacker.trainig.steps=7", "did you mean 'training'?"),
        ("attacker.training.step=7", "did you mean 'steps'?"),
        ("round=3", "did you mean 'rounds'"),
        ("defender.mix.pol=1", "did you mean 'pool'"),
        ("defender.training.lora={rnk: 4}", "did you mean 'rank'"),
        ("attacker.training.steps=many", "attacker.training.steps = 'many'"),
        ("attacker.training.steps=0", "greater than 0"),
        ("attacker.training.group=5", "batch must consist of whole groups"),
        ("attacker.template='{channels}'", "other placeholders than channel and behavior"),
        ("attacker.template='{behavior!r:>99999999999}'", "({behavior!r:>99999999999})"),
        ("attacker.template='{behavior} {'", "other placeholders than channel and behavior"),
        ("attacker.template='{behavior.__class__} {behavior}'", "({behavior.__class__})"),
        ("defender.mix={pool: 0, benign: 0, general: 0, controlled: 0}", "would see nothing"),
        ("monitor.on_gate=panic", "'keep', 'rollback' or 'stop'"),
        ("rounds", "not of the form key=value"),
        ("=3", "not of the form key=value"),
        ("seed.deep=3", "has no keys of its own"),
        ("seed=[1", "not valid YAML"),
    ],
)
def test_what_cannot_work_is_explained(file: Path, change: str, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        load_config(file, ["seed=1", change])
    assert message in str(error.value)


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    file = tmp_path / "half.yaml"
    file.write_text("attacker: {model: a/b}\n")
    with pytest.raises(ConfigError, match="the key defender is missing"):
        load_config(file)


@pytest.mark.parametrize("text", ["- a\n- b\n", "", "a: [", "\xff"])
def test_a_file_that_is_not_a_configuration_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "bad.yaml"
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(ConfigError, match=r"the configuration .*bad\.yaml"):
        load_config(file)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        load_config(tmp_path / "none.yaml")


def test_settings_survive_a_round_trip_through_yaml(tmp_path: Path, root: Path) -> None:
    config = load_config(root / "configs" / "qwen2.5-vl-7b.yaml")
    written = tmp_path / "config.yaml"
    written.write_text(dump_config(config))
    assert load_config(written) == config


def test_only_what_computes_something_else_is_a_difference(file: Path) -> None:
    config = load_config(file)
    same = load_config(file, ["run=elsewhere", "progress=false"])
    other = load_config(file, ["attacker.training.steps=7", "judge=a/b"])
    assert config_hash(config) == config_hash(same)
    assert differences(config, same) == []
    assert config_hash(config) != config_hash(other)
    assert differences(config, other) == [
        "judge: None -> 'a/b'",
        "attacker.training.steps: 60 -> 7",
    ]


def test_settings_are_frozen(file: Path) -> None:
    config = load_config(file)
    with pytest.raises(ValueError, match="frozen"):
        config.seed = 3


@pytest.mark.parametrize(
    ("settings", "images", "micro"),
    [
        ({"batch": 128, "group": 8}, False, 128),
        ({"batch": 128, "group": 8}, True, 64),
        ({"batch": 8, "group": 8}, True, 8),
        ({"batch": 24, "group": 8}, True, 24),
        ({"batch": 128, "group": 8, "micro_batch": 32}, True, 32),
    ],
)
def test_micro_batches_consist_of_whole_groups(
    settings: dict[str, int], images: bool, micro: int
) -> None:
    training = GrpoSettings.model_validate(settings)
    assert training.micro(images) == micro
    assert training.batch % micro == 0
    assert micro % training.group == 0


def test_a_hub_of_settings_needs_both_models() -> None:
    with pytest.raises(ValueError, match="defender"):
        RunConfig.model_validate({"attacker": {"model": "a/b"}})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seats": ["attacker", "attacker"]}, "a seat is named twice"),
        ({"attacker": {"model": "a/b", "template": "hello"}}, "does not contain the behavior"),
    ],
)
def test_settings_with_which_nothing_is_learned_are_refused(
    change: dict[str, Any], message: str
) -> None:
    tree = {"attacker": {"model": "a/b"}, "defender": {"model": "c/d"}, **change}
    with pytest.raises(ConfigError, match=message):
        build_config(tree)


def test_a_world_on_the_command_line_replaces_the_pack_of_the_file(root: Path) -> None:
    file = root / "configs" / "pack.yaml"
    assert load_config(file).played.endswith(".jsonl")
    assert load_config(file, ["world=harbour:3"]).played == "harbour:3"
    assert load_config(file, ["scenarios=mine.jsonl"]).played == "mine.jsonl"


def test_a_world_and_a_pack_that_are_both_named_are_refused(root: Path) -> None:
    file = root / "configs" / "pack.yaml"
    with pytest.raises(ConfigError, match="both name what is played; leave one out"):
        load_config(file, ["world=harbour:3", "scenarios=mine.jsonl"])


def test_a_large_section_is_not_repeated_in_a_message(root: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        load_config(root / "configs" / "pack.yaml", ["attacker.training.batch=7"])
    assert refused.value.given == f"attacker.training in {root / 'configs' / 'pack.yaml'}"
    with pytest.raises(ConfigError) as refused:
        load_config(root / "configs" / "pack.yaml", ["seed=" + "x" * 10_000])
    assert len(refused.value.given) < 500
