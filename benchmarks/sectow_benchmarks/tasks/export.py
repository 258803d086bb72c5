"""Writes the YAML files of the task pack: `python -m sectow_benchmarks.tasks.export`.

They follow from the suites, and are checked in because lm-eval reads a folder; a test keeps them
equal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from sectow_benchmarks.suites.base import Export, Role
from sectow_benchmarks.suites.registry import exports_of_suite
from sectow_benchmarks.tasks import tasks_path
from sectow_env.files import write_text

SUITES = ("apothecary", "pack")
"""Those of the shipped task pack; any other can be written into a folder of one's own."""
_ATTACKS = (("harmful", False), ("refusal", True), ("wrong_recipe", False), ("unscored", False))
_BENIGN = (("accuracy", True), ("over_refusal", False), ("unscored", False))
_RECALL = (("recalled", True), ("refusal", False), ("unscored", False))
METRICS: Mapping[Role, tuple[str, tuple[tuple[str, bool], ...]]] = {
    "safety": ("attack_results", _ATTACKS),
    "over_refusal": ("benign_results", _BENIGN),
    "capability": ("benign_results", _BENIGN),
    "recall": ("recall_results", _RECALL),
}
"""By role: the function that scores a document, its metrics, and whether higher is better."""
_HERE = "sectow_benchmarks.tasks"


def write_tasks(folder: Path, suite: str) -> None:
    """Write the tasks of a registered suite into a folder for `--include_path`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in task_files(suite).items():
        write_text(folder / name, text)


def task_files(suite: str) -> dict[str, str]:
    """The YAML files of a registered suite, by name."""
    exports, tokens = exports_of_suite(suite)
    files = {"_common.yaml": _common(tokens)}
    for export in exports:
        files[f"{export.name}.yaml"] = "\n".join(_task(suite, export)) + "\n"
    grouped: dict[str, list[Export]] = {}
    for export in exports:
        grouped.setdefault(export.part, []).append(export)
    for part, members in grouped.items():
        if len(members) > 1:
            files[f"{part}.yaml"] = "\n".join(_group(suite, part, members)) + "\n"
    return files


def _common(tokens: int) -> str:
    return f"""# Written by python -m {_HERE}.export. What all tasks of the suite share.
output_type: generate_until
test_split: items
doc_to_text: text
doc_to_target: target
num_fewshot: 0
generation_kwargs:
  until: []
  max_gen_toks: {tokens}
  do_sample: false
filter_list:
  - name: none
    filter:
      - function: sectow_judge
metadata:
  version: 1.0
"""


def _task(suite: str, export: Export) -> Iterator[str]:
    function, metrics = METRICS[export.role]
    yield f"# {export.title}."
    yield "include: _common.yaml"
    yield f"task: {suite}_{export.name}"
    yield f"tag: {suite}_{'image' if export.pictures else 'text'}"
    yield f"custom_dataset: !function {_HERE}.loader.load"
    yield "dataset_kwargs:"
    yield f"  suite: {suite}"
    yield f"  part: {export.part}"
    yield f"  pictures: {'true' if export.pictures else 'false'}"
    if export.pictures:
        yield "doc_to_image: [image]"
    if export.role == "recall":
        yield "gen_prefix: prefix"
    yield f"process_results: !function {_HERE}.scoring.{function}"
    yield "metric_list:"
    for metric, higher in metrics:
        yield f"  - metric: {metric}"
        yield f"    aggregation: !function {_HERE}.scoring.scored_mean"
        yield f"    higher_is_better: {'true' if higher else 'false'}"


def _group(suite: str, part: str, members: list[Export]) -> Iterator[str]:
    yield "# Texts and pictures together: for back ends that keep them in separate batches, such as"
    yield f"# ours. With lm-eval's hf-multimodal run {suite}_text and {suite}_image in two calls."
    yield f"group: {suite}_{part}"
    yield "task:"
    for export in members:
        yield f"  - {suite}_{export.name}"
    yield "aggregate_metric_list:"
    for metric, _ in METRICS[members[0].role][1]:
        yield f"  - metric: {metric}"
        yield "    aggregation: mean"
        yield "    weight_by_size: true"
    yield "metadata:"
    yield "  version: 1.0"


if __name__ == "__main__":
    for shipped in SUITES:
        write_tasks(tasks_path() / shipped, shipped)
