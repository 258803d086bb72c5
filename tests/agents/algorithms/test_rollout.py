"""A phase with an adapter: what is trained, what stays, and what is drawn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from sectow_agents.algorithms import common
from sectow_agents.models.load import load_model
from sectow_agents.models.shared import InMemory
from sectow_agents.tug_of_war import TugOfWar
from tests.agents.recipes import TEMPLATE, toy

pytestmark = pytest.mark.slow


def lora(steps: int = 2, **more: Any) -> dict[str, Any]:
    return {
        "steps": steps,
        "learning_rate": 1e-2,
        "batch": 8,
        "group": 4,
        "max_new_tokens": 6,
        "lora": {"rank": 2, "target_modules": "all-linear"},
        **more,
    }


def play(run: Path, folder: Path, **changes: Any) -> Path:
    """One round in which both seats train an adapter on one base."""
    seats = {
        "attacker": {"model": str(folder), "template": TEMPLATE, "training": lora()},
        "defender": {"model": str(folder), "training": lora()},
    }
    TugOfWar(toy(run, folder, folder, **{**seats, **changes})).run()
    return run


def weights(run: Path) -> dict[str, torch.Tensor]:
    return {
        f"{file.parent.name}/{name}": tensor
        for file in sorted(run.rglob("adapter_model.safetensors"))
        for name, tensor in load_file(file).items()
    }


def test_a_run_with_one_base_loads_it_once_a_phase_and_never_changes_it(
    llava_next_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = load_model(llava_next_folder, memory=InMemory(shared=True))[0]
    before = {name: tensor.clone() for name, tensor in kept.state_dict().items()}
    places = {tensor.data_ptr() for tensor in kept.state_dict().values()}
    seen: list[set[int]] = []

    def spied(*given: Any, **more: Any) -> Any:
        trainee = load(*given, **more)
        seen.append({p.data_ptr() for n, p in trainee.model.named_parameters() if "lora" not in n})
        return trainee

    load = common.load_trainee
    monkeypatch.setattr("sectow_agents.algorithms.grpo.load_trainee", spied)
    run = play(tmp_path / "run", llava_next_folder)
    assert len(seen) == 2
    assert all(own <= places for own in seen)
    assert all(torch.equal(kept.state_dict()[name], old) for name, old in before.items())
    trained = weights(run)
    assert any("lora_B" in name and bool(tensor.any()) for name, tensor in trained.items())


def test_the_same_seed_trains_the_same_bytes(llava_next_folder: Path, tmp_path: Path) -> None:
    first, second = (weights(play(tmp_path / name, llava_next_folder)) for name in "ab")
    assert first.keys() == second.keys()
    assert first
    assert all(torch.equal(first[name], tensor) for name, tensor in second.items())


def test_both_seats_train_on_a_base_of_4_bits(organism_folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("bitsandbytes")
    run = play(tmp_path / "run", organism_folder, quantization="4bit")
    trained = weights(run)
    assert any("lora_B" in name and bool(tensor.any()) for name, tensor in trained.items())


def test_packed_weights_are_a_quarter_and_shared(organism_folder: Path) -> None:
    pytest.importorskip("bitsandbytes")
    memory = InMemory(shared=True, quantization="4bit")
    first, second = (load_model(organism_folder, memory=memory)[0] for _ in range(2))
    whole, _ = load_model(organism_folder)
    packed = [
        (name, parameter)
        for name, parameter in first.named_parameters()
        if parameter.dtype == torch.uint8
    ]
    assert packed
    sizes = {name: parameter.numel() * 4 for name, parameter in whole.named_parameters()}
    for name, parameter in packed:
        assert parameter.numel() * 8 <= sizes[name]
    assert [p.data_ptr() for p in first.parameters()] == [p.data_ptr() for p in second.parameters()]
