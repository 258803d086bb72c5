"""The tasks of lm-eval that groups name, on tiny data sets in their own layouts."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from PIL import Image

from sectow_agents.models.chat_model import LocalModel
from sectow_benchmarks.api import Loaded, evaluate, plan
from sectow_benchmarks.evaluation import foreign_tasks
from sectow_benchmarks.evaluation.estimate import arithmetic, minutes_of
from sectow_benchmarks.evaluation.foreign_tasks import (
    ForeignResult,
    ForeignSettings,
    ForeignTasks,
    mini_documents,
)
from sectow_benchmarks.evaluation.lm_eval_model import ChatLM, PolicyLM
from sectow_benchmarks.results.checksums import seal
from sectow_benchmarks.results.run import SEALED, EvaluationRun
from sectow_benchmarks.suites import group_table
from sectow_benchmarks.suites.group_table import GROUPS, Group
from sectow_benchmarks.suites.groups import LIKELIHOODS
from sectow_benchmarks.verify.checks import verify
from sectow_env.endpoint.model import EndpointModel
from sectow_env.endpoint.settings import endpoint_settings
from sectow_env.errors import ConfigError, UnknownNameError
from sectow_env.policies.chat import ChatDefender
from tests.agents.tiny import llava_next
from tests.benchmarks.evaluation.foreign_pack import run_foreign
from tests.benchmarks.evaluation.lm_eval_replicas import GENERATIVE, RATED, write_replicas
from tests.benchmarks.evaluation.test_foreign_tasks import Speaker
from tests.env.endpoint.server import FaultyServer


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where the replicas are; IFEval fetches nothing for its sentences."""
    folder = tmp_path_factory.mktemp("replicas")
    (folder / "nltk" / "tokenizers" / "punkt_tab").mkdir(parents=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NLTK_DATA", str(folder / "nltk"))
        yield folder


@pytest.fixture(scope="module")
def tasks(home: Path) -> Path:
    return write_replicas(home)


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> PolicyLM:
    return PolicyLM(LocalModel(llava_next(tmp_path_factory.mktemp("llava"))))


def by_task(results: list[ForeignResult]) -> dict[str, ForeignResult]:
    return {result.task: result for result in results}


def test_local_weights_are_asked_each_of_them(
    policy: PolicyLM, tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del home
    shown: list[tuple[str, int]] = []
    encode = policy.generator.encode

    def spy(texts: Sequence[str], images: Sequence[Sequence[Image.Image]]) -> object:
        shown.extend((text, len(each)) for text, each in zip(texts, images, strict=True))
        return encode(texts, images)

    monkeypatch.setattr(policy.generator, "encode", spy)
    settings = ForeignSettings(include=(write_replicas(tmp_path, longest=2),))
    names = ["mmmu_val", "mmlu", *GENERATIVE[2:], *RATED[:3]]
    results = by_task(run_foreign(policy, names, settings))
    assert {*GENERATIVE, *RATED, "mmmu_val", "mmlu"} == set(results)
    answered = [results[task] for task in (*GENERATIVE, *RATED)]
    assert all(result.metric for result in answered)
    assert not any(answer.correct is None for result in answered for answer in result.answers)
    assert {number for _, number in shown} == {0, 1, 3}
    several = [text for text, number in shown if number == 3]
    assert all(text.count("<image>") == 3 for text in several)
    assert all("Is <image> fuller than <image>?" in text for text in several)


def test_an_endpoint_is_asked_what_is_generated(tasks: Path) -> None:
    with FaultyServer(say=lambda _: "Final Answer: 4") as server:
        model = EndpointModel(endpoint_settings(base_url=server.base_url, model="m", cache=None))
        lm, settings = ChatLM(model), ForeignSettings(include=(tasks,))
        results = by_task(run_foreign(lm, ["mmmu_val", *GENERATIVE[2:]], settings))
        with pytest.raises(ConfigError, match="the tasks mmlu_anatomy, mmlu_virology, hellaswag,"):
            run_foreign(lm, ["mmlu", "chartqa", "hellaswag"], settings)
        bodies = [request.body for request in server.received]
    metrics = {task: result.metric for task, result in results.items()}
    assert metrics == {
        "mmmu_val": None,
        "mmmu_val_art": "acc,none",
        "mmmu_val_math": "acc,none",
        "chartqa": "relaxed_accuracy,none",
        "gsm8k": "exact_match,strict-match",
        "ifeval": "prompt_level_strict_acc,none",
    }
    assert [answer.correct for answer in results["chartqa"].answers] == [True] * 3
    assert [answer.correct for answer in results["ifeval"].answers] == [True] * 2
    assert len(bodies) == 4 + 3 + 6 + 1, "what is alike in two tasks is asked once"
    assert {body["max_tokens"] for body in bodies} == {256, 512, 1280}
    parts = [
        sum(part["type"] == "image_url" for part in content)
        for body in bodies
        if not isinstance(content := body["messages"][-1]["content"], str)
    ]
    assert {number for number in parts if number} == {1, 3}


def test_scoring_draws_from_a_seed_and_leaves_the_global_one(tasks: Path) -> None:
    def correct() -> list[bool | None]:
        lm = ChatLM(Speaker(lambda _: "no idea"))
        answered = run_foreign(lm, ["mmmu_val"], ForeignSettings(include=(tasks,)))
        return [answer.correct for result in answered for answer in result.answers]

    random.seed(1)
    before = random.getstate()
    first = correct()
    assert random.getstate() == before
    random.seed(2)
    assert correct() == first


def test_the_tasks_that_need_likelihoods_are_those_of_lm_eval(tasks: Path) -> None:
    members = {task.name for group in GROUPS.values() for task in group.tasks}
    loaded = ForeignTasks.load(sorted(members), ForeignSettings(include=(tasks,)))
    longest = loaded.longest()
    rated = {name.removeprefix("lm_eval/") for name, tokens in longest.items() if not tokens}
    assert rated == {*RATED}
    assert LIKELIHOODS == {"mmlu", "hellaswag", "arc_easy", "arc_challenge"}


def test_a_mini_is_the_same_for_everybody_and_evenly_from_the_tasks_of_a_group(
    tasks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(foreign_tasks, "MINI_DOCUMENTS", 3)
    settings = ForeignSettings(include=(tasks,))
    loaded = ForeignTasks.load(["chartqa"], settings, minis=["mmmu_val", "gsm8k", "chartqa"])
    counts = {"mmmu_val_art": 2, "mmmu_val_math": 2, "gsm8k": 3, "chartqa": 3}
    assert loaded.counts() == {f"lm_eval/{name}": count for name, count in counts.items()}
    answers = by_task(loaded.ask(ChatLM(Speaker(lambda _: "B"))))
    for task, count in counts.items():
        documents = tuple(int(answer.document) for answer in answers[task].answers)
        whole = {"gsm8k": 6, "chartqa": 3}.get(task, 4)
        assert documents == mini_documents(task, whole, count)
    prompts = {answer.document: answer.prompt for answer in answers["gsm8k"].answers}
    assert all(f"There are {number} jars" in prompt for number, prompt in prompts.items())
    assert mini_documents("gsm8k", 1319, 100)[:6] == (7, 25, 60, 70, 71, 78)
    limited = ForeignTasks.load([], settings.model_copy(update={"limit": 1}), minis=["gsm8k"])
    assert limited.counts() == {"lm_eval/gsm8k": 1}
    with pytest.raises(UnknownNameError, match="mini"):
        ForeignTasks.load(["chartqa"], settings, minis=["math_word_problems"])


SMALL: dict[str, Any] = {"decodings": ("greedy",)}


@pytest.fixture
def field(tasks: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Groups without suites, whose data are not here, and small minis."""
    for name, group in GROUPS.items():
        monkeypatch.setitem(group_table.GROUPS, name, Group(group.role, (), group.tasks))
    monkeypatch.setattr(foreign_tasks, "MINI_DOCUMENTS", 2)
    return tasks


def measured(tasks: Path, folder: Path) -> Loaded:
    model = ChatDefender(Speaker(lambda _: "Final Answer: 4"))
    return evaluate(model, name="m", out=folder, suites=["sectow_quick"], include=(tasks,), **SMALL)


def test_a_group_leaves_out_what_a_model_cannot_be_asked_and_says_so(
    field: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    loaded = measured(field, tmp_path / "run")
    assert "m has no likelihoods: without mmlu, hellaswag, arc_easy," in " ".join(
        capsys.readouterr().err.split()
    )
    settings = loaded.about["settings"]
    assert settings["groups"] == ["sectow_quick"]
    assert settings["tasks"] == []
    assert settings["mini_tasks"] == ["mmmu_val", "chartqa", "gsm8k", "ifeval"]
    counts = loaded.samples.groupby("suite").size().to_dict()
    assert counts == {f"lm_eval/{task}": 1 if "mmmu" in task else 2 for task in GENERATIVE}
    with pytest.raises(ConfigError, match="the tasks mmlu_anatomy"):
        evaluate(
            ChatDefender(Speaker(str)), out=tmp_path / "no", suites=["sectow_quick"],
            tasks=["mmlu"], include=(field,), **SMALL,
        )  # fmt: skip


def test_a_run_with_minis_is_verified_and_a_missing_document_found(
    field: Path, tmp_path: Path
) -> None:
    run = measured(field, tmp_path / "run").run
    unlike = {check.name: check.outcome for check in verify(run) if check.outcome != "ok"}
    assert unlike == dict.fromkeys(("weights", "board"), "not checked")
    for name in ("samples", "verdicts"):
        table = pd.read_parquet(run.path / f"{name}.parquet")
        other = table["sample"].str.contains("gsm8k/")
        changed = table[other].assign(sample=lambda rows: rows["sample"].str.replace("/0", "/1"))
        pd.concat([table[~other], changed.iloc[1:]]).to_parquet(
            run.path / f"{name}.parquet", index=False
        )
    seal(run.path, SEALED)
    checks = verify(EvaluationRun.open(run.path))
    assert "items" in {check.name for check in checks if check.outcome == "failed"}


def test_a_plan_says_how_long_it_takes(field: Path, policy: PolicyLM) -> None:
    source = policy.generator.source
    table = plan(str(source), suites=["sectow_quick"], include=(field,), **SMALL).questions
    rows = [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]
    tokens = {row["suite"]: row["answer_tokens"] for row in rows}
    assert tokens["lm_eval/mmmu_val_art"] == 512
    assert tokens["lm_eval/ifeval"] == 2 * 1280
    generated = 2 * 512 + 2 * 512 + 2 * 256 + 2 * 1280
    rated = (1 + 1 + 2 + 2 + 2) * 512
    assert f"{generated:,} tokens of answers" in arithmetic(rows)
    assert f"{rated:,} for documents that are rated" in arithmetic(rows)
    assert "1,290 a second" in arithmetic(rows)
    assert minutes_of(rows) == 1
    hour = [{"decoding": "greedy", "questions": 1, "answer_tokens": 1290 * 3600}]
    assert minutes_of([*hour, {**hour[0], "answer_tokens": float("nan")}]) == 60
