"""The two-stage build: from nothing to a foundation, from a foundation to a world's two seats."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sectow_agents.models.quiet import quiet
from sectow_agents.models.weights import weights_digest
from sectow_agents.organism.training import Progress, Stage, two_threads
from sectow_agents.settings.machine import processor
from sectow_env.errors import SectowError
from sectow_env.files import check_new_folder, new_folder
from sectow_env.reading import read_json
from sectow_env.worlds.apothecary import Apothecary

if TYPE_CHECKING:
    from transformers import LlavaForConditionalGeneration

VERSION = "organism-1"
BUILD_RECORD = "organism.json"
STATE_FOLDER = ".build"
FOUNDATION_PARTS = ("vision", "text", "joint", "sight", "control", "emblems")
WORLD_PARTS = {"defender": ("world_text", "world_joint"), "attacker": ("attacker",)}


@dataclass(frozen=True)
class Effort:
    """Optimizer steps of each part of the build; the defaults make the shipped weights."""

    vision: int = 1000
    text: int = 2000
    joint: int = 1500
    sight: int = 2000
    control: int = 1200
    emblems: int = 900
    world_text: int = 300
    world_joint: int = 620
    attacker: int = 350

    def __post_init__(self) -> None:
        for name, steps in asdict(self).items():
            if steps < 1:
                raise SectowError(
                    given=f"{steps} optimizer steps for {name}",
                    why="each part of the build needs at least one",
                    fix="leave it out to use the default",
                )

    def of(self, parts: tuple[str, ...]) -> dict[str, int]:
        """The optimizer steps of some parts by name."""
        return {name: steps for name, steps in asdict(self).items() if name in parts}

    @classmethod
    def scaled(cls, factor: float) -> Effort:
        """The default effort times a factor, at least one optimizer step per part."""
        steps = {name: max(1, round(count * factor)) for name, count in asdict(cls()).items()}
        return cls(**steps)


def build_foundation(
    out: Path, *, effort: Effort = Effort(), seed: int = 0, progress: Progress | None = None
) -> Path:
    """Make the foundation, shared by all worlds. An interrupted build resumes where it stopped.

    Returns:
        The folder with model and processor, in the Hugging Face layout.
    """
    from sectow_agents.organism.architecture import build_model
    from sectow_agents.organism.foundation import foundation_courses, teach
    from sectow_agents.organism.vision import pretrain_vision

    folder = out / "foundation"
    build_record = {"part": "foundation", "seed": seed, "effort": effort.of(FOUNDATION_PARTS)}
    if _is_built(folder, build_record):
        return folder
    state = out / STATE_FOLDER / f"foundation-{_key(effort, seed)}"
    with _deterministic():
        model = build_model(seed)
        pretrain_vision(model, effort.vision, seed, Stage("vision", state, progress))
        for course in foundation_courses(effort, seed):
            teach(model, course, Stage(course.name, state, progress))
    _publish(model, folder, build_record)
    shutil.rmtree(state, ignore_errors=True)
    return folder


def build_world(
    foundation: Path,
    out: Path,
    world: Apothecary,
    *,
    effort: Effort = Effort(),
    seed: int = 0,
    progress: Progress | None = None,
) -> Path:
    """Make a world's base defender and base attacker from a foundation.

    Returns:
        The folder with `defender` and `attacker`.
    """
    from sectow_agents.organism.foundation import teach
    from sectow_agents.organism.world_stage import attacker_courses, defender_courses

    folder = out / f"world-{world.seed}"
    base = weights_digest(foundation)
    if base is None:
        raise SectowError(
            given=f"the foundation {str(foundation)!r}",
            why="it contains no weights (*.safetensors)",
            fix="give 'shipped', 'new', or the folder of a built foundation",
        )
    state = out / STATE_FOLDER / f"world-{world.seed}-{base[:8]}-{_key(effort, seed)}"
    for part, courses in (("defender", defender_courses), ("attacker", attacker_courses)):
        build_record = {
            "part": part,
            "world": world.id,
            "world_fingerprint": world.fingerprint,
            "foundation_sha256": base,
            "seed": seed,
            "effort": effort.of(WORLD_PARTS[part]),
        }
        if _is_built(folder / part, build_record):
            continue
        with _deterministic():
            from sectow_agents.models.load import load_model

            model = load_model(foundation, device="cpu", dtype="float32")[0]
            for course in courses(world, effort, seed + 100 * (world.seed + 1)):
                teach(model, course, Stage(course.name, state, progress))
        _publish(model, folder / part, build_record)
    shutil.rmtree(state, ignore_errors=True)
    return folder


def _is_built(folder: Path, build_record: dict[str, object]) -> bool:
    """Whether the folder contains what would be built; another organism in it is an error."""
    file = folder / BUILD_RECORD
    if not file.exists():
        check_new_folder(folder)
        return False
    known = read_json(file)
    other = [name for name, value in build_record.items() if known.get(name) != value]
    if known.get("version") != VERSION:
        other.append("version")
    if other:
        raise SectowError(
            given=f"the folder {folder}",
            why=f"the organism in it was built differently (it differs in {', '.join(other)})",
            fix="give another folder by --out, or delete this one to build it anew",
        )
    return True


def _publish(
    model: LlavaForConditionalGeneration, folder: Path, build_record: dict[str, object]
) -> None:
    """Write model, processor and build record aside, then rename: all or nothing."""
    from sectow_agents.models.intact import check_finite
    from sectow_agents.organism.architecture import build_processor

    check_finite(f"the organism that was built for {folder}", model)
    with quiet(), new_folder(folder) as aside:
        model.save_pretrained(aside)
        build_processor().save_pretrained(aside)
        digest = {"sha256": weights_digest(aside)}
        whole = {"version": VERSION, **build_record, **_machine(), **digest}
        (aside / BUILD_RECORD).write_text(json.dumps(whole, indent=2) + "\n", encoding="utf-8")


def _machine() -> dict[str, object]:
    """What the bits of the weights depend on, apart from the seed."""
    import torch
    import transformers

    return {
        "cpu": f"{processor(detailed=True)}, {torch.backends.cpu.get_cpu_capability()}",
        "threads": 2,
        "torch": torch.__version__.split("+")[0],
        "transformers": transformers.__version__,
    }


def _key(effort: Effort, seed: int) -> str:
    return hashlib.sha256(json.dumps([asdict(effort), seed]).encode()).hexdigest()[:8]


@contextmanager
def _deterministic() -> Iterator[None]:
    import torch

    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(True)
    try:
        with two_threads():
            yield
    finally:
        torch.use_deterministic_algorithms(before)
