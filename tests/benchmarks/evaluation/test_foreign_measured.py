"""Tasks of lm-eval as a part of an evaluation: rows, figures, board, verification, resuming."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

from sectow_benchmarks.api import compare, evaluate, plan
from sectow_benchmarks.board.board import board
from sectow_benchmarks.board.comparable import differences
from sectow_benchmarks.board.entry import Board
from sectow_benchmarks.board.files import to_csv, to_markdown
from sectow_benchmarks.judging.rejudge import rejudge
from sectow_benchmarks.report import build_report
from sectow_benchmarks.report.overview import matrices
from sectow_benchmarks.results.checksums import seal
from sectow_benchmarks.results.journal import Journal
from sectow_benchmarks.results.run import SEALED, EvaluationRun
from sectow_benchmarks.submissions.make import entry_of
from sectow_benchmarks.verify.checks import CHECKS, verify
from sectow_env.commands.main import app
from sectow_env.errors import ConfigError
from sectow_env.game.decoding import Decoding
from sectow_env.game.messages import Conversation, Prefix
from sectow_env.judges.refusal import RefusalJudge
from sectow_env.policies.chat import ChatDefender
from tests.benchmarks.evaluation.foreign_pack import write_tasks

TASKS = ("cows", "cows_generate")
SMALL: dict[str, Any] = {
    "suites": ["general"],
    "per_cell": 1,
    "per_kind": 1,
    "splits": ("test",),
    "decodings": ("greedy",),
    "max_new_tokens": 4,
}


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tasks(tmp_path_factory.mktemp("foreign"))


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tokenizer that knows every letter: the organism's has only the words of its world."""
    from tests.agents.tiny import llava_next

    return llava_next(tmp_path_factory.mktemp("llava"))


@pytest.fixture(scope="module")
def run(pack: Path, weights: Path, tmp_path_factory: pytest.TempPathFactory) -> EvaluationRun:
    """A tiny model with weights, asked tasks of each kind."""
    folder = tmp_path_factory.mktemp("measured") / "run"
    loaded = evaluate(weights, name="tiny", out=folder, tasks=TASKS, include=(pack,), **SMALL)
    build_report([loaded.run], folder / "report")
    return loaded.run


def of_tasks(run: EvaluationRun) -> pd.DataFrame:
    samples = run.samples
    return samples[samples["suite"].str.startswith("lm_eval/")]


def test_rows_are_capability_with_lm_evals_own_verdicts(run: EvaluationRun) -> None:
    rows = of_tasks(run)
    assert rows.groupby("suite").size().to_dict() == {
        "lm_eval/cows_choice": 3,
        "lm_eval/cows_generate": 3,
        "lm_eval/cows_rolling": 3,
    }
    assert set(rows["role"]) == {"capability"}
    assert set(rows["decoding"]) == {"greedy"}
    assert not rows["harmful_scenario"].any()
    own = json.loads((run.path / "lm_eval" / "lm_eval.json").read_text())
    choice = rows[rows["suite"] == "lm_eval/cows_choice"]
    assert choice["correct"].mean() == own["cows_choice"]["results"]["acc,none"]
    assert set(choice["judge"].str.partition("@")[0]) == {"lm_eval/cows_choice/acc,none"}
    assert own["cows_rolling"]["results"]["bits_per_byte,none"] > 0
    assert rows.loc[rows["suite"] == "lm_eval/cows_rolling", "correct"].isna().all()


def test_the_tasks_of_mmlu_count_as_one_suite(run: EvaluationRun) -> None:
    names = {"lm_eval/cows_choice": "lm_eval/mmlu_law", "lm_eval/cows_generate": "lm_eval/mmlu_art"}
    settings = {**run.about["settings"], "tasks": ["mmlu", "mmlu_pro"]}
    renamed = EvaluationRun(run.path, {**run.about, "settings": settings})
    vars(renamed)["samples"] = run.scores.assign(suite=run.scores["suite"].replace(names))
    (row,) = board([renamed])
    pooled = row.suite_capability["lm_eval/mmlu"]
    assert {"lm_eval/mmlu_law", "lm_eval/mmlu_art"} & set(row.suite_capability) == set()
    (apart,) = board([run])
    means = [apart.suite_capability[name].value for name in names]
    assert pooled.value == pytest.approx(sum(means) / 2)
    assert pooled.n == 6
    (matrix,) = [each for each in matrices([renamed]) if each.role == "capability"]
    assert [row.label for row in matrix.rows if row.label.startswith("lm_eval/")] == [
        "lm_eval/mmlu"
    ]
    assert "lm_eval/mmlu" in {suite.name for suite in entry_of(renamed).suites}
    # A task of another group, which begins alike.
    other = {"lm_eval/cows_choice": "lm_eval/mmlu_pro_law", "lm_eval/cows_generate": "lm_eval/x"}
    vars(renamed)["samples"] = run.samples.assign(suite=run.samples["suite"].replace(other))
    assert "lm_eval/mmlu_pro_law" in board([renamed])[0].suite_capability


def test_figures_and_board_tell_them_apart_from_the_worlds_own(run: EvaluationRun) -> None:
    (row,) = board([run])
    rows = of_tasks(run)
    estimate = row.suite_capability["lm_eval/cows_choice"]
    assert estimate.value == rows.loc[rows["suite"] == "lm_eval/cows_choice", "correct"].mean()
    assert row.general.n == len(run.samples) - len(rows)
    assert not any("unscored" in reason for reason in row.not_ranked_because)
    assert "lm\\_eval/cows\\_choice" in to_markdown(Board(rows=(row,)))
    assert "suite_capability.lm_eval/cows_choice.value" in to_csv(Board(rows=(row,)))
    page = (run.path / "report" / "figures.md").read_text()
    assert "Capability, lm_eval/cows_choice" in page


def test_a_task_that_is_lost_is_out_of_the_gates(run: EvaluationRun, tmp_path: Path) -> None:
    suite = "lm_eval/cows_generate"
    right, wrong = (EvaluationRun(tmp_path / name, run.about) for name in ("a", "b"))
    for other, value in ((right, 1.0), (wrong, 0.0)):
        other.samples = run.samples.assign(
            correct=run.samples["correct"].mask(run.samples["suite"] == suite, value)
        )
    lost = "suites of capability"
    reasons = [" ".join(row.not_ranked_because) for row in board([right, wrong], right)]
    assert [lost in each for each in reasons].count(True) == 1


def test_a_run_with_tasks_is_verified(run: EvaluationRun) -> None:
    checks = {check.name: check for check in verify(run)}
    assert {name: check.outcome for name, check in checks.items()} == dict.fromkeys(CHECKS, "ok")
    assert "9 of lm-eval's tasks are known by their digests only" in checks["items"].detail
    assert "fit 9 answers" in checks["verdicts"].detail


@pytest.fixture
def copy(run: EvaluationRun, tmp_path: Path) -> Path:
    import shutil

    return Path(shutil.copytree(run.path, tmp_path / "copy"))


TABLES = ("samples", "verdicts")


def failed(folder: Path) -> set[str]:
    return {check.name for check in verify(EvaluationRun.open(folder)) if check.outcome == "failed"}


def test_a_verdict_that_lm_eval_did_not_give_is_found(copy: Path) -> None:
    file = copy / "verdicts.parquet"
    table = pd.read_parquet(file)
    own = table["judge"].str.startswith("lm_eval/cows_choice")
    table.loc[own, "correct"] = 1.0 - table.loc[own, "correct"]
    table.to_parquet(file, index=False)
    seal(copy, SEALED)
    assert failed(copy) == {"verdicts", "board"}


@pytest.mark.parametrize(
    "column",
    ["split", "cluster", "role", "behavior", "category", "channel", "judge", "decoding", "prefix",
     "suite", "scenario", "attack", "harmful_scenario", "answered"],
)  # fmt: skip
def test_a_relabelled_column_of_theirs_is_found(copy: Path, column: str) -> None:
    file = copy / "samples.parquet"
    table = pd.read_parquet(file)
    foreign = table["suite"].str.startswith("lm_eval/")
    flags = table[column].dtype.kind == "b"
    other = ~table[column] if flags else table[column].map(lambda _: "sampled")
    table[column] = table[column].where(~foreign, other)
    table.to_parquet(file, index=False)
    seal(copy, SEALED)
    assert failed(copy)


def test_a_dropped_document_is_found(copy: Path) -> None:
    samples, verdicts = (pd.read_parquet(copy / f"{name}.parquet") for name in TABLES)
    foreign = samples.index[samples["suite"] == "lm_eval/cows_rolling"]
    samples = samples.drop(index=foreign[0])
    verdicts = verdicts[verdicts["sample"].isin(samples["sample"])]
    for name, table in zip(TABLES, (samples, verdicts), strict=True):
        table.to_parquet(copy / f"{name}.parquet", index=False)
    seal(copy, SEALED)
    assert "items" in failed(copy)


def test_another_judge_may_look_at_them_too(copy: Path) -> None:
    rejudge(EvaluationRun.open(copy), RefusalJudge(), "rules/refusal")
    assert failed(copy) == set()


def test_what_is_asked_does_not_depend_on_the_system_prompt(
    run: EvaluationRun, pack: Path, weights: Path, tmp_path: Path
) -> None:
    """Else a prompted defender could not be compared with its base."""
    loaded = evaluate(
        *(weights,), out=tmp_path / "run", system="be brief", tasks=TASKS, include=(pack,), **SMALL
    )
    assert differences(run, loaded.run) == []
    table = compare(evaluate(weights, out=run.path, resume=True, name="tiny",
                             tasks=TASKS, include=(pack,), **SMALL), loaded)  # fmt: skip
    kept = table[table["figure"] == "lm_eval/cows_choice/capability"]
    assert list(kept["retention"]) != [""]


class Mortal:
    """A chat model that answers so many conversations, and dies."""

    id = "mortal"

    def __init__(self, lives: int) -> None:
        self.lives = lives
        self.seen: list[str] = []

    def chat(
        self,
        conversations: Sequence[Conversation],
        decoding: Decoding | None = None,
        prefix: Prefix = None,
        seeds: Sequence[int] | None = None,
    ) -> list[str | None]:
        del decoding, prefix, seeds
        if len(self.seen) + len(conversations) > self.lives:
            raise KeyboardInterrupt
        self.seen += [chat[-1].text for chat in conversations]
        return ["water" if "cows" in chat[-1].text else "no" for chat in conversations]


def test_a_killed_run_asks_nothing_twice(
    pack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sectow_benchmarks.results.journal.CHUNK", 2)
    settings: dict[str, Any] = {
        "tasks": ["cows_generate"],
        "include": (pack,),
        **SMALL,
        "suites": [],
    }
    first, second = Mortal(2), Mortal(9)
    with pytest.raises(KeyboardInterrupt):
        evaluate(ChatDefender(first), name="m", out=tmp_path / "run", **settings)
    assert len(Journal(tmp_path / "run" / "responses" / "lm_eval.answers.jsonl")) == 2
    loaded = evaluate(ChatDefender(second), name="m", out=tmp_path / "run", resume=True, **settings)
    assert (len(first.seen), len(second.seen)) == (2, 1)
    whole = evaluate(ChatDefender(Mortal(9)), name="m", out=tmp_path / "whole", **settings)
    pd.testing.assert_frame_equal(loaded.samples, whole.samples)
    assert loaded.samples["correct"].tolist() == [1.0, 0.0, 0.0]
    third = Mortal(0)
    evaluate(ChatDefender(third), name="m", out=tmp_path / "run", resume=True, **settings)
    assert third.seen == []


def test_what_cannot_be_asked_is_said_before_anything_is(pack: Path, tmp_path: Path) -> None:
    model = Mortal(0)
    for task, why in (("cows_choice", "the tasks cows_choice, for"), ("cows_code", "executes")):
        with pytest.raises(ConfigError, match=why):
            evaluate(ChatDefender(model), out=tmp_path / "no", tasks=[task], include=[pack])
    assert not (tmp_path / "no").exists()


def test_a_plan_counts_their_documents(pack: Path) -> None:
    def counted(**more: Any) -> dict[str, int]:
        table, _ = plan("apothecary/keyword", tasks=TASKS, include=(pack,), **SMALL, **more)
        return dict(zip(table["suite"], table["questions"], strict=True))

    names = [f"lm_eval/{name}" for name in ("cows_choice", "cows_rolling", "cows_generate")]
    assert {name: counted()[name] for name in names} == dict.fromkeys(names, 3)
    assert {name: counted(limit=2)[name] for name in names} == dict.fromkeys(names, 2)


@pytest.mark.parametrize("dry", [True, False])
def test_the_command_takes_tasks_and_folders(pack: Path, tmp_path: Path, dry: bool) -> None:
    given = ["bench", "--model", "apothecary/answer_all", "--suites", "general", "--per-kind", "1"]
    given += ["--split", "test", "--out", str(tmp_path / "run"), "--include-path", str(pack)]
    given += ["--task", "cows_generate", "--task", "cows_filters", *["--dry-run"] * dry]
    done = CliRunner().invoke(app, given)
    assert done.exit_code == 0, done.output
    assert "cows" in done.output
    assert (tmp_path / "run").exists() is not dry
