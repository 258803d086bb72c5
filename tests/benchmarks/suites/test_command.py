"""`sectow suites`: the table, the card, and what several names at once come to."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sectow_benchmarks.api import evaluate
from sectow_benchmarks.suites import fetch as fetching
from sectow_benchmarks.suites import lock as locks
from sectow_benchmarks.suites.cards import abouts, card, table
from sectow_benchmarks.suites.lock import Lock
from sectow_env.commands.main import main
from sectow_env.display import console
from sectow_env.display.page import print_page
from sectow_env.errors import ConfigError
from sectow_env.reading import read_model
from tests.benchmarks.suites.replicas import siuo
from tests.structure.test_imports import HEAVY

Sectow = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SECTOW_DATA", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def sectow(capsys: pytest.CaptureFixture[str]) -> Sectow:
    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["suites", *arguments])
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return run


def test_the_list_has_every_suite(sectow: Sectow) -> None:
    status, out, _ = sectow("list")
    assert status == 0
    assert [name for name in abouts() if name not in out] == []
    assert "never verified on real data: ai2d, harmbench_multimodal, " in out
    _, out, _ = sectow("list", "--json")
    rows = {row["name"]: row for row in json.loads(out)}
    assert set(rows) == set(abouts())
    assert rows["siuo"]["verified"] == "never"
    assert rows["siuo"]["here"] == "no"
    assert rows["harmbench"]["verified"] == "in part"


def test_the_list_fits_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    print_page("\n".join(table(list(abouts().values()))), console.SafeConsole(width=80))
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80


def test_nothing_heavy_is_loaded_for_the_list() -> None:
    program = (
        "import sys\nfrom sectow_env.commands.main import main\n"
        "try: main(['suites', 'list'])\nexcept SystemExit: pass\nprint(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.splitlines()[-1].split())
    assert loaded & {*HEAVY, "huggingface_hub", "httpx2"} == set()


@pytest.mark.parametrize("name", sorted(abouts()))
def test_a_card_says_where_it_is_from_and_how_to_get_it(name: str, sectow: Sectow) -> None:
    about = abouts()[name]
    status, out, _ = sectow("show", name)
    assert status == 0
    shown = " ".join(out.split())
    for fact in (about.source.repo, about.published.metric, about.published.original_judge):
        assert " ".join(fact.split()) in shown
    assert f"sectow suites get {name}" in shown
    if about.gate is not None:
        assert " ".join(about.gate.split()) in shown
    facts = json.loads(sectow("show", name, "--json")[1])
    assert facts["source"]["repo"] == about.source.repo
    assert facts["lock"]["suite"] == name
    assert "".join(card(about)).isprintable()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("show", "suio"), "did you mean 'siuo'"),
        (("get", "siuo", "suio"), "did you mean 'siuo'"),
        (("verify", "pack"), "no data to fetch"),
        (("verify", "siuo"), "sectow suites get siuo"),
        (("verify", "siuo", "siuo?x=1", "--write-lock", "x.json"), "a lock is of one suite"),
    ],
)
def test_what_cannot_work_says_so(sectow: Sectow, arguments: tuple[str, ...], message: str) -> None:
    status, _, err = sectow(*arguments)
    assert status in {1, 2}
    assert message in " ".join(err.split())


def test_one_failure_stops_no_other(
    sectow: Sectow, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    siuo.write(home / "siuo")
    monkeypatch.setattr(locks, "HERE", home)
    status, out, err = sectow("verify", f"siuo?path={home / 'nowhere'}", "siuo")
    assert status == 1
    assert "siuo has nothing to compare with: this run fixes it: safety 3; 4 files" in out
    assert "1 of 2 failed" in err
    assert read_model(home / "verified" / "siuo.json", Lock).verified[0].seen.total == 3
    status, out, _ = sectow("verify", "siuo", "--json", "--write-lock", str(home / "lock.json"))
    (result,) = json.loads(out)["suites"]
    assert (status, result["compared"], result["findings"]) == (0, True, [])
    assert read_model(home / "lock.json", Lock).model_dump(mode="json") == result["lock"]
    (home / "siuo" / "images" / "S-1.png").write_bytes(b"")
    status, out, _ = sectow("verify", "siuo")
    assert status == 1
    assert "siuo differs" in out
    assert "pictures that cannot be opened: '1'" in out


def test_get_says_what_failed_and_goes_for_the_others(
    sectow: Sectow, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(about: Any) -> None:
        raise ConfigError(f"the suite {about.name}", "its host is down", "wait")

    monkeypatch.setattr(fetching, "fetch", refuse)
    status, out, err = sectow("get", *list(abouts())[:2], "siuo", "--json")
    assert status == 1
    failed = [failure["given"] for failure in json.loads(out)["failed"]]
    assert "the suite siuo" in failed
    assert err.count("its host is down") == len(failed)


def test_an_evaluation_records_which_copy_it_asked(home: Path, tmp_path: Path) -> None:
    siuo.write(home / "siuo")
    few: dict[str, Any] = {"splits": ("test",), "decodings": ("greedy",)}
    loaded = evaluate("apothecary/refuse_all", suites=["siuo"], out=tmp_path / "run", **few)
    (beside,) = loaded.about["other_suites"]
    assert (beside["name"], beside["data"]) == ("siuo", "as given")


def test_a_group_shows_its_members(sectow: Sectow) -> None:
    status, out, _ = sectow("show", "sectow_quick")
    assert status == 0
    assert "safety, minis: msts, " in " ".join(out.split())
    assert "lm_eval/gsm8k" in out
    _, out, _ = sectow("show", "sectow_over_refusal", "--json")
    (part,) = json.loads(out)["members"]
    assert (part["role"], part["mini"], part["suites"][0]) == ("over_refusal", False, "mossbench")
