"""`sectow plan`: exact where it can be, near what was measured, and nothing is loaded."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from sectow_agents.models.load import load_model
from sectow_agents.planning import duration
from sectow_agents.planning.lengths import Lengths, picture_tokens
from sectow_agents.planning.machines import GIB, gpu_of
from sectow_agents.planning.memory import Load, peak, terms
from sectow_agents.planning.plan import Setting, plan_of
from sectow_agents.planning.shapes import adapter_parameters, shape_of
from sectow_agents.settings.training import LoraSettings
from sectow_env.commands.main import main
from sectow_env.errors import ConfigError
from sectow_env.game.messages import Message
from sectow_env.game.picture import Picture
from sectow_env.resolve.worlds import load_world
from tests.agents.recipes import toy
from tests.agents.tiny import SIDE, llama, llava_next

QWEN_3B = "Qwen/Qwen2.5-VL-3B-Instruct"
QWEN_7B = "Qwen/Qwen2.5-VL-7B-Instruct"
LANGUAGE = LoraSettings(rank=16, target_modules="language")
WITHIN = 0.2
"""Of the measured peak."""
MEASURED = {"defender": 10.5, "attacker": 16.8}
"""GiB at most, as torch counted on an H100."""


def measured_load(seat: str) -> Load:
    """What was measured: pictures of 336 px and 40 tokens of text, or text alone."""
    shape = shape_of(QWEN_3B)
    pictures = picture_tokens(QWEN_3B, (336, 336)) if seat == "defender" else 0
    return Load(
        shape=shape,
        trained=adapter_parameters(QWEN_3B, LANGUAGE),
        bytes=2,
        opponents=shape.parameters if seat == "attacker" else 0,
        generated=64,
        micro=16,
        prompt=40 + pictures,
        new=128,
        checkpointing=True,
        full=False,
    )


def test_parameters_are_counted_exactly() -> None:
    shape = shape_of(QWEN_7B)
    assert (shape.parameters, shape.vision_parameters) == (8_292_166_656, 676_550_144)
    assert adapter_parameters(QWEN_7B, LANGUAGE) == 40_370_176
    assert (shape.layers, shape.vision_layers, shape.key_values) == (28, 32, 2 * 4 * 128)


@pytest.mark.parametrize("seat", ["attacker", "defender"])
def test_the_memory_is_near_what_was_measured(seat: str) -> None:
    estimate = peak(terms(measured_load(seat)), reported=True)
    assert estimate.expected == pytest.approx(MEASURED[seat], rel=WITHIN)
    assert estimate.low <= MEASURED[seat] <= estimate.high


def test_the_time_is_near_what_was_measured() -> None:
    """64 answers of a frozen model in 5.3 s, the training half of a step in about 10 s."""
    load, gpu = measured_load("defender"), gpu_of("h100")
    assert duration.generation(load, gpu, 64, load.prompt, 128).expected == pytest.approx(5.3, 0.2)
    assert duration.training(load, gpu, 64).expected == pytest.approx(10.0, rel=WITHIN)


def test_what_is_sharded_is_shared() -> None:
    load = measured_load("defender")
    alone = {term.name: term.size for term in terms(load)}
    sharded = Load(**{**vars(load), "shards": 8, "sharding": "full"})
    shared = {term.name: term.size for term in terms(sharded)}
    for name in ("weights of the trained model", "optimizer", "gradients", "adapter"):
        assert shared[name].expected == pytest.approx(alone[name].expected / 8)
    assert shared["logits"] == alone["logits"]


def test_the_largest_comes_first_and_not_all_at_one_time() -> None:
    parts = terms(measured_load("defender"))
    sizes = [term.size.expected for term in parts]
    assert sizes == sorted(sizes, reverse=True)
    assert parts[0].name == "weights of the trained model"
    assert parts[0].size.expected == pytest.approx(2 * 3_754_622_976 / GIB)
    assert peak(parts).expected < sum(sizes)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return llava_next(tmp_path_factory.mktemp("model"))


def test_nothing_is_loaded(model: Path, tmp_path: Path) -> None:
    """The same plan of a folder whose weights are gone."""
    bare = tmp_path / "bare"
    shutil.copytree(model, bare, ignore=shutil.ignore_patterns("*.safetensors"))
    whole, without = shape_of(model), shape_of(bare)
    assert whole.parameters == without.parameters > 0
    assert Lengths(bare).exact


def test_pictures_are_counted_as_the_processor_does(model: Path) -> None:
    picture = Picture(np.zeros((SIDE, SIDE, 3), np.uint8))
    question = Message(role="user", text="hi", pictures=(picture,))
    (sample,) = Lengths(model).of([("a", (question,))])
    _, processor = load_model(model)
    shown = processor(text=["<image>"], images=[[picture.pil()]], return_tensors="pt")
    assert sample.pictures == shown["input_ids"].shape[1] > 1
    # By the makers' rule, where the processor is not at hand: squares of 28 pixels.
    assert picture_tokens(QWEN_3B, (336, 280)) == 12 * 10


def test_a_plan_of_a_run(model: Path, tmp_path: Path) -> None:
    config = toy(tmp_path / "run", model, model)
    made = plan_of(config, load_world(config.played, allow_import_path=True), Setting(gpu_of("t4")))
    assert [phase.seat for phase in made.phases] == list(config.seats)
    for phase in made.phases:
        lengths = [sample.tokens for sample in phase.samples]
        assert lengths == sorted(lengths, reverse=True)
        assert phase.exact_lengths
        assert 0 < phase.step.low <= phase.step.expected <= phase.step.high
    assert made.fits is True
    assert made.hours.expected > 0


def test_a_text_model_is_shown_no_picture(tmp_path: Path) -> None:
    words = llama(tmp_path / "llama")
    config = toy(tmp_path / "run", words, words)
    pack = load_world("examples/packs/lantern_shop.jsonl", allow_import_path=True)
    setting = Setting(gpu_of("t4"))
    alone = config.model_copy(update={"seats": ("attacker",)})
    (phase,) = plan_of(alone, pack, setting).phases
    assert {sample.pictures for sample in phase.samples} == {0}
    with pytest.raises(ConfigError, match=r"show a picture, and the model sees none"):
        plan_of(config, pack, setting)


def test_the_command(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = str(root / "configs" / "qwen2.5-vl-7b.yaml")
    with pytest.raises(SystemExit) as ended:
        main(["plan", recipe, "--gpu", "h100", "--json"])
    assert ended.value.code in (None, 0)
    tree = json.loads(capsys.readouterr().out)
    assert tree["fits"] is True
    assert [phase["seat"] for phase in tree["phases"]] == ["attacker", "defender"]
    with pytest.raises(SystemExit) as ended:
        main(["plan", recipe, "--gpu", "t4"])
    assert ended.value.code == 1
    assert "does not fit into 14.6 GiB" in capsys.readouterr().out


def test_a_base_in_four_bits_is_smaller(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By three quarters, but for the embeddings and the head."""
    recipe = str(root / "configs" / "qwen2.5-vl-7b.yaml")
    weights = []
    for changes in ([], ["quantization=4bit"]):
        with pytest.raises(SystemExit):
            main(["plan", recipe, *changes, "--gpu", "h100", "--json"])
        phase = json.loads(capsys.readouterr().out)["phases"][0]
        weights += [
            term["expected"]
            for term in phase["memory_gib"]
            if term["name"] == "weights of the trained model"
        ]
    whole, packed = weights
    assert 0.25 * whole < packed < 0.5 * whole


def test_an_unknown_gpu_ends_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match="did you mean 'h100'"):
        gpu_of("h10")
