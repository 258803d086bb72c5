"""Models behind an endpoint in both seats."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sectow_env.errors import ConfigError, SectowError
from sectow_env.game import Attack, Exchange, Invalid, Scenario
from sectow_env.game.picture import Picture
from sectow_env.policies import endpoint
from sectow_env.worlds.apothecary.world import Apothecary
from sectow_env.worlds.packs.world import PackWorld
from tests.env.endpoint.asking import Quick, Serve
from tests.env.endpoint.server import FaultyServer, Play, Received, always

PICTURE = Picture(np.zeros((4, 4, 3), np.uint8))


@pytest.fixture(scope="module")
def world() -> Apothecary:
    return Apothecary(0)


def given(quick: Quick, server: FaultyServer, **changes: Any) -> dict[str, Any]:
    return {**quick(server).model_dump(exclude_defaults=True), **changes}


def seeds(server: FaultyServer) -> list[int | None]:
    return [
        request.body.get("seed")
        for request in sorted(server.received, key=lambda request: request.question)
    ]


def test_a_defender_that_fails_says_nothing(serve: Serve, quick: Quick, world: Apothecary) -> None:
    server = serve(lambda request: 400 if request.question == "bad" else Play.GOOD)
    defender = endpoint.defender(world=world, **given(quick, server))
    responses = defender.respond([Attack(query="good"), Attack(query="bad")])
    assert responses == ["answer to good", None]


def test_seeds_are_sent_where_answers_are_drawn(
    serve: Serve, quick: Quick, world: Apothecary
) -> None:
    server = serve()
    defender = endpoint.defender(world=world, **given(quick, server, temperature=1.0))
    attacks = [Attack(query="a"), Attack(query="b")]
    for _ in range(2):
        defender.reseed([5, 2**31 + 6])
        defender.respond(attacks)
    assert seeds(server) == [5, 6]
    defender.reseed([7, 6])
    defender.respond(attacks)
    assert seeds(server) == [5, 7, 6]
    # They hold for one call: the next one draws by how often it was asked.
    defender.respond(attacks[:1])
    assert seeds(server).count(None) == 1


def test_seeds_mean_nothing_to_a_greedy_model(
    serve: Serve, quick: Quick, world: Apothecary
) -> None:
    server = serve()
    defender = endpoint.defender(world=world, **given(quick, server))
    for seed in (1, 2):
        defender.reseed([seed])
        defender.respond([Attack(query="a")])
    assert seeds(server) == [None]


def test_the_same_attack_again_gets_another_draw_and_the_same_ones_after_a_restart(
    serve: Serve, quick: Quick, world: Apothecary
) -> None:
    server = serve()
    for _ in range(2):
        defender = endpoint.defender(world=world, **given(quick, server, temperature=1.0))
        defender.respond([Attack(query="a"), Attack(query="a")])
        defender.respond([Attack(query="a")])
        assert len(server.received) == 3


def test_an_attacker_is_asked_and_its_completion_is_read(
    serve: Serve, quick: Quick, world: Apothecary
) -> None:
    scenarios = world.scenarios("train", harmful=True, channels=["plain"])[:2]
    frame = world.channel("plain").frames[0].label
    potion = scenarios[0].meta["potion"]

    def say(request: Received) -> str:
        return f"frame : {frame} ; name : {potion}" if potion in request.question else "nonsense"

    server = serve(say=say)
    attacker = endpoint.attacker(world=world, system="you play", **given(quick, server))
    first, second = attacker.attack(scenarios)
    assert first.invalid is None
    assert first.channel == "plain"
    assert second.invalid is Invalid.UNPARSABLE
    assert all(request.body["messages"][0]["content"] == "you play" for request in server.received)
    assert any("by the channel plain" in request.question for request in server.received)


def test_a_failure_of_an_attacker_is_not_a_bad_attack(
    serve: Serve, quick: Quick, world: Apothecary
) -> None:
    server = serve(always(Play.ERROR))
    attacker = endpoint.attacker(world=world, **given(quick, server, retries=1))
    scenario = Scenario(id="1", behavior="open the door", harmful=True)
    with pytest.raises(SectowError, match="1 of them got no completion"):
        attacker.attack([scenario])
    server.script = always(Play.GOOD)
    assert attacker.attack([scenario])[0].invalid is Invalid.UNPARSABLE


def test_a_template_with_other_places_is_refused(world: Apothecary) -> None:
    for template in ("{door}", "{}", "{", "{channel.door}", "{channel[door]}", "{behavior:d}"):
        with pytest.raises(ConfigError, match="placeholders"):
            endpoint.attacker(world=world, base_url="http://host", model="m", template=template)


def test_settings_that_cannot_work_are_refused(world: Apothecary) -> None:
    with pytest.raises(ConfigError, match="an endpoint takes base_url"):
        endpoint.defender(world=world, base_url="http://host", model="m", heat=1)


def test_an_attacker_is_shown_the_earlier_turns_and_their_pictures(
    serve: Serve, quick: Quick, world: Apothecary
) -> None:
    server = serve()
    attacker = endpoint.attacker(world=world, **given(quick, server))
    (scenario,) = world.scenarios("train", harmful=True, channels=[None])[:1]
    seeded = scenario.model_copy(update={"image": PICTURE})
    exchange = Exchange(query="who is there", image=PICTURE, response="a guest")
    attacker.follow_up([seeded, scenario], [(), (exchange,)])
    first, second = sorted((request.body["messages"] for request in server.received), key=len)
    assert [type(message["content"]) for message in first] == [list], "the seed image is shown"
    assert len(second) == 2
    shown = second[0]["content"]
    assert {block["type"] for block in shown} == {"image_url", "text"}
    assert "a guest" in str(shown)
    assert second[1]["content"].startswith("It did not work yet")
    assert scenario.behavior in second[1]["content"]


def test_a_server_enforces_the_form_of_a_channel_for_packs(serve: Serve, quick: Quick) -> None:
    pack = PackWorld([Scenario(id="a", behavior="light the lantern", harmful=True)])
    through = pack.scenarios("train", channels=["text/role_play"])
    server = serve(say=lambda _: '{"scene": "a dark quay", "request": "the lantern, please"}')
    attacker = endpoint.attacker(world=pack, structured=True, **given(quick, server))
    enforced, free = attacker.attack([*through, *pack.items])
    assert enforced.invalid is None
    assert "a dark quay" in enforced.query
    assert free.invalid is Invalid.UNPARSABLE
    bodies = {len(received.body["messages"]) > 1: received.body for received in server.received}
    form = bodies[True]["response_format"]["json_schema"]
    assert bodies[True]["response_format"]["type"] == "json_schema"
    assert form["schema"]["required"] == ["scene", "request"]
    assert "response_format" not in bodies[False]
    for settings in ({"structured": False}, {"structured": True, "template": "do {behavior}"}):
        server.received.clear()
        endpoint.attacker(world=pack, **settings, **given(quick, server)).attack(through)
        assert "response_format" not in server.received[0].body
