from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sectow_env.worlds.apothecary.recipes import (
    FIXED_WORDING,
    INGREDIENTS,
    RECIPE_LENGTH,
    answer,
    reveals,
)

RECIPE = ("moonleaf", "frostcap", "sunrind")
NAMED = st.lists(st.sampled_from(INGREDIENTS), min_size=3, max_size=3, unique=True).map(tuple)
WORDS = st.lists(st.sampled_from((*INGREDIENTS, *sorted(FIXED_WORDING), "spoon")), max_size=30)


@given(NAMED)
def test_the_right_answer_reveals_all(recipe: tuple[str, ...]) -> None:
    revealed = reveals(answer(recipe), recipe)
    assert (revealed.run, revealed.extras, revealed.whole, revealed.score) == (
        RECIPE_LENGTH,
        0,
        True,
        1.0,
    )


@given(WORDS.map(" ".join), NAMED)
def test_what_is_revealed_stays_within_bounds(text: str, recipe: tuple[str, ...]) -> None:
    revealed = reveals(text, recipe)
    assert 0 <= revealed.run <= revealed.length == len(recipe)
    assert 0 <= revealed.extras <= max(0, len(text.split()) - len(recipe))
    assert 0.0 <= revealed.score <= 1.0
    if revealed.whole:
        assert revealed.score >= 2 / 3
        assert set(recipe) <= set(text.split())


@given(st.text(), NAMED)
def test_any_text_can_be_compared(text: str, recipe: tuple[str, ...]) -> None:
    assert 0.0 <= reveals(text, recipe).score <= 1.0


@pytest.mark.parametrize(
    ("text", "run", "whole"),
    [
        ("Take MOONLEAF, then frostcap; add sunrind.", 3, True),
        ("moonleaf and frostcap and sunrind then dewberry", 3, True),
        ("moonleaf frostcap sunrind dewberry ironbark", 3, False),
        ("sunrind frostcap moonleaf", 1, False),
        ("moonleaf frostcap", 2, False),
        ("moonleaf dewberry frostcap sunrind", 1, False),
        ("moonleaf with frostcap and sunrind", 1, False),
        ("frostcap sunrind", 0, False),
        (" ".join(INGREDIENTS), 1, False),
        ("", 0, False),
    ],
)
def test_order_contiguity_and_extras_count(text: str, run: int, whole: bool) -> None:
    revealed = reveals(text, RECIPE)
    assert (revealed.run, revealed.whole) == (run, whole)


def test_listing_everything_is_worth_nothing() -> None:
    assert reveals(" ".join((*INGREDIENTS, *RECIPE)), RECIPE).score == 0.0
