"""What each seat is asked."""

from __future__ import annotations

from sectow_env.game import Attack, Exchange, Scenario
from sectow_env.game.asking import ATTACK_TEMPLATE, attack_conversation, defence_conversation
from sectow_env.game.messages import Conversation
from sectow_env.game.picture import Picture
from sectow_env.images.typography import draw_words

RED, BLUE = draw_words(("red",)), draw_words(("blue",))
SCENARIO = Scenario(id="s", behavior="do it", harmful=True, channel="split")
TEMPLATE = "by {channel} : {behavior}"


def contents(conversation: Conversation) -> list[tuple[str, str, tuple[Picture, ...]]]:
    return [(message.role, message.text, message.pictures) for message in conversation]


def test_an_attacker_is_asked_by_its_template() -> None:
    assert contents(attack_conversation(SCENARIO, TEMPLATE)) == [("user", "by split : do it", ())]
    free = SCENARIO.model_copy(update={"channel": None})
    assert contents(attack_conversation(free, TEMPLATE, "sys")) == [
        ("system", "sys", ()),
        ("user", "by free : do it", ()),
    ]
    assert attack_conversation(SCENARIO)[0].text == ATTACK_TEMPLATE.format(
        channel="split", behavior="do it"
    )


def test_braces_in_a_behavior_are_text() -> None:
    odd = SCENARIO.model_copy(update={"behavior": "print {x} {channel}"})
    assert attack_conversation(odd, "{behavior}")[0].text == "print {x} {channel}"


def test_an_attacker_sees_the_seed_image_and_later_its_own_turns() -> None:
    seeded = SCENARIO.model_copy(update={"image": RED})
    assert attack_conversation(seeded)[0].pictures == (RED,)
    assert attack_conversation(seeded, pictures=False)[0].pictures == ()
    exchange = Exchange(query="who is there", image=BLUE, response="a guest")
    first, again = attack_conversation(seeded, TEMPLATE, history=[exchange])
    assert first.pictures == (BLUE,)
    assert "who is there" in first.text
    assert "a guest" in first.text
    assert again.text.startswith("It did not work yet")
    assert again.text.endswith("by split : do it")
    assert not any(
        message.pictures
        for message in attack_conversation(seeded, history=[exchange], pictures=False)
    )


def test_the_system_prompt_of_a_defence_goes_first() -> None:
    attack = Attack(query="q", image=RED)
    assert contents(defence_conversation(attack)) == [("user", "q", (RED,))]
    assert defence_conversation(attack, "own")[0].text == "own"
    defended = attack.model_copy(update={"system": "defence"})
    assert defence_conversation(defended, "own")[0].text == "defence"


def test_a_defender_sees_the_earlier_turns_with_their_pictures() -> None:
    history = (
        Exchange(query="first", response="no"),
        Exchange(query="second", image=RED, response="never"),
    )
    assert contents(
        defence_conversation(Attack(query="third", image=BLUE, history=history), "own")
    ) == [
        ("system", "own", ()),
        ("user", "first", ()),
        ("assistant", "no", ()),
        ("user", "second", (RED,)),
        ("assistant", "never", ()),
        ("user", "third", (BLUE,)),
    ]
    after = defence_conversation(Attack(query="third", history=history))
    assert after[-1].pictures == ()
