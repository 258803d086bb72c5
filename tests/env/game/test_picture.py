from __future__ import annotations

import io
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from sectow_env.errors import SectowError
from sectow_env.game import Attack
from sectow_env.game.picture import MAX_SIDE, Picture, Pixels

SIDES = st.integers(1, 9)
PIXELS = st.tuples(SIDES, SIDES, st.just(3)).flatmap(lambda shape: arrays(np.uint8, shape))
SMALL = np.arange(4 * 5 * 3, dtype=np.uint8).reshape(4, 5, 3)


@given(PIXELS)
def test_json_and_png_keep_every_pixel(pixels: Pixels) -> None:
    attack = Attack(query="?", image=Picture(pixels))
    back = Attack.model_validate_json(attack.model_dump_json())
    assert back == attack
    assert back.image is not None
    assert np.array_equal(back.image.pixels, pixels)
    assert Picture.from_bytes(Picture(pixels).png) == Picture(pixels)


@given(PIXELS, PIXELS)
def test_pictures_are_equal_when_their_pixels_are(first: Pixels, other: Pixels) -> None:
    same = first.shape == other.shape and bool(np.array_equal(first, other))
    assert (Picture(first) == Picture(other)) is same
    assert (Picture(first).sha256 == Picture(other).sha256) is same


def test_a_shape_is_part_of_the_identity() -> None:
    assert Picture(SMALL) != Picture(SMALL.reshape(5, 4, 3))


def test_a_picture_cannot_be_changed_from_outside() -> None:
    pixels = SMALL.copy()
    picture = Picture(pixels)
    pixels[0, 0, 0] = 99
    assert picture.pixels[0, 0, 0] == 0
    with pytest.raises(ValueError, match="read-only"):
        picture.pixels[0, 0, 0] = 1


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((4, 5), np.uint8),
        np.zeros((4, 5, 4), np.uint8),
        np.zeros((0, 5, 3), np.uint8),
        np.zeros((1, MAX_SIDE + 1, 3), np.uint8),
        np.zeros((4, 5, 3), np.float32),
    ],
    ids=["no colours", "alpha", "empty", "too wide", "floats"],
)
def test_an_invalid_picture_is_refused(pixels: Pixels) -> None:
    with pytest.raises(SectowError, match="picture"):
        Picture(pixels)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK"])
def test_images_of_any_mode_become_rgb(mode: str) -> None:
    assert Picture.from_pil(Image.new(mode, (3, 2))).pixels.shape == (2, 3, 3)


@given(st.binary(max_size=64))
def test_bytes_that_are_no_picture_raise_our_error(data: bytes) -> None:
    with pytest.raises(SectowError, match="cannot be decoded"):
        Picture.from_bytes(data)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@given(cut=st.integers(0, 400), flip=st.integers(0, 400), value=st.integers(0, 255))
def test_a_damaged_file_is_a_picture_or_our_error(
    kind: str, cut: int, flip: int, value: int
) -> None:
    buffer = io.BytesIO()
    Image.fromarray(SMALL).save(buffer, format=kind)
    data = bytearray(buffer.getvalue())
    data[flip % len(data)] = value
    with suppress(SectowError):
        Picture.from_bytes(bytes(data[: max(1, len(data) - cut)]))


@pytest.mark.parametrize("text", ["", "!", "AAAA", 7])
def test_invalid_json_of_a_picture_is_a_validation_error(text: object) -> None:
    with pytest.raises(ValueError, match="image"):
        Attack.model_validate({"query": "", "image": text})
