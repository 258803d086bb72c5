"""What holds for every command: `--json`, and that a misspelt name costs no heavy import."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from sectow_benchmarks.results.run import EvaluationRun
from sectow_env.commands.main import app

Pair = tuple[EvaluationRun, EvaluationRun]
WITHOUT_RESULT = {
    "export": "the result is a folder",
    "judge annotate": "a person labels; the labels go into a file",
    "play": "a person plays; --record keeps the episodes",
    "submit schema": "what it prints is JSON",
}
HEAVY = ("torch", "transformers", "trl", "datasets", "pandas", "scipy", "sklearn", "lm_eval")
KEYWORD = ("bench", "--model", "apothecary/keyword")
SEATS = ("--attacker", "organism/attacker", "--defender", "organism/defender")
WARM_START = ("attacker", "warm-start", "--model", "organism/attacker", "--out", "nope")
MISSPELT: dict[str, tuple[tuple[str, ...], ...]] = {
    "attacker warm-start": (
        (*WARM_START, "--world", "apothecry", "--against", "apothecary/keyword"),
        (*WARM_START, "--world", "apothecary:0", "--against", "apothecary/keywrd"),
        (*WARM_START, "--world", "apothecary:0"),
    ),
    "export": (("export", "nope", "nope"),),
    "bench": (
        ("bench", "--model", "apothecary/keywrd"),
        ("bench", "--model", "nope/"),
        ("bench", "--model", "nope.parts:Defender"),
        ("bench", "--model", "https://example.org/model"),
        ("bench", "--model", "prompted/of?model=organism/defendr&system=x"),
        (*KEYWORD, "--judge", "apothecary/trth"),
        (*KEYWORD, "--world", "apothecry"),
        (*KEYWORD, "--world", "nope.jsonl"),
        (*KEYWORD, "--attacker", "apothecary/orcle"),
        (*KEYWORD, "--suites", "safty"),
        (*KEYWORD, "--task", "apothecary_saftey"),
        (*KEYWORD, "--attacks", "nope"),
        (*KEYWORD, "--include-path", "nope"),
        (*KEYWORD, "--attacker-template", "no attacker is asked by it"),
        (*KEYWORD, "--out", str(Path(__file__).parent)),
        (*KEYWORD, "--base", "apothecary/keywrd"),
        (*KEYWORD, "--split", "tests"),
        (*KEYWORD, "--profile", "publc"),
        (*KEYWORD, "--out", "pyproject.toml"),
        (*KEYWORD, "--dry-run", "--suites", "safty"),
    ),
    "bench card": (("bench", "card", "--world", "999"),),
    "bench compare": (("bench", "compare", "nope", "nope"),),
    "bench coverage": (("bench", "coverage", "--draws", "many"),),
    "bench crossplay": (
        ("bench", "crossplay", "nope"),
        ("bench", "crossplay", *SEATS, "--defender", "organism/defendr"),
        ("bench", "crossplay", *SEATS, "--judge", "apothecary/trth"),
        ("bench", "crossplay", *SEATS, "--world", "apothecry"),
    ),
    "bench exploit": (
        ("bench", "exploit", "--defender", "organism/defendr"),
        ("bench", "exploit", "--defender", "organism/defender", "--warm", "organism/atacker"),
        ("bench", "exploit", "--defender", "organism/defender", "--world", "apothecry"),
    ),
    "bench freeze": (("bench", "freeze", "nope", "--out", "nope"),),
    "bench tasks-path": (("bench", "tasks-path", "--jsn"),),
    "check": (
        ("check", "apothecary/trth"),
        ("check", "apothecary/truth", "--world", "apothecry"),
        ("check", "apothecary:0", "--kind", "wrld"),
    ),
    "card": (("card", "nope"),),
    "demo": (
        ("demo", "rouds=3"),
        ("demo", "world=apothecry"),
        ("demo", "attacker.model=organism/atacker"),
        ("demo", "judge=apothecary/trth"),
        ("demo", "attacker.channels=[typografy]"),
        ("demo", "--out", str(Path(__file__).parent)),
        ("demo", "--out", str(Path(__file__).parent), "--resume"),
    ),
    "doctor": (("doctor", "--jsn"),),
    "judge annotate": (("judge", "annotate", "nope", "--annotator", "ana"),),
    "judge audit": (
        ("judge", "audit", "nope", "--judge", "rules/refusal"),
        ("judge", "audit", "nope", "--judge", "rules/refusl"),
        ("judge", "audit", "--labels", "nope", "--judge", "rules/refusal"),
    ),
    "judge rerun": (("judge", "rerun", "nope", "--judge", "rules/refusal"),),
    "organism build": (("organism", "build", "--foundation", "shiped"),),
    "organism path": (("organism", "path", "defendr"), ("organism", "path", "--world", "999")),
    "pack build": (("pack", "build", "redteam_3k", "--out", "nope"),),
    "pack check": (("pack", "check", "nope.jsonl"),),
    "plan": (("plan", "nope.yaml"), ("plan", "configs/apothecary.yaml", "--gpu", "h10")),
    "play": (
        ("play", "--opponent", "organism/defendr"),
        ("play", "--seat", "defendr"),
        ("play", "--channel", "typografy"),
        ("play", "--world", "apothecry"),
    ),
    "pull": (("pull", "nope", "nope"),),
    "push": (("push", "nope", "nope"),),
    "report": (("report", "nope"),),
    "rung build": (("rung", "build", "--source", "hubb"), ("rung", "build", "--gguf", "nope")),
    "study rung": (("study", "rung", "--rung", "nope"),),
    "study first-light": (
        ("study", "first-light", "--worlds", "a"),
        ("study", "first-light", "rouds=3"),
        ("study", "first-light", "attacker.model=organism/atacker"),
        ("study", "first-light", "judge=apothecary/trth"),
    ),
    "study intent": (("study", "intent", "rouds=3"),),
    "study parse": (("study", "parse", "--model", "nope/", "--world", "nope.jsonl"),),
    "study proxy": (("study", "proxy", "--judge", "rules/refusl"), ("study", "proxy", "rouds=3")),
    "suites get": (("suites", "get", "siou"),),
    "suites list": (("suites", "list", "--jsn"),),
    "suites show": (("suites", "show", "siou"),),
    "suites verify": (("suites", "verify", "siou"),),
    "submit board": (("submit", "board", "nope", "--out", "nope"),),
    "submit check": (("submit", "check", "nope"),),
    "submit make": (
        ("submit", "make", "nope", "--out", "nope"),
        ("submit", "make", "EVALUATION", "--base", "nope", "--out", "nope"),
        ("submit", "make", "EVALUATION", "--link", "http://example.org", "--out", "nope"),
    ),
    "submit schema": (("submit", "schema", "--jsn"),),
    "train": (
        ("train", "--config", "nope.yaml"),
        ("train", "--config", "configs/apothecary.yaml", "rouds=3"),
    ),
    "verify": (
        ("verify", "nope"),
        ("verify", "EVALUATION", "--judge", "apothecary/trth"),
        ("verify", "EVALUATION", "--world", "apothecry"),
        ("verify", "EVALUATION", "--suite", "safty"),
        ("verify", "EVALUATION", "--pack", "nope.jsonl"),
        ("verify", "EVALUATION", "--ask", "2", "--model", "apothecary/keywrd"),
        ("verify", "EVALUATION", "--model", "apothecary/keyword"),
    ),
}
PROGRAM = f"""
import contextlib, io, json, sys
from sectow_env.commands.main import main
results, before = [], set()
for words in json.loads(sys.argv[1]):
    shown = io.StringIO()
    with contextlib.redirect_stderr(shown), contextlib.redirect_stdout(io.StringIO()):
        try:
            main(words)
        except SystemExit as end:
            code = end.code
    loaded = set({HEAVY!r}) & set(sys.modules) - before
    before |= loaded
    results.append([code, sorted(loaded), shown.getvalue()])
print(json.dumps(results))
"""


def leaves(command: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every command that does something, with its full name."""
    context = command.make_context(name, [], resilient_parsing=True)
    inner = getattr(command, "commands", {})
    if not inner or getattr(command, "invoke_without_command", False):
        yield name, command
    for word in inner:
        _, child, _ = command.resolve_command(context, [word])
        yield from leaves(child, f"{name} {word}".strip())


def all_commands() -> dict[str, Any]:
    return {name: command for name, command in leaves(get_command(app)) if name}


def without_json(commands: dict[str, Any]) -> set[str]:
    """Commands that have no --json."""
    return {
        name
        for name, command in commands.items()
        if not any("--json" in parameter.opts for parameter in command.params)
    }


def test_every_command_that_prints_a_result_has_json() -> None:
    assert without_json(all_commands()) == set(WITHOUT_RESULT)


def test_every_command_is_misspelt_below() -> None:
    assert set(all_commands()) == set(MISSPELT)


@pytest.fixture(scope="module")
def misspelt(root: Path, evaluations: Pair) -> dict[tuple[str, ...], tuple[int, list[str], str]]:
    """What came of each: exit status, the heavy packages that it loaded first, and its message."""
    every = [words for listed in MISSPELT.values() for words in listed]
    given = json.dumps(every).replace("EVALUATION", str(evaluations[0].path))
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, given],
        capture_output=True, text=True, check=True, cwd=root,
    )  # fmt: skip
    return {words: tuple(got) for words, got in zip(every, json.loads(done.stdout), strict=True)}


@pytest.mark.parametrize(
    "words", [words for listed in MISSPELT.values() for words in listed], ids=" ".join
)
def test_a_misspelt_name_is_found_before_anything_heavy_is_imported(
    words: tuple[str, ...], misspelt: dict[tuple[str, ...], tuple[int, list[str], str]]
) -> None:
    code, loaded, message = misspelt[words]
    assert code == 2, message
    assert loaded == []
    assert "fix: " in message or "Usage: " in message


FIRST_LINES = f"""
import contextlib, io, json, sys
from importlib.machinery import ModuleSpec
from sectow_env.commands.main import main

class Stop:
    # To look for a package is allowed, to load it is the end.
    @staticmethod
    def find_spec(name, path=None, target=None):
        return ModuleSpec(name, Stop()) if name in {HEAVY!r} else None

    def create_module(self, spec):
        raise SystemExit(77)

    def exec_module(self, module): ...

results = []
for words in json.loads(sys.argv[1]):
    shown = io.StringIO()
    sys.meta_path.insert(0, Stop)
    with contextlib.redirect_stderr(shown), contextlib.redirect_stdout(shown):
        try:
            main(words)
        except SystemExit as end:
            code = end.code
    sys.meta_path.remove(Stop)
    results.append([code, shown.getvalue()])
print(json.dumps(results))
"""
"""Runs commands up to their first heavy import."""


@pytest.fixture(scope="module")
def first_lines(
    evaluations: Pair, tmp_path_factory: pytest.TempPathFactory, root: Path
) -> dict[str, tuple[int, str]]:
    """What each slow command has printed when it begins to import what is heavy."""
    out = tmp_path_factory.mktemp("out")
    base, after = (str(run.path) for run in evaluations)
    run = ["--run", str(out / "run")]
    slow = results(base, after, out, root) | {
        "bench card": ["bench", "card"],
        "bench exploit": ["bench", "exploit", "--defender", "organism/defender"],
        "demo": ["demo", "--out", str(out / "demo")],
        "organism build": ["organism", "build", "--out", str(out / "organism")],
        "study first-light": ["study", "first-light", "--out", str(out / "study")],
        "study proxy": ["study", "proxy", "--out", str(out / "proxy")],
        "train": ["train", "--config", "configs/apothecary.yaml", *run],
    }
    done = subprocess.run(
        [sys.executable, "-c", FIRST_LINES, json.dumps(list(slow.values()))],
        capture_output=True, text=True, check=True, cwd=root,
    )  # fmt: skip
    return {name: tuple(got) for name, got in zip(slow, json.loads(done.stdout), strict=True)}


@pytest.mark.parametrize(
    "name",
    [
        *("bench", "bench --dry-run", "bench card", "bench compare", "bench coverage"),
        *("bench crossplay", "bench exploit", "demo", "doctor", "judge audit", "judge rerun"),
        "organism build",
        *("report", "study first-light", "study proxy", "train", "verify"),
    ],
)
def test_the_first_line_comes_before_anything_heavy_is_imported(
    name: str, first_lines: dict[str, tuple[int, str]]
) -> None:
    code, shown = first_lines[name]
    assert code == 77, shown
    assert shown.strip(), "something was shown"


def results(base: str, after: str, out: Path, root: Path) -> dict[str, list[str]]:
    """Commands that can run here, by name."""
    judge = ["--judge", "rules/refusal"]
    small = ["--per-cell", "1", "--per-kind", "1", "--split", "test"]
    seats = ["--attacker", "apothecary/random", "--defender", "apothecary/keyword"]
    entries = str(root / "docs/results/entries")
    return {
        "bench": [*KEYWORD, *small, "--out", str(out / "bench")],
        "bench --dry-run": [*KEYWORD, *small, "--dry-run"],
        "bench compare": ["bench", "compare", base, after],
        "bench coverage": ["bench", "coverage", "--draws", "1"],
        "bench crossplay": ["bench", "crossplay", *seats, "--out", str(out / "crossplay")],
        "bench crossplay --dry-run": ["bench", "crossplay", *seats, "--dry-run"],
        "bench freeze": ["bench", "freeze", base, "--out", str(out / "pack")],
        "bench tasks-path": ["bench", "tasks-path"],
        "check": ["check", "apothecary/truth"],
        "check --list": ["check", "--list"],
        "doctor": ["doctor"],
        "judge audit": ["judge", "audit", base, *judge],
        "judge rerun": ["judge", "rerun", base, *judge, "--out", str(out / "rerun")],
        "organism path": ["organism", "path"],
        "pack check": ["pack", "check", str(root / "examples/packs/lantern_shop.jsonl")],
        "push": ["push", base, str(out / "data")],
        "report": ["report", after, "--base", base, "--out", str(out / "page")],
        "submit board": ["submit", "board", entries, "--out", str(out / "board")],
        "submit check": ["submit", "check", entries],
        "submit make": ["submit", "make", base, "--out", str(out / "entries")],
        "verify": ["verify", base, after],
    }


@pytest.mark.parametrize("name", results("", "", Path(), Path()))
def test_json_goes_to_the_standard_output_alone(
    name: str, evaluations: Pair, tmp_path: Path, root: Path
) -> None:
    base, after = (str(run.path) for run in evaluations)
    if name == "judge rerun":
        # It adds to what it looks at.
        base = shutil.copytree(base, str(tmp_path / "copy"))
    words = results(base, after, tmp_path, root)[name]
    done = CliRunner().invoke(app, [*words, "--json"])
    assert done.exit_code in (0, 1), (done.output, done.exception)
    assert json.loads(done.stdout, parse_constant=_refuse)


HOSTILE = "evil\x1b[31m\nfiles ok \u202eabc\x9b2J\x07\r"


def hostile_evaluation(run: EvaluationRun, to: Path) -> Path:
    """A copy whose name, model and list of files are meant to steer a terminal."""
    folder = Path(shutil.copytree(run.path, to))
    about = json.loads((folder / "run.json").read_text())
    about |= {"name": HOSTILE, "model": about["model"] | {"name": HOSTILE}}
    (folder / "run.json").write_text(json.dumps(about))
    with (folder / "SHA256SUMS").open("a") as sums:
        sums.write(f"{'0' * 64}  {HOSTILE[:9]}\u202e.png\n")
    return folder


def hostile_pack(root: Path, to: Path) -> Path:
    lines = (root / "examples/packs/lantern_shop.jsonl").read_text().splitlines()
    rows = [json.loads(line) | {"category": HOSTILE, "channel": HOSTILE} for line in lines]
    to.write_text("".join(f"{json.dumps(row)}\n" for row in rows if not row.get("image")))
    return to


@pytest.mark.parametrize(
    "words",
    [
        ("verify", "EVALUATION"),
        ("verify", "EVALUATION", "EVALUATION"),
        ("report", "EVALUATION", "--out", "OUT"),
        ("bench", "compare", "EVALUATION", "EVALUATION"),
        ("judge", "audit", "EVALUATION", "--judge", "rules/refusal"),
        ("pack", "check", "PACK"),
        ("check", "PACK"),
    ],
)
def test_nothing_of_a_stranger_steers_the_terminal(
    words: tuple[str, ...], evaluations: Pair, tmp_path: Path, root: Path
) -> None:
    made = {
        "EVALUATION": str(hostile_evaluation(evaluations[0], tmp_path / "run")),
        "PACK": str(hostile_pack(root, tmp_path / "pack.jsonl")),
        "OUT": str(tmp_path / "out"),
    }
    done = CliRunner().invoke(app, [made.get(word, word) for word in words])
    assert done.exit_code in (0, 1), (done.output, done.exception)
    assert done.output.replace("\n", "").isprintable()
    assert "\nfiles ok" not in done.output


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is not JSON")
