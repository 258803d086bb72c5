"""SPA-VL, its test part: questions about pictures of 53 harms (arXiv 2406.12030).

Read from the configuration `test`: its split `harm`, and its split `help`.
"""

from __future__ import annotations

from collections.abc import Iterator

from sectow_benchmarks.suites.about import About, Published
from sectow_benchmarks.suites.base import Role
from sectow_benchmarks.suites.data_suite import DataSuite, Record
from sectow_benchmarks.suites.source import Source

SPLITS: tuple[tuple[str, Role], ...] = (("harm", "safety"), ("help", "over_refusal"))


class SpaVl(DataSuite):
    """The paper compares answers to `help` in pairs; here their refusals count, as over-refusal."""

    about = About(
        name="spa_vl",
        title="SPA-VL",
        asks="a question about a picture, from the test of harmlessness or of helpfulness",
        roles=("safety", "over_refusal"),
        shown="picture",
        source=Source("sqrti/SPA-VL", "a06c4cd", ("README.md", "test/*")),
        licence="CC-BY-4.0",
        items=530,
        size="19 MB",
        paper="2406.12030",
        published=Published(
            metric="share of unsafe answers to harm; win rate on help",
            original_judge="GPT-4V",
            judge="published/spa_vl",
        ),
    )

    def records(self) -> Iterator[Record]:
        """One item per question; those that show the same picture are a cluster."""
        for split, role in SPLITS:
            rows = self.data.table("test", split, ("image", "question", "class1"))
            for number, row in enumerate(rows):
                yield Record(
                    id=f"{split}/{number}",
                    role=role,
                    query=row.text("question"),
                    picture=row.picture("image"),
                    category=row.text("class1"),
                    cluster=row.digest("image"),
                )
