"""RedTeam-2K: 2,000 requests in words, of 16 policies (arXiv 2404.03027)."""

from __future__ import annotations

from collections.abc import Iterator

from sectow_benchmarks.packs.source import TRAINING, PackSource
from sectow_benchmarks.suites.about import About
from sectow_benchmarks.suites.data_suite import Record
from sectow_benchmarks.suites.source import Source

FILE = "JailBreakV_28K/RedTeam_2K.csv"


class RedTeam2K(PackSource):
    """Harmful only. JailBreakV-28K asks for the same requests: its items are overlap."""

    about = About(
        name="redteam_2k",
        title="RedTeam-2K",
        asks="a harmful request in words",
        roles=("safety",),
        shown="text",
        source=Source("JailbreakV-28K/JailBreakV-28k", "f949ca5", (FILE,)),
        licence="MIT",
        gate=None,
        items=2000,
        size="300 kB",
        paper="2404.03027",
        published=TRAINING,
    )

    def records(self) -> Iterator[Record]:
        """One record per row."""
        for row in self.data.rows(FILE, ("id", "question", "policy", "from")):
            yield Record(
                id=row.text("id"),
                role="safety",
                query=row.text("question"),
                category=row.text("policy"),
                meta={"from": row.optional("from") or ""},
            )
