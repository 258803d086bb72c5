"""What we rely on in TRL, checked on the real trainer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import pytest
import torch
from trl import GRPOConfig, GRPOTrainer, SFTConfig

from sectow_agents.algorithms.common import lora_config
from sectow_agents.algorithms.dataset import Prompt, build_dataset
from sectow_agents.algorithms.grpo import grpo_config
from sectow_agents.models.families import family_of
from sectow_agents.models.generator import suppressed_tokens
from sectow_agents.models.load import load_model
from sectow_agents.models.quiet import quiet
from sectow_agents.settings.training import GrpoSettings, LoraSettings
from sectow_agents.settings.trl_fields import GrpoFields, SftFields
from sectow_env.game.messages import Message
from sectow_env.images.typography import draw_words

pytestmark = pytest.mark.slow

GROUP = 2
TEXT = Prompt([Message(role="user", text="hello")])
SHOWN = Prompt([Message(role="user", text="what ?", pictures=(draw_words(("ab",), "1"),))])
Rewards = Callable[[Sequence[int]], list[float | None]]


@dataclass
class Seen:
    """What the trainer passed to the reward function, call by call."""

    __name__ = "seen"
    rewards: Rewards
    calls: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, **given: Any) -> list[float | None]:
        self.calls.append(given)
        return self.rewards(given["item"])


def trained(
    folder: Path,
    scratch: Path,
    prompts: Sequence[Prompt],
    order: Sequence[int],
    rewards: Rewards,
    *,
    lora: bool = False,
    steps: int = 1,
    batch: int = 4,
    **extra: Any,
) -> tuple[GRPOTrainer, Seen]:
    seen = Seen(rewards)
    training = GrpoSettings.model_validate(
        {
            "steps": steps,
            "batch": batch,
            "group": GROUP,
            "max_new_tokens": 3,
            "learning_rate": 1e-2,
            "scale_rewards": "none",
            **extra,
        }
    )
    model, processor = load_model(folder, trainable=True, full=True)
    args = grpo_config(
        training,
        micro=2 * GROUP,
        seed=0,
        folder=scratch,
        device="cpu",
        suppressed=suppressed_tokens(model, processor),
    )
    with quiet(), torch.random.fork_rng(devices=[]):
        trainer = GRPOTrainer(
            model=model,
            reward_funcs=[seen],
            args=args,
            train_dataset=build_dataset(prompts, order),
            processing_class=processor,
            peft_config=lora_config(LoraSettings(), family_of(model.config), model)
            if lora
            else None,
        )
        trainer.train()
    return trainer, seen


def by_place(item: Sequence[int]) -> list[float | None]:
    return [float(place % 3) for place, _ in enumerate(item)]


def test_rewards_get_our_columns_in_our_order(llava_next_folder: Path, tmp_path: Path) -> None:
    prompts = [TEXT, TEXT, SHOWN, SHOWN]
    order = [1, 0, 2, 3, 0, 0, 3, 2]
    _, seen = trained(llava_next_folder, tmp_path, prompts, order, by_place, steps=2, batch=8)
    # One call per micro-batch; neighbours are a group; the rows come in the order of the dataset.
    assert [call["item"] for call in seen.calls] == [
        [1, 1, 0, 0],
        [2, 2, 3, 3],
        [0, 0, 0, 0],
        [3, 3, 2, 2],
    ]
    for call in seen.calls:
        assert {"prompts", "completions", "item", "images", "trainer_state"} <= set(call)
        for completion in call["completions"]:
            assert completion[-1]["role"] == "assistant"
            assert isinstance(completion[-1]["content"], str)
    assert [len(images) for images in seen.calls[0]["images"]] == [0] * 4
    assert [len(images) for images in seen.calls[1]["images"]] == [1] * 4


def test_an_unscored_completion_is_left_out_of_its_group(
    llava_next_folder: Path, tmp_path: Path
) -> None:
    def half(item: Sequence[int]) -> list[float | None]:
        del item
        return [None, 5.0, 1.0, 0.0]

    trainer, _ = trained(llava_next_folder, tmp_path, [TEXT], [0, 0], half)
    # A zero in place of None would have made the first group's advantages -2.5 and 2.5.
    assert list(trainer._logs["advantages"]) == [0.0, 0.0, 0.5, -0.5]


def test_a_batch_of_unscored_completions_changes_nothing(
    llava_next_folder: Path, tmp_path: Path
) -> None:
    def silent(item: Sequence[int]) -> list[float | None]:
        return [None] * len(item)

    trainer, _ = trained(llava_next_folder, tmp_path, [TEXT], [0, 0], silent)
    before, _ = load_model(llava_next_folder)
    for (name, now), then in zip(
        trainer.model.named_parameters(), before.parameters(), strict=True
    ):
        assert torch.equal(now, then), name


def test_text_and_images_cannot_share_a_batch(llava_next_folder: Path, tmp_path: Path) -> None:
    # Why `same_modality_batches` exists. Once this passes, it can go.
    with pytest.raises((TypeError, ValueError, AttributeError, IndexError)):
        trained(llava_next_folder, tmp_path, [TEXT, SHOWN], [0, 1], by_place)


def test_our_suppressed_tokens_replace_the_trainer_s(
    llava_next_folder: Path, tmp_path: Path
) -> None:
    trainer, _ = trained(llava_next_folder, tmp_path, [TEXT], [0, 0], by_place)
    model, processor = load_model(llava_next_folder)
    assert trainer.generation_config.suppress_tokens == suppressed_tokens(model, processor)
    # And what is saved with the weights is the model's own.
    assert trainer.model.generation_config.suppress_tokens == (
        model.generation_config.suppress_tokens
    )


def test_an_adapter_is_named_default(idefics3_folder: Path, tmp_path: Path) -> None:
    trainer, _ = trained(idefics3_folder, tmp_path, [SHOWN], [0, 0], by_place, lora=True)
    assert list(trainer.model.peft_config) == ["default"]
    moved = [
        parameter
        for name, parameter in trainer.model.named_parameters()
        if "lora_B.default" in name and bool(parameter.abs().sum() > 0)
    ]
    assert moved


def test_a_wrong_number_of_rewards_is_refused(llava_next_folder: Path, tmp_path: Path) -> None:
    def one_too_few(item: Sequence[int]) -> list[float | None]:
        return [1.0] * (len(item) - 1)

    with pytest.raises(ValueError, match="expected"):
        trained(llava_next_folder, tmp_path, [TEXT], [0, 0], one_too_few)


def test_every_field_that_passes_is_one_of_trl_and_not_ours(tmp_path: Path) -> None:
    ours = {"temperature", "beta", "epsilon", "loss_type", "seed", "output_dir", "report_to"}
    grpo, sft = ({field.name for field in fields(kind)} for kind in (GRPOConfig, SFTConfig))
    assert set(GrpoFields.model_fields) <= grpo - ours
    assert set(SftFields.model_fields) <= sft - (ours - {"loss_type"})
    args: dict[str, Any] = {
        "micro": 8,
        "seed": 0,
        "folder": tmp_path,
        "device": "cpu",
        "suppressed": [],
    }
    values = {"weight_decay": 0.1, "top_p": 0.9, "use_vllm": False}
    assert grpo_config(GrpoSettings(grpo=values), **args).top_p == 0.9


def test_fields_of_trl_are_passed_on(tmp_path: Path) -> None:
    training = GrpoSettings(grpo={"num_iterations": 2, "epsilon_high": 0.28})
    args = grpo_config(training, micro=8, seed=5, folder=tmp_path, device="cpu", suppressed=[1])
    assert (args.num_iterations, args.epsilon_high, args.seed) == (2, 0.28, 5)
    assert args.report_to == []
    assert str(args.save_strategy.value) == "no"
