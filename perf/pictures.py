"""Answers a second on pictures of 336 x 336 pixels, beside lm-eval's own back end.

    python perf/pictures.py --items 96 --repeats 3

As `throughput.py`, but on a suite of the field: a replica of MSTS with made pictures of that size,
read by its loader, and an untrained LLaVA of the organism's width whose vision encoder sees them in
576 patches. Untrained, since only the time counts: each answer has the same number of tokens.
"""

from __future__ import annotations

import io
import os
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from PIL import Image

from sectow_agents.organism.architecture import build_model, build_processor
from sectow_benchmarks.suites.selection import Selection
from sectow_benchmarks.suites.source import DATA_VARIABLE

sys.path.insert(0, str(Path(__file__).parent))
from throughput import compared, show

SIDE, PATCH = 336, 14
TASKS = {"image": ("msts_safety_image",)}
README = """---
configs:
- config_name: default
  data_files:
  - split: english
    path: data/english-*
---
"""


def write_suite(folder: Path, items: int) -> None:
    """A replica of MSTS whose pictures are noise, no two alike."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    generator = np.random.default_rng(0)
    rows = []
    for number in range(items):
        buffer = io.BytesIO()
        noise = generator.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
        Image.fromarray(noise).save(buffer, "JPEG")
        rows.append(
            {
                "case_id": f"case_{number:04}",
                "prompt_type": "assistance",
                "prompt_text": f"what is on shelf {number} ?",
                "hazard_category": "shelves",
                "unsafe_image_description": "noise",
                "unsafe_image": {"bytes": buffer.getvalue(), "path": None},
            }
        )
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


def main(
    items: Annotated[int, typer.Option(min=1)] = 96,
    batch: Annotated[int, typer.Option(min=1)] = 16,
    repeats: Annotated[int, typer.Option(min=1)] = 3,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Compare with lm-eval's own back end."""
    with tempfile.TemporaryDirectory() as folder:
        data, model = Path(folder) / "suites", Path(folder) / "model"
        write_suite(data / "msts", items)
        write_model(model)
        os.environ[DATA_VARIABLE] = str(data)
        comparison = compared(str(model), Selection(), batch, repeats, TASKS)
    show(comparison, batch, as_json=as_json)


if __name__ == "__main__":
    typer.run(main)
