"""AI2D: questions about diagrams of school science (arXiv 1603.07396)."""

from __future__ import annotations

from collections.abc import Iterator

from sectow_benchmarks.suites.about import About, Published
from sectow_benchmarks.suites.data_suite import DataSuite, Record
from sectow_benchmarks.suites.forms import choice
from sectow_benchmarks.suites.source import Source


class Ai2d(DataSuite):
    """The test split; a diagram's questions are a cluster."""

    about = About(
        name="ai2d",
        title="AI2D",
        asks="a question about a diagram with four options",
        roles=("capability",),
        shown="picture",
        source=Source(
            "lmms-lab-encoder/ai2d",
            None,
            ("README.md", "data/test-*"),
            moved_from=("lmms-lab/ai2d",),
        ),
        paper="1603.07396",
        published=Published(metric="accuracy", original_judge="matching of the chosen letter"),
    )
    export_tokens = 32

    def records(self) -> Iterator[Record]:
        """One item per question."""
        columns = ("question", "options", "answer", "image")
        for number, row in enumerate(self.data.table(None, "test", columns), start=1):
            form = choice(row.text("question"), row.texts("options"), row.index("answer"))
            if form is None:
                raise row.wrong("answer", "it is not the number of an option")
            yield Record(
                **form._asdict(),
                id=str(number),
                role="capability",
                picture=row.picture("image"),
                cluster=row.digest("image"),
            )
