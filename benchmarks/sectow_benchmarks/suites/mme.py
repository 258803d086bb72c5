"""MME: two questions about each picture, one of which is to be answered with no (arXiv 2306.13394).

Fourteen categories of perception and cognition.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from sectow_benchmarks.suites.about import About, Published
from sectow_benchmarks.suites.data_suite import DataSuite, Record
from sectow_benchmarks.suites.figure import Figure
from sectow_benchmarks.suites.forms import yes_no
from sectow_benchmarks.suites.source import Source

if TYPE_CHECKING:
    import pandas as pd

THEIRS = " Please answer yes or no."
"""What their questions end with; ours have an instruction of their own."""


class WholeClusters(Figure):
    """The share of clusters all of whose answers are right; one that is not scored leaves a gap."""

    def select(self, samples: pd.DataFrame, decoding: str) -> pd.DataFrame:
        """One row per cluster, which is right where all are."""
        rows = super().select(samples, decoding)
        worst = rows.groupby("cluster")["correct"].transform(
            lambda values: values.min(skipna=False)
        )
        return rows.assign(correct=worst).drop_duplicates("cluster")


class Mme(DataSuite):
    """All categories, as strata; a picture's two questions are a cluster.

    The mini asks single questions: it has no acc+.
    """

    about = About(
        name="mme",
        title="MME",
        asks="one of two questions about a picture, to be answered with yes or no",
        roles=("capability",),
        shown="picture",
        source=Source(
            "lmms-lab-encoder/MME",
            None,
            ("README.md", "data/test-*"),
            moved_from=("lmms-lab/MME",),
        ),
        items=2374,
        paper="2306.13394",
        published=Published(
            metric="sum over categories of accuracy and accuracy+, in percent",
            original_judge="matching of yes and no",
        ),
    )
    export_tokens = 32
    figures = (
        WholeClusters(
            "mme/acc_plus",
            "MME accuracy+: both questions of a picture are answered right",
            "mme",
            "correct",
            "higher",
            by="stratum",
        ),
    )

    def records(self) -> Iterator[Record]:
        """One item per question; the two of a picture have one number in the data."""
        seen: Counter[str] = Counter()
        columns = ("question_id", "image", "question", "answer", "category")
        for row in self.data.table(None, "test", columns):
            form = yes_no(row.text("question").removesuffix(THEIRS), row.text("answer"))
            if form is None:
                raise row.wrong("answer", "it is neither yes nor no")
            category, number = row.text("category"), row.text("question_id")
            picture = f"{category}/{number}"
            seen[picture] += 1
            yield Record(
                **form._asdict(),
                id=f"{picture}/{seen[picture]}",
                role="capability",
                picture=row.picture("image"),
                category=category,
                cluster=picture,
            )
