"""Sampling with one seed per item: a draw depends on its own seed, not on its batch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import LogitsProcessor

_BELOW_ONE = 1.0 - 1e-12


class FiniteLogits(LogitsProcessor):
    """Notes whether a row ever had no possible next token, or NaN or infinity among its logits.

    Nothing is read from the device before the end of the answers.
    """

    def __init__(self) -> None:
        self._finite: torch.Tensor | None = None

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """The scores as they are."""
        del input_ids
        # The largest value shows NaN and infinity; minus infinity is a token that is forbidden.
        finite = scores.amax(dim=-1).isfinite().all()
        self._finite = finite if self._finite is None else self._finite & finite
        return scores

    @property
    def finite(self) -> bool:
        """Whether all of them were finite."""
        return self._finite is None or bool(self._finite)


class SeededDraws(LogitsProcessor):
    """Leaves one token of each row: the one that the row's next uniform number picks.

    Inverse-transform sampling with numbers that were drawn beforehand, one generator per row.
    No global generator is touched, and a row gives the same text in any batch, except for rounding
    in the network.

    Args:
        uniforms: Shape (rows, longest completion), in [0, 1).
        temperature: Divides the logits.
        prompt_length: Tokens before the completion, padding included.
        device: Where the logits are: nothing is copied to it while tokens are drawn.
    """

    def __init__(
        self,
        uniforms: NDArray[np.float64],
        temperature: float,
        prompt_length: int,
        device: torch.device | str = "cpu",
    ) -> None:
        self._uniforms = torch.from_numpy(np.minimum(uniforms, _BELOW_ONE)).to(device)
        self._temperature = temperature
        self._prompt_length = prompt_length

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Scores (rows, vocabulary) to scores with one finite entry per row."""
        drawn = self._uniforms[:, input_ids.shape[1] - self._prompt_length]
        shares = torch.softmax(scores.double() / self._temperature, dim=-1).cumsum(dim=-1)
        # Rounding keeps the sum from being exactly 1; a token of probability 0 is never reached.
        picked = torch.searchsorted(shares, drawn[:, None] * shares[:, -1:], right=True)
        only = torch.full_like(scores, -torch.inf)
        return only.scatter_(1, picked.clamp_(max=scores.shape[1] - 1), 0.0)


def uniform_rows(seeds: Sequence[int], length: int) -> NDArray[np.float64]:
    """Uniform numbers in [0, 1) of shape (len(seeds), length), each row from its own seed."""
    rows = [np.random.Generator(np.random.PCG64(seed)).random(length) for seed in seeds]
    return np.stack(rows) if rows else np.zeros((0, length))
