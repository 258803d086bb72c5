"""Defences hold back what they flag, and what they could not check."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from sectow_env.errors import ConfigError, SectowError
from sectow_env.game import Attack, Exchange, Refusal, Turn, Verdict
from sectow_env.game.decoding import Decoding
from sectow_env.game.messages import Conversation, Message
from sectow_env.game.seeds import SeedQueue
from sectow_env.images.typography import draw_words
from sectow_env.judges.refusal import refusal_of
from sectow_env.policies.chat import ChatDefender
from sectow_env.policies.defences import QUESTION, REFUSAL, At, Guarded, Prompted, SelfChecked
from sectow_env.registry.entry_points import Registry
from sectow_env.resolve.parts import find_defender
from sectow_env.worlds.apothecary.world import Apothecary
from tests.env.judges.models import Scripted, echo_last

WORLD = Apothecary(0)
PICTURE = draw_words(("red",))
TEXTS = ["good", "bad", "odd", "good again"]


class Finds:
    """Calls a response with `bad` harmful; says nothing of one with `odd`."""

    id = "tests/finds"
    version = "1"

    def __init__(self) -> None:
        self.turns: list[Turn] = []

    def judge(self, turns: Sequence[Turn]) -> list[Verdict]:
        self.turns += turns
        return [
            Verdict(judge=self.id, version=self.version, harmful=self._harmful(turn.response or ""))
            for turn in turns
        ]

    def _harmful(self, text: str) -> bool | None:
        return None if "odd" in text else "bad" in text


def ask(text: str) -> tuple[Message, ...]:
    return (Message(role="user", text=text),)


CONVERSATIONS = [ask(text) for text in TEXTS]


@pytest.mark.parametrize("at", ["input", "output", "both"])
def test_what_is_flagged_is_refused_and_what_is_not_judged_is_missing(at: At) -> None:
    model = Scripted(echo_last)
    guarded = Guarded(model, Finds(), at)
    assert guarded.chat(CONVERSATIONS) == ["good", REFUSAL, None, "good again"]
    reached = [conversation[-1].text for conversation in model.conversations[0]]
    assert reached == (TEXTS if at == "output" else ["good", "good again"])


def test_the_refusal_is_known_as_one() -> None:
    assert refusal_of(REFUSAL) is Refusal.FULL


def test_only_the_output_shows_what_the_model_made_of_it() -> None:
    places: list[tuple[At, str]] = [("input", "bad thing"), ("output", REFUSAL), ("both", REFUSAL)]
    for at, answer in places:
        assert Guarded(Scripted("bad thing"), Finds(), at).chat([ask("good")]) == [answer]
    assert Guarded(Scripted("odd"), Finds()).chat([ask("good")]) == [None]
    assert Guarded(Scripted(None), Finds()).chat([ask("good")]) == [None]


def test_a_given_beginning_is_judged_too() -> None:
    model = Scripted("thing")
    guarded = Guarded(model, Finds(), "output")
    assert guarded.chat([ask("a")] * 2, prefix=["good ", "bad "]) == ["thing", REFUSAL]
    assert guarded.chat([ask("a")], prefix="bad ") == [REFUSAL]
    assert model.how[0].prefix == ["good ", "bad "]


def test_draws_do_not_depend_on_what_is_held_back() -> None:
    model = Scripted(echo_last)
    sampled = Decoding(sampled=True, seed=3)
    guarded = Guarded(model, Finds())
    guarded.chat(CONVERSATIONS, sampled, seeds=[1, 2, 3, 4])
    guarded.chat(CONVERSATIONS, sampled)
    own = SeedQueue(3).take(4)
    assert [how.seeds for how in model.how] == [[1, 4], [own[0], own[3]]]
    assert {how.decoding for how in model.how} == {sampled}


def test_the_judge_sees_the_last_request_its_picture_and_the_turns_before() -> None:
    judge = Finds()
    shows = Exchange(query="look", image=PICTURE, response="no")
    attack = Attack(query="and now ?", image=PICTURE, history=(shows,))
    ChatDefender(Guarded(Scripted("fine"), judge)).respond([attack])
    before, after = judge.turns
    assert (before.response, after.response) == ("and now ?", "fine")
    for turn in judge.turns:
        assert turn.attack == attack
        assert (turn.scenario.behavior, turn.scenario.harmful) == ("and now ?", True)


def test_a_prompt_goes_before_another() -> None:
    model = Scripted("x")
    prompted = Prompted(model, "refuse")
    prompted.chat(
        [ask("a"), (Message(role="system", text="obey"), *ask("b"))], Decoding(), "y", [1]
    )
    first, second = model.conversations[0]
    assert [(message.role, message.text) for message in first] == [
        ("system", "refuse"),
        ("user", "a"),
    ]
    assert [message.text for message in second] == ["refuse\n\nobey", "b"]
    assert model.how == [(Decoding(), "y", [1])]


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        ("No.", "the answer"),
        ("no, it does not", "the answer"),
        ("YES", REFUSAL),
        ("<think>no</think> yes", REFUSAL),
        ("<think>no", None),
        ("maybe yes", None),
        ("", None),
        (None, None),
    ],
)
def test_a_model_that_checks_itself_must_say_yes_or_no(
    reply: str | None, answer: str | None
) -> None:
    def respond(conversation: Conversation) -> str | None:
        return reply if conversation[-1].text == QUESTION else "answer"

    model = Scripted(respond)
    checked = SelfChecked(model)
    assert checked.chat([ask("a")], Decoding(sampled=True), "the ", [7]) == [
        answer and answer.removeprefix("the ")
    ]
    assert [message.text for message in model.conversations[1][0]] == ["a", "the answer", QUESTION]
    assert model.how[1].decoding == Decoding(max_new_tokens=16)


def test_ids_tell_settings_apart() -> None:
    model = Scripted("x")
    ids = {
        Prompted(model, "a").id,
        Prompted(model, "b").id,
        Guarded(model, Finds()).id,
        Guarded(model, Finds(), "input").id,
        Guarded(model, Finds(), refusal="no").id,
        SelfChecked(model).id,
        SelfChecked(model, question="really ?").id,
    }
    assert len(ids) == 7
    assert all("scripted" in text for text in ids)


def test_defences_are_registered_and_nest() -> None:
    endpoint = "endpoint/defender?base_url=http://host/v1%26model=m%26system=own"
    defender = find_defender(
        f"guarded/of?model={endpoint}&judge=rules/not_refused&at=output", WORLD
    )
    assert isinstance(defender, ChatDefender)
    assert isinstance(defender.model, Guarded)
    assert (defender.system, defender.model.at, defender.model.judge.id) == (
        *("own", "output"),
        "rules/not_refused",
    )
    assert defender.source is None
    registry: Registry[ChatDefender] = Registry("sectow.policies")
    checked = registry.make("self_check/of", model=defender, world=WORLD)
    outer = registry.make("prompted/of", model=checked, system="refuse", world=WORLD)
    assert isinstance(outer.model, Prompted)
    assert isinstance(outer.model.inner, SelfChecked)
    assert outer.model.inner.inner is defender.model


def test_what_is_not_a_chat_model_cannot_be_defended() -> None:
    with pytest.raises(ConfigError, match="not a chat model"):
        find_defender("self_check/of?model=apothecary/keyword", WORLD)
    for at in ("at=inside", "judge=nobody/home"):
        name = f"guarded/of?model=endpoint/defender?base_url=http://h/v1%26model=m&{at}"
        with pytest.raises(SectowError):
            find_defender(name + ("" if "judge" in at else "&judge=rules/refusal"), WORLD)
