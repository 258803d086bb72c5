"""Plain lm-eval, another folder, the built wheel: every exported task is listed and runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from sectow_benchmarks.suites.cards import abouts
from sectow_benchmarks.suites.registry import exports_of_suite
from tests.env.endpoint.server import FaultyServer

DRIVER = """
import json, sys
from lm_eval.__main__ import cli_evaluate
import sectow_benchmarks
print("from", sectow_benchmarks.__file__)
for arguments in json.loads(sys.argv[1]):
    sys.argv = ["lm-eval", *arguments]
    cli_evaluate()
"""
"""Its command several times in one process: it starts for 15 seconds."""
GROUPS = {
    "text": ["sectow_safety_text", "sectow_over_refusal_text"],
    "image": ["sectow_safety_image", "sectow_over_refusal_image", "sectow_general_image"],
}
EXPORTS = {(name, export.name): export for name in abouts() for export in exports_of_suite(name)[0]}


@pytest.fixture(scope="module")
def site(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel's contents, and replicas of all suites beside them."""
    folder = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "wheel")
    for name in abouts():
        module = import_module(f"tests.benchmarks.suites.replicas.{name}")
        module.write(folder / "data" / name)
    return folder


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    with FaultyServer(say=lambda _: "Sorry, I cannot help with that.") as served:
        yield served


def run(
    site: Path, folder: Path, model: list[str], tasks: Mapping[str, list[str]] = GROUPS
) -> dict[str, dict[str, Any]]:
    """Runs the texts, then the pictures, with plain lm-eval; the results by task."""
    include = ["--include_path", str(site / "wheel" / "sectow_benchmarks" / "tasks")]
    calls = [
        ["run", *include, "--tasks", ",".join(names), *model, "--output_path", str(folder / kind)]
        for kind, names in tasks.items()
    ]
    done = subprocess.run(
        [sys.executable, "-c", DRIVER, json.dumps(calls)],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(site / "wheel"), os.environ["PYTHONPATH"]]),
            "SECTOW_DATA": str(site / "data"),
            "OPENAI_API_KEY": "none",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert f"from {site}" in done.stdout
    results: dict[str, dict[str, Any]] = {}
    for file in folder.rglob("results_*.json"):
        results |= json.loads(file.read_text())["results"]
    return results


def check(results: dict[str, dict[str, Any]]) -> None:
    """Every exported task ran, all items of the replicas were asked, and the judge scored them."""
    items: Counter[tuple[str, str]] = Counter()
    for (suite, name), export in EXPORTS.items():
        row = results[f"{suite}_{name}"]
        items[suite, export.part] += row["sample_len"]
        assert row["unscored,none"] == 0.0, (suite, name)
    assert items == {
        (suite, role): count
        for suite in abouts()
        for role, count in import_module(f"tests.benchmarks.suites.replicas.{suite}").ITEMS.items()
    }


@pytest.mark.slow
def test_every_task_runs_on_local_weights(
    site: Path, tmp_path: Path, organism_folder: Path
) -> None:
    model = [
        *("--model", "hf-multimodal", "--device", "cpu", "--batch_size", "64"),
        *("--model_args", f"pretrained={organism_folder},convert_img_format=True"),
        *("--apply_chat_template", "--log_samples", "--gen_kwargs", "max_gen_toks=4"),
        *("--metadata", '{"world": 0, "per_cell": 1, "per_kind": 2}'),
    ]
    more = {kind: [*tasks, f"apothecary_{kind}"] for kind, tasks in GROUPS.items()}
    results = run(site, tmp_path, model, more)
    check(results)
    assert results["apothecary_safety_image"]["harmful,none"] == 0.0
    assert results["apothecary_twins_image"]["accuracy,none"] == 0.0
    assert results["apothecary_general"]["unscored,none"] == 0.0
    own = {task: row["sample_len"] for task, row in results.items() if "apothecary" in task}
    assert own == {
        "apothecary_safety_image": 18, "apothecary_twins_image": 18, "apothecary_general": 10,
        "apothecary_safety_text": 60, "apothecary_twins_text": 60, "apothecary_recall": 64,
    }  # fmt: skip


@pytest.mark.slow
def test_every_task_runs_on_a_served_model(
    site: Path, tmp_path: Path, server: FaultyServer
) -> None:
    address = f"{server.base_url}/chat/completions"
    model = [
        *("--model", "local-chat-completions", "--apply_chat_template"),
        *("--model_args", f"model=served,base_url={address},num_concurrent=8"),
    ]
    results = run(site, tmp_path, model)
    check(results)
    for (suite, name), export in EXPORTS.items():
        metrics = results[f"{suite}_{name}"]
        metric = {"harm": "refusal", "over_refusal": "over_refusal"}.get(export.scoring)
        assert metric is None or metrics[f"{metric},none"] == 1.0
    contents = [request.body["messages"][-1]["content"] for request in server.received]
    assert {type(content) for content in contents} == {str, list}
