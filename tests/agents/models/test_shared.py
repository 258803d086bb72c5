"""Adapters on one base in memory: its weights are shared, its modules are not."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest
import torch
from peft import LoraConfig, get_peft_model

from sectow_agents.models import shared
from sectow_agents.models.chat_model import LocalModel
from sectow_agents.models.load import load_model
from sectow_agents.models.merging import Merging, rounded
from sectow_agents.models.quiet import quiet
from sectow_env.game.decoding import Decoding
from sectow_env.game.messages import Message

FAMILIES = ["llava_next_folder", "idefics3_folder", "organism_folder", "random_guard"]
SHARED = shared.InMemory(shared=True)
QUESTIONS = [[Message(role="user", text=text)] for text in ("a", "what is in the jar ?")]


@pytest.fixture(params=FAMILIES)
def folder(request: pytest.FixtureRequest) -> Path:
    return Path(request.getfixturevalue(request.param))


def adapter(folder: Path, out: Path, seed: int, **more: object) -> Path:
    """A random adapter, in a folder of its own."""
    model, processor = load_model(folder)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        settings = LoraConfig(
            r=2, target_modules="all-linear", init_lora_weights=False, task_type="CAUSAL_LM", **more
        )
        with quiet():
            get_peft_model(model, settings).save_pretrained(out)
    (processor if hasattr(processor, "save_pretrained") else processor.tokenizer).save_pretrained(
        out
    )
    return out


def places(model: torch.nn.Module) -> set[int]:
    return {tensor.data_ptr() for name, tensor in model.state_dict().items() if "lora_" not in name}


def test_two_seats_are_two_adapters_on_one_base(folder: Path, tmp_path: Path) -> None:
    sources = [adapter(folder, tmp_path / str(seed), seed) for seed in (1, 2)]
    seats = [LocalModel(source, memory=SHARED) for source in [folder, *sources]]
    alone = [LocalModel(source) for source in [folder, *sources]]
    decoding = Decoding(max_new_tokens=6)
    # In turns, so that one that left its adapter in the weights would change the next.
    answers = [[seat.chat(QUESTIONS, decoding) for seat in seats] for _ in range(2)]
    assert answers[0] == answers[1] == [[model.chat(QUESTIONS, decoding) for model in alone]][0]
    base, *others = (places(seat.generator.model) for seat in seats)
    assert all(other == base for other in others)
    assert not base & places(alone[0].generator.model)


def test_a_base_is_dropped_with_the_last_of_its_models(llava_next_folder: Path) -> None:
    def kept() -> int:
        gc.collect()
        return [key.source for key in shared._BASES].count(str(llava_next_folder.resolve()))

    first, second = (load_model(llava_next_folder, memory=SHARED)[0] for _ in range(2))
    assert kept() == 1
    del first
    assert kept() == 1
    del second
    assert kept() == 0


def test_another_model_in_the_same_folder_is_another_base(tmp_path: Path) -> None:
    from tests.agents.tiny import llava_next

    old = load_model(llava_next(tmp_path, seed=0), memory=SHARED)[0]
    new = load_model(llava_next(tmp_path, seed=1), memory=SHARED)[0]
    # Even where size and time were the same: a file that was replaced has another time.
    os.utime(tmp_path / "model.safetensors", ns=(1, 1))
    third = load_model(tmp_path, memory=SHARED)[0]
    assert len({frozenset(places(model)) for model in (old, new, third)}) == 3
    assert not torch.equal(next(old.parameters()), next(new.parameters()))


def test_what_one_does_with_its_modules_the_other_does_not(llava_next_folder: Path) -> None:
    first, second = (load_model(llava_next_folder, memory=SHARED)[0] for _ in range(2))
    first.train()
    with quiet():
        get_peft_model(first, LoraConfig(target_modules="all-linear"))
    assert not second.training
    assert not any("lora" in name for name, _ in second.named_modules())


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_merging_computes_the_same_and_leaves_no_trace(
    folder: Path, tmp_path: Path, dtype: str
) -> None:
    model, _ = load_model(adapter(folder, tmp_path, 3), dtype=dtype, trainable=True)  # type: ignore[arg-type]  # One of them.
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    trained = [name for name, parameter in model.named_parameters() if parameter.requires_grad]
    ids = torch.tensor([[7, 8, 9, 10]])
    model.eval()
    with torch.no_grad():
        beside = model(input_ids=ids).logits.float()
        merging, inside = Merging(model), beside
        for _ in range(2):
            with merging.merged():
                inside = model(input_ids=ids).logits.float()
                changed = model.state_dict()
                assert any(not torch.equal(changed[name], old) for name, old in before.items())
        assert torch.equal(model(input_ids=ids).logits.float(), beside)
    tolerance = 1e-4 if dtype == "float32" else 0.15
    torch.testing.assert_close(inside, beside, rtol=0, atol=tolerance * float(beside.abs().max()))
    after = model.state_dict()
    assert all(torch.equal(after[name], old) for name, old in before.items())
    assert [name for name, p in model.named_parameters() if p.requires_grad] == trained


def test_an_interruption_restores_the_weights(llava_next_folder: Path, tmp_path: Path) -> None:
    model, _ = load_model(adapter(llava_next_folder, tmp_path, 3), trainable=True)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with pytest.raises(KeyboardInterrupt), Merging(model).merged():
        raise KeyboardInterrupt
    assert all(torch.equal(model.state_dict()[name], old) for name, old in before.items())


@pytest.mark.parametrize(
    "kind", [{"use_dora": True}, {"modules_to_save": ["lm_head"]}], ids=["DoRA", "a whole module"]
)
def test_an_adapter_of_another_kind_is_not_merged(
    kind: dict[str, object], llava_next_folder: Path, tmp_path: Path
) -> None:
    model, _ = load_model(adapter(llava_next_folder, tmp_path, 3, **kind))
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with Merging(model).merged():
        assert all(torch.equal(model.state_dict()[name], old) for name, old in before.items())


def test_a_tied_weight_is_not_changed(llava_next_folder: Path) -> None:
    """An adapter of the head must not change what the model reads."""
    model, _ = load_model(llava_next_folder)
    model.lm_head.weight = model.get_input_embeddings().weight
    with quiet():
        adapted = get_peft_model(model, LoraConfig(r=2, target_modules=["lm_head"]))
    assert Merging(adapted)._layers == []


def test_rounding_keeps_in_the_mean_what_the_nearest_would_lose() -> None:
    dice = torch.Generator().manual_seed(0)
    weights = torch.randn(100_000, generator=dice).bfloat16()
    change = weights.float() * 2**-11
    # An eighth of the last digit.
    assert torch.equal((weights.float() + change).bfloat16(), weights)
    kept = rounded(weights.float() + change, dice)
    moved = (kept.float() - weights.float()) / change
    assert float(moved.mean()) == pytest.approx(1, abs=0.1)
    assert torch.equal(rounded(weights.float(), dice), weights)
