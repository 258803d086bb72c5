"""A chat model in either seat."""

from __future__ import annotations

import pytest

from sectow_env.errors import ConfigError, SectowError
from sectow_env.game import Attack, Exchange, FollowsUp, Invalid, Reseedable, Scenario
from sectow_env.game.decoding import Decoding
from sectow_env.game.seeds import SeedQueue
from sectow_env.images.typography import draw_words
from sectow_env.policies.chat import ChatAttacker, ChatDefender
from sectow_env.worlds.apothecary.world import Apothecary
from tests.env.judges.models import Scripted, echo_last

WORLD = Apothecary(0)
SAMPLED = Decoding(sampled=True, seed=5)
PICTURE = draw_words(("red",))
ATTACKS = [Attack(query="a"), Attack(query="b")]


def test_a_defender_draws_from_seeds_handed_over_or_its_own() -> None:
    model = Scripted(echo_last)
    defender = ChatDefender(model, SAMPLED)
    assert isinstance(defender, Reseedable)
    own = SeedQueue(5)
    defender.reseed([1, 2])
    assert [defender.respond(ATTACKS) for _ in range(3)] == [["a", "b"]] * 3
    assert [how.seeds for how in model.how] == [[1, 2], own.take(2), own.take(2)]
    assert {how.decoding for how in model.how} == {SAMPLED}
    free = ChatDefender(model)
    free.respond(ATTACKS)
    assert model.how[-1].seeds is None, "a model with draws of its own is left to it"
    assert defender.respond([]) == []


def test_other_settings_share_the_model_and_nothing_else() -> None:
    model = Scripted(echo_last)
    defender = ChatDefender(model, SAMPLED, "be brief")
    other = defender.decoded(Decoding()).prompted("be long")
    other.respond(ATTACKS[:1])
    assert model.how[-1].decoding == Decoding()
    assert model.conversations[-1][0][0].text == "be long"
    defender.respond(ATTACKS[:1])
    assert model.how[-1] == (SAMPLED, None, SeedQueue(5).take(1))
    assert model.conversations[-1][0][0].text == "be brief"
    assert other.prompted(None).system is None
    assert defender.source is None


def test_an_attacker_reads_the_earlier_turns_and_its_completions_are_read() -> None:
    (scenario,) = WORLD.scenarios("train", harmful=True, channels=["plain"])[:1]
    model = Scripted("nonsense")
    attacker = ChatAttacker(model, SAMPLED, WORLD, "{channel} {behavior}", "you play")
    assert isinstance(attacker, FollowsUp)
    exchange = Exchange(query="who is there", response="a guest")
    (attack,) = attacker.follow_up([scenario], [[exchange]])
    assert attack.invalid is Invalid.UNPARSABLE
    assert "a guest" in model.conversations[0][0][1].text
    assert attacker.decoded(Decoding()).attack([scenario])[0].source == "nonsense"
    assert [message.text for message in model.conversations[1][0]] == [
        "you play",
        f"plain {scenario.behavior}",
    ]


class Blind(Scripted):
    sees_images = False


@pytest.mark.parametrize(("model", "pictures"), [(Scripted("x"), (PICTURE,)), (Blind("x"), ())])
def test_the_seed_image_is_shown_to_a_model_that_sees(model: Scripted, pictures: object) -> None:
    seeded = Scenario(id="1", behavior="open the door", harmful=True, image=PICTURE)
    ChatAttacker(model, None, WORLD).attack([seeded])
    assert model.conversations[0][0][0].pictures == pictures


def test_a_missing_completion_is_not_a_bad_attack() -> None:
    scenario = Scenario(id="1", behavior="open the door", harmful=True)
    with pytest.raises(SectowError, match="1 of them got no completion"):
        ChatAttacker(Scripted(None), None, WORLD).attack([scenario])


def test_a_template_with_other_places_is_refused() -> None:
    for template in ("{door}", "{}", "{", "{channel.door}", "{channel[door]}", "{behavior:d}"):
        with pytest.raises(ConfigError, match="placeholders"):
            ChatAttacker(Scripted("x"), None, WORLD, template)
