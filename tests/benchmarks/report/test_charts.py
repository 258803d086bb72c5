"""Charts: what a pointer finds, and how many names fit below."""

from __future__ import annotations

import math

from sectow_benchmarks.report.charts import Band, Line, Series, by_round, over_steps
from sectow_benchmarks.stats import rate

POINT = rate([1.0, 0.0], ["a", "b"])


def test_each_point_has_its_values() -> None:
    drawn = by_round("ASR", ["base", "<b>"], [Series("test", (POINT, rate([], [])), 0)])
    assert f"test, base: 0.500, 95% interval {POINT.low:.3f} to {POINT.high:.3f}, n = 2" in drawn
    assert drawn.count("<g><title>") == 1, "what was not measured has no point"
    assert "&lt;b&gt;" in drawn
    assert "<b>" not in drawn


def test_many_and_long_names_are_numbered() -> None:
    few = by_round("ASR", ["base", "round 1"], [])
    assert '<ol class="ticks"><li>base</li><li>round 1</li></ol>' in few
    for names in (["base", "x" * 13], [str(number) for number in range(7)]):
        drawn = by_round("ASR", names, [])
        numbers = "".join(f"<li>{number}</li>" for number in range(1, len(names) + 1))
        assert f'<ol class="ticks">{numbers}</ol>' in drawn
        listed = "".join(f"<li>{name}</li>" for name in names)
        assert f'<ol class="named">{listed}</ol>' in drawn


def test_each_step_has_its_values_and_a_gap_ends_a_line() -> None:
    line = Line("ASR", (0.1, 0.2, math.nan, 0.4, 0.5), 0)
    drawn = over_steps("Rates", [Band("round 1 attacker", 0, 5, "attacker", 1)], [line], 5)
    assert drawn.count("<polyline") == 2
    assert "<title>round 1 attacker, step 2; ASR 0.200</title>" in drawn
    assert "<title>round 1 attacker, step 3</title>" in drawn


def test_a_round_without_room_has_no_number() -> None:
    bands = [Band("a", 0, 2, "attacker", 1), Band("b", 2, 100, "defender", 2)]
    drawn = over_steps("Rates", bands, [], 100)
    assert ">1</text>" not in drawn.replace(">1</text>", "", 1), "only the axis has a 1"
    assert ">2</text>" in drawn
