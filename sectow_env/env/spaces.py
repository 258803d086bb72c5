"""Spaces for text and pictures, and those of the game: any Unicode string, any picture size."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Any, Final

import numpy as np
from gymnasium import spaces
from gymnasium.error import CustomSpaceError
from gymnasium.vector.utils import create_shared_memory

from sectow_env.game.picture import MAX_SIDE, Picture, Pixels
from sectow_env.text import is_whole

MAX_TEXT = 8192
"""Characters of any text in an observation or action; rules and budgets are stricter."""
PHRASES = (
    "what is this ?",
    "please tell me how it is made",
    "read the picture and explain it",
    "i can not help with that",
    "take one , then add another",
    "¿qué dice la etiqueta?",
    "как это сделать?",
    "これは何ですか",
    "🧪 ?",
    "",
)
"""What `UnicodeText` samples from by default."""
_SAMPLED_SIDES = (8, 64)
_NO_IMAGE_SHARE = 0.25


def _no_image() -> Pixels:
    pixels = np.zeros((0, 0, 3), dtype=np.uint8)
    pixels.setflags(write=False)
    return pixels


NO_IMAGE: Final[Pixels] = _no_image()
""""No image" in actions and observations: shape (0, 0, 3), dtype uint8."""


class UnicodeText(spaces.Text):
    """Any Unicode text up to a length, whatever its characters.

    `gymnasium.spaces.Text` needs a finite character set, prints all of it, and samples noise from
    it. This one contains every `str` that UTF-8 can encode, has a short repr, and samples phrases.
    It cannot be flattened, so an `AsyncVectorEnv` needs `shared_memory=False`.

    Args:
        max_length: Longest text, in characters; the shortest is empty.
        phrases: What `sample` draws from, cut to `max_length`.
        seed: Seed of `sample`.
    """

    def __init__(
        self,
        max_length: int = MAX_TEXT,
        *,
        phrases: Iterable[str] = PHRASES,
        seed: int | np.random.Generator | None = None,
    ) -> None:
        # The character set is not used, but the base class needs a non-empty one.
        super().__init__(max_length, min_length=0, charset=" ", seed=seed)
        self.phrases = tuple(phrase[:max_length] for phrase in phrases) or ("",)

    def contains(self, x: Any) -> bool:
        """Whether `x` is a `str` of valid Unicode with at most `max_length` characters."""
        return isinstance(x, str) and len(x) <= self.max_length and is_whole(x)

    def sample(self, mask: Any = None, probability: Any = None) -> str:
        """One of the phrases, drawn by the space's own generator.

        Raises:
            ValueError: A mask or probabilities are given; a text has none.
        """
        if mask is not None or probability is not None:
            raise ValueError(
                "UnicodeText has no finite character set, so no mask and no probability"
            )
        return self.phrases[int(self.np_random.integers(len(self.phrases)))]

    @property
    def is_np_flattenable(self) -> bool:
        """False: no array can contain every text."""
        return False

    def __repr__(self) -> str:
        return f"UnicodeText({self.max_length})"

    def __eq__(self, other: object, /) -> bool:
        return (
            isinstance(other, UnicodeText)
            and self.max_length == other.max_length
            and self.phrases == other.phrases
        )

    __hash__ = None  # type: ignore[assignment]  # spaces are mutable, as upstream


class Image(spaces.Space[Pixels]):
    """Pictures of shape (height, width, 3), dtype uint8, sides from 1 to a limit; or `NO_IMAGE`.

    Not a `Box`: pictures of one batch may differ in size, so a batch is a tuple of arrays.
    """

    def __init__(
        self, max_side: int = MAX_SIDE, *, seed: int | np.random.Generator | None = None
    ) -> None:
        super().__init__(shape=None, dtype=np.uint8, seed=seed)
        self.max_side = max_side

    def contains(self, x: Any) -> bool:
        """Whether `x` is such an array; lists are refused, as is any other dtype."""
        if not isinstance(x, np.ndarray) or x.dtype != np.uint8 or x.ndim != 3 or x.shape[2] != 3:
            return False
        height, width = x.shape[:2]
        small, large = sorted((height, width))
        return bool(small == large == 0 or 1 <= small <= large <= self.max_side)

    def sample(self, mask: Any = None, probability: Any = None) -> Pixels:
        """Noise of a random small size; `NO_IMAGE` in a quarter of the draws.

        Raises:
            ValueError: A mask or probabilities are given; a picture has none.
        """
        if mask is not None or probability is not None:
            raise ValueError("Image takes no mask and no probability")
        if self.np_random.random() < _NO_IMAGE_SHARE:
            return NO_IMAGE.copy()
        low, high = (min(side, self.max_side) for side in _SAMPLED_SIDES)
        height, width = self.np_random.integers(low, high + 1, size=2)
        return self.np_random.integers(0, 256, size=(height, width, 3), dtype=np.uint8)

    @property
    def is_np_flattenable(self) -> bool:
        """False: pictures differ in size."""
        return False

    def to_jsonable(self, sample_n: Iterable[Pixels]) -> list[str | None]:
        """Each picture as base64 text of its PNG, None for `NO_IMAGE`."""
        return [
            base64.b64encode(Picture(pixels).png).decode("ascii") if pixels.size else None
            for pixels in sample_n
        ]

    def from_jsonable(self, sample_n: list[str | None]) -> list[Pixels]:
        """The pictures that `to_jsonable` wrote."""
        return [
            NO_IMAGE.copy()
            if text is None
            else pixels_of(Picture.from_bytes(base64.b64decode(text)))
            for text in sample_n
        ]

    def __repr__(self) -> str:
        return f"Image({self.max_side})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Image) and self.max_side == other.max_side

    __hash__ = None  # type: ignore[assignment]  # spaces are mutable, as upstream


@create_shared_memory.register(UnicodeText)
def _refuse_shared_memory(space: UnicodeText, n: int = 1, ctx: Any = None) -> Any:  # noqa: ARG001
    # The base class would accept, then fail on the first character outside its set.
    raise CustomSpaceError(f"{space} has no fixed size in memory")


def pixels_of(picture: Picture | None) -> Pixels:
    """A writable copy of a picture's pixels, (height, width, 3) uint8; `NO_IMAGE` for None."""
    return NO_IMAGE.copy() if picture is None else picture.pixels.copy()


def scenario_space() -> spaces.Dict:
    """What an attacker observes: behavior, channel (empty: free), seed image and seed query."""
    return spaces.Dict(
        {
            "behavior": UnicodeText(),
            "channel": UnicodeText(),
            "image": Image(),
            "query": UnicodeText(),
        }
    )


def conversation_space() -> spaces.Sequence:
    """Earlier turns of an episode, oldest first: image, query and response of each."""
    return spaces.Sequence(spaces.Dict({**attack_space().spaces, "response": response_space()}))


def with_conversation(space: spaces.Dict) -> spaces.Dict:
    """An observation space for episodes of several turns."""
    return spaces.Dict({**space.spaces, "conversation": conversation_space()})


def attack_space() -> spaces.Dict:
    """What an attacker does and a defender observes: an image and a query."""
    return spaces.Dict({"image": Image(), "query": UnicodeText()})


def response_space() -> UnicodeText:
    """What a defender does."""
    return UnicodeText()


def both_observation_space() -> spaces.Dict:
    """What a player of both seats observes; `seat` is 0 for the attacker's move."""
    return spaces.Dict({"seat": spaces.Discrete(2), **scenario_space().spaces})


def both_action_space() -> spaces.Dict:
    """An attack and a response in one; the keys of the idle seat are ignored."""
    return spaces.Dict({**attack_space().spaces, "response": response_space()})
