"""Which prompts a phase trains on, and in which order: drawn here, whole, from one generator.

The trainer does not shuffle, so this order is what is trained; it repeats each prompt for its
group.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from itertools import cycle, islice

import numpy as np

Key = tuple[Hashable, ...]


def stratified_order(
    count: int, keys: Sequence[Key], rng: np.random.Generator, among: Sequence[int] | None = None
) -> list[int]:
    """Draw `count` indices so that the values of the keys take turns.

    The values of the first key take turns strictly; within one of them those of the second do, and
    so on; indices that share all keys are shuffled and repeat. So any stretch of the result has
    the values of the first key evenly.

    Args:
        count: How many indices; they repeat when there are fewer.
        keys: Keys of each index, all of the same length.
        rng: Shuffles.
        among: Indices to draw from; default: all.
    """
    indices = range(len(keys)) if among is None else among
    return list(islice(_turns(list(indices), keys, 0, rng), count)) if indices else []


def _turns(
    indices: list[int], keys: Sequence[Key], depth: int, rng: np.random.Generator
) -> Iterator[int]:
    if depth == len(keys[indices[0]]):
        while True:
            yield from (indices[int(place)] for place in rng.permutation(len(indices)))
    groups: dict[Hashable, list[int]] = {}
    for index in indices:
        groups.setdefault(keys[index][depth], []).append(index)
    names = list(groups)
    turns = [
        _turns(groups[names[int(place)]], keys, depth + 1, rng)
        for place in rng.permutation(len(names))
    ]
    for turn in cycle(turns):
        yield next(turn)


def proportional_counts(weights: Mapping[str, float], total: int) -> dict[str, int]:
    """Whole numbers in proportion to the weights, with the sum `total` (largest remainders)."""
    whole = sum(weights.values())
    exact = {name: total * weight / whole for name, weight in weights.items()}
    counts = {name: int(value) for name, value in exact.items()}
    by_rest = sorted(exact, key=lambda name: counts[name] - exact[name])
    for name in by_rest[: total - sum(counts.values())]:
        counts[name] += 1
    return counts


def interleaved(parts: Sequence[Sequence[int]]) -> list[int]:
    """One sequence of all parts in which each is spread evenly."""
    placed = [
        ((place + 0.5) / len(part), number, index)
        for number, part in enumerate(parts)
        for place, index in enumerate(part)
    ]
    return [index for _, _, index in sorted(placed, key=lambda entry: entry[:2])]


def same_modality_batches(
    order: Sequence[int], kind: Callable[[int], bool], size: int
) -> list[int]:
    """Reorder so that every `size` indices in a row are of one kind, as late as necessary.

    TRL decides for a whole batch whether it has images, and fails on a mixed one. The order within
    a kind stays. When the last batch cannot be filled, earlier indices of its kind are repeated,
    and as many of the other kind are left out: the length stays.

    Args:
        order: Indices; their number is a multiple of `size`.
        kind: Whether the prompt has an image.
        size: Prompts of a micro-batch.
    """
    waiting: dict[bool, list[int]] = {True: [], False: []}
    seen: dict[bool, list[int]] = {True: [], False: []}
    batches: list[int] = []
    for index in order:
        queue = waiting[kind(index)]
        queue.append(index)
        seen[kind(index)].append(index)
        if len(queue) == size:
            batches += queue
            queue.clear()
    if len(batches) < len(order):
        rest = max((True, False), key=lambda image: len(waiting[image]))
        batches += islice(cycle([*waiting[rest], *seen[rest]]), size)
    return batches
