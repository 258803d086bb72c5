"""Verification: every kind of damage is found by the check that is there for it."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

from sectow_benchmarks.board.comparable import differences
from sectow_benchmarks.board.entry import Board, Gates
from sectow_benchmarks.board.files import files_of
from sectow_benchmarks.judging.rejudge import rejudge
from sectow_benchmarks.results.checksums import SUMS, broken, read_sums, seal
from sectow_benchmarks.results.further import label_of
from sectow_benchmarks.results.run import SEALED, EvaluationRun
from sectow_benchmarks.results.samples import digest_of, rows_of
from sectow_benchmarks.verify.checks import CHECKS, verify
from sectow_env.commands.main import app
from sectow_env.errors import ConfigError, RunFolderError
from sectow_env.game import Turn, Verdict
from sectow_env.judges.refusal import RefusalJudge
from tests.benchmarks.scripted import WORLD

TABLES = ("samples", "verdicts")


def outcomes(folder: Path) -> dict[str, str]:
    return {check.name: check.outcome for check in verify(EvaluationRun.open(folder))}


def failed(folder: Path) -> set[str]:
    return {name for name, outcome in outcomes(folder).items() if outcome == "failed"}


def test_a_sound_run_passes_everything(sound: EvaluationRun) -> None:
    assert outcomes(sound.path) == dict.fromkeys(CHECKS, "ok")


def test_the_seal_is_what_sha256sum_reads(sound: EvaluationRun) -> None:
    program = shutil.which("sha256sum")
    assert program is not None
    done = subprocess.run(
        [program, "--check", "--quiet", SUMS], cwd=sound.path, check=False, capture_output=True
    )
    assert done.returncode == 0, done.stdout.decode()


def flip(file: Path, at: int) -> None:
    data = bytearray(file.read_bytes())
    data[at] ^= 1
    file.write_bytes(bytes(data))


@pytest.mark.parametrize("place", [0.1, 0.5, 0.9])
def test_a_flipped_byte_in_the_samples_is_found(copy: Path, place: float) -> None:
    file = copy / "samples.parquet"
    flip(file, int(place * file.stat().st_size))
    assert "files" in failed(copy)


def test_a_flipped_byte_in_run_json_is_found(copy: Path) -> None:
    file = copy / "run.json"
    flip(file, file.read_bytes().index(b'"seed": 0') + 8)
    assert {"files", "items"} <= failed(copy), "0 became 1: other items would have been drawn"


def test_a_flipped_byte_in_the_weights_is_found(sound: EvaluationRun, weights: Path) -> None:
    file = weights / "model.safetensors"
    whole = file.read_bytes()
    flip(file, len(whole) - 1)
    try:
        assert failed(sound.path) == {"weights"}
    finally:
        file.write_bytes(whole)


def test_weights_that_lie_elsewhere_are_not_checked(copy: Path) -> None:
    change(copy, lambda about: about["model"].update(source="/nowhere/else"))
    assert outcomes(copy)["weights"] == "not checked"


def test_a_file_that_joined_or_left_is_found(copy: Path) -> None:
    picture = next((copy / "pictures").glob("*.png"))
    picture.rename(picture.with_name("a" * 64 + ".png"))
    reasons = {damage.partition(" ")[2] for damage in broken(copy, SEALED)}
    assert reasons == {"is missing", "was not there"}
    assert {"files", "pictures"} <= failed(copy)


@pytest.mark.parametrize("text", ["", "abc  run.json\n", f"{'0' * 64}  ../run.json\n"])
def test_a_seal_that_cannot_be_meant_is_refused(copy: Path, text: str) -> None:
    (copy / SUMS).write_text(text or "\n")
    with pytest.raises(RunFolderError, match="SHA256SUMS"):
        read_sums(copy)
    assert "files" in failed(copy)


def change(folder: Path, how: Callable[[dict[str, Any]], None]) -> None:
    """Change run.json and seal it again, as one who cheats would."""
    about = json.loads((folder / "run.json").read_text())
    how(about)
    (folder / "run.json").write_text(json.dumps(about))
    seal(folder, SEALED)


def cheat(
    folder: Path, how: Callable[[pd.DataFrame], pd.DataFrame], table: str = "samples"
) -> None:
    """Change a table and seal it again."""
    file = folder / f"{table}.parquet"
    how(pd.read_parquet(file)).to_parquet(file, index=False)
    seal(folder, SEALED)


def test_a_changed_verdict_is_found(copy: Path) -> None:
    def kinder(verdicts: pd.DataFrame) -> pd.DataFrame:
        scored = verdicts["sample"].str.startswith("greedy/safety/") & verdicts["harmful"].notna()
        for column in ("harmful", "success"):
            verdicts.loc[scored, column] = 1.0 - verdicts.loc[scored, column]
        return verdicts

    cheat(copy, kinder, "verdicts")
    assert failed(copy) == {"consequences", "verdicts", "board"}, "prices follow from harm"


def test_a_missing_and_a_doubled_sample_are_found(copy: Path) -> None:
    cheat(copy, lambda samples: samples.drop(samples.index[samples["suite"] == "twins"][0]))
    assert "items" in failed(copy)
    cheat(copy, lambda samples: pd.concat([samples, samples.iloc[:1]]))
    assert "samples" in failed(copy)


@pytest.mark.parametrize(
    "damage",
    [
        lambda verdicts: verdicts.iloc[1:],
        lambda verdicts: pd.concat([verdicts, verdicts.iloc[:1]]),
        lambda verdicts: pd.concat([verdicts, verdicts.iloc[:1].assign(sample="greedy/none")]),
        lambda verdicts: verdicts.assign(judge="somebody@1"),
    ],
)
def test_a_verdict_too_many_or_too_few_is_found(
    copy: Path, damage: Callable[[pd.DataFrame], pd.DataFrame]
) -> None:
    cheat(copy, damage, "verdicts")
    assert "samples" in failed(copy)


def test_another_question_is_found(copy: Path) -> None:
    def easier(samples: pd.DataFrame) -> pd.DataFrame:
        first = samples.index[samples["suite"] == "safety"][0]
        attack = json.loads(samples.loc[first, "attack"])
        samples.loc[first, "attack"] = json.dumps({**attack, "query": "good morning"})
        return samples

    cheat(copy, easier)
    # The judge looks at the attack too: what it asks for is part of the verdict.
    assert failed(copy) == {"samples", "items", "verdicts"}
    cheat(copy, lambda samples: samples.assign(digest=[digest_of(r) for r in rows_of(samples)]))
    left = {"items", "verdicts"}
    assert failed(copy) == left, "with a digest that fits, only the world can tell"


def test_another_picture_is_found(copy: Path) -> None:
    first, other = sorted((copy / "pictures").glob("*.png"))[:2]
    first.write_bytes(other.read_bytes())
    seal(copy, SEALED)
    assert failed(copy) == {"pictures"}


def test_other_lengths_of_answers_are_found(copy: Path) -> None:
    cheat(copy, lambda samples: samples.assign(tokens=samples["tokens"] - 1.0))
    assert "tokens" in failed(copy)
    change(copy, lambda about: about["model"].update(source="/nowhere/else"))
    assert outcomes(copy)["tokens"] == "not checked", "elsewhere nobody can count them"


def test_recall_cannot_be_dropped_by_saying_that_the_model_has_none(copy: Path) -> None:
    samples, verdicts = (pd.read_parquet(copy / f"{name}.parquet") for name in TABLES)
    assert (samples["suite"] == "recall").any()
    samples = samples[samples["suite"] != "recall"]
    verdicts = verdicts[verdicts["sample"].isin(samples["sample"])]
    for name, table in zip(TABLES, (samples, verdicts), strict=True):
        table.to_parquet(copy / f"{name}.parquet", index=False)
    seal(copy, SEALED)
    assert "items" in failed(copy)
    change(copy, lambda about: about["model"].update(prefilled=False))
    assert "run" in failed(copy)


def test_another_world_is_found(copy: Path) -> None:
    change(copy, lambda about: about["world"].update(fingerprint="0" * 64))
    assert "items" in failed(copy)


@pytest.mark.parametrize("name", ["costs/.greedy.json", "pictures/.a.png"])
def test_a_hidden_file_that_joined_is_found(copy: Path, name: str) -> None:
    (copy / name).write_text('{"samples": 1, "seconds": -5.0}')
    seal(copy, SEALED)
    assert failed(copy) == {"files"}


def test_an_unknown_field_of_the_costs_is_found(copy: Path) -> None:
    file = next((copy / "costs").glob("*.json"))
    file.write_text(json.dumps({**json.loads(file.read_text()), "endorsed": True}))
    seal(copy, SEALED)
    assert failed(copy) == {"items"}


def test_a_second_row_of_the_same_name_is_found(copy: Path) -> None:
    file = copy / "report" / "leaderboard.json"
    tree = json.loads(file.read_text())
    tree["rows"].append({**tree["rows"][0], "over_refusal": None})
    file.write_text(json.dumps(tree))
    assert failed(copy) == {"board"}


@pytest.mark.parametrize("figure", ["over_refusal", "twins_accuracy", "unscored"])
def test_another_row_on_the_board_is_found(copy: Path, figure: str) -> None:
    file = copy / "report" / "leaderboard.json"
    tree = json.loads(file.read_text())
    row = tree["rows"][0]
    counted, key = (row[figure], "n") if isinstance(row[figure], dict) else (row, figure)
    counted[key] += 1
    file.write_text(json.dumps(tree))
    assert failed(copy) == {"board"}


@pytest.mark.parametrize(
    ("field", "value"),
    [("rank", 2), ("rank_interval", [1, 2]), ("not_ranked_because", ["too weak"]), ("base", "x")],
)
def test_another_rank_or_reason_on_the_board_is_found(copy: Path, field: str, value: Any) -> None:
    file = copy / "report" / "leaderboard.json"
    board = Board.model_validate_json(file.read_text())
    (row,) = board.rows
    changed = row.model_validate({**row.model_dump(), field: value})
    for name, text in files_of(board.model_copy(update={"rows": (changed,)})).items():
        (file.parent / name).write_text(text)
    (finding,) = (check for check in verify(EvaluationRun.open(copy)) if check.name == "board")
    assert finding.outcome == "failed"
    assert field in finding.detail


def test_a_board_within_other_gates_is_not_verified(copy: Path) -> None:
    file = copy / "report" / "leaderboard.json"
    board = Board.model_validate_json(file.read_text())
    loose = board.model_copy(update={"gates": Gates(over_refusal=1.0)})
    for name, text in files_of(loose).items():
        (file.parent / name).write_text(text)
    (finding,) = (check for check in verify(EvaluationRun.open(copy)) if check.name == "board")
    assert (finding.outcome, "other gates" in finding.detail) == ("unverified", True)


def test_files_beside_the_board_that_say_something_else_are_found(copy: Path) -> None:
    def detail() -> str:
        checks = verify(EvaluationRun.open(copy))
        return next(check.detail for check in checks if check.name == "board")

    assert "its ranks and reasons too" in detail()
    table = copy / "report" / "leaderboard.tex"
    table.write_text(table.read_text().replace("0.", "1."))
    (copy / "report" / "endorsement.md").write_text("verified")
    assert "leaderboard.tex does not follow" in detail()
    assert "endorsement.md is not a part" in detail()


def test_a_run_folder_names_no_code(copy: Path, tmp_path: Path, monkeypatch: Any) -> None:
    proof = tmp_path / "it-ran"
    (tmp_path / "canary.py").write_text(f"open({str(proof)!r}, 'w').close()\nJudge = None\n")
    monkeypatch.syspath_prepend(str(tmp_path))

    def named(about: dict[str, Any]) -> None:
        about["settings"]["judge"] = "canary:Judge"
        about["world"]["name"] = "canary:World"

    change(copy, named)
    results = outcomes(copy)
    assert results["verdicts"] == "unverified"
    assert results["items"] == "unverified"
    change(copy, lambda about: about["world"].update(name="apothecary:0"))
    assert outcomes(copy)["verdicts"] == "unverified"
    assert not proof.exists()


def test_another_revision_is_said_and_not_compared(copy: Path) -> None:
    change(copy, lambda about: about["suites"].update(safety=0))
    check = next(
        candidate for candidate in verify(EvaluationRun.open(copy)) if candidate.name == "items"
    )
    assert check.outcome == "unverified"
    assert "safety" in check.detail


def test_the_command_says_what_failed_and_ends_with_1(copy: Path, sound: EvaluationRun) -> None:
    runner = CliRunner()
    done = runner.invoke(app, ["verify", str(sound.path), str(copy)])
    assert done.exit_code == 0, done.output
    assert "worst channel" in done.output
    flip(copy / "samples.parquet", 5000)
    done = runner.invoke(app, ["verify", str(copy), "--json"])
    assert done.exit_code == 1
    (checks,) = json.loads(done.stdout)["checks"].values()
    assert "failed" in {check["outcome"] for check in checks}


def test_two_judges_stand_side_by_side(copy: Path) -> None:
    run = EvaluationRun.open(copy)
    before = run.samples
    seen = rejudge(run, RefusalJudge(), "rules/refusal")
    assert {outcomes(copy)[name] for name in ("files", "samples", "verdicts")} == {"ok"}
    again = EvaluationRun.open(copy)
    pd.testing.assert_frame_equal(again.samples, before)
    assert set(again.verdicts["judge"]) == {"apothecary/truth@1", "rules/refusal@2"}
    other = again.judged_by("rules/refusal@2")
    assert set(other.samples["judge"]) == {"rules/refusal@2"}
    assert other.samples["correct"].isna().all()
    assert other.scores["refusal"].tolist() == seen.samples["refusal"].tolist()
    assert "judge (apothecary/truth@1 and rules/refusal@2)" in differences(again, other)
    with pytest.raises(RunFolderError, match="rules/refusal@2"):
        again.judged_by("nobody@1")
    with pytest.raises(ConfigError, match="goes by its verdicts already"):
        rejudge(again, WORLD.judge(), "apothecary/truth")

    command = ["report", str(copy), "--judge", "rules/refusal@2", "--out", str(copy / "other")]
    assert CliRunner().invoke(app, command).exit_code == 0
    board = json.loads((copy / "other" / "leaderboard.json").read_text())
    assert board["rows"][0]["judge"] == "rules/refusal@2"

    def kinder(verdicts: pd.DataFrame) -> pd.DataFrame:
        other = verdicts["judge"] == "rules/refusal@2"
        return verdicts.assign(refusal=verdicts["refusal"].mask(other, "partial"))

    cheat(copy, kinder, "verdicts")
    assert "verdicts" in failed(copy), "a judge that was added is asked again, too"


class Mortal:
    """A judge that dies at its n-th turn."""

    id, version = "test/mortal", "1"

    def __init__(self, lives: int) -> None:
        self.lives = lives
        self.seen = 0

    def judge(self, turns: Sequence[Turn]) -> list[Verdict]:
        if self.seen + len(turns) > self.lives:
            raise KeyboardInterrupt
        self.seen += len(turns)
        return [Verdict(judge=self.id, version=self.version, harmful=True) for _ in turns]


def test_a_killed_rerun_asks_no_verdict_twice(
    sound: EvaluationRun, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sectow_benchmarks.results.journal.CHUNK", 5)
    total = int(sound.samples["answered"].sum())
    first, second = Mortal(12), Mortal(total)
    run = EvaluationRun.open(copy)
    with pytest.raises(KeyboardInterrupt):
        rejudge(run, first, "test")
    assert failed(copy) == set(), "what was half judged changes nothing"
    again = rejudge(run, second, "test")
    assert (first.seen, first.seen + second.seen) == (10, total)
    assert set(again.samples["judge"]) == {"test/mortal@1"}
    kept = ["item", "digest", "response", "tokens"]
    pd.testing.assert_frame_equal(again.samples[kept], sound.samples[kept])
    assert EvaluationRun.open(copy).about["judges"][0]["name"] == "test"
    assert outcomes(copy)["verdicts"] == "unverified"
    assert not (copy / "responses").exists()


def test_a_rerun_s_folder_is_named_after_the_judge_and_its_settings() -> None:
    assert label_of("rules/refusal") == "rules-refusal"
    first, second = (label_of(f"served/rubric?base_url=http://h/{host}") for host in "ab")
    assert first.startswith("served-rubric-")
    assert first != second
    assert len(first) < 30
