"""What we rely on in TRL, checked on the real trainer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import pytest
import torch
from trl import GRPOConfig, GRPOTrainer, SFTConfig

from sectow_agents.algorithms.common import lora_config, trainer_arguments
from sectow_agents.algorithms.dataset import Prompt, build_dataset
from sectow_agents.algorithms.grpo import grpo_config
from sectow_agents.algorithms.job import Job
from sectow_agents.algorithms.rollout import Rollout
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
    job = Job(seat="defender", round=1, seed=0, training=training, source=folder, out=scratch)
    arguments = trainer_arguments(job, training.micro_batch or 2 * GROUP, scratch)
    args = grpo_config(training, arguments, suppressed_tokens(model, processor))
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
            rollout_func=Rollout(job, training, processor),
        )
        trainer.train()
    return trainer, seen


def by_place(item: Sequence[int]) -> list[float | None]:
    return [float(place % 3) for place, _ in enumerate(item)]


def test_rewards_get_our_columns_in_our_order(llava_next_folder: Path, tmp_path: Path) -> None:
    prompts = [TEXT, TEXT, SHOWN, SHOWN]
    order = [1, 0, 2, 3, 0, 0, 3, 2]
    _, seen = trained(llava_next_folder, tmp_path, prompts, order, by_place, steps=2, batch=8)
    # One call per optimizer step; neighbours are a group; the rows come in the data set's order.
    assert [call["item"] for call in seen.calls] == [
        [1, 1, 0, 0, 2, 2, 3, 3],
        [0, 0, 0, 0, 3, 3, 2, 2],
    ]
    for call in seen.calls:
        assert {"prompts", "completions", "item", "images", "trainer_state"} <= set(call)
        for completion in call["completions"]:
            assert completion[-1]["role"] == "assistant"
            assert isinstance(completion[-1]["content"], str)
    assert [len(images) for images in seen.calls[0]["images"]] == [0] * 4 + [1] * 4


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


@pytest.mark.parametrize("family", ["llava_next_folder", "idefics3_folder", "organism_folder"])
def test_texts_and_pictures_share_a_micro_batch(
    family: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Each row's log-probabilities are those that it has alone, without padding."""
    folder = Path(request.getfixturevalue(family))
    trainer, _ = trained(
        folder,
        tmp_path,
        [TEXT, SHOWN],
        [0, 1, 1, 0],
        by_place,
        batch=8,
        micro_batch=8,
        max_new_tokens=5,
    )
    (batch,) = trainer._buffered_inputs
    pictures = [1 if count else 0 for count in batch["num_images"]]
    assert sorted(pictures) == [0] * 4 + [1] * 4
    assert pictures != sorted(pictures), "the trainer shuffles the rows"
    ids = torch.cat([batch["prompt_ids"], batch["completion_ids"]], dim=1)
    mask = torch.cat([batch["prompt_mask"], batch["completion_mask"]], dim=1)
    given = {key: batch[key] for key in batch if key.startswith(("pixel", "image_s", "num_im"))}
    kept, model = batch["completion_ids"].shape[1], trainer.model.eval()
    with torch.no_grad():
        together, *_ = trainer._get_per_token_logps_and_entropies(model, ids, mask, kept, **given)
        own = trainer.processing_class(
            text=[trainer.processing_class.image_token],
            images=[[SHOWN.pictures[0].pil()]],
            return_tensors="pt",
        )
        shown = {key: own[key] for key in own if key in given}
        for row, with_picture in enumerate(pictures):
            alone = ids[row][mask[row].bool()][None]
            logits = model(input_ids=alone, **(shown if with_picture else {})).logits[0]
            written = int(batch["completion_mask"][row].sum())
            logps = logits.log_softmax(-1)[:-1].gather(1, alone[0, 1:, None])[-written:, 0]
            torch.testing.assert_close(together[row, :written], logps, rtol=0, atol=1e-5)


def test_a_step_is_drawn_by_its_seed_whatever_the_micro_batches(
    llava_next_folder: Path, tmp_path: Path
) -> None:
    written = []
    for micro in (2, 8, 8):
        _, seen = trained(
            llava_next_folder,
            tmp_path,
            [TEXT, SHOWN],
            [0, 1, 1, 0],
            by_place,
            batch=8,
            micro_batch=micro,
        )
        (call,) = seen.calls
        written.append([completion[-1]["content"] for completion in call["completions"]])
    assert written[0] == written[1] == written[2]
    # Rows of one prompt are drawn apart.
    assert len(set(written[0])) > 4


def test_the_trainer_measures_what_we_drew(llava_next_folder: Path, tmp_path: Path) -> None:
    trainer, seen = trained(llava_next_folder, tmp_path, [TEXT, SHOWN], [0, 1], by_place)
    lengths = [len(ids) for ids in seen.calls[0]["completion_ids"]]
    (line,) = [line for line in trainer.state.log_history if "reward" in line]
    assert line["completions/mean_length"] == pytest.approx(sum(lengths) / len(lengths))
    assert 0 <= line["completions/clipped_ratio"] <= 1
    assert line["entropy"] > 0


def test_one_generation_serves_several_optimizer_steps(
    llava_next_folder: Path, tmp_path: Path
) -> None:
    more: dict[str, Any] = {"grpo": {"num_iterations": 2}, "steps": 2}
    _, seen = trained(llava_next_folder, tmp_path, [TEXT, SHOWN], [0, 1], by_place, **more)
    assert len(seen.calls) == 1


def test_where_trl_draws_itself_a_step_is_mixed_too(
    llava_next_folder: Path, tmp_path: Path
) -> None:
    more: dict[str, Any] = {"grpo": {"top_p": 0.9}, "steps": 2}
    _, seen = trained(llava_next_folder, tmp_path, [TEXT, SHOWN], [0, 1] * 2, by_place, **more)
    assert [len(call["item"]) for call in seen.calls] == [4, 4]


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


def arguments_of(training: GrpoSettings, scratch: Path) -> dict[str, Any]:
    job = Job("defender", 1, 5, training, "weights", scratch, device="cpu")
    return trainer_arguments(job, 8, scratch)


def test_every_field_that_passes_is_one_of_trl_and_not_ours(tmp_path: Path) -> None:
    ours = {"temperature", "beta", "epsilon", "loss_type", "seed", "output_dir", "report_to"}
    grpo, sft = ({field.name for field in fields(kind)} for kind in (GRPOConfig, SFTConfig))
    assert set(GrpoFields.model_fields) <= grpo - ours
    assert set(SftFields.model_fields) <= sft - (ours - {"loss_type"})
    training = GrpoSettings(grpo={"weight_decay": 0.1, "top_p": 0.9, "use_vllm": False})
    assert grpo_config(training, arguments_of(training, tmp_path), []).top_p == 0.9


def test_fields_of_trl_are_passed_on(tmp_path: Path) -> None:
    training = GrpoSettings(grpo={"num_iterations": 2, "epsilon_high": 0.28})
    args = grpo_config(training, arguments_of(training, tmp_path), [1])
    assert (args.num_iterations, args.epsilon_high, args.seed) == (2, 0.28, 5)
    assert args.report_to == []
    assert str(args.save_strategy.value) == "no"
