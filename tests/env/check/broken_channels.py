"""Channels that fail one check each."""

from __future__ import annotations

import random
from itertools import count
from typing import Any

import numpy as np

from sectow_env.game import Attack
from sectow_env.game.picture import Picture
from sectow_env.images.typography import draw_words
from sectow_env.worlds.apothecary.channels.base import Channel, Words
from sectow_env.worlds.apothecary.frames import Frame

CALLS = count()


class Whisper(Channel):
    """A sound channel: the name in the query and in the picture."""

    name = "whisper"
    indices: tuple[int, ...] = (0, 1, 2)

    @property
    def frames(self) -> tuple[Frame, ...]:
        return tuple(Frame(self.name, index, "psst , {name} , how ?") for index in self.indices)

    def draw(self, words: Words, jitter_key: str) -> tuple[str, Picture] | None:
        return " ".join(words[:3]), draw_words(words[:3], jitter_key)


class Twins(Whisper):
    indices = (0, 1, 2, 0)


class Hidden(Whisper):
    indices = (2, 5, 8)


class Open(Whisper):
    indices = (0, 1, 3)


class Flickering(Whisper):
    def draw(self, words: Words, jitter_key: str) -> tuple[str, Picture] | None:
        return " ".join(words[:3]), Picture(np.full((8, 8, 3), next(CALLS) % 256, np.uint8))


class Changed(Whisper):
    """Changes what the sound channel renders."""

    def changes(self, attack: Attack, words: Words, jitter_key: str) -> dict[str, Any]:
        raise NotImplementedError

    def render(self, frame: Frame, words: Words, jitter_key: str = "") -> Attack:
        attack = super().render(frame, words, jitter_key)
        return attack.model_copy(update=self.changes(attack, words, jitter_key))


class Jittery(Changed):
    def changes(self, attack: Attack, words: Words, jitter_key: str) -> dict[str, Any]:
        return {"query": f"{attack.query} please"} if jitter_key == "one" else {}


class Anonymous(Changed):
    def changes(self, attack: Attack, words: Words, jitter_key: str) -> dict[str, Any]:
        return {"channel": None}


class Secretive(Changed):
    def changes(self, attack: Attack, words: Words, jitter_key: str) -> dict[str, Any]:
        return {"drawn": None}


class Huge(Whisper):
    PAGE = Picture(np.zeros((4096, 1025, 3), np.uint8))

    def draw(self, words: Words, jitter_key: str) -> tuple[str, Picture] | None:
        return " ".join(words[:3]), self.PAGE


class Brittle(Changed):
    def changes(self, attack: Attack, words: Words, jitter_key: str) -> dict[str, Any]:
        return {"query": attack.query.format()}


class Mumbling(Whisper):
    def render(self, frame: Frame, words: Words, jitter_key: str = "") -> Attack:
        return super().render(frame, words[:-1] or words, jitter_key)


class Drawing(Changed):
    def changes(self, attack: Attack, words: Words, jitter_key: str) -> dict[str, Any]:
        random.random()
        return {}


CHANNELS: dict[str, object] = {
    "frames_labelled": Twins(),
    "some_frame_trained": Hidden(),
    "every_third_held_out": Open(),
    "render_repeatable": Flickering(),
    "salt_is_jitter": Jittery(),
    "attacks_signed": Anonymous(),
    "drawing_told": Secretive(),
    "pictures_legal": Huge(),
    "odd_words_rendered": Brittle(),
    "name_kept": Mumbling(),
    "global_random_untouched": Drawing(),
}
