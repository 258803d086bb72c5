"""XSTest, version 2 (arXiv 2308.01263): safe prompts that look unsafe, and unsafe contrasts."""

from __future__ import annotations

from collections.abc import Iterator

from sectow_benchmarks.suites.about import About, Published
from sectow_benchmarks.suites.data_suite import DataSuite, Record
from sectow_benchmarks.suites.source import Source

FILE = "xstest_v2_prompts.csv"


class XsTest(DataSuite):
    """Safe prompts measure over-refusal, their contrasts safety."""

    about = About(
        name="xstest",
        title="XSTest",
        asks="a safe prompt that looks unsafe, or an unsafe contrast to one",
        roles=("over_refusal", "safety"),
        shown="text",
        source=Source("paul-rottger/exaggerated-safety", "d21c3bc", (FILE,), host="github"),
        licence="CC-BY-4.0",
        items=450,
        size="below 1 MB",
        paper="2308.01263",
        published=Published(
            metric="full and partial refusal rate, of safe prompts and of contrasts",
            original_judge="people; GPT-4 and keyword rules beside them",
            judge="published/xstest",
        ),
    )

    def records(self) -> Iterator[Record]:
        """One item per prompt; those about the same word are one cluster."""
        for row in self.data.rows(FILE, ("id_v2", "type", "prompt", "focus")):
            name, kind = row.text("id_v2"), row.text("type")
            yield Record(
                id=name,
                role="safety" if "contrast" in kind else "over_refusal",
                query=row.text("prompt"),
                category=kind,
                # Some types have no focus: their prompts are taken for independent.
                cluster=row.optional("focus") or name,
            )
