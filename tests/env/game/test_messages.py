"""Messages: where pictures stand, and what digests see of it."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from sectow_env.game.messages import Message
from sectow_env.game.picture import Picture

RED, BLUE = (
    Picture(np.full((2, 2, 3), colour, dtype=np.uint8)) for colour in ((255, 0, 0), (0, 0, 255))
)


def test_pictures_stand_before_the_text_unless_placed() -> None:
    assert Message(role="user", text="a", pictures=(RED, BLUE)).parts() == (RED, BLUE, "a")
    placed = Message(role="user", text="see this or that", pictures=(RED, BLUE), places=(4, 12))
    assert placed.parts() == ("see ", RED, "this or ", BLUE, "that")
    assert Message(role="user", text="", pictures=(RED,)).parts() == (RED,)
    assert Message(role="user", text="a", pictures=(RED,), places=(1,)).parts() == ("a", RED)


@pytest.mark.parametrize("places", [(0,), (1, 0), (0, 9), (-1, 0), (0, 1, 1)])
def test_places_that_do_not_fit_are_refused(places: tuple[int, ...]) -> None:
    with pytest.raises(ValidationError, match="do not fit a text"):
        Message(role="user", text="ab", pictures=(RED, BLUE), places=places)


def test_the_canonical_form_tells_all_messages_apart() -> None:
    messages = [
        Message(role="user", text="ab"),
        Message(role="user", text="ab", pictures=(RED,)),
        Message(role="user", text="ab", pictures=(BLUE,)),
        Message(role="user", text="ab", pictures=(RED,), places=(1,)),
        Message(role="user", text="ab", pictures=(RED, BLUE)),
        Message(role="user", text="ab", pictures=(BLUE, RED)),
        Message(role="user", text="ab", pictures=(RED, BLUE), places=(0, 2)),
        Message(role="assistant", text="ab"),
    ]
    assert len({str(message.canonical()) for message in messages}) == len(messages)
    # The form that published digests were made of.
    assert messages[1].canonical() == ["user", "ab", RED.sha256]
    assert messages[0].canonical() == ["user", "ab", None]
