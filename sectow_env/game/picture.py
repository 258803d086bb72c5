"""An immutable picture: what an attack shows, what a scenario starts from.

The only place that opens picture files. They are PNG or JPEG, whole, with one frame, and become 8
bit RGB by a fixed rule, whose steps `Picture.converted` names:

- the orientation that a camera noted (EXIF) is applied;
- transparency is laid onto white;
- of 16 bits per channel the upper 8 are kept;
- grey, palette and CMYK become RGB by Pillow's plain formulas; colour profiles are not applied.

WebP is read only where a caller asks for it: a suite of the field has such files.
"""

from __future__ import annotations

import base64
import hashlib
import io
import struct
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError
from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from sectow_env.errors import SectowError
from sectow_env.reading import read_bytes

Pixels = NDArray[np.uint8]

MAX_SIDE = 4096
"""Largest accepted height or width, in pixels: a guard against decompression bombs."""
MAX_BYTES = 32 * 2**20
"""Size of the largest accepted file."""
_ENDS = {"PNG": b"IEND\xaeB`\x82", "JPEG": b"\xff\xd9"}
"""The accepted formats, by Pillow's names, and what a whole file contains."""
_WEBP = "WEBP"
_BIT_DEPTH = 24
"""Offset of a PNG file's bits per channel."""
_NOT_DECODABLE = (
    *(OSError, ValueError, SyntaxError, EOFError, struct.error, MemoryError),
    *(Image.DecompressionBombError, Warning),
)


class Picture:
    """A picture of shape (height, width, 3), dtype uint8, range 0-255, read-only.

    Two pictures are equal when their pixels and shape are. In JSON a picture is the base64 text of
    its PNG, which is lossless.
    """

    def __init__(self, pixels: Pixels) -> None:
        if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
            raise SectowError(
                given=f"an array of shape {pixels.shape} and dtype {pixels.dtype} as a picture",
                why="a picture has the shape (height, width, 3) and the dtype uint8",
                fix="convert it first, for example with PIL's Image.convert('RGB')",
            )
        if not 1 <= min(pixels.shape[:2]) or max(pixels.shape[:2]) > MAX_SIDE:
            raise SectowError(
                given=f"a picture of {pixels.shape[0]} x {pixels.shape[1]} pixels",
                why=f"each side must have 1 to {MAX_SIDE} pixels",
                fix="resize it first",
            )
        self._pixels = np.array(pixels, dtype=np.uint8, order="C")
        self._pixels.setflags(write=False)
        self.converted: tuple[str, ...] = ()
        """What was done to the file's pixels; not a part of the picture's identity."""

    @classmethod
    def from_pil(cls, image: Image.Image) -> Picture:
        """Take over a PIL image, by the rule for files.

        Raises:
            SectowError: It has several frames, is too large, or of a mode without a fixed range.
        """
        if getattr(image, "n_frames", 1) > 1:
            raise _unusable("a PIL image", "it is an animation, or contains several pictures")
        if image.mode in ("I", "F"):
            raise _unusable("a PIL image", f"its mode {image.mode!r} has no fixed range")
        return cls._plain(image)

    @classmethod
    def from_bytes(cls, data: bytes, *, webp: bool = False) -> Picture:
        """Decode a PNG or JPEG file.

        Raises:
            SectowError: The bytes are not such a file, or it is truncated, animated or too large.
        """
        try:
            with Image.open(io.BytesIO(data), formats=_formats(webp)) as image:
                _check_file(image, data)
                sixteen = image.format == "PNG" and data[_BIT_DEPTH] == 16
                image.load()
                picture = cls._plain(image)
        except SectowError:
            raise
        except UnidentifiedImageError as error:
            raise _unusable(f"{len(data)} bytes", "they are not a PNG or JPEG file") from error
        except _NOT_DECODABLE as error:
            raise _unusable(f"{len(data)} bytes", f"they cannot be decoded ({error})") from error
        if sixteen:
            picture.converted = ("16 bit to 8", *picture.converted)
        return picture

    @classmethod
    def from_file(cls, path: Path, *, webp: bool = False) -> Picture:
        """Read a PNG or JPEG file, or with `webp` a WebP file.

        Raises:
            SectowError: As `from_bytes`, or it is not a regular file.
        """
        data = read_bytes(path, MAX_BYTES)
        try:
            return cls.from_bytes(data, webp=webp)
        except SectowError as error:
            raise SectowError(f"the file {path} as a picture", error.why, error.fix) from error

    @classmethod
    def _plain(cls, image: Image.Image) -> Picture:
        """By the rule in this module's docstring."""
        done: list[str] = []
        upright = ImageOps.exif_transpose(image)
        if image.getexif().get(ExifTags.Base.Orientation, 1) != 1:
            done.append("turned upright")
        if upright.mode.startswith("I;16"):
            upright = Image.fromarray((np.asarray(upright) >> 8).astype(np.uint8))
        if upright.has_transparency_data:
            shown = upright.convert("RGBA")
            if shown.getchannel("A").getextrema() != (255, 255):
                done.append("transparency onto white")
            upright = Image.alpha_composite(Image.new("RGBA", shown.size, "white"), shown)
        if image.mode == "CMYK":
            done.append("CMYK to RGB")
        if image.info.get("icc_profile"):
            done.append("colour profile ignored")
        picture = cls(np.asarray(upright.convert("RGB"), dtype=np.uint8))
        picture.converted = tuple(done)
        return picture

    @property
    def pixels(self) -> Pixels:
        """The pixels, shape (height, width, 3), uint8, read-only."""
        return self._pixels

    @cached_property
    def png(self) -> bytes:
        """The picture as a PNG file."""
        buffer = io.BytesIO()
        Image.fromarray(self.pixels).save(buffer, format="PNG")
        return buffer.getvalue()

    @cached_property
    def sha256(self) -> str:
        """Hex digest of shape and pixels: the picture's identity, whatever file it came from."""
        digest = hashlib.sha256(repr(self.pixels.shape).encode())
        digest.update(self.pixels.tobytes())
        return digest.hexdigest()

    def pil(self) -> Image.Image:
        """A PIL copy, mode RGB."""
        return Image.fromarray(self.pixels)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Picture) and self.sha256 == other.sha256

    def __hash__(self) -> int:
        return hash(self.sha256)

    def __repr__(self) -> str:
        height, width = self.pixels.shape[:2]
        return f"Picture({height}x{width}, sha256={self.sha256[:12]})"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        decode = core_schema.chain_schema(
            [core_schema.str_schema(), core_schema.no_info_plain_validator_function(_from_base64)]
        )
        return core_schema.json_or_python_schema(
            json_schema=decode,
            python_schema=core_schema.union_schema([core_schema.is_instance_schema(cls), decode]),
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda picture: base64.b64encode(picture.png).decode("ascii"), when_used="json"
            ),
        )


def _from_base64(text: str) -> Picture:
    try:
        return Picture.from_bytes(base64.b64decode(text, validate=True))
    except SectowError as error:
        raise ValueError(str(error)) from error


def _check_file(image: Image.Image, data: bytes) -> None:
    """Raises SectowError for what is refused although Pillow would read it."""
    why = None
    if len(data) > MAX_BYTES:
        why = f"they are more than {MAX_BYTES // 2**20} MiB"
    elif max(image.size) > MAX_SIDE:
        why = f"the larger side has {max(image.size)} pixels"
    # Pillow opens a JPEG file with several pictures as MPO.
    elif image.format not in _formats(True) or getattr(image, "n_frames", 1) > 1:
        why = "they are an animation, or contain several pictures"
    elif len(data) < _length(data) if image.format == _WEBP else _ENDS[image.format] not in data:
        why = "the file is truncated"
    elif image.format == "PNG" and data[_BIT_DEPTH] == 16 and "transparency" in image.info:
        why = "a transparent colour of 16 bits has no place among colours of 8"
    if why is not None:
        raise _unusable(f"{len(data)} bytes", why)


def _formats(webp: bool) -> tuple[str, ...]:
    return (*_ENDS, _WEBP) if webp else tuple(_ENDS)


def _length(webp: bytes) -> int:
    """As the head of a WebP file states it."""
    return int.from_bytes(webp[4:8], "little") + 8


def _unusable(given: str, why: str) -> SectowError:
    return SectowError(
        given=f"{given} as a picture",
        why=why,
        fix=f"give a whole PNG or JPEG file with one frame and sides up to {MAX_SIDE} pixels",
    )
