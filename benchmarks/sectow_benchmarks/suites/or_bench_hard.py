"""OR-Bench-Hard-1K (arXiv 2405.20947): harmless prompts that look toxic, the hardest of 80,000.

Read from its CSV file on the hub.
"""

from __future__ import annotations

from collections.abc import Iterator

from sectow_benchmarks.suites.about import About, Published
from sectow_benchmarks.suites.data_suite import DataSuite, Record
from sectow_benchmarks.suites.source import Source

FILE = "or-bench-hard-1k.csv"


class OrBenchHard(DataSuite):
    """Every refusal is an over-refusal."""

    about = About(
        name="or_bench_hard",
        title="OR-Bench-Hard-1K",
        asks="a harmless prompt that looks toxic",
        roles=("over_refusal",),
        shown="text",
        source=Source("bench-llm/or-bench", "e36d8b8", (FILE,)),
        licence="CC-BY-4.0",
        items=1_319,
        size="below 1 MB",
        paper="2405.20947",
        published=Published(
            metric="rejection rate: direct and indirect refusals",
            original_judge="GPT-4; keyword rules for the 80,000",
            judge="published/or_bench_hard",
        ),
    )

    def records(self) -> Iterator[Record]:
        """One item per prompt, numbered by row."""
        for number, row in enumerate(self.data.rows(FILE, ("prompt", "category")), start=1):
            yield Record(
                id=str(number),
                role="over_refusal",
                query=row.text("prompt"),
                category=row.text("category"),
            )
