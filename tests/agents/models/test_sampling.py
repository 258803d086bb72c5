"""Sampling: the right distribution, one seed per item, no global generator touched."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from sectow_agents.models.sampling import SeededDraws, uniform_rows

ROWS = 20000
LOGITS = torch.tensor([2.0, 0.0, -torch.inf, 1.0, -1.0])


def drawn(temperature: float, uniforms: np.ndarray) -> torch.Tensor:
    scores = LOGITS.expand(len(uniforms), -1)
    prompt = torch.zeros(len(uniforms), 3, dtype=torch.long)
    out = SeededDraws(uniforms, temperature, prompt_length=3)(prompt, scores)
    assert bool((out.isfinite().sum(dim=-1) == 1).all())
    return out.argmax(dim=-1)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_tokens_come_with_their_probabilities(temperature: float) -> None:
    picked = drawn(temperature, uniform_rows(range(ROWS), 1))
    shares = torch.bincount(picked, minlength=len(LOGITS)) / ROWS
    expected = torch.softmax(LOGITS / temperature, dim=-1)
    # Five standard deviations of the largest binomial share.
    assert torch.allclose(shares, expected.float(), atol=5 * 0.5 / ROWS**0.5)
    assert shares[2] == 0


def test_the_distribution_check_sees_a_wrong_temperature() -> None:
    shares = torch.bincount(drawn(0.5, uniform_rows(range(ROWS), 1)), minlength=len(LOGITS)) / ROWS
    assert not torch.allclose(shares, torch.softmax(LOGITS, dim=-1), atol=5 * 0.5 / ROWS**0.5)


def test_the_edges_of_the_unit_interval_pick_possible_tokens() -> None:
    edges = np.array([[0.0], [1.0 - 2**-53], [np.nextafter(1.0, 0.0)], [1.0]])
    assert set(drawn(1.0, edges).tolist()) <= {0, 4}


def test_a_row_depends_on_its_seed_alone() -> None:
    together = uniform_rows([5, 6, 7], 4)
    assert np.array_equal(together[1], uniform_rows([6], 4)[0])
    assert not np.array_equal(together[0], together[1])
    assert uniform_rows([], 4).shape == (0, 4)
