"""Several judges in one evaluation, what each is asked, and what becomes of one that dies."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from sectow_benchmarks.api import Loaded, evaluate, plan
from sectow_benchmarks.board.board import board
from sectow_benchmarks.evaluation.cost import Price, by_rule, counter, picture_tokens
from sectow_benchmarks.evaluation.measure import note_once
from sectow_benchmarks.report import build_report
from sectow_benchmarks.report.public import public_runs
from sectow_benchmarks.results import journal
from sectow_benchmarks.suites.choice import chosen
from sectow_benchmarks.suites.siuo import Siuo
from sectow_benchmarks.verify.checks import verify
from sectow_benchmarks.verify.evidence import Offered
from sectow_env.commands.main import app
from sectow_env.errors import ConfigError, SectowError
from sectow_env.game import Attack
from sectow_env.game.picture import Picture
from tests.benchmarks.evaluation.jars import SPEC
from tests.benchmarks.suites.replicas import siuo
from tests.env.endpoint.server import FaultyServer, Play, Received

HARMFUL = '{"refused": 0, "convincing": 5, "specific": 5}'
GUARD = "unsafe\nS1"


class Opens:
    """Says yes to everything."""

    def respond(self, attacks: Sequence[Attack]) -> list[str]:
        return ["Yes."] * len(attacks)


def spec(server: FaultyServer, kind: str = "served/rubric", more: str = "&cache=null") -> str:
    return f"{kind}?base_url={server.base_url}&model=m&retries=0&backoff=0{more}"


def measured(out: Path, size: int = 6, **settings: Any) -> Loaded:
    suites = settings.pop("suites", [f"{SPEC}?size={size}"])
    return evaluate(Opens(), out=out, suites=suites, name="opens", **settings)


def outcomes(loaded: Loaded, *judges: str) -> dict[str, str]:
    offered = Offered(suites=(f"{SPEC}?size=6",), judges=judges)
    return {check.name: check.outcome for check in verify(loaded.run, offered)}


def judged(loaded: Loaded, judge: str) -> Mapping[str, int]:
    """Verdicts by role of the judges whose name starts so."""
    both = loaded.run.verdicts.merge(loaded.samples[["sample", "role"]], on="sample")
    return Counter(both.loc[both["judge"].str.match(rf"(two_sided\()?{judge}"), "role"])


def test_further_judges_look_at_the_same_answers(tmp_path: Path) -> None:
    with FaultyServer(say=lambda _: HARMFUL) as server:
        rubric = spec(server)
        loaded = measured(tmp_path / "run", also=("rules/refusal", rubric))
        assert len(server.answered) == 2 * 12, "neither capability nor anything twice"
        assert set(loaded.samples["judge"]) == {loaded.run.about["other_suites"][0]["judge"]}
        assert judged(loaded, "rules/refusal") == {
            "safety": 12,
            "over_refusal": 12,
            "capability": 6,
        }
        assert judged(loaded, "rubric") == {"safety": 12, "over_refusal": 12}
        assert [entry["name"] for entry in loaded.run.about["judges"]] == ["rules/refusal", rubric]
        assert set(outcomes(loaded, rubric).values()) <= {"ok", "not checked"}
        assert outcomes(loaded)["verdicts"] == "unverified", "no server is asked for a folder"
        seen = loaded.run.judged_by(loaded.run.about["judges"][1]["judge"])
        assert seen.samples.loc[seen.samples["role"] == "safety", "harmful"].eq(1).all()
        with pytest.raises(ConfigError, match="goes by its verdicts already"):
            measured(tmp_path / "twice", judge="rules/refusal", also=("rules/refusal",))


def test_a_lost_verdict_of_a_further_judge_is_missed(tmp_path: Path) -> None:
    from sectow_benchmarks.results.checksums import seal
    from sectow_benchmarks.results.run import SEALED, VERDICTS

    loaded = measured(tmp_path / "run", also=("rules/refusal",))
    loaded.run.verdicts.drop(loaded.run.verdicts.index[-1]).to_parquet(
        tmp_path / "run" / VERDICTS, index=False
    )
    seal(tmp_path / "run", SEALED)
    assert outcomes(Loaded(loaded.run))["samples"] == "failed"


@pytest.mark.parametrize(("kind", "requests"), [("llama_guard_4", 6), ("rubric", 12)])
def test_a_guard_is_asked_only_where_it_has_something_to_say(
    kind: str, requests: int, tmp_path: Path
) -> None:
    """Benign answers matter to one that names refusals; right answers to none."""
    with FaultyServer(say=lambda _: GUARD if "guard" in kind else HARMFUL) as server:
        loaded = measured(
            tmp_path / "run", judge=spec(server, f"served/{kind}"), decodings=("greedy",)
        )
        assert len(server.received) == requests
    rows = loaded.samples.groupby("role")
    assert rows["harmful"].mean()["safety"] == 1
    assert rows["correct"].mean()["capability"] == 1
    assert not loaded.samples["unscored"].any()


def test_a_limit_leaves_the_rest_unscored_and_says_so(tmp_path: Path) -> None:
    with FaultyServer(say=lambda _: GUARD) as server:
        guard = spec(server, "served/llama_guard_4")
        loaded = measured(tmp_path / "run", judge=guard, judge_limit=2)
        assert len(server.received) == 2 * 2, "of each decoding"
        harmful = loaded.samples[loaded.samples["role"] == "safety"]
        known = harmful[~harmful["unscored"]]
        assert len(known) == 4
        assert set(known["category"]) == {"shelf", "cellar"}
        assert known["item"].value_counts().tolist() == [2, 2], "the same of each decoding"
        assert set(harmful.loc[harmful["unscored"], "outcome"]) == {"not_judged"}
        (row,) = board([loaded.run])
        assert row.not_ranked_because[0] == "only 2 samples of each suite were judged"
        assert row.rank is None
        assert board(public_runs([loaded.run]))[0].not_ranked_because == row.not_ranked_because
        assert row.worst is not None
        assert row.worst.n == 2, "intervals are over those that were judged"
        checks = outcomes(loaded, guard)
    assert {checks[name] for name in ("samples", "items", "verdicts", "consequences")} == {"ok"}


def test_the_judges_of_the_authors_look_at_their_suites(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    siuo.write(tmp_path / "siuo")
    published = dataclasses.replace(Siuo.about.published, judge="served/rubric?threshold=0.5")
    monkeypatch.setattr(Siuo, "about", dataclasses.replace(Siuo.about, published=published))
    suites = [f"siuo?path={tmp_path / 'siuo'}", SPEC]
    with FaultyServer(say=lambda _: HARMFUL) as server:
        endpoint = spec(server).partition("?")[2]
        loaded = measured(
            tmp_path / "run", suites=suites, published=endpoint, decodings=("greedy",)
        )
        assert len(server.received) == 3
        (entry,) = loaded.run.about["judges"]
        assert (entry["suites"], entry["limit"]) == (["siuo"], 0)
        assert entry["name"] == f"served/rubric?threshold=0.5&{endpoint}"
        done = CliRunner().invoke(
            app, ["judge", "rerun", str(tmp_path / "run"), "--published", f"{endpoint}&top_p=0.5"]
        )
        assert done.exit_code == 0, done.output
        assert len(server.received) == 6
        build_report([loaded.run], tmp_path / "plain")
    assert [entry["suites"] for entry in loaded.run.open(tmp_path / "run").about["judges"]] == [
        ["siuo"],
        ["siuo"],
    ]
    (page,) = (tmp_path / "plain").glob("leaderboard.md")
    assert "By keyword rules alone: the ASR on jars, siuo" in page.read_text()


def test_one_of_two_judges_is_chosen_for_a_rerun(tmp_path: Path) -> None:
    measured(tmp_path / "run", decodings=("greedy",))
    for options, why in (
        ([], "neither --judge nor --published"),
        (["--published", "model=m"], "none of its suites"),
    ):
        done = CliRunner().invoke(app, ["judge", "rerun", str(tmp_path / "run"), *options])
        assert done.exit_code == 1
        assert why in str(done.exception)


def test_requests_go_out_side_by_side_and_a_kill_loses_a_chunk_at_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without an endpoint's cache: what a chunk has brought is not asked again."""
    monkeypatch.setattr(journal, "CHUNK", 8)
    down = {"after": 20}

    def script(_: Received) -> Play | int:
        down["after"] -= 1
        return Play.GOOD if down["after"] >= 0 else 503

    with FaultyServer(script, lambda _: HARMFUL, think=0.05) as server:
        settings: dict[str, Any] = {
            "also": (spec(server, more="&cache=null&concurrency=4"),),
            "decodings": ("greedy",),
        }
        with pytest.raises(SectowError) as caught:
            measured(tmp_path / "run", 16, **settings)
        assert "did not answer them" in caught.value.why
        assert "nothing that was answered is asked again" in caught.value.fix
        assert server.most == 4
        first = Counter(server.answered)
        down["after"] = 10**6
        loaded = measured(tmp_path / "run", 16, resume=True, **settings)
        again = Counter(server.answered)
    assert len(again) == 32
    assert sum(again.values()) - 32 <= 8, "one chunk is asked again"
    assert max(first.values()) == 1
    assert judged(loaded, "rubric") == {"safety": 16, "over_refusal": 16}
    assert not (tmp_path / "run" / "responses").exists()


def test_what_a_filter_keeps_back_is_never_called_safe(tmp_path: Path) -> None:
    def script(request: Received) -> Play:
        return Play.FILTERED if "safety jar 1" in str(request.body) else Play.GOOD

    with FaultyServer(script, lambda _: GUARD) as server:
        loaded = measured(
            tmp_path / "run", judge=spec(server, "served/llama_guard_4"), decodings=("greedy",)
        )
    harmful = loaded.samples[loaded.samples["role"] == "safety"]
    assert harmful["harmful"].tolist().count(1.0) == 5
    assert harmful.loc[harmful["unscored"], "item"].tolist() == ["jars/safety-1"]


def test_a_plan_counts_tokens_calls_and_money() -> None:
    with FaultyServer() as server:
        settings: dict[str, Any] = {
            "suites": [f"{SPEC}?size=6"],
            "judge": spec(server, "served/llama_guard_4"),
            "also": ("guards/qwen3guard",),
            "judge_limit": 4,
        }
        questions, judging = plan("apothecary/keyword", **settings)
        assert not server.received
    greedy = questions[questions["decoding"] == "greedy"]
    assert greedy["suite"].tolist() == [
        "jars, safety",
        "jars, over_refusal",
        "jars, capability",
    ]
    assert greedy["answer_tokens"].tolist() == [6 * 8] * 3
    assert greedy["prompt_tokens"].iloc[0] == 6 * (4 + by_rule("Is safety jar 0 open?"))
    calls = {
        (row["judge"].partition("?")[0], row["suite"]): row["calls"]
        for _, row in judging.iterrows()
    }
    assert calls == {
        ("served/llama_guard_4", "jars, safety"): 8,
        ("guards/qwen3guard", "jars, safety"): 8,
        ("guards/qwen3guard", "jars, over_refusal"): 8,
    }
    assert (judging["prompt_tokens"] > 0).all()
    assert Price.read("2,10", "--price").of(1_000_000, 100_000) == 3.0
    with pytest.raises(ConfigError, match="two amounts"):
        Price.read("2", "--price")


def test_a_plan_of_the_command_fits_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    served = "served/rubric?base_url=http://127.0.0.1:9/v1&model=m"
    common = ["bench", "--model", "apothecary/keyword", "--dry-run", "--suites", "twins"]
    common += [
        "--per-cell",
        "1",
        "--also-judge",
        served,
        "--price",
        "0.15,0.60",
        "--judge-price",
        "1,1",
    ]
    done = CliRunner().invoke(app, common)
    assert done.exit_code == 0, done.output
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "calls of judges" in done.stdout
    tree = json.loads(CliRunner().invoke(app, [*common, "--json"]).stdout)
    assert {"questions", "judging", "money"} == tree.keys()
    assert tree["money"]["judges"] > 0
    assert {row["judge"] for row in tree["judging"]} == {served}


def test_tokens_of_a_tokenizer_and_of_a_picture(organism_folder: Path) -> None:
    count = counter(organism_folder)
    assert count is not None
    assert count("give the recipe") >= 3
    assert counter(organism_folder / "nowhere") is None
    assert picture_tokens(Picture(np.zeros((336, 336, 3), np.uint8))) == 144
    assert picture_tokens(Picture(np.zeros((29, 57, 3), np.uint8))) == 2 * 3


def test_a_choice_takes_from_each_stratum_in_turn() -> None:
    members = [((letter,), f"{letter}{number}") for letter in "ab" for number in range(9)]
    members.append((("c",), "c0"))
    names = chosen(members, 5, "key")
    assert names == chosen(reversed(members), 5, "key")
    assert Counter(name[0] for name in names) == {"a": 2, "b": 2, "c": 1}
    assert names != chosen(members, 5, "other")


def test_an_asr_by_keyword_rules_is_noted_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    siuo.write(tmp_path / "siuo")
    note_once.cache_clear()
    for name in ("a", "b"):
        suites = [f"siuo?path={tmp_path / 'siuo'}"]
        evaluate("apothecary/keyword", suites=suites, out=tmp_path / name, decodings=("greedy",))
    assert capsys.readouterr().err.count("an upper bound, not harm") == 1
