from __future__ import annotations

import io
import os
import struct
import zlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from sectow_env.errors import SectowError
from sectow_env.game import Attack
from sectow_env.game.picture import MAX_BYTES, MAX_SIDE, Picture, Pixels

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


def file_of(image: Image.Image, kind: str = "PNG", **settings: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format=kind, **settings)
    return buffer.getvalue()


def deep_png(colours: int, values: tuple[int, ...], extra: bytes = b"") -> bytes:
    """A PNG file of one pixel with 16 bits per channel, which Pillow does not write."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 16, colours, 0, 0, 0))
    note = chunk(b"tRNS", extra) if extra else b""
    row = zlib.compress(b"\0" + struct.pack(f">{len(values)}H", *values))
    return b"\x89PNG\r\n\x1a\n" + header + note + chunk(b"IDAT", row) + chunk(b"IEND", b"")


def palette(*colour: int) -> Image.Image:
    image = Image.new("P", (3, 2), 0)
    image.putpalette(colour)
    return image


def turned(kind: str) -> bytes:
    note = Image.Exif()
    note[0x0112] = 6
    image = Image.new("RGB", (16, 8), "black")
    image.paste("white", (0, 0, 8, 8))
    return file_of(image, kind, exif=note)


ONTO_WHITE, TO_8 = "transparency onto white", "16 bit to 8"
FRAMES = [Image.new("RGB", (3, 2), colour) for colour in ("red", "blue")]
TOGETHER: Mapping[str, Any] = {"save_all": True, "append_images": FRAMES[1:]}


@pytest.mark.parametrize(
    ("data", "first", "converted"),
    [
        (file_of(Image.new("RGB", (3, 2), (9, 8, 7))), (9, 8, 7), ()),
        (file_of(Image.new("RGBA", (3, 2), (9, 8, 7, 255))), (9, 8, 7), ()),
        (file_of(Image.new("RGBA", (3, 2), (9, 8, 7, 0))), (255, 255, 255), (ONTO_WHITE,)),
        (file_of(Image.new("LA", (3, 2), (0, 128))), (127, 127, 127), (ONTO_WHITE,)),
        (file_of(palette(9, 8, 7)), (9, 8, 7), ()),
        (file_of(palette(9, 8, 7), transparency=0), (255, 255, 255), (ONTO_WHITE,)),
        (file_of(Image.new("L", (3, 2), 7), transparency=7), (255, 255, 255), (ONTO_WHITE,)),
        (
            file_of(Image.new("RGB", (3, 2), (9, 8, 7)), transparency=(9, 8, 7)),
            (255, 255, 255),
            (ONTO_WHITE,),
        ),
        (deep_png(0, (0x1234,)), (18, 18, 18), (TO_8,)),
        (deep_png(2, (0x1234, 0xFFFF, 0x00FF)), (18, 255, 0), (TO_8,)),
        (deep_png(6, (0, 0, 0, 0)), (255, 255, 255), (TO_8, ONTO_WHITE)),
        (file_of(Image.new("1", (3, 2), 1)), (255, 255, 255), ()),
        (file_of(Image.new("L", (3, 2), 9), "JPEG"), (9, 9, 9), ()),
        (file_of(Image.new("CMYK", (3, 2), (0, 0, 0, 255)), "JPEG"), (0, 0, 0), ("CMYK to RGB",)),
        (
            file_of(Image.new("RGB", (3, 2), (9, 8, 7)), icc_profile=b"x" * 200),
            (9, 8, 7),
            ("colour profile ignored",),
        ),
    ],
)
def test_a_file_becomes_a_picture_by_the_rule(
    data: bytes, first: tuple[int, ...], converted: tuple[str, ...]
) -> None:
    picture = Picture.from_bytes(data)
    assert tuple(picture.pixels[0, 0]) == first
    assert picture.converted == converted


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_the_orientation_that_a_camera_noted_is_applied(kind: str) -> None:
    picture = Picture.from_bytes(turned(kind))
    assert picture.pixels.shape == (16, 8, 3)
    # Left became top.
    assert picture.pixels[:6].min() > 200
    assert picture.pixels[10:].max() < 50
    assert picture.converted == ("turned upright",)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        *(
            (file_of(Image.new("RGB", (3, 2)), kind), "not a PNG or JPEG file")
            for kind in ("GIF", "BMP", "TIFF", "WEBP", "EPS", "PPM")
        ),
        (file_of(FRAMES[0], **TOGETHER), "several pictures"),
        (file_of(FRAMES[0], "MPO", **TOGETHER), "several pictures"),
        (file_of(FRAMES[0])[:-1], "truncated"),
        (file_of(FRAMES[0], "JPEG")[:-1], "truncated"),
        (file_of(FRAMES[0])[:60], "truncated"),
        (file_of(Image.new("1", (MAX_SIDE + 1, 1))), "the larger side has 4097 pixels"),
        (deep_png(0, (7,), b"\0\7"), "transparent colour of 16 bits"),
        (file_of(FRAMES[0]) + bytes(MAX_BYTES), "more than 32 MiB"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_another_file_is_refused_by_name(data: bytes, message: str) -> None:
    with pytest.raises(SectowError, match=message):
        Picture.from_bytes(data)


def test_a_pil_image_without_a_fixed_range_or_with_several_frames_is_refused() -> None:
    for mode in ("I", "F"):
        with pytest.raises(SectowError, match="no fixed range"):
            Picture.from_pil(Image.new(mode, (3, 2)))
    with (
        Image.open(io.BytesIO(file_of(FRAMES[0], "GIF", **TOGETHER))) as image,
        pytest.raises(SectowError, match="an animation"),
    ):
        Picture.from_pil(image)


def test_only_a_regular_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(Picture(SMALL).png)
    assert Picture.from_file(tmp_path / "x.png") == Picture(SMALL)
    os.mkfifo(tmp_path / "fifo.png")
    for path in (tmp_path / "fifo.png", Path("/dev/zero")):
        with pytest.raises(SectowError, match="not a regular file"):
            Picture.from_file(path)
    with pytest.raises(SectowError, match=r"gone\.png"):
        Picture.from_file(tmp_path / "gone.png")


@given(st.binary(max_size=64))
def test_bytes_that_are_no_picture_raise_our_error(data: bytes) -> None:
    with pytest.raises(SectowError, match="not a PNG or JPEG file"):
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


def test_webp_is_read_where_a_caller_asks_for_it() -> None:
    flat = file_of(Image.new("RGBA", (3, 2), (9, 8, 7, 0)), "WEBP", lossless=True)
    with pytest.raises(SectowError, match="not a PNG or JPEG file"):
        Picture.from_bytes(flat)
    picture = Picture.from_bytes(flat, webp=True)
    assert picture.pixels[0, 0].tolist() == [255, 255, 255]
    assert picture.converted == (ONTO_WHITE,)
    with pytest.raises(SectowError, match=r"truncated|cannot be decoded|not a PNG or JPEG"):
        Picture.from_bytes(flat[:-1], webp=True)
    with pytest.raises(SectowError, match="several pictures"):
        Picture.from_bytes(file_of(FRAMES[0], "WEBP", **TOGETHER), webp=True)
