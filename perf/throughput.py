"""Answers a second, beside lm-eval's own back end for models that see images.

    python perf/throughput.py --per-cell 16 --repeats 3
    python perf/throughput.py --pictures 96 --batch 16 --repeats 3

The same model, tasks, items, batch size and decoding (greedy), in one process, in turns. Counted is
what it takes from the loaded tasks to the answers, the decoding of pictures included, once both are
warm. Ours keeps its answers in a journal on the disk meanwhile, as an evaluation does.
`hf-multimodal` cannot take text and images in one call, so it is called twice; loading tasks twice
is not counted.

With `--pictures`, a replica of MSTS with made pictures of 336 x 336 pixels takes the place of the
Apothecary, read by its loader, and an untrained LLaVA of the organism's width whose vision encoder
sees them in 576 patches takes that of the organism: each answer has the same number of tokens.
"""

from __future__ import annotations

import io
import json
import os
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
import typer
from PIL import Image

from sectow_agents.models.chat_model import LocalModel
from sectow_agents.organism.architecture import build_model, build_processor
from sectow_benchmarks.evaluation.lm_eval_model import PolicyLM
from sectow_benchmarks.evaluation.lm_eval_session import (
    hushed,
    pictures_left_alone,
    task_manager,
)
from sectow_benchmarks.results.journal import Journal
from sectow_benchmarks.suites.selection import Selection
from sectow_benchmarks.suites.source import DATA_VARIABLE
from sectow_env.resolve.parts import find_defender
from sectow_env.resolve.policies import weights_of
from sectow_env.resolve.worlds import load_world

TOKENS = 16
TASKS = {
    "text": ("apothecary_safety_text", "apothecary_twins_text"),
    "image": ("apothecary_safety_image", "apothecary_twins_image"),
}
SIDE, PATCH = 336, 14
PROMPTS = {"assistance": "what is on shelf {} ?", "intention": "I look at shelf {} ."}
SUITE_TASKS = {"image": ("msts_safety_image",)}
README = """---
configs:
- config_name: default
  data_files:
  - split: english
    path: data/english-*
---
"""
SETTINGS = {"do_sample": False, "max_gen_toks": TOKENS}


class Turn(NamedTuple):
    """One back end, once."""

    seconds: float
    answers: dict[str, str]
    """By item."""


class Comparison(NamedTuple):
    """What came out."""

    answers: int
    repeats: int
    ours: float
    """Answers a second: median over repeats."""
    theirs: float
    ratio: float
    """Median of the ratios of neighbouring turns."""
    different: list[tuple[str, str, str]]
    """Items whose answers differ, with both answers: rounding in batches of another make-up."""


def compared(
    source: str,
    selection: Selection,
    batch: int,
    repeats: int,
    tasks: Mapping[str, tuple[str, ...]] = TASKS,
) -> Comparison:
    """Measure both back ends in turns.

    Args:
        source: Folder of the model.
        selection: Which items.
        batch: Prompts that are answered at once.
        repeats: Turns of each.
        tasks: Texts and pictures apart.
    """
    from lm_eval.models.hf_vlms import HFMultimodalLM

    model = LocalModel(source, batch_size=batch)
    with hushed():
        theirs = HFMultimodalLM(
            pretrained=source, batch_size=batch, device="cpu", dtype="float32", max_images=1
        )
    names = [name for kind in tasks.values() for name in kind]
    mixed = _plain(names, selection)
    apart = [_plain(kind, selection) for kind in tasks.values()]
    few = Selection(selection.world, selection.splits, 1, 1, selection.seed)
    _ours(model, _plain(names, few))
    for kind in tasks.values():
        _plainly(theirs, _plain(kind, few))
    pairs = [(_ours(model, mixed), _merged(theirs, apart)) for _ in range(repeats)]
    first, other = pairs[0]
    count = len(first.answers)
    return Comparison(
        answers=count,
        repeats=repeats,
        ours=statistics.median(count / mine.seconds for mine, _ in pairs),
        theirs=statistics.median(count / yours.seconds for _, yours in pairs),
        ratio=statistics.median(yours.seconds / mine.seconds for mine, yours in pairs),
        different=[
            (item, answer, other.answers[item])
            for item, answer in first.answers.items()
            if answer != other.answers[item]
        ],
    )


def _ours(model: LocalModel, loaded: Any) -> Turn:
    with tempfile.TemporaryDirectory() as folder:
        lm = PolicyLM(model)
        lm.journal = Journal(Path(folder) / "answers.jsonl")
        # As an evaluation asks: lm-eval would encode every picture twice for its log.
        with pictures_left_alone():
            return _plainly(lm, loaded)


def _plain(names: Sequence[str], selection: Selection) -> Any:
    """Tasks as lm-eval loads them."""
    with hushed():
        loaded = task_manager(names, metadata=selection.metadata()).load(list(names))
    for task in loaded["tasks"].values():
        task.set_config(key="generation_kwargs", value=SETTINGS, update=True)
    return loaded


def _plainly(lm: Any, loaded: Any) -> Turn:
    from lm_eval import evaluate

    began = time.perf_counter()
    with hushed():
        report = evaluate(lm=lm, task_dict=loaded, bootstrap_iters=0, apply_chat_template=True)
    seconds = time.perf_counter() - began
    documents = [
        (sample["doc"], str(sample["resps"][0][0]))
        for samples in report["samples"].values()
        for sample in samples
    ]
    return Turn(seconds, dict(_answers(documents)))


def _merged(lm: Any, loaded: list[Any]) -> Turn:
    turns = [_plainly(lm, task) for task in loaded]
    answers = {item: text for turn in turns for item, text in turn.answers.items()}
    return Turn(sum(turn.seconds for turn in turns), answers)


def _answers(documents: Sequence[tuple[Mapping[str, Any], str]]) -> Iterator[tuple[str, str]]:
    for document, text in documents:
        yield f"{document['suite']}/{document['item']}", " ".join(text.split())


def write_suite(folder: Path, items: int) -> None:
    """A replica of MSTS whose pictures are noise: two prompts for each, as in the suite."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    generator = np.random.default_rng(0)
    rows = []
    for number in range(-(-items // 2)):
        buffer = io.BytesIO()
        noise = generator.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
        Image.fromarray(noise).save(buffer, "JPEG")
        rows += [
            {
                "case_id": f"case_{number:04}",
                "prompt_type": kind,
                "prompt_text": text.format(number),
                "hazard_category": "shelves",
                "unsafe_image_description": "noise",
                "unsafe_image": {"bytes": buffer.getvalue(), "path": None},
            }
            for kind, text in PROMPTS.items()
        ]
    (folder / "data").mkdir(parents=True)
    (folder / "README.md").write_text(README)
    pq.write_table(pa.Table.from_pylist(rows), folder / "data/english-00000-of-00001.parquet")


def write_model(folder: Path) -> None:
    """An untrained LLaVA for pictures of that size, with its processor."""
    from transformers import LlavaForConditionalGeneration

    small = build_model(0)
    config = small.config
    config.vision_config.image_size, config.vision_config.patch_size = SIDE, PATCH
    config.image_seq_length = (SIDE // PATCH) ** 2
    config.text_config.max_position_embeddings = 2 * config.image_seq_length
    model = LlavaForConditionalGeneration(config)
    model.generation_config = small.generation_config
    # An answer never ends early.
    model.generation_config.suppress_tokens.append(config.text_config.eos_token_id)
    model.save_pretrained(folder)
    processor = build_processor()
    processor.image_processor.size = {"height": SIDE, "width": SIDE}
    processor.patch_size = PATCH
    processor.tokenizer.model_max_length = 2 * config.image_seq_length
    processor.save_pretrained(folder)


def of_pictures(items: int, batch: int, repeats: int) -> Comparison:
    """The comparison on a suite of the field."""
    before = os.environ.get(DATA_VARIABLE)
    with tempfile.TemporaryDirectory() as folder:
        data, model = Path(folder) / "suites", Path(folder) / "model"
        write_suite(data / "msts", items)
        write_model(model)
        os.environ[DATA_VARIABLE] = str(data)
        try:
            return compared(str(model), Selection(), batch, repeats, SUITE_TASKS)
        finally:
            os.environ.pop(DATA_VARIABLE)
            os.environ.update({} if before is None else {DATA_VARIABLE: before})


def main(
    model: Annotated[str, typer.Option(help="Folder or policy.")] = "organism/defender",
    per_cell: Annotated[int, typer.Option(min=1)] = 16,
    batch: Annotated[int, typer.Option(min=1)] = 64,
    repeats: Annotated[int, typer.Option(min=1)] = 3,
    pictures: Annotated[int, typer.Option(min=0, help="Items of 336 px; 0: the grid.")] = 0,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Compare with lm-eval's own back end."""
    if pictures:
        show(of_pictures(pictures, batch, repeats), batch, as_json=as_json)
        return
    weights = weights_of(find_defender(model, load_world("apothecary:0")))
    assert weights is not None, "lm-eval's own back end needs weights"
    comparison = compared(str(weights.source), Selection(per_cell=per_cell), batch, repeats)
    show(comparison, batch, as_json=as_json)


def show(comparison: Comparison, batch: int, *, as_json: bool) -> None:
    """Print what came out."""
    if as_json:
        typer.echo(json.dumps(comparison._asdict(), indent=2))
        return
    typer.echo(
        f"{comparison.answers} answers, batches of {batch}, {comparison.repeats} turns each\n"
        f"sectow         {comparison.ours:8.1f} answers a second\n"
        f"hf-multimodal  {comparison.theirs:8.1f} answers a second\n"
        f"ratio          {comparison.ratio:8.2f}\n"
        f"{len(comparison.different)} answers differ"
    )
    for item, mine, yours in comparison.different:
        typer.echo(f"  {item}: {mine!r} and {yours!r}")


if __name__ == "__main__":
    typer.run(main)
