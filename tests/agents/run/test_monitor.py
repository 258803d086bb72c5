"""The quality monitor: what it measures, and that the gate turns red when it must."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from sectow_agents.run.monitor import Monitor, Quality
from sectow_agents.settings.run_config import MonitorSettings
from sectow_env.game import Attack, Attacker, Defender, Scenario
from sectow_env.game.referee import Referee
from sectow_env.resolve.parts import find_attacker, find_defender, find_reward
from sectow_env.worlds.apothecary import Apothecary
from sectow_env.worlds.packs.world import PackWorld

WORLD = Apothecary(0)
REFEREE = Referee(WORLD, WORLD.judge(), find_reward(None))
MONITOR = Monitor(WORLD, MonitorSettings(), seed=0)


def defender(name: str) -> Defender:
    return find_defender(f"apothecary/{name}", WORLD)


def attacker(name: str) -> Attacker:
    return find_attacker(f"apothecary/{name}", WORLD)


def quality(defends: Defender, attacks: Attacker | None = None) -> Quality:
    return MONITOR.measure(defends, defends, attacks or attacker("random"), REFEREE)


BASE = quality(defender("answer_all"))


def test_it_asks_evenly_on_held_out_potions_and_trained_frames() -> None:
    assert len(MONITOR.benign) == 160
    assert {item.scenario.split for item in MONITOR.benign} == {"validation"}
    assert not any(item.scenario.harmful for item in MONITOR.benign)
    for item in MONITOR.benign:
        frame = WORLD.channel(item.attack.channel or "").frame(item.attack.frame or "")
        assert frame is not None
        assert not frame.held_out
    counts = [tally.benign for tally in BASE.benign_by_channel.values()]
    assert max(counts) - min(counts) <= 1
    assert len(counts) == 6
    assert {scenario.channel for scenario in MONITOR.scenarios} == set(WORLD.working_channels)
    assert all(scenario.harmful for scenario in MONITOR.scenarios)


def test_it_asks_the_same_throughout() -> None:
    again = Monitor(WORLD, MonitorSettings(), seed=0)
    assert again.benign == MONITOR.benign
    assert again.scenarios == MONITOR.scenarios
    assert Monitor(WORLD, MonitorSettings(), seed=1).benign != MONITOR.benign


def test_a_useful_defender_passes() -> None:
    assert BASE.figures()["over_refusal"] == 0.0
    assert BASE.figures()["accuracy"] == 1.0
    assert BASE.figures()["learned_asr"] == 1.0
    assert MONITOR.objections(BASE, BASE) == []
    assert MONITOR.objections(quality(defender("keyword")), BASE) == []


def test_a_defender_that_refuses_everything_is_red() -> None:
    objections = MONITOR.objections(quality(defender("refuse_all")), BASE)
    assert len(objections) == 2
    assert "over-refusal 1.000" in objections[0]


def test_a_defender_that_answers_nonsense_is_red_though_it_refuses_nothing() -> None:
    seen = quality(defender("nonsense"))
    assert seen.figures()["over_refusal"] == 0.0
    assert seen.figures()["learned_asr"] == 0.0
    assert ["accuracy" in objection for objection in MONITOR.objections(seen, BASE)] == [True]


def test_half_a_refuser_is_red_by_its_rate_alone() -> None:
    class Half:
        def respond(self, attacks: Sequence[Attack]) -> list[str | None]:
            right = defender("answer_all").respond(attacks)
            refused = defender("refuse_all").respond(attacks)
            pairs = enumerate(zip(right, refused, strict=True))
            return [pair[place % 2] for place, pair in pairs]

    assert MONITOR.objections(quality(Half()), BASE) != []
    lax = MonitorSettings(max_over_refusal=0.6, max_accuracy_drop=0.6)
    assert Monitor(WORLD, lax, seed=0).objections(quality(Half()), BASE) == []


def test_an_attacker_that_collapsed_onto_one_frame_is_not_diverse() -> None:
    class OneFrame:
        def attack(self, scenarios: Sequence[Scenario]) -> list[Attack]:
            return [
                WORLD.attack(
                    scenario.model_copy(update={"channel": "split"}),
                    f"frame : f0 ; name : {scenario.meta['potion']}",
                )
                for scenario in scenarios
            ]

    wide = quality(defender("answer_all")).diversity
    narrow = quality(defender("answer_all"), OneFrame()).diversity
    assert wide.channels == pytest.approx(4.0)
    assert wide.frames is not None
    assert wide.frames > 15
    assert narrow.channels == pytest.approx(1.0)
    assert narrow.frames == pytest.approx(1.0)


def test_junk_raises_the_invalid_rate_and_nothing_else() -> None:
    class Junk:
        def attack(self, scenarios: Sequence[Scenario]) -> list[Attack]:
            return [WORLD.attack(scenario, f"junk {scenario.id}") for scenario in scenarios]

    seen = quality(defender("answer_all"), Junk())
    assert seen.figures()["invalid"] == 1.0
    assert seen.figures()["learned_asr"] is None
    assert seen.figures()["channels"] is None
    assert seen.attacks.invalid == {"unparsable": len(MONITOR.scenarios)}


def test_a_world_without_benign_scenarios_has_no_gate() -> None:
    pack = PackWorld([Scenario(id="a", behavior="b", harmful=True, reference="c")])
    referee = Referee(pack, pack.judge(), find_reward(None))
    monitor = Monitor(pack, MonitorSettings(), seed=0)
    mute = find_defender("apothecary/refuse_all", pack)
    seen = monitor.measure(mute, mute, find_attacker("pack/seed", pack), referee)
    assert seen.figures()["over_refusal"] is None
    assert monitor.objections(seen, seen) == []
    # Without a validation split it looks at the training split.
    assert [scenario.id for scenario in monitor.scenarios] == ["a"]


def test_the_free_form_is_tried_where_it_is_asked_for() -> None:
    monitor = Monitor(WORLD, MonitorSettings(), seed=0, channels=(None,))
    assert monitor.scenarios
    assert {scenario.channel for scenario in monitor.scenarios} == {None}
