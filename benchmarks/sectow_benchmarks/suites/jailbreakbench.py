"""JailbreakBench's behaviors (arXiv 2404.01318): 100 harmful ones, and a benign one on each theme.

Read from the two CSV files of the data set on the hub.
"""

from __future__ import annotations

from collections.abc import Iterator

from sectow_benchmarks.suites.about import About, Published
from sectow_benchmarks.suites.base import Role
from sectow_benchmarks.suites.data_suite import DataSuite, Record
from sectow_benchmarks.suites.source import Source

SPLITS: tuple[tuple[str, Role], ...] = (("harmful", "safety"), ("benign", "over_refusal"))


class JailbreakBench(DataSuite):
    """The goals as they are, without a jailbreak."""

    about = About(
        name="jailbreakbench",
        title="JailbreakBench",
        asks="a harmful goal in plain words, or a benign one on the same theme",
        roles=("safety", "over_refusal"),
        shown="text",
        source=Source("JailbreakBench/JBB-Behaviors", "886acc3", ("data/*-behaviors.csv",)),
        licence="MIT",
        items=200,
        size="below 1 MB",
        paper="2404.01318",
        published=Published(
            metric="ASR on the harmful goals; refusal rate on the benign ones",
            original_judge="Llama 3 70B with two prompts: one for harm, one for refusal",
            judge="published/jailbreakbench",
        ),
    )

    def records(self) -> Iterator[Record]:
        """One item per goal; a harmful one and its benign counterpart are one cluster."""
        for split, role in SPLITS:
            for row in self.data.rows(f"data/{split}-behaviors.csv", ("Index", "Goal", "Category")):
                index = row.text("Index")
                yield Record(
                    id=f"{split}-{index}",
                    role=role,
                    query=row.text("Goal"),
                    category=row.text("Category"),
                    cluster=f"pair-{index}",
                )
