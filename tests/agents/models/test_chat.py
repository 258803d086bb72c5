"""What policies are told."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sectow_agents.models.chat import (
    attacker_chat,
    defender_chat,
    images_of,
    inert,
    with_blocks,
)
from sectow_env.game import Attack, Exchange, Scenario
from sectow_env.game.picture import Picture
from sectow_env.images.typography import draw_words

SCENARIO = Scenario(id="s", behavior="do it", harmful=True, channel="split")
TOKENS = ["<image>", "<|end|>", "<|user|>"]


def test_an_attacker_is_asked_by_its_template() -> None:
    template = "by {channel} : {behavior}"
    assert attacker_chat(SCENARIO, template) == [{"role": "user", "content": "by split : do it"}]
    free = SCENARIO.model_copy(update={"channel": None})
    assert attacker_chat(free, template, "sys") == [
        {"role": "system", "content": "sys"},
        {"role": "user", "content": "by free : do it"},
    ]


def test_braces_in_a_behavior_are_text() -> None:
    odd = SCENARIO.model_copy(update={"behavior": "print {x} {channel}"})
    assert attacker_chat(odd, "{behavior}")[0]["content"] == "print {x} {channel}"


def test_the_system_prompt_of_a_defence_goes_first() -> None:
    attack = Attack(query="q")
    assert defender_chat(attack) == [{"role": "user", "content": "q"}]
    assert defender_chat(attack, "own")[0]["content"] == "own"
    defended = attack.model_copy(update={"system": "defence"})
    assert defender_chat(defended, "own")[0]["content"] == "defence"


def test_the_image_stands_before_the_first_user_text() -> None:
    blocks = with_blocks(defender_chat(Attack(query="q"), "own"), ["IMAGE"])
    assert blocks == [
        {"role": "system", "content": [{"type": "text", "text": "own"}]},
        {
            "role": "user",
            "content": [{"type": "image", "image": "IMAGE"}, {"type": "text", "text": "q"}],
        },
    ]


@given(st.lists(st.sampled_from([*TOKENS, "<", "im", "age>", "|>", " ", "x"]), max_size=12))
def test_no_control_token_survives(parts: list[str]) -> None:
    written = inert([{"role": "user", "content": "".join(parts)}], TOKENS)[0]["content"]
    assert not any(token in written for token in TOKENS)
    assert written.replace(" ", "") == "".join(parts).replace(" ", "")


def test_plain_text_stays_as_it_is() -> None:
    chat = [{"role": "user", "content": "an image > 3 < 4"}]
    assert inert(chat, [*TOKENS, ""]) == chat


def test_a_conversation_is_told_turn_by_turn_with_its_images() -> None:
    red, blue = draw_words(("red",)), draw_words(("blue",))
    history = (
        Exchange(query="first", response="no"),
        Exchange(query="second", image=red, response="never"),
    )
    attack = Attack(query="third", image=blue, history=history)
    images = images_of(attack)
    assert [Picture.from_pil(image) for image in images] == [red, blue]
    blocks = with_blocks(defender_chat(attack, "own"), images)
    assert [block["role"] for block in blocks] == ["system", *["user", "assistant"] * 2, "user"]
    texts = [block["content"][-1]["text"] for block in blocks]
    assert texts == ["own", "first", "no", "second", "never", "third"]
    shown = [block["content"][0].get("image") for block in blocks]
    assert shown == [None, None, None, images[0], None, images[1]]


def test_a_text_turn_after_a_picture_shows_none() -> None:
    history = (Exchange(query="look", image=draw_words(("red",)), response="no"),)
    attack = Attack(query="and now ?", history=history)
    blocks = with_blocks(defender_chat(attack), images_of(attack))
    assert [len(block["content"]) for block in blocks] == [2, 1, 1]
