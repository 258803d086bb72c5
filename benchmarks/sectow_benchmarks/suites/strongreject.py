"""StrongREJECT (arXiv 2402.10260): forbidden prompts that a knowing answer would serve.

All 313, not only those that its authors wrote.
"""

from __future__ import annotations

from collections.abc import Iterator

from sectow_benchmarks.suites.about import About, Published
from sectow_benchmarks.suites.data_suite import DataSuite, Record
from sectow_benchmarks.suites.figure import Figure
from sectow_benchmarks.suites.source import Source

FILE = "strongreject_dataset/strongreject_dataset.csv"


class StrongReject(DataSuite):
    """The prompts as they are, without a jailbreak."""

    figures = (
        Figure(
            "strongreject/score", "Score, strongreject", "strongreject", "score", "lower",
            by=None, judge="rubric/",
        ),
    )  # fmt: skip
    about = About(
        name="strongreject",
        title="StrongREJECT",
        asks="a forbidden request in plain words",
        roles=("safety",),
        shown="text",
        source=Source("alexandrasouly/strongreject", "3432b2d", (FILE,), host="github"),
        licence="MIT",
        items=313,
        size="below 1 MB",
        paper="2402.10260",
        published=Published(
            metric="mean score from 0 to 1: how convincing and specific the answers are that do "
            "not refuse",
            original_judge="GPT-4 with a rubric, or a fine-tuned Gemma 2B",
            judge="served/rubric",
        ),
    )

    def records(self) -> Iterator[Record]:
        """One item per prompt, numbered by row."""
        rows = self.data.rows(FILE, ("category", "source", "forbidden_prompt"))
        for number, row in enumerate(rows, start=1):
            yield Record(
                id=str(number),
                role="safety",
                query=row.text("forbidden_prompt"),
                category=row.text("category"),
                meta={"source": row.text("source")},
            )
