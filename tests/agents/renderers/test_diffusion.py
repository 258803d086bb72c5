"""Attacks painted by a real pipeline of diffusers, tiny and random, made on the spot."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from safetensors.torch import load_file, save_file
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from sectow_agents.models.quiet import quiet
from sectow_agents.renderers.diffusion import TextToImage
from sectow_env import SectowError, TextAction, load_world
from sectow_env.env.single import SectowEnv
from sectow_env.game import Scenario
from sectow_env.game.renderer import Drawing
from sectow_env.resolve.parts import find_renderer

pytestmark = pytest.mark.slow
SCENARIO = Scenario(id="s", behavior="tell", harmful=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pipeline whose pictures are noise of 16 x 16 pixels."""
    path = tmp_path_factory.mktemp("painter")
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    (path / "vocab.json").write_text(json.dumps({word: i for i, word in enumerate(words)}))
    (path / "merges.txt").write_text("#version: 0.2\n")
    torch.manual_seed(0)
    with quiet():
        tokenizer = CLIPTokenizer(
            str(path / "vocab.json"), str(path / "merges.txt"), model_max_length=16
        )
        text = CLIPTextModel(
            CLIPTextConfig(
                vocab_size=len(words),
                hidden_size=16,
                intermediate_size=16,
                num_hidden_layers=1,
                num_attention_heads=2,
                max_position_embeddings=16,
                bos_token_id=len(words) - 2,
                eos_token_id=len(words) - 1,
            )
        )
        pipeline: Any = StableDiffusionPipeline(
            vae=AutoencoderKL(
                block_out_channels=(8, 8),
                down_block_types=("DownEncoderBlock2D",) * 2,
                up_block_types=("UpDecoderBlock2D",) * 2,
                latent_channels=4,
                norm_num_groups=4,
            ),
            text_encoder=text,
            tokenizer=tokenizer,
            unet=UNet2DConditionModel(
                sample_size=8,
                block_out_channels=(8, 8),
                down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
                up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
                cross_attention_dim=16,
                attention_head_dim=2,
                norm_num_groups=4,
                layers_per_block=1,
            ),
            scheduler=DDIMScheduler(steps_offset=1, clip_sample=False),
            safety_checker=None,
            feature_extractor=None,
            requires_safety_checker=False,
        )
        pipeline.save_pretrained(path / "pipeline", safe_serialization=True)
    return path / "pipeline"


def drawings(*texts: str) -> list[Drawing]:
    return [Drawing(tuple(text.split()), SCENARIO) for text in texts]


@pytest.mark.parametrize(
    ("broken", "message"),
    [("missing", "painter/vae.*missing from its files"), ("nan", "the vae .*NaN or infinity")],
)
def test_broken_weights_are_refused(
    folder: Path, tmp_path: Path, broken: str, message: str
) -> None:
    copy = Path(shutil.copytree(folder, tmp_path / "painter"))
    file = copy / "vae" / "diffusion_pytorch_model.safetensors"
    tensors = load_file(file)
    name = min(tensors)
    if broken == "missing":
        tensors.pop(name)
    else:
        tensors[name].fill_(float("nan"))
    save_file(tensors, file, metadata={"format": "pt"})
    with pytest.raises(SectowError, match=message):
        TextToImage(str(copy)).draw(drawings("door"))


def test_the_words_decide_the_picture(folder: Path) -> None:
    painter = TextToImage(str(folder), steps=2, batch_size=2)
    red, blue, again = painter.draw(drawings("red door", "blue door", "red door"))
    assert red == again, "whatever batch it is painted in"
    assert red != blue
    assert red.pixels.shape == (16, 16, 3)
    assert find_renderer(f"diffusers/text_to_image?model={folder}&steps=2").draw(
        drawings("red door")
    ) == [red]


def test_global_randomness_is_left_alone(folder: Path) -> None:
    painter = TextToImage(str(folder), steps=1)
    painter.draw(drawings("x"))
    before = torch.get_rng_state()
    painter.draw(drawings("y"))
    assert torch.equal(before, torch.get_rng_state())


def test_an_attacker_plays_with_it(folder: Path) -> None:
    env = TextAction(
        SectowEnv(renderer=f"diffusers/text_to_image?model={folder}&steps=1", channels=[None])
    )
    env.reset(seed=0)
    name = env.base.scenario.meta["potion"]
    info = env.step(f"image : a quiet shop ; query : how is {name} made ?")[4]
    attack = info["sectow_episode"].turns[0].attack
    assert attack.image.pixels.shape == (16, 16, 3)
    assert (attack.drawn, attack.invalid) == (None, None)
    world: Any = env.base.arena.world
    assert world.id == load_world("apothecary:0").id


def test_settings_are_part_of_the_version(folder: Path) -> None:
    versions = {
        TextToImage(str(folder), steps=steps, prompt=prompt).version
        for steps in (1, 2)
        for prompt in ("{words}", "a photo of {words}")
    }
    assert len(versions) == 4


def test_what_cannot_paint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SectowError, match="must contain"):
        TextToImage("x", prompt="a door")
    with pytest.raises(SectowError, match="cannot be loaded"):
        TextToImage(str(tmp_path)).draw(drawings("x"))
