"""The build is seeded, resumable, and all or nothing."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from sectow_agents.models.weights import weights_digest
from sectow_agents.organism import build as organism_build
from sectow_agents.organism import foundation, training, vision, world_stage
from sectow_agents.organism.build import (
    BUILD_RECORD,
    Effort,
    build_foundation,
    build_world,
)
from sectow_agents.organism.training import Progress
from sectow_env.errors import SectowError
from sectow_env.worlds.apothecary import Apothecary

TINY = Effort(
    vision=2,
    text=3,
    joint=2,
    sight=2,
    control=2,
    emblems=2,
    world_text=3,
    world_joint=2,
    attacker=2,
)


class StopError(Exception):
    """Stands for Ctrl-C."""


def stop_at(name: str, step: int) -> Progress:
    def progress(stage: str, done: int, steps: int, loss: float) -> None:
        del steps, loss
        if stage == name and done == step:
            raise StopError

    return progress


def build(out: Path, progress: Progress | None = None) -> Path:
    base = build_foundation(out, effort=TINY, progress=progress)
    return build_world(base, out, Apothecary(1), effort=TINY, progress=progress)


@contextmanager
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module", autouse=True)
def fast_steps() -> Iterator[None]:
    """Small batches, in one thread: two wait for each other wherever the cores are busy."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(organism_build, "two_threads", one_thread)
        for module in (vision, foundation, world_stage):
            for name in [name for name in vars(module) if name.endswith("BATCH")]:
                patch.setattr(module, name, 4)
        yield


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A foundation and the models of world 1, built once; no test changes them."""
    out = tmp_path_factory.mktemp("built")
    build(out)
    return out


def digests(folder: Path) -> dict[str, str | None]:
    return {
        str(path.parent.relative_to(folder)): weights_digest(path.parent)
        for path in sorted(folder.rglob("model.safetensors"))
    }


@pytest.mark.slow
def test_a_build_is_bitwise_repeatable_and_resumable(
    tmp_path: Path, built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "SAVE_EVERY", 1)
    for stage, step in (
        ("vision", 1),
        ("text", 2),
        ("joint", 2),
        ("sight", 1),
        ("emblems", 1),
        ("defender-text", 3),
    ):
        with pytest.raises(StopError):
            build(tmp_path, stop_at(stage, step))
    build(tmp_path)
    assert digests(built) == digests(tmp_path)
    assert set(digests(built)) == {"foundation", "world-1/attacker", "world-1/defender"}
    record = json.loads((built / "world-1/defender" / BUILD_RECORD).read_text())
    assert record["world_fingerprint"] == Apothecary(1).fingerprint
    assert record["sha256"] == digests(built)["world-1/defender"]


@pytest.mark.slow
def test_a_finished_part_is_not_built_again(built: Path) -> None:
    base = built / "foundation"
    before = (base / "model.safetensors").stat().st_mtime_ns
    assert build_foundation(built, effort=TINY, progress=stop_at("vision", 1)) == base
    assert (base / "model.safetensors").stat().st_mtime_ns == before


@pytest.mark.slow
def test_an_organism_that_was_built_differently_is_an_error(built: Path, tmp_path: Path) -> None:
    with pytest.raises(SectowError, match="differs in seed"):
        build_foundation(built, effort=TINY, seed=1)
    other = shutil.copytree(built / "foundation", tmp_path / "foundation")
    tensors = load_file(other / "model.safetensors")
    name = min(tensors)
    save_file({**tensors, name: tensors[name] + 1}, other / "model.safetensors", {"format": "pt"})
    with pytest.raises(SectowError, match="differs in foundation_sha256"):
        build_world(other, built, Apothecary(1), effort=TINY)


def test_shipped_weights_are_summed_in_two_threads() -> None:
    before = torch.get_num_threads()
    with training.two_threads():
        assert torch.get_num_threads() == 2
    assert torch.get_num_threads() == before


def test_a_foundation_without_weights_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SectowError, match="it contains no weights"):
        build_world(tmp_path / "shiped", tmp_path, Apothecary(1), effort=TINY)


@pytest.mark.parametrize("make", [lambda: Effort(vision=0), lambda: Effort(attacker=-3)])
def test_an_effort_below_one_step_is_refused(make: Callable[[], Effort]) -> None:
    with pytest.raises(SectowError, match="at least one"):
        make()
