"""A phase whose loss or weights are no longer finite stops at that step, and keeps nothing."""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from sectow_agents.algorithms.dataset import Prompt
from sectow_agents.algorithms.grpo import METRICS
from sectow_agents.algorithms.job import Job, TrainingData, train
from sectow_agents.algorithms.recorder import Recorder
from sectow_agents.algorithms.rewards import DefenderReward
from sectow_agents.models.chat_model import LocalModel
from sectow_agents.models.weights import weights_digest
from sectow_agents.settings.training import GrpoSettings, SftSettings
from sectow_env.errors import ConfigError, PartError, TrainingError
from sectow_env.game import Attack
from sectow_env.game.asking import defence_conversation
from sectow_env.game.decoding import Decoding
from sectow_env.game.messages import Message
from sectow_env.game.referee import Referee
from sectow_env.game.rewards import RewardContext
from sectow_env.game.world import Item
from sectow_env.images.typography import draw_words
from sectow_env.resolve.parts import find_reward
from tests.agents.letters import Letters
from tests.agents.tiny import TEMPLATE

FAMILIES = ["llava_next_folder", "idefics3_folder", "random_guard"]


@pytest.fixture(params=FAMILIES)
def folder(request: pytest.FixtureRequest) -> Path:
    return Path(request.getfixturevalue(request.param))


def job(kind: str, source: Path, out: Path, **more: Any) -> Job:
    given = {"steps": 4, "batch": 4, "schedule": "constant", "warmup": 0, **more}
    settings: GrpoSettings | SftSettings
    if kind == "sft":
        settings = SftSettings.model_validate(given)
    else:
        settings = GrpoSettings.model_validate({"group": 2, "max_new_tokens": 3, **given})
    return Job(seat="defender", round=1, seed=0, training=settings, source=source, out=out)


def run(kind: str, source: Path, out: Path, system: str | None = None, **more: Any) -> None:
    """A defender's phase in the world of letters, without pictures."""
    world = Letters()
    scenarios = world.scenarios("train", harmful=True, channels=["told"])[:2]
    items = [Item(scenario, world.attack(scenario, "g")) for scenario in scenarios]
    referee = Referee(world, world.judge(), find_reward(None), RewardContext())
    prompts = [Prompt(defence_conversation(item.attack, system)) for item in items]
    data = TrainingData(prompts, [0, 1] * 8, DefenderReward(items, referee), ["p", "q"])
    train(job(kind, source, out, **more), data)


@pytest.mark.parametrize("kind", ["grpo", "sft"])
def test_a_phase_that_diverges_stops_with_its_step_and_keeps_nothing(
    folder: Path, tmp_path: Path, kind: str
) -> None:
    match = r"optimizer step [1-4] of 4, round 1, defender; .* (nan|inf)"
    with pytest.raises(TrainingError, match=match) as caught:
        run(kind, folder, tmp_path, learning_rate=1e30, max_grad_norm=1e30)
    assert f"unchanged in {folder}: start another run" in caught.value.fix
    assert kind == "sft" or caught.value.why.startswith("it computed NaN or infinite logits")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["loss", "grad_norm"])
def test_a_line_that_is_not_finite_is_written_and_ends_the_phase(name: str) -> None:
    lines: list[Any] = []
    phase = replace(job("grpo", Path("source"), Path()), sink=lines.append)
    state = SimpleNamespace(global_step=3)
    with pytest.raises(TrainingError, match=f"optimizer step 3 of 4.*its {name} is inf"):
        Recorder(phase, METRICS).on_log(None, state, None, {"reward": 1.0, name: math.inf})
    assert lines[0][name] is None
    # Where nothing was scored, a reward is NaN, which is not a fault.
    Recorder(phase, METRICS).on_log(None, state, None, {"reward": math.nan, "loss": 0.0})


def test_a_weight_that_is_not_finite_ends_the_phase() -> None:
    phase, state = job("grpo", Path("source"), Path()), SimpleNamespace(global_step=3)
    layer = torch.nn.Linear(2, 2)
    logs = {"reward": 1.0, "loss": 0.0}
    Recorder(phase, METRICS).on_log(None, state, None, logs, model=layer)
    torch.nn.init.constant_(layer.bias, math.nan)
    with pytest.raises(TrainingError, match="after it, weights are NaN or infinite: bias"):
        Recorder(phase, METRICS).on_log(None, state, None, logs, model=layer)


@pytest.mark.parametrize("sampled", [False, True])
def test_logits_that_are_not_finite_are_not_an_answer(folder: Path, sampled: bool) -> None:
    chat = [[Message(role="user", text="x")]]
    model = LocalModel(folder)
    decoding = Decoding(sampled=sampled, max_new_tokens=3)
    model.chat(chat, decoding)
    head = model.generator.model.get_output_embeddings().weight
    with torch.no_grad():
        head[7, 0] = math.nan
    with pytest.raises(PartError, match=r"NaN or infinite logits in torch\.float32") as caught:
        model.chat(chat, decoding)
    assert str(folder) in caught.value.given


def test_a_model_that_sees_nothing_is_not_trained_on_pictures(
    random_guard: Path, tmp_path: Path
) -> None:
    attack = Attack(query="look", image=draw_words(("ab",)))
    data = TrainingData([Prompt(defence_conversation(attack))], [0] * 16, targets=["p"])
    with pytest.raises(ConfigError, match="1 of its 1 prompts show a picture"):
        train(job("sft", random_guard, tmp_path), data)


@pytest.mark.parametrize("kind", ["grpo", "sft"])
def test_a_system_prompt_that_a_template_refuses_is_trained_with(
    llava_next_folder: Path, tmp_path: Path, kind: str
) -> None:
    source = Path(shutil.copytree(llava_next_folder, tmp_path / "source"))
    refusing = "{%- if messages[0]['role'] == 'system' -%}{{ raise_exception('no') }}{%- endif -%}"
    (source / "chat_template.jinja").write_text(refusing + TEMPLATE)
    out = tmp_path / "out"
    out.mkdir()
    run(kind, source, out, system="be kind", steps=1)
    assert weights_digest(out) != weights_digest(source)


def test_a_checkpoint_keeps_what_its_source_says_of_generation(
    llava_next_folder: Path, tmp_path: Path
) -> None:
    """Although it does not count here: others may want it."""
    source, out = Path(shutil.copytree(llava_next_folder, tmp_path / "source")), tmp_path / "out"
    file = source / "generation_config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "temperature": 0.3}))
    out.mkdir()
    run("sft", source, out, steps=1)
    assert (out / file.name).read_text() == file.read_text()
