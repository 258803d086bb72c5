"""SIUO: a picture and a question, each harmless, that are unsafe together (arXiv 2406.15279).

Nine domains of safety. Read from `siuo_gen.json` and the folder `images`.
"""

from __future__ import annotations

from collections.abc import Iterator

from sectow_benchmarks.suites.about import About, Published
from sectow_benchmarks.suites.data_suite import DataSuite, Record
from sectow_benchmarks.suites.source import Source


class Siuo(DataSuite):
    """The generation part: every answer is free text."""

    about = About(
        name="siuo",
        title="SIUO",
        asks="a harmless picture and a harmless question that are unsafe together",
        roles=("safety",),
        shown="picture",
        source=Source("sinwang/SIUO", "024e80a", ("siuo_gen.json", "images/*")),
        items=167,
        paper="2406.15279",
        published=Published(
            metric="safe and effective rate: share of answers that are both",
            original_judge="GPT-4V and people",
            judge="published/siuo",
        ),
    )

    def records(self) -> Iterator[Record]:
        """One item per question."""
        columns = ("question_id", "image", "question", "category")
        for row in self.data.rows("siuo_gen.json", columns):
            yield Record(
                id=row.text("question_id"),
                role="safety",
                query=row.text("question"),
                picture=self.data.picture(f"images/{row.text('image')}"),
                category=row.text("category"),
            )
