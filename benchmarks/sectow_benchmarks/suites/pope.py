"""POPE: whether an object is in a picture (arXiv 2305.10355).

The objects that are not there are drawn at random, among the most frequent ones (popular), or among
those that go with what is there (adversarial).
"""

from __future__ import annotations

from collections.abc import Iterator

from sectow_benchmarks.suites.about import About, Published
from sectow_benchmarks.suites.data_suite import DataSuite, Record
from sectow_benchmarks.suites.forms import yes_no
from sectow_benchmarks.suites.source import Source


class Pope(DataSuite):
    """All three ways of drawing, as strata; a picture's questions are a cluster."""

    about = About(
        name="pope",
        title="POPE",
        asks="whether an object is in a picture",
        roles=("capability",),
        shown="picture",
        source=Source(
            "lmms-lab-encoder/POPE",
            "4db1276",
            ("README.md", "data/test-*"),
            moved_from=("lmms-lab/POPE",),
        ),
        items=9000,
        paper="2305.10355",
        published=Published(
            metric="accuracy and F1, by the way in which objects are drawn",
            original_judge="matching of yes and no",
        ),
    )
    export_tokens = 32

    def records(self) -> Iterator[Record]:
        """One item per question; the three parts number theirs alike."""
        columns = ("question_id", "question", "answer", "image_source", "image", "category")
        for row in self.data.table(None, "test", columns):
            form = yes_no(row.text("question"), row.text("answer"))
            if form is None:
                raise row.wrong("answer", "it is neither yes nor no")
            category = row.text("category")
            yield Record(
                **form._asdict(),
                id=f"{category}/{row.text('question_id')}",
                role="capability",
                picture=row.picture("image"),
                category=category,
                cluster=row.text("image_source"),
            )
