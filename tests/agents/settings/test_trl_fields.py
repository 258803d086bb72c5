"""Which fields of TRL pass through: hyperparameters do, what publishes, writes or runs code not."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from sectow_agents.settings import trl_fields
from sectow_agents.settings.file import build_config
from sectow_agents.settings.trl_fields import check_vllm
from sectow_env.errors import ConfigError


def build(seat: str, **training: Any) -> dict[str, Any]:
    seats: dict[str, Any] = {"attacker": {"model": "a/b"}, "defender": {"model": "a/b"}}
    seats[seat]["training"] = training
    dumped: dict[str, Any] = build_config(seats).model_dump()[seat]["training"]
    return dumped


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("push_to_hub", True, "publishes"),
        ("hub_model_id", "a/b", "publishes"),
        ("hub_token", "abc", "secret"),
        ("report_to", "wandb", "follow the whole run"),
        ("trackio_space_id", "a/b", "publishes"),
        ("log_completions_hub_repo", "a/b", "publishes"),
        ("output_dir", "/elsewhere", "the run alone decides"),
        ("logging_dir", "/elsewhere", "the run alone decides"),
        ("save_strategy", "steps", "the run alone decides"),
        ("resume_from_checkpoint", "/x", "the run alone decides"),
        ("trust_remote_code", True, "file or code"),
        ("deepspeed", "zero3.json", "file or code"),
        ("fsdp_config", "fsdp.json", "file or code"),
        ("torch_compile_backend", "mine", "file or code"),
        ("optim_args", "a=b", "file or code"),
        ("model_init_kwargs", {"trust_remote_code": True}, "file or code"),
        ("max_steps", 4, "follows from other settings"),
        ("shuffle_dataset", True, "follows from other settings"),
        ("num_iteration", 4, "did you mean 'num_iterations'"),
        ("weight_decay", float("inf"), "weight_decay: Input should be a finite number"),
        ("adam_beta1", 2.0, "adam_beta1: Input should be less than 1"),
        ("optim", "mine.Optimizer", "optim: Input should be 'adamw_torch'"),
    ],
)
@pytest.mark.parametrize("algorithm", ["grpo", "sft"])
def test_no_other_field_passes(algorithm: str, field: str, value: object, why: str) -> None:
    if (algorithm, field) == ("sft", "num_iteration"):
        why = "no such field"
    with pytest.raises(ConfigError, match=why) as refused:
        build("defender", algorithm=algorithm, **{algorithm: {field: value}})
    assert "http" not in str(refused.value)


def test_hyperparameters_pass_as_they_were_given() -> None:
    fields = {"num_iterations": 2, "epsilon_high": 0.28, "weight_decay": 0.1, "optim": "sgd"}
    assert build("attacker", grpo={**fields, "delta": None})["grpo"] == fields
    assert build("defender", algorithm="sft", sft={"loss_type": "dft"})["sft"] == {
        "loss_type": "dft"
    }


@pytest.mark.parametrize("value", [float("inf"), float("nan"), -1.0, 0.0])
@pytest.mark.parametrize("key", ["learning_rate", "temperature", "max_grad_norm", "clip"])
def test_numbers_that_cannot_train_are_refused(key: str, value: float) -> None:
    with pytest.raises(ConfigError, match=rf"training\.{key} = "):
        build("attacker", **{key: value})


def test_no_number_of_the_settings_may_be_infinite() -> None:
    from sectow_agents.settings.run_config import RewardSettings

    with pytest.raises(ValidationError, match="finite"):
        RewardSettings(harm=float("nan"))


def test_a_missing_vllm_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trl_fields, "find_spec", lambda _: None)
    check_vllm("attacker", {"weight_decay": 0.1})
    with pytest.raises(ConfigError, match="vLLM is not installed; run: pip install vllm"):
        check_vllm("attacker", {"use_vllm": True})
