"""An adapter in its base's own weights, for as long as something is generated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

ADAPTER = "default"
_DICE = 20_260_815
"""Seeds the rounding: an adapter is merged into the same weights each time."""
_KEPT = (torch.float32, torch.bfloat16)
"""Types of weights that a merged adapter survives in; in others it is computed beside them."""


class Merging:
    """Merges LoRA adapters, and restores the base's weights bit by bit.

    An adapter beside the weights costs several small operations in each layer at each token. What
    it changes is frozen, so that one copy of it, in the machine's own memory, serves a whole phase.

    Args:
        model: A PEFT model; of any other, and of an adapter that is more than a low-rank change of
            plain weights, nothing is merged.
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self._layers = _mergeable(model)
        # Adapters on one base need one copy.
        base = getattr(model, "shared_base", None)
        self._copies: dict[int, torch.Tensor] = {} if base is None else base.copies

    @contextmanager
    def merged(self) -> Iterator[None]:
        """The model computes with the adapter in its weights."""
        if not self._layers:
            yield
            return
        weights = [_weight(layer) for layer in self._layers]
        for weight in weights:
            if id(weight) not in self._copies:
                self._copies[id(weight)] = _copy(weight)
        try:
            self._write()
            with self._model.disable_adapter():
                yield
        finally:
            for weight in weights:
                weight.data.copy_(self._copies[id(weight)])

    @torch.no_grad()
    def _write(self) -> None:
        device = _weight(self._layers[0]).device
        dice = torch.Generator(device).manual_seed(_DICE)
        for layer in self._layers:
            weight = _weight(layer)
            exact = weight.float() + layer.get_delta_weight(ADAPTER).float()
            weight.data.copy_(exact if weight.dtype == torch.float32 else rounded(exact, dice))


def rounded(exact: torch.Tensor, dice: torch.Generator) -> torch.Tensor:
    """float32 as bfloat16, up or down by chance, so that the mean is exact.

    To the nearest, what an adapter learned in its first steps would vanish: it changes most weights
    by less than half of their last digit.
    """
    chance = torch.randint(
        1 << 16, exact.shape, dtype=torch.int32, device=exact.device, generator=dice
    )
    bits = (exact.contiguous().view(torch.int32) + chance) & -(1 << 16)
    return bits.view(torch.float32).to(torch.bfloat16)


def _weight(layer: Any) -> torch.Tensor:
    weight: torch.Tensor = layer.get_base_layer().weight
    return weight


def _copy(weight: torch.Tensor) -> torch.Tensor:
    kept = weight.detach().to("cpu", copy=True)
    return kept.pin_memory() if weight.is_cuda else kept


def _mergeable(model: Any) -> list[Any]:
    """The layers with an adapter; empty where one of them cannot be merged."""
    if not hasattr(model, "peft_config"):
        return []
    from peft.tuners.lora import Conv2d, Linear
    from peft.tuners.tuners_utils import BaseTunerLayer
    from peft.utils.other import AuxiliaryTrainingWrapper

    # Whole modules that were trained beside the adapter are left out where it is switched off.
    if any(isinstance(module, AuxiliaryTrainingWrapper) for module in model.modules()):
        return []
    layers = [module for module in model.modules() if isinstance(module, BaseTunerLayer)]
    uses = Counter(id(weight) for _, weight in model.named_parameters(remove_duplicate=False))
    plain = all(
        type(layer) in (Conv2d, Linear)
        and layer.active_adapters == [ADAPTER]
        and not layer.lora_variant
        and not layer.lora_bias.get(ADAPTER)
        and _weight(layer).dtype in _KEPT
        # Another module would change with a weight that is tied.
        and uses[id(_weight(layer))] == 1
        for layer in layers
    )
    return layers if plain else []
