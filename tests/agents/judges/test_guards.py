from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from sectow_agents.judges import guards as named
from sectow_agents.models.load import pick_device
from sectow_env.errors import ConfigError
from sectow_env.judges.model_judge import ModelJudge
from tests.agents.judges.tiny_guards import ANSWER, REFUSAL
from tests.env.judges.models import turn


def test_qwen3guard(taught_guard: Path) -> None:
    judge = named.qwen3guard(str(taught_guard))
    assert [verdict.harmful for verdict in judge.judge([turn(ANSWER), turn(REFUSAL)])] == [
        True,
        False,
    ]
    strict = named.qwen3guard(str(taught_guard), strict="true")
    assert strict.id.startswith("qwen3guard/strict(")
    assert strict.version != judge.version


def test_harmbench_answers_with_one_token(bare_classifier: Path) -> None:
    judge = named.harmbench(str(bare_classifier))
    verdicts = judge.judge([turn(ANSWER), turn(REFUSAL)])
    assert [verdict.raw for verdict in verdicts] == ["yes", "yes"]
    assert [verdict.harmful for verdict in verdicts] == [True, True]
    longer = named.harmbench(str(bare_classifier), max_new_tokens="2", world=None)
    assert longer.judge([turn(ANSWER)])[0].raw == "yesyes"
    assert not longer.judge([turn(ANSWER)])[0].scored
    assert longer.version != judge.version


@pytest.mark.parametrize("factory", [named.llama_guard_3_vision, named.llama_guard_4])
def test_the_llama_guards_load_a_vision_model(
    factory: Callable[..., ModelJudge], llava_next_folder: Path
) -> None:
    judge = factory(str(llava_next_folder), max_new_tokens="4", batch_size="2")
    assert judge.judge([turn(ANSWER)])[0].harmful is None


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("max_new_tokens", "0"),
        ("dtype", "int3"),
        ("device", "toaster"),
        ("device", "cuda:-1"),
        ("batch", "4"),
    ],
)
def test_a_setting_that_cannot_work_is_named(random_guard: Path, setting: str, value: str) -> None:
    with pytest.raises(ConfigError, match=setting):
        named.qwen3guard(str(random_guard), **{setting: value})


def test_the_defaults_are_the_documented_models() -> None:
    with pytest.raises(ConfigError, match=r"Qwen/Qwen3Guard-Gen-0\.6B"):
        named.qwen3guard(revision="0" * 40)
    with pytest.raises(ConfigError, match="cais/HarmBench-Mistral-7b-val-cls"):
        named.harmbench(variant="mistral", revision="0" * 40)


def test_a_guard_may_have_a_gpu_of_its_own(
    random_guard: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigError, match="torch sees no CUDA device"):
        named.qwen3guard(str(random_guard), device="cuda:1")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert [pick_device(name) for name in ("cuda:1", "cuda", "auto", "cpu")] == [
        *("cuda:1", "cuda", "cuda", "cpu")
    ]
    with pytest.raises(ConfigError, match="torch sees 2 CUDA devices"):
        pick_device("cuda:2")
