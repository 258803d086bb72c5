"""From messages to the input of processors."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sectow_agents.models.chat import as_blocks, inert, pictures_of
from sectow_env.errors import ConfigError
from sectow_env.game.messages import Message
from sectow_env.images.typography import draw_words

TOKENS = ["<image>", "<|end|>", "<|user|>"]
PICTURE = draw_words(("red",))


def test_the_image_comes_before_the_text_unless_it_has_a_place() -> None:
    system, user = Message(role="system", text="own"), Message(role="user", text="q")
    image, text = {"type": "image"}, {"type": "text", "text": "q"}
    assert as_blocks([system, user.model_copy(update={"pictures": (PICTURE,)})]) == [
        {"role": "system", "content": [{"type": "text", "text": "own"}]},
        {"role": "user", "content": [image, text]},
    ]
    inside = Message(role="user", text="qr", pictures=(PICTURE, PICTURE), places=(1, 2))
    rest = {"type": "text", "text": "r"}
    assert as_blocks([inside])[0]["content"] == [text, image, rest, image]
    bare = Message(role="user", text="", pictures=(PICTURE,))
    assert as_blocks([bare])[0]["content"] == [image, {"type": "text", "text": ""}]


def test_only_the_user_shows_pictures() -> None:
    shows = Message(role="user", text="a", pictures=(PICTURE, PICTURE))
    assert pictures_of([shows]) == (PICTURE, PICTURE)
    with pytest.raises(ConfigError, match="not a user's"):
        pictures_of([shows.model_copy(update={"role": "system"})])


@given(
    st.lists(st.sampled_from([*TOKENS, "<", "im", "age>", "|>", " ", "x"]), max_size=12),
    st.lists(st.integers(0, 12), max_size=3),
)
def test_no_control_token_survives_and_pictures_keep_their_places(
    parts: list[str], cuts: list[int]
) -> None:
    text = "".join(parts)
    places = tuple(sorted(len("".join(parts[:cut])) for cut in cuts))
    message = Message(role="user", text=text, pictures=(PICTURE,) * len(places), places=places)
    (written,) = inert([message], TOKENS)
    pieces = [part for part in written.parts() if isinstance(part, str)]
    assert not any(token in piece for piece in pieces for token in TOKENS)
    assert written.text.replace(" ", "") == text.replace(" ", "")
    kept = [written.text[:place].replace(" ", "") for place in written.places]
    assert kept == [text[:place].replace(" ", "") for place in places]


def test_plain_text_stays_as_it_is() -> None:
    chat = (Message(role="user", text="an image > 3 < 4"),)
    assert inert(chat, [*TOKENS, ""]) == chat
