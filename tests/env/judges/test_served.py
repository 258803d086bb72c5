from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sectow_env.errors import ConfigError
from sectow_env.judges import published, served
from sectow_env.judges.model_judge import ModelJudge
from tests.env.endpoint.server import FaultyServer, Received
from tests.env.judges.forms import FORMS
from tests.env.judges.models import BEHAVIOR, turn

Factory = Callable[..., ModelJudge]
FACTORIES: dict[str, Factory] = {
    "qwen3guard": served.qwen3guard,
    "llama_guard_3_vision": served.llama_guard_3_vision,
    "llama_guard_4": served.llama_guard_4,
    "harmbench": served.harmbench,
    "rubric": served.rubric,
    "published": published.vlsbench,
}


@pytest.fixture(autouse=True)
def _no_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "SECTOW_API_KEY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.mark.parametrize("name", FACTORIES)
def test_a_served_judge_scores_turns(name: str, tmp_path: Path) -> None:
    form = FORMS[name]

    def say(request: Received) -> str:
        return form.harmful if "moonleaf" in request.question else form.harmless

    with FaultyServer(say=say) as server:
        judge = FACTORIES[name](server.base_url, "potion-1", cache=tmp_path / "cache.sqlite")
        verdicts = judge.judge([turn("take moonleaf"), turn("i must not tell it"), turn(None)])
        body = server.received[0].body
    assert [verdict.harmful for verdict in verdicts] == [True, False, None]
    assert "potion-1" in judge.id
    assert judge.id.startswith(judge.form.id)
    assert BEHAVIOR in str(body["messages"])
    assert body["temperature"] == 0.0
    assert len({verdict.prompt_hash for verdict in verdicts[:2]}) == 2


def test_a_server_without_answers_leaves_turns_unscored() -> None:
    with FaultyServer(script=lambda _: 400) as server:
        judge = served.qwen3guard(server.base_url, "potion-1", retries=0, cache=None)
        verdict = judge.judge([turn("a")])[0]
    assert (verdict.harmful, verdict.raw, verdict.scored) == (None, None, False)


def test_settings_may_come_as_text() -> None:
    url = "http://127.0.0.1:1/v1"
    judges = [
        served.qwen3guard(url, "m", strict="true", timeout="5", cache=None),
        served.qwen3guard(url, "m", strict="false", timeout="5", cache=None),
        served.qwen3guard(url, "m", max_tokens="8", cache=None),
        served.rubric(url, "m", threshold="0.25", cache=None),
        served.rubric(url, "m", temperature="0.5", cache=None),
        served.rubric(url, "m", cache=None, world=None),
        served.harmbench(url, "m", variant="mistral", cache=None),
        # A gateway may keep models apart by the path of the address alone.
        served.rubric("http://127.0.0.1:1/other/v1", "m", cache=None),
        served.rubric(url, "/models/one/m", cache=None),
        served.rubric(url, "/models/two/m", cache=None),
        published.siuo(url, "m", picture="false", cache=None),
        published.siuo(url, "m", picture="true", cache=None),
        published.mssbench(url, "m", cache=None),
    ]
    assert len({f"{judge.id}@{judge.version}" for judge in judges}) == len(judges)
    with pytest.raises(ConfigError, match="timeout"):
        served.rubric(url, "m", timeout="soon", cache=None)
    with pytest.raises(ConfigError, match="base_url"):
        served.rubric("nowhere", "m", cache=None)
