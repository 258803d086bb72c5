"""When two pictures look the same: a perceptual hash, by the library ImageHash."""

from __future__ import annotations

from itertools import pairwise

from sectow_env.game.picture import Picture
from sectow_env.registry.extras import missing_extra

SAME = 12
"""Bits of 256 in which the hashes of alike pictures differ at most.

Of photos at another size, JPEG quality or brightness 0 to 6 differ, of other photos 70 and more; of
pages with other words on them 10 and more, mostly over 40. A picture that was cropped or turned is
another one, and so is one without any detail, such as a soft gradient, once JPEG has touched it.
"""
BITS = 256
LEAST = 64
"""Bits that are set in the hash of anything that shows something; of most pictures it is half."""
_SIDE = 16


def picture_hash(picture: Picture) -> int | None:
    """The perceptual hash (pHash) of a picture: its coarse light and dark, without its colors.

    None for one that shows nothing, such as a blank page: all of those would look alike.

    Raises:
        MissingExtraError: ImageHash is not installed.
    """
    try:
        import imagehash
    except ModuleNotFoundError as error:
        raise missing_extra("comparing pictures by their looks", error) or error from error
    value = int(str(imagehash.phash(picture.pil(), hash_size=_SIDE)), 16)
    return value if value.bit_count() >= LEAST else None


def look_alike(first: int, other: int) -> bool:
    """Whether two hashes are of alike pictures."""
    return (first ^ other).bit_count() <= SAME


def bands(value: int) -> list[str]:
    """Slices of a hash: alike pictures have at least one of them in common."""
    bits = f"{value:0{BITS}b}"
    edges = [BITS * at // (SAME + 1) for at in range(SAME + 2)]
    return [f"{at}:{bits[start:end]}" for at, (start, end) in enumerate(pairwise(edges))]
