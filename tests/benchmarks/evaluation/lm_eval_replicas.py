"""Tasks of lm-eval itself, with tiny data sets in their own layouts on disk: its files, our rows.

Each YAML includes that of lm-eval and names a folder as its data set: prompts, filters and metrics
are lm-eval's own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import lm_eval
from datasets import Dataset, Image

from tests.benchmarks.suites.replicas.files import stored, write_configs

HOME = Path(lm_eval.__file__).parent / "tasks"
FILES = {
    "mmmu_val_art": "mmmu/mmmu_art.yaml",
    "mmmu_val_math": "mmmu/mmmu_math.yaml",
    "chartqa": "chartqa/chartqa.yaml",
    "gsm8k": "gsm8k/gsm8k.yaml",
    "ifeval": "ifeval/ifeval.yaml",
    "hellaswag": "hellaswag/hellaswag.yaml",
    "arc_easy": "arc/arc_easy.yaml",
    "arc_challenge": "arc/arc_challenge.yaml",
    "mmlu_anatomy": "mmlu/default/mmlu_anatomy.yaml",
    "mmlu_virology": "mmlu/default/mmlu_virology.yaml",
}
GROUPS = {"mmmu_val": ("mmmu_val_art", "mmmu_val_math"), "mmlu": ("mmlu_anatomy", "mmlu_virology")}


def mmmu(number: int) -> dict[str, Any]:
    """Two pictures, the first shown again after the second; or one, and a free answer."""
    several = number % 2 == 0
    pictures = {f"image_{place}": None for place in range(1, 8)}
    shown = {"image_1": stored(2 * number), "image_2": stored(2 * number + 1)}
    return {
        "id": f"validation_Made_{number}",
        "question": "Is <image 1> fuller than <image 2>?" if several else "<image 1> How many?",
        "options": "['yes', 'no', '<image 1>']" if several else "[]",
        "explanation": "",
        **pictures,
        **(shown if several else {"image_1": stored(number)}),
        "answer": "B" if several else "3",
        "question_type": "multiple-choice" if several else "open",
    }


def chart(number: int) -> dict[str, Any]:
    return {
        "image": stored(number),
        "query": f"How many jars are in column {number}?",
        "label": ["4"],
        "human_or_machine": 0,
    }


def sums(number: int) -> dict[str, str]:
    return {
        "question": f"There are {number} jars and 2 lamps. How many things are there?",
        "answer": f"{number} + 2 = <<{number}+2={number + 2}>>{number + 2}\n#### {number + 2}",
    }


def instruction(number: int) -> dict[str, Any]:
    return {
        "key": number,
        "prompt": "Name a jar. Use no commas.",
        "instruction_id_list": ["punctuation:no_comma"],
        "kwargs": [{"num_words": None}],
    }


def ending(number: int) -> dict[str, Any]:
    return {
        "ind": number,
        "activity_label": "Filling jars",
        "ctx_a": "A man holds a jar.",
        "ctx_b": "he",
        "ctx": "A man holds a jar. he",
        "endings": ["fills it.", "is a lamp.", "sees green.", "[title] sings."],
        "source_id": f"made~{number}",
        "split": "val",
        "split_type": "indomain",
        "label": str(number % 4),
    }


def arc(number: int) -> dict[str, Any]:
    return {
        "id": f"Made_{number}",
        "question": f"What is jar {number} made of?",
        "choices": {"text": ["glass", "tea", "light", "songs"], "label": list("ABCD")},
        "answerKey": "A",
    }


def subject(number: int) -> dict[str, Any]:
    choices = ["a lid", "a lamp", "a song", "a shelf"]
    return {
        "question": f"What is on jar {number}?",
        "subject": "s",
        "choices": choices,
        "answer": 0,
    }


ROWS: Mapping[str, Sequence[tuple[str, str, Any, int]]] = {
    "mmmu": [(name, "validation", mmmu, 4) for name in ("Art", "Math")],
    "chartqa": [("default", "test", chart, 3)],
    "gsm8k": [("main", split, sums, 6) for split in ("train", "test")],
    "ifeval": [("default", "train", instruction, 2)],
    "hellaswag": [("default", split, ending, 3) for split in ("train", "validation")],
    "arc": [
        (name, split, arc, 3)
        for name in ("ARC-Easy", "ARC-Challenge")
        for split in ("train", "validation", "test")
    ],
    "mmlu": [
        (name, split, subject, count)
        for name in ("anatomy", "virology")
        for split, count in (("dev", 5), ("test", 3))
    ],
}
"""Folder -> configuration, split, row by its number, and rows."""


def _write(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """As `datasets` writes them: a column of pictures says that it is one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    table = Dataset.from_list(list(rows))
    for column in table.column_names:
        if column.startswith("image"):
            table = table.cast_column(column, Image())
    table.to_parquet(str(path))


def write_replicas(folder: Path) -> Path:
    """Data sets and YAML files; returns the folder of the latter, for `include`."""
    for name, parts in ROWS.items():
        configs: dict[str, dict[str, str]] = {}
        for config, split, row, count in parts:
            file = f"{config}/{split}.parquet"
            configs.setdefault(config, {})[split] = file
            _write(folder / "data" / name / file, [row(number) for number in range(count)])
        write_configs(folder / "data" / name, configs)
    tasks = folder / "tasks"
    tasks.mkdir()
    for task, file in FILES.items():
        home = folder / "data" / file.partition("/")[0]
        lines = (
            f"include: {HOME / file}",
            f"dataset_path: {home}",
            f"dataset_kwargs: {{cache_dir: {folder / 'cache'}}}",
        )
        (tasks / f"{task}.yaml").write_text("\n".join([*lines, f"task: {task}", ""]), "utf-8")
    for group, members in GROUPS.items():
        metrics = "aggregate_metric_list: [{metric: acc, weight_by_size: true}]"
        text = f"group: {group}\ntask: [{', '.join(members)}]\n{metrics}\n"
        (tasks / f"{group}.yaml").write_text(text, "utf-8")
    return tasks
