"""An immutable picture: what an attack shows, what a scenario starts from."""

from __future__ import annotations

import base64
import hashlib
import io
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from sectow_env.errors import SectowError

Pixels = NDArray[np.uint8]

MAX_SIDE = 4096
"""Largest accepted height or width, in pixels: a guard against decompression bombs."""
_NOT_DECODABLE = (
    *(OSError, ValueError, SyntaxError),
    *(Image.DecompressionBombError, Image.DecompressionBombWarning),
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

    @classmethod
    def from_pil(cls, image: Image.Image) -> Picture:
        """Take over a PIL image of any mode."""
        return cls(np.asarray(image.convert("RGB"), dtype=np.uint8))

    @classmethod
    def from_bytes(cls, data: bytes) -> Picture:
        """Decode PNG, JPEG or another format that PIL reads.

        Raises:
            SectowError: The bytes are no picture, or it is too large.
        """
        try:
            with Image.open(io.BytesIO(data)) as image:
                if max(image.size) > MAX_SIDE:
                    raise ValueError(f"its larger side has {max(image.size)} pixels")
                return cls.from_pil(image)
        except _NOT_DECODABLE as error:
            raise SectowError(
                given=f"{len(data)} bytes as a picture",
                why=f"they cannot be decoded ({error})",
                fix=f"give a whole PNG or JPEG file with sides up to {MAX_SIDE} pixels",
            ) from error

    @property
    def pixels(self) -> Pixels:
        """The pixels, shape (height, width, 3), uint8, read-only."""
        return self._pixels

    @cached_property
    def png(self) -> bytes:
        """The picture as a PNG file."""
        buffer = io.BytesIO()
        Image.fromarray(self._pixels).save(buffer, format="PNG")
        return buffer.getvalue()

    @cached_property
    def sha256(self) -> str:
        """Hex digest of shape and pixels: the picture's identity, whatever file it came from."""
        digest = hashlib.sha256(repr(self._pixels.shape).encode())
        digest.update(self._pixels.tobytes())
        return digest.hexdigest()

    def pil(self) -> Image.Image:
        """A PIL copy, mode RGB."""
        return Image.fromarray(self._pixels)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Picture) and self.sha256 == other.sha256

    def __hash__(self) -> int:
        return hash(self.sha256)

    def __repr__(self) -> str:
        height, width = self._pixels.shape[:2]
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
