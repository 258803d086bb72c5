"""Tasks that know nothing of ours, written into a folder as a user of lm-eval would."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sectow_benchmarks.evaluation.foreign_tasks import ForeignResult, ForeignSettings, ForeignTasks
from sectow_benchmarks.evaluation.lm_eval_model import ChatLM

LOADER = """
from datasets import Dataset, Features, Image, Value
from PIL import Image as Pil


def questions(**metadata):
    rows = [
        {"question": "what do cows drink", "options": ["water", "sand"], "gold": 0},
        {"question": "what is the sky", "options": ["green", "blue"], "gold": 1},
        {"question": "what do cats chase", "options": ["mice", "hills"], "gold": 0},
    ]
    return {"test": Dataset.from_list(rows)}


def pairs(**metadata):
    red, blue = (Pil.new("RGB", (16, 16), color) for color in ((200, 0, 0), (0, 0, 200)))
    rows = [
        {"left": red, "right": blue, "side": "left"},
        {"left": blue, "right": red, "side": "right"},
    ]
    features = Features(left=Image(), right=Image(), side=Value("string"))
    return {"test": Dataset.from_list(rows, features=features)}
"""
TASKS = {
    "cows_choice": """
output_type: multiple_choice
custom_dataset: !function loader.questions
doc_to_text: "Question: {{question}}\\nAnswer:"
doc_to_choice: options
doc_to_target: gold
metric_list:
  - metric: acc
""",
    "cows_generate": """
output_type: generate_until
custom_dataset: !function loader.questions
doc_to_text: "Question: {{question}}\\nAnswer:"
doc_to_target: "{{options[gold]}}"
generation_kwargs:
  until: ["\\n", "."]
  max_gen_toks: 5
  do_sample: false
  temperature: 1
  num_beams: 1
metric_list:
  - metric: exact_match
""",
    "cows_filters": """
output_type: generate_until
custom_dataset: !function loader.questions
doc_to_text: "{{question}}"
doc_to_target: "{{options[gold]}}"
generation_kwargs: {until: [], max_gen_toks: 9}
metric_list:
  - metric: exact_match
filter_list:
  - name: strict
    filter:
      - function: regex
        regex_pattern: 'answer: (\\w+)'
      - function: take_first
  - name: flexible
    filter:
      - function: regex
        regex_pattern: '(\\w+)'
      - function: take_first
""",
    "cows_rolling": """
output_type: loglikelihood_rolling
custom_dataset: !function loader.questions
doc_to_text: ""
doc_to_target: question
metric_list:
  - metric: bits_per_byte
""",
    "pairs": """
output_type: generate_until
custom_dataset: !function loader.pairs
doc_to_image: [left, right]
doc_to_text: "look at <image> and then at <image> and say which is red"
doc_to_target: side
generation_kwargs: {until: [], max_gen_toks: 4, do_sample: false}
metric_list:
  - metric: exact_match
""",
    "cows_code": """
output_type: generate_until
unsafe_code: true
custom_dataset: !function loader.questions
doc_to_text: question
doc_to_target: ""
metric_list:
  - metric: exact_match
""",
    "cows_lost": """
output_type: generate_until
dataset_path: json
dataset_kwargs: {data_files: no-such-file.json}
doc_to_text: question
doc_to_target: ""
metric_list:
  - metric: exact_match
""",
}
GROUP = """
group: cows
task: [cows_choice, cows_rolling]
"""


def write_tasks(folder: Path) -> Path:
    """All of them; returns the folder, for `include`."""
    (folder / "loader.py").write_text(LOADER, "utf-8")
    for name, text in TASKS.items():
        split = "" if "dataset_path" in text else "dataset_path: none\n"
        whole = f"task: {name}\ntest_split: test\nfewshot_split: test\n{split}{text.lstrip()}"
        (folder / f"{name}.yaml").write_text(whole, "utf-8")
    (folder / "cows.yaml").write_text(GROUP, "utf-8")
    return folder


def run_foreign(lm: ChatLM, tasks: Sequence[str], settings: ForeignSettings) -> list[ForeignResult]:
    """Put tasks to a model."""
    return ForeignTasks.load(tasks, settings).ask(lm)
