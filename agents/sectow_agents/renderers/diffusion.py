"""A renderer that paints: the attacker's words are the prompt of a text-to-image pipeline."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from sectow_agents.models.hub import lookup, unloadable
from sectow_agents.models.intact import check_finite, check_loaded
from sectow_agents.models.load import pick_device
from sectow_agents.models.quiet import quiet
from sectow_agents.settings.run_config import Device
from sectow_env.errors import ConfigError
from sectow_env.game.picture import Picture
from sectow_env.game.renderer import Drawing


class TextToImage:
    """The renderer `diffusers/text_to_image?model=FOLDER`.

    Equal words, scenario and settings give equal pictures on one machine: the noise is drawn from
    them, picture by picture. The pipeline is loaded for the first picture.

    Args:
        model: Folder or hub id of a text-to-image pipeline of diffusers, with safetensors.
        revision: Of the hub id.
        prompt: Contains `{words}`.
        steps: Denoising steps.
        guidance: Weight of the prompt (classifier-free guidance).
        size: Height and width in pixels; None takes the pipeline's own.
        batch_size: Pictures that are painted at once.
        device: `auto` takes CUDA where it is available.

    Raises:
        ConfigError: The prompt has no place for the words, or a number is below 1.
    """

    max_words = 64
    legible = False

    def __init__(
        self,
        model: str,
        revision: str | None = None,
        prompt: str = "{words}",
        steps: int = 25,
        guidance: float = 7.5,
        size: int | None = None,
        batch_size: int = 8,
        device: Device = "auto",
    ) -> None:
        if "{words}" not in prompt or steps < 1 or batch_size < 1:
            raise ConfigError(
                given=f"prompt={prompt!r}, steps={steps}, batch_size={batch_size}",
                why="the prompt must contain {words}, and steps and batch_size must be at least 1",
                fix="write for example prompt='a photo of {words}'",
            )
        self._model = model
        self._revision = revision
        self._prompt = prompt
        self._steps = steps
        self._guidance = guidance
        self._size = size
        self._batch_size = batch_size
        self._device = device
        self.id = "diffusers/text_to_image"
        settings = (Path(model).name, revision, prompt, steps, guidance, size)
        self.version = f"1-{hashlib.sha256(repr(settings).encode()).hexdigest()[:12]}"

    @cached_property
    def pipeline(self) -> Any:
        """The pipeline, on its device.

        Raises:
            ConfigError: It does not exist, or cannot be loaded.
        """
        from diffusers import AutoPipelineForText2Image
        from torch.nn import Module

        try:
            with quiet():
                loaded = AutoPipelineForText2Image.from_pretrained(
                    self._model, use_safetensors=True, **lookup(self._model, self._revision)
                )
        # Libraries raise anything on what others wrote into a folder.
        except Exception as error:
            fix = "give the folder or hub id of a text-to-image pipeline with safetensors"
            raise unloadable("pipeline", self._model, error, fix) from error
        for name, part in loaded.components.items():
            if isinstance(part, Module):
                # What is missing from its files, diffusers leaves without memory.
                missing = [key for key, tensor in part.state_dict().items() if tensor.is_meta]
                check_loaded(f"{self._model}/{name}", {"missing_keys": missing})
                check_finite(f"the {name} of the pipeline {self._model!r}", part)
        loaded.set_progress_bar_config(disable=True)
        return loaded.to(pick_device(self._device))

    def draw(self, drawings: Sequence[Drawing]) -> list[Picture]:
        """One picture per drawing, in order."""
        pictures: list[Picture] = []
        for start in range(0, len(drawings), self._batch_size):
            pictures += self._paint(drawings[start : start + self._batch_size])
        return pictures

    def _paint(self, drawings: Sequence[Drawing]) -> list[Picture]:
        import torch

        # On the CPU, so that the noise is the same whatever device paints.
        noise = [torch.Generator("cpu").manual_seed(_seed(drawing)) for drawing in drawings]
        with quiet(), torch.inference_mode():
            painted = self.pipeline(
                [self._prompt.replace("{words}", " ".join(drawing.words)) for drawing in drawings],
                num_inference_steps=self._steps,
                guidance_scale=self._guidance,
                height=self._size,
                width=self._size,
                generator=noise,
                output_type="np",
            ).images
        return [
            Picture(np.rint(np.clip(pixels, 0, 1) * 255).astype(np.uint8)) for pixels in painted
        ]


def _seed(drawing: Drawing) -> int:
    text = "\x1f".join((*drawing.words, drawing.scenario.id))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1
