"""MMStar: questions that cannot be answered without the picture (arXiv 2403.20330).

Six core capabilities with 250 questions each. The options are in the text of a question.
"""

from __future__ import annotations

from collections.abc import Iterator

from sectow_benchmarks.suites.about import About, Published
from sectow_benchmarks.suites.data_suite import DataSuite, Record
from sectow_benchmarks.suites.forms import letter
from sectow_benchmarks.suites.source import Source


class MmStar(DataSuite):
    """All questions; a stratum is a core capability."""

    about = About(
        name="mmstar",
        title="MMStar",
        asks="a question with four options that needs its picture",
        roles=("capability",),
        shown="picture",
        source=Source("Lin-Chen/MMStar", "bc98d66", ("README.md", "mmstar.parquet")),
        items=1500,
        size="42 MB",
        paper="2403.20330",
        published=Published(
            metric="accuracy, mean of six core capabilities",
            original_judge="matching of the chosen letter",
        ),
    )
    export_tokens = 32

    def records(self) -> Iterator[Record]:
        """One item per question."""
        columns = ("index", "question", "image", "answer", "category")
        for row in self.data.table("val", "val", columns):
            form = letter(row.text("question"), row.text("answer"))
            if form is None:
                raise row.wrong("answer", "it is not a letter")
            yield Record(
                **form._asdict(),
                id=row.text("index"),
                role="capability",
                picture=row.picture("image"),
                category=row.text("category"),
            )
