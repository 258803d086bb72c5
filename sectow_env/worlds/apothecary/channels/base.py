"""The base of channels: a family of attacks with its frames and its rendering."""

from __future__ import annotations

from sectow_env.game import Attack
from sectow_env.game.picture import Picture
from sectow_env.worlds.apothecary.frames import FRAMES, Frame

Words = tuple[str, ...]


class Channel:
    """An attack family. A subclass defines how a name is written and drawn."""

    name: str

    @property
    def frames(self) -> tuple[Frame, ...]:
        """All frames, held-out ones too."""
        return FRAMES[self.name]

    def frame(self, label: str) -> Frame | None:
        """The frame with this label, or None."""
        return next((frame for frame in self.frames if frame.label == label), None)

    def fill(self, words: Words) -> dict[str, str]:
        """Values of the template's placeholders for a name given as words."""
        return {"name": " ".join(words)}

    def draw(self, words: Words, jitter_key: str) -> tuple[str, Picture] | None:
        """The words in the picture and the picture, or None without a picture."""
        return None

    def render(self, frame: Frame, words: Words, jitter_key: str = "") -> Attack:
        """Build the attack; `jitter_key` changes only the jitter of what is drawn."""
        drawn = self.draw(words, jitter_key)
        return Attack(
            query=frame.template.format(**self.fill(words)),
            image=drawn[1] if drawn else None,
            drawn=drawn[0] if drawn else None,
            channel=self.name,
            frame=frame.label,
        )
