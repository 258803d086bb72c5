"""What is measured before and after a cold start: one attack on each scenario of validation."""

from __future__ import annotations

from sectow_agents.cold_start.measure import FREE, Measured, Share, measured, rows
from sectow_env.game.referee import Referee
from sectow_env.game.rewards import TugOfWarReward
from sectow_env.resolve.parts import find_attacker, find_defender
from sectow_env.worlds.apothecary import Apothecary


def test_what_parses_and_what_succeeds_are_counted_apart() -> None:
    world = Apothecary(0)
    referee = Referee(world, world.judge(), TugOfWarReward())
    script = find_attacker("apothecary/random", world)
    shares = {}
    for name in ("apothecary/refuse_all", "apothecary/answer_all"):
        shares[name] = measured(script, find_defender(name, world), ["plain"], referee, 0)["plain"]
    count = len(world.scenarios("validation", harmful=True, channels=["plain"]))
    assert shares["apothecary/refuse_all"] == Measured(Share(count, count), Share(0, count))
    assert shares["apothecary/answer_all"] == Measured(Share(count, count), Share(count, count))


def test_rates_come_with_their_exact_interval() -> None:
    none, all_of = Share(0, 32), Share(32, 32)
    assert (str(none), str(all_of)) == ("0.000 [0.000, 0.109]", "1.000 [0.891, 1.000]")
    assert str(Share(0, 0)) == "-"
    before, after = Measured(none, none), Measured(all_of, none)
    assert rows({FREE: before}, {FREE: after}) == [
        [FREE, "32", str(none), str(all_of), str(none), str(none)]
    ]
