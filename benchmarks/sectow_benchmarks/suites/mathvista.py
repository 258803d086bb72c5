"""MathVista, testmini: mathematics about figures, plots and puzzles (arXiv 2310.02255).

The original has a language model extract answers. Asked here is what needs none: choices, and whole
or decimal numbers to the precision that is stated. Lists and other free answers are left out.
"""

from __future__ import annotations

from collections.abc import Iterator

from sectow_benchmarks.suites.about import About, Published
from sectow_benchmarks.suites.data import Row
from sectow_benchmarks.suites.data_suite import DataSuite, Record
from sectow_benchmarks.suites.forms import Form, choice, number
from sectow_benchmarks.suites.source import Source

_COLUMNS = (
    *("pid", "question", "choices", "unit", "precision", "answer", "question_type", "answer_type"),
    *("decoded_image", "metadata"),
)


class MathVista(DataSuite):
    """Questions of testmini whose answers need no extraction; a picture's are a cluster."""

    about = About(
        name="mathvista",
        title="MathVista (testmini, without extraction)",
        asks="a question of mathematics about a picture: of 1,000, those with options or a number",
        roles=("capability",),
        shown="picture",
        source=Source("AI4Math/MathVista", "2b6ad69", ("README.md", "data/testmini-*")),
        licence="CC-BY-SA-4.0",
        size="142 MB",
        paper="2310.02255",
        published=Published(
            metric="accuracy over all 1,000 questions of testmini; ours leaves out lists",
            original_judge="GPT-4 extracts the answer, which is compared with the right one",
        ),
    )
    export_tokens = 64

    def records(self) -> Iterator[Record]:
        """One item per question that is kept."""
        for row, form in self._forms():
            if form is not None:
                yield Record(
                    **form._asdict(),
                    id=row.text("pid"),
                    role="capability",
                    picture=row.picture("decoded_image"),
                    category=row.row("metadata").text("task"),
                    cluster=row.digest("decoded_image"),
                )

    @property
    def left_out(self) -> int:
        """How many questions of testmini are not asked."""
        return sum(form is None for _, form in self._forms())

    def _forms(self) -> Iterator[tuple[Row, Form | None]]:
        for row in self.data.table(None, "testmini", _COLUMNS):
            unit = row.optional("unit")
            question = row.text("question") + (f" (unit: {unit})" if unit else "")
            yield row, _form(row, question)


def _form(row: Row, question: str) -> Form | None:
    """How it is asked; None for what needs a language model to read the answer."""
    answer, kind = row.text("answer"), row.text("answer_type")
    if row.text("question_type") == "multi_choice":
        options = row.texts("choices")
        if options.count(answer) != 1:
            raise row.wrong("answer", "it is not one of the choices")
        return choice(question, options, options.index(answer))
    if kind == "integer":
        return number(question, answer)
    return number(question, answer, row.index("precision")) if kind == "float" else None
