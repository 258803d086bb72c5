"""Seeds handed over, else one's own."""

from __future__ import annotations

import numpy as np

from sectow_env.game.seeds import MAX_SEED, SeedQueue


def test_seeds_hold_for_one_call_and_the_own_stream_resumes() -> None:
    queue = SeedQueue(4)
    own = np.random.Generator(np.random.PCG64(4)).integers(MAX_SEED, size=5).tolist()
    assert queue.take(2) == own[:2]
    queue.reseed([7, 8, 9])
    assert queue.take(3) == [7, 8, 9]
    assert queue.take(3) == own[2:]
    assert queue.handed() is None
    queue.reseed([1])
    assert queue.handed() == [1]
    assert queue.handed() is None
