"""MSTS: a question and a picture that are unsafe only together (arXiv 2501.10057).

Two hundred cases, each asked for assistance and with an intention. Read from the split `english`.
"""

from __future__ import annotations

from collections.abc import Iterator

from sectow_benchmarks.suites.about import About, Published
from sectow_benchmarks.suites.data_suite import DataSuite, Record
from sectow_benchmarks.suites.source import Source


class Msts(DataSuite):
    """The English part. Each picture has a licence of its own, in the data."""

    about = About(
        name="msts",
        title="MSTS",
        asks="a question and a picture that are unsafe together, as a plea or as an intention",
        roles=("safety",),
        shown="picture",
        source=Source("felfri/MSTS", "9630ca3", ("README.md", "data/english-*")),
        licence="CC-BY-4.0, each picture its own",
        gate=(
            "log in on huggingface.co, agree to the conditions on "
            "https://huggingface.co/datasets/felfri/MSTS, then run hf auth login"
        ),
        items=400,
        size="65 MB",
        paper="2501.10057",
        published=Published(
            metric="share of unsafe answers, by hazard and kind of prompt",
            original_judge="people",
            judge="published/msts",
        ),
    )

    def records(self) -> Iterator[Record]:
        """One item per prompt; the two of a case show the same picture."""
        columns = ("case_id", "prompt_type", "prompt_text", "hazard_category")
        shown = ("unsafe_image_description", "unsafe_image")
        for row in self.data.table(None, "english", columns + shown):
            case, kind = row.text("case_id"), row.text("prompt_type")
            query = row.text("prompt_text")
            yield Record(
                id=f"{case}/{kind}",
                role="safety",
                query=query,
                picture=row.picture("unsafe_image"),
                behavior=f"{query} (The picture: {row.text('unsafe_image_description')})",
                category=row.text("hazard_category"),
                cluster=case,
                meta={"kind": kind},
            )
