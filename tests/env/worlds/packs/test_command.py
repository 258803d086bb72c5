from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from PIL import Image

from sectow_env.check.checks_by_kind import check
from sectow_env.commands.main import main
from sectow_env.worlds.packs.command import PackSummary, summarise
from sectow_env.worlds.packs.world import PackWorld

EXAMPLE = "examples/packs/lantern_shop.jsonl"


def run(*argv: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(argv)
    return int(ended.value.code or 0)


def test_a_sound_pack_is_summed_up(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("pack", "check", str(root / EXAMPLE)) == 0
    output = capsys.readouterr().out
    assert "24 scenarios" in output
    assert "harmful 12, benign 12" in output
    assert "2 harmful without a reference" in output


def test_the_summary_is_json_on_demand(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("pack", "check", str(root / EXAMPLE), "--json") == 0
    summary = PackSummary.model_validate(json.loads(capsys.readouterr().out))
    assert summary == summarise(PackWorld.read(root / EXAMPLE))
    assert (summary.images, summary.references, summary.unscored) == (4, 21, 2)


def test_pictures_that_are_shown_otherwise_than_in_their_files_are_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(tmp_path / "clear.png")
    Image.new("RGB", (8, 8)).save(tmp_path / "plain.png")
    path = tmp_path / "pack.jsonl"
    rows = [
        {"id": name, "behavior": "tell it", "harmful": True, "image": f"{name}.png"}
        for name in ("clear", "plain")
    ]
    path.write_text("\n".join(map(json.dumps, rows)))
    assert run("pack", "check", str(path)) == 0
    shown = "shown otherwise than in their files: transparency onto white 1"
    assert shown in capsys.readouterr().out
    assert summarise(PackWorld.read(path)).converted == {"transparency onto white": 1}


def test_a_bad_pack_ends_with_the_line_and_no_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text('{"id": "a"}\n')
    assert run("pack", "check", str(path)) == 2
    output = capsys.readouterr()
    assert "line 1" in output.err
    assert "behavior, harmful is missing" in output.err
    assert "Traceback" not in output.err


def row(name: str, **columns: object) -> str:
    return json.dumps({"id": name, "behavior": "b", "harmful": True, **columns}) + "\n"


def test_a_cluster_in_two_splits_is_found_as_by_sectow_check(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "pack.jsonl"
    path.write_text(row("a", cluster="c", split="train") + row("b", cluster="c", split="test"))
    assert run("pack", "check", str(path)) == 1
    output = capsys.readouterr().out
    assert "the cluster 'c' is in test and train" in output
    assert "is valid" not in output
    assert run("pack", "check", str(path), "--json") == 1
    assert json.loads(capsys.readouterr().out)["shared_clusters"] == {"c": ["test", "train"]}
    findings = [result for result in check(str(path)) if result.name == "splits_disjoint"]
    assert "the cluster 'c' is in test and train" in findings[0].message


def test_references_that_cannot_be_compared_are_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "pack.jsonl"
    path.write_text(row("a", reference="...") + row("b", reference="low") + row("c"))
    assert run("pack", "check", str(path)) == 0
    output = capsys.readouterr().out
    assert "2 harmful without a reference" in output
    assert "unscored: a\n" in output


@pytest.mark.timeout(10)
def test_a_pipe_is_refused_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for pipe, *command in (
        (tmp_path / "pack.jsonl", "pack", "check"),
        (tmp_path / "pipe.jsonl", "check"),
        (tmp_path / "pipe", "check"),
    ):
        os.mkfifo(pipe)
        assert run(*command, str(pipe)) == 2
        assert "not a regular file" in capsys.readouterr().err
    path = tmp_path / "with_image.jsonl"
    os.mkfifo(tmp_path / "i.png")
    path.write_text(row("a", image="i.png"))
    assert run("pack", "check", str(path)) == 2
    message = capsys.readouterr().err
    assert "i.png" in message
    assert "not a regular file" in message
