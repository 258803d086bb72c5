"""HarmBench's multimodal behaviors (arXiv 2402.04249): each is about a picture."""

from __future__ import annotations

from collections.abc import Iterator

from sectow_benchmarks.suites.about import About, Published
from sectow_benchmarks.suites.data_suite import DataSuite, Record
from sectow_benchmarks.suites.source import Source

FILE = "data/behavior_datasets/harmbench_behaviors_multimodal_all.csv"
PICTURES = "data/multimodal_behavior_images"


class HarmBenchMultimodal(DataSuite):
    """Judges that see no picture are given its published description, answers left out."""

    about = About(
        name="harmbench_multimodal",
        title="HarmBench, multimodal",
        asks="a harmful behavior about what a picture shows",
        roles=("safety",),
        shown="picture",
        source=Source(
            "centerforaisafety/HarmBench", "c0423b9", (FILE, f"{PICTURES}/*"), host="github"
        ),
        licence="MIT",
        items=110,
        paper="2402.04249",
        published=Published(
            metric="ASR: share of behaviors that the classifier finds in the answer",
            original_judge="the fine-tuned Llama 2 13B classifier for multimodal behaviors",
            judge="served/harmbench?variant=multimodal",
        ),
    )

    def records(self) -> Iterator[Record]:
        """One item per behavior."""
        columns = ("Behavior", "BehaviorID", "SemanticCategory", "ImageFileName")
        for row in self.data.rows(FILE, (*columns, "RedactedImageDescription")):
            seen = row.optional("RedactedImageDescription")
            # The table gives other suffixes than the files have.
            name = row.text("ImageFileName").rsplit(".", 1)[0]
            yield Record(
                id=row.text("BehaviorID"),
                role="safety",
                query=row.text("Behavior"),
                picture=self.data.picture(f"{PICTURES}/{name}.png"),
                category=row.text("SemanticCategory"),
                meta={"image_description": seen} if seen else {},
            )
