"""Settings of a phase: a union by algorithm, which another package can extend."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from sectow_agents.settings.file import build_config, config_hash, differences, dump_config
from sectow_agents.settings.run_config import DefenderSettings, RunConfig
from sectow_agents.settings.training import GrpoSettings, SftSettings
from sectow_env.errors import ConfigError, UnknownNameError
from sectow_env.game import Refusal
from sectow_env.judges.refusal import refusal_of

Install = Callable[..., None]
FOREIGN = """
from sectow_agents.algorithms.job import PhaseReport, Summary
from sectow_agents.settings.training import TrainingSettings

class Settings(TrainingSettings):
    beta: float = 0.5

def train(job, data, settings: Settings):
    metrics = {"beta": settings.beta}
    summary = Summary(seat=job.seat, round=1, steps=0, seconds=0, metrics=metrics)
    return PhaseReport(summary)

def bare(job, data, settings):
    raise AssertionError
"""


def config(**training: Any) -> RunConfig:
    seats: dict[str, Any] = {"attacker": {"model": "a/b"}, "defender": {"model": "a/b"}}
    seats["defender"]["training"] = training
    return build_config(seats)


def test_grpo_is_the_default() -> None:
    assert config(steps=3).defender.training == GrpoSettings(steps=3)
    assert config(steps=3) == config(algorithm="grpo", steps=3)


def test_each_algorithm_has_its_own_settings() -> None:
    trained = config(algorithm="sft", sft={"loss_type": "dft"})
    assert trained.defender.training == SftSettings(sft={"loss_type": "dft"})
    assert isinstance(trained.attacker.training, GrpoSettings)
    with pytest.raises(ConfigError, match=r"defender\.training\.group .*known here: .*\bsft\b"):
        config(algorithm="sft", group=4)
    with pytest.raises(ConfigError, match="did you mean 'sft'"):
        config(algorithm="sft", stf={})
    with pytest.raises(ConfigError, match=r"training\.algorithm = 3"):
        config(algorithm=3)
    with pytest.raises(UnknownNameError, match="did you mean 'grpo'"):
        config(algorithm="gropo")


def test_the_algorithm_is_part_of_what_a_run_computes() -> None:
    import yaml

    trained = config(algorithm="sft", sft={"loss_type": "dft"})
    assert build_config(yaml.safe_load(dump_config(trained))) == trained
    assert config_hash(trained) != config_hash(config())
    changed = differences(config(), trained)
    assert "defender.training.algorithm: 'grpo' -> 'sft'" in changed
    assert "defender.training.sft.loss_type: None -> 'dft'" in changed


@pytest.mark.parametrize(
    ("settings", "images", "processes", "micro"),
    [
        ({"batch": 16, "group": 4}, False, 1, 16),
        ({"batch": 16, "group": 4}, True, 1, 8),
        ({"batch": 16, "group": 4}, False, 2, 8),
        ({"batch": 16, "group": 4}, True, 2, 4),
        ({"batch": 16, "group": 8}, True, 2, 8),
        ({"batch": 16, "group": 4, "micro_batch": 8}, True, 2, 8),
        ({"batch": 16, "group": 4}, False, 3, None),
        ({"batch": 16, "group": 4, "micro_batch": 16}, False, 2, None),
    ],
)
def test_processes_share_a_batch(
    settings: Mapping[str, int], images: bool, processes: int, micro: int | None
) -> None:
    training = GrpoSettings(**settings)  # type: ignore[arg-type]  # All of them are numbers.
    if micro is None:
        with pytest.raises(ConfigError, match=f"on {processes} processes"):
            training.micro(images, processes)
    else:
        assert training.micro(images, processes) == micro
        assert training.batch % (micro * processes) == 0


def test_the_default_refusal_is_one() -> None:
    assert refusal_of(DefenderSettings(model="a/b").refusal) is Refusal.FULL


def test_an_algorithm_of_another_package_brings_its_settings(
    install: Install, tmp_path: Path
) -> None:
    from sectow_agents.algorithms.job import Job, TrainingData, train

    points = {"mine": "foreign_algorithm:train", "bare": "foreign_algorithm:bare"}
    install("stranger", {"sectow.algorithms": points}, foreign_algorithm=FOREIGN)
    training = config(algorithm="mine", beta=0.25).defender.training
    assert training.model_dump()["beta"] == 0.25
    with pytest.raises(ConfigError, match=r"defender\.training\.beat .*did you mean 'beta'"):
        config(algorithm="mine", beat=1)
    with pytest.raises(ConfigError, match="annotate it with a subclass of TrainingSettings"):
        config(algorithm="bare")
    job = Job(seat="defender", round=1, seed=0, training=training, source="x", out=tmp_path)
    assert train(job, TrainingData((), ())).summary.metrics == {"beta": 0.25}
