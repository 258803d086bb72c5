"""RealWorldQA: questions about photographs, many from vehicles, by xAI.

Some are answered with a letter, others with yes or no, a number or a word.
"""

from __future__ import annotations

from collections.abc import Iterator

from sectow_benchmarks.suites.about import About, Published
from sectow_benchmarks.suites.answers import number_of
from sectow_benchmarks.suites.data_suite import DataSuite, Record
from sectow_benchmarks.suites.forms import Form, letter, number, short, yes_no
from sectow_benchmarks.suites.source import Source

THEIRS = "Please answer directly with"
"""What the instruction within their questions begins with; ours have one of their own."""


class RealWorldQa(DataSuite):
    """All questions; a picture's questions are a cluster."""

    about = About(
        name="realworldqa",
        title="RealWorldQA",
        asks="a question about a photograph",
        roles=("capability",),
        shown="picture",
        source=Source(
            "lmms-lab-encoder/RealWorldQA",
            "907c4e5",
            ("README.md", "data/test-*"),
            moved_from=("lmms-lab/RealWorldQA",),
        ),
        licence="CC-BY-ND-4.0 (at xai-org/RealworldQA; the copy's page states CC-BY-4.0)",
        items=765,
        size="680 MB",
        published=Published(
            metric="accuracy", original_judge="matching of letter, number or words"
        ),
    )
    export_tokens = 32

    def records(self) -> Iterator[Record]:
        """One item per question."""
        columns = ("image", "question", "answer")
        for place, row in enumerate(self.data.table(None, "test", columns), start=1):
            form = _form(row.text("question").partition(THEIRS)[0].strip(), row.text("answer"))
            yield Record(
                **form._asdict(),
                id=str(place),
                role="capability",
                picture=row.picture("image"),
                category=form.meta["answer"],
                cluster=row.digest("image"),
            )


def _form(question: str, answer: str) -> Form:
    """How it is asked, by its right answer."""
    lettered = letter(question, answer) if answer.strip().isupper() else None
    if form := lettered or yes_no(question, answer):
        return form
    if number_of(answer) is not None:
        return number(question, answer)
    return short(question, answer)
