"""ScienceQA, the part with pictures: school questions with options (arXiv 2209.09513)."""

from __future__ import annotations

from collections.abc import Iterator

from sectow_benchmarks.suites.about import About, Published
from sectow_benchmarks.suites.data_suite import DataSuite, Record
from sectow_benchmarks.suites.forms import choice
from sectow_benchmarks.suites.source import Source

CONFIG = "ScienceQA-IMG"


class ScienceQa(DataSuite):
    """The questions of the test split that have a picture; a picture's questions are a cluster."""

    about = About(
        name="scienceqa",
        title="ScienceQA (pictures)",
        asks="a question from school with a picture and two to five options",
        roles=("capability",),
        shown="picture",
        source=Source(
            "lmms-lab-encoder/ScienceQA",
            "69dd4d6",
            ("README.md", f"{CONFIG}/test-*"),
            moved_from=("lmms-lab/ScienceQA",),
        ),
        items=2017,
        size="130 MB",
        paper="2209.09513",
        published=Published(metric="accuracy", original_judge="matching of the chosen letter"),
    )
    export_tokens = 32

    def records(self) -> Iterator[Record]:
        """One item per question, with its hint before it."""
        columns = ("image", "question", "hint", "choices", "answer")
        for number, row in enumerate(self.data.table(CONFIG, "test", columns), start=1):
            hint = row.optional("hint") or ""
            question = "\n".join(filter(None, (hint.strip(), row.text("question"))))
            form = choice(question, row.texts("choices"), row.index("answer"))
            if form is None:
                raise row.wrong("answer", "it is not the number of a choice")
            yield Record(
                **form._asdict(),
                id=str(number),
                role="capability",
                picture=row.picture("image"),
                cluster=row.digest("image"),
            )
