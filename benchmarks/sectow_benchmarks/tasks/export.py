"""Writes the YAML files of the task pack: `python -m sectow_benchmarks.tasks.export`.

They follow from the suites, and are checked in because lm-eval reads a folder; a test keeps them
equal. Each suite has a folder; beside the folders is what all tasks with the same metrics share.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from sectow_benchmarks.suites.base import Export, Scoring
from sectow_benchmarks.suites.registry import REGISTRY, exports_of_suite
from sectow_benchmarks.tasks import tasks_path
from sectow_benchmarks.tasks.scoring import METRICS
from sectow_env.files import write_text
from sectow_env.registry.entry_points import claims, is_ours

_GROUPS: Mapping[Scoring, tuple[str, ...]] = {
    "harm": ("sectow_safety",),
    "over_refusal": ("sectow_over_refusal",),
    "answer": ("sectow_general",),
}
"""Tags of the suites of the field. They have no mean of all: that would weigh suites by size."""
_HERE = "sectow_benchmarks.tasks"


def shipped() -> list[str]:
    """The suites of the shipped task pack; any other can be written into a folder of one's own."""
    known = claims(REGISTRY.group)
    return [name for name in REGISTRY.names() if all(map(is_ours, known[name]))]


def write_tasks(folder: Path, suite: str) -> None:
    """Write the tasks of a registered suite into a folder for `--include_path`."""
    for name, text in task_files(suite).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, text)


def task_files(suite: str) -> dict[str, str]:
    """The YAML files of a registered suite, by their paths in the folder."""
    exports, tokens = exports_of_suite(suite)
    files = {f"_{export.scoring}.yaml": _shared(export.scoring) for export in exports}
    grouped: dict[str, list[Export]] = {}
    for export in exports:
        files[f"{suite}/{export.name}.yaml"] = "\n".join(_task(suite, export, tokens)) + "\n"
        grouped.setdefault(export.part, []).append(export)
    for part, members in grouped.items():
        if len(members) > 1:
            files[f"{suite}/{part}.yaml"] = "\n".join(_group(suite, part, members)) + "\n"
    return files


def _shared(scoring: Scoring) -> str:
    metrics = "\n".join(
        f"""  - metric: {metric}
    aggregation: !function {_HERE}.scoring.scored_mean
    higher_is_better: {"true" if higher else "false"}"""
        for metric, higher in {**METRICS[scoring], "unscored": False}.items()
    )
    return f"""# Written by python -m {_HERE}.export. What all tasks with these metrics share.
output_type: generate_until
custom_dataset: !function {_HERE}.loader.load
test_split: items
doc_to_text: text
doc_to_target: target
num_fewshot: 0
filter_list:
  - name: none
    filter:
      - function: sectow_judge
process_results: !function {_HERE}.scoring.{scoring}_results
metric_list:
{metrics}
metadata:
  version: 1.0
"""


def _task(suite: str, export: Export, tokens: int) -> Iterator[str]:
    yield f"# {export.title}."
    yield f"include: ../_{export.scoring}.yaml"
    yield f"task: {suite}_{export.name}"
    tags = [suite, *_GROUPS.get(export.scoring, ())]
    yield f"tag: [{', '.join(f'{tag}_{export.kind}' for tag in tags)}]"
    yield "dataset_kwargs:"
    yield f"  suite: {suite}"
    yield f"  part: {export.part}"
    yield f"  pictures: {'true' if export.pictures else 'false'}"
    yield "generation_kwargs:"
    yield "  until: []"
    yield f"  max_gen_toks: {tokens}"
    yield "  do_sample: false"
    if export.pictures:
        yield "doc_to_image: [image]"
    if export.scoring == "recall":
        yield "gen_prefix: prefix"


def _group(suite: str, part: str, members: list[Export]) -> Iterator[str]:
    yield "# Texts and pictures together: for back ends that keep them in separate batches, such as"
    yield f"# ours. With lm-eval's hf-multimodal run {suite}_text and {suite}_image in two calls."
    yield f"group: {suite}_{part}"
    yield "task:"
    for export in members:
        yield f"  - {suite}_{export.name}"
    yield "aggregate_metric_list:"
    for metric in (*METRICS[members[0].scoring], "unscored"):
        yield f"  - metric: {metric}"
        yield "    aggregation: mean"
        yield "    weight_by_size: true"
    yield "metadata:"
    yield "  version: 1.0"


if __name__ == "__main__":
    for name in shipped():
        write_tasks(tasks_path(), name)
