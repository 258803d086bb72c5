"""A judge behind an endpoint that fails half of the time, killed three times: nothing is lost."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

from sectow_env.endpoint.client import Endpoint
from sectow_env.files import write_text
from tests.env.endpoint.asking import Quick, Serve
from tests.env.endpoint.server import BAIT, FaultyServer


@pytest.fixture(scope="module")
def floor(root: Path) -> ModuleType:
    """The command `perf/endpoint.py` as a module: no package holds it."""
    spec = importlib.util.spec_from_file_location("perf_endpoint", root / "perf" / "endpoint.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up by name.
    sys.modules["perf_endpoint"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_nothing_is_lost_or_asked_twice(floor: ModuleType, tmp_path: Path) -> None:
    result = floor.endure(tmp_path, turns=300, kills=3)
    assert result.problems == []
    assert (result.turns, result.verdicts, result.kills) == (300, 300, 3)
    assert result.plays == len(floor.FAULTS)
    assert 0.4 < result.faulty / result.requests < 0.6


def counted(floor: ModuleType, server: FaultyServer, work: Path, verdicts: list[str]) -> list[str]:
    """The problems that are seen when all was known before the server was asked again."""
    turns = floor.the_turns(len(verdicts))
    had = frozenset(floor.question(turn).messages[0].text for turn in turns)
    write_text(work / "verdicts.jsonl", "".join(line + "\n" for line in verdicts))
    write_text(work / "spent.json", json.dumps({"heard": 0, "new": 0}))
    starts = [(0, frozenset()), (len(turns), had)]
    problems: list[str] = floor._count(work, server, turns, starts, 1.0).problems
    return problems


def test_a_broken_client_or_judge_is_seen(
    floor: ModuleType, serve: Serve, quick: Quick, tmp_path: Path
) -> None:
    server = serve(say=lambda request: floor.answer(request.question))
    judge = floor.DoorJudge(Endpoint(quick(server, cache=None)))
    verdicts = judge.judge(floor.the_turns(4))
    lines = [verdict.model_dump_json() for verdict in verdicts]
    assert counted(floor, server, tmp_path, lines) == []
    # A judge that scores a failure, and one that gives up.
    baited = verdicts[0].model_copy(update={"raw": BAIT}).model_dump_json()
    assert counted(floor, server, tmp_path, [baited, *lines[1:]]) == [
        "1 verdicts are from a failure"
    ]
    unsaid = verdicts[0].model_copy(update={"harmful": None}).model_dump_json()
    assert counted(floor, server, tmp_path, [unsaid, *lines[1:]]) == ["1 turns have no verdict"]
    # A client without a cache.
    judge.judge(floor.the_turns(4))
    assert "4 were asked after success" in counted(floor, server, tmp_path, lines)
