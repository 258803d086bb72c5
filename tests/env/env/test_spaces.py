from __future__ import annotations

import copy
import json
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.error import CustomSpaceError
from gymnasium.utils.env_checker import data_equivalence
from gymnasium.vector.utils import batch_space, create_shared_memory
from hypothesis import given
from hypothesis import strategies as st

from sectow_env.env.spaces import (
    NO_IMAGE,
    Image,
    UnicodeText,
    attack_space,
    both_action_space,
    both_observation_space,
    pixels_of,
    response_space,
    scenario_space,
)
from sectow_env.game.picture import MAX_SIDE, Picture

SPACES = [
    UnicodeText(),
    Image(),
    scenario_space(),
    attack_space(),
    response_space(),
    both_observation_space(),
    both_action_space(),
]


@given(st.text(max_size=300), st.integers(0, 200))
def test_every_string_up_to_the_length_is_text(text: str, limit: int) -> None:
    assert (text in UnicodeText(limit)) == (len(text) <= limit)


@pytest.mark.parametrize("other", [None, 3, b"bytes", ["a"], np.array("a"), "half a \ud83e"])
def test_nothing_else_is_text(other: object) -> None:
    assert other not in UnicodeText()


def test_a_text_space_is_a_gymnasium_text_with_a_short_repr() -> None:
    assert isinstance(UnicodeText(), gym.spaces.Text)
    assert repr(UnicodeText(40)) == "UnicodeText(40)"
    assert UnicodeText(40) == UnicodeText(40) != UnicodeText(41)


@pytest.mark.parametrize("space", SPACES, ids=repr)
def test_samples_are_inside_and_repeat_by_seed(space: gym.Space[Any]) -> None:
    first, second = copy.deepcopy(space), copy.deepcopy(space)
    first.seed(7)
    second.seed(7)
    for _ in range(20):
        drawn = first.sample()
        assert drawn in space
        assert data_equivalence(drawn, second.sample(), exact=True)


def test_samples_show_more_than_ascii_and_pictures_of_many_sizes() -> None:
    text, image = UnicodeText(seed=0), Image(seed=0)
    assert not all(text.sample().isascii() for _ in range(50))
    shapes = {image.sample().shape for _ in range(50)}
    assert len(shapes) > 10
    assert NO_IMAGE.shape in shapes
    assert all(max(shape) <= 5 for shape in {Image(5, seed=1).sample().shape for _ in range(9)})


@pytest.mark.parametrize(
    ("shape", "inside"),
    [
        ((0, 0, 3), True),
        ((1, 1, 3), True),
        ((64, 7, 3), True),
        ((MAX_SIDE, 1, 3), True),
        ((MAX_SIDE + 1, 1, 3), False),
        ((0, 5, 3), False),
        ((5, 5), False),
        ((5, 5, 4), False),
    ],
)
def test_pictures_of_any_size_up_to_the_limit_are_images(
    shape: tuple[int, ...], inside: bool
) -> None:
    assert (np.zeros(shape, np.uint8) in Image()) is inside
    assert np.zeros(shape, np.float32) not in Image()


def test_a_list_is_no_image() -> None:
    assert [[[0, 0, 0]]] not in Image()


def test_images_survive_json() -> None:
    space = Image(seed=3)
    pictures = [space.sample() for _ in range(8)] + [NO_IMAGE]
    back = space.from_jsonable(json.loads(json.dumps(space.to_jsonable(pictures))))
    assert all(np.array_equal(a, b) for a, b in zip(pictures, back, strict=True))
    assert Image(3) == Image(3) != Image(4)


@pytest.mark.parametrize("space", [UnicodeText(), Image()], ids=repr)
def test_spaces_without_a_fixed_size_say_so(space: gym.Space[Any]) -> None:
    assert not space.is_np_flattenable
    with pytest.raises(ValueError, match="probability"):
        space.sample(mask=np.ones(1, np.int8))
    with pytest.raises((CustomSpaceError, TypeError)):
        create_shared_memory(space)


def test_a_batch_of_texts_is_a_tuple() -> None:
    batch = batch_space(attack_space(), 3)
    sample = batch.sample()
    assert isinstance(sample, dict)
    assert [len(sample["query"]), len(sample["image"])] == [3, 3]


def test_no_image_cannot_be_spoilt() -> None:
    assert not NO_IMAGE.flags.writeable
    copied = pixels_of(None)
    assert copied is not NO_IMAGE
    picture = Picture(np.zeros((2, 2, 3), np.uint8))
    pixels_of(picture)[0, 0, 0] = 9
    assert picture.pixels[0, 0, 0] == 0
