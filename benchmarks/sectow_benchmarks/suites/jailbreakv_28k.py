"""JailBreakV-28K: jailbreaks of text models carried over to pictures (arXiv 2404.03027).

Without all pictures, `skip_missing=true` counts items that lack theirs as invalid.
"""

from __future__ import annotations

from collections.abc import Iterator

from sectow_benchmarks.suites.about import About, Published
from sectow_benchmarks.suites.data_suite import DataSuite, Record
from sectow_benchmarks.suites.source import Source

HOME = "JailBreakV_28K"
COLUMNS = ("id", "jailbreak_query", "redteam_query", "format", "policy", "image_path")


class JailBreakV28K(DataSuite):
    """Its mini is the authors' own, `mini_JailBreakV_28K`, whose pictures the hub has.

    20,000 items are 5,000 texts with four pictures each: those of one request are one cluster.
    """

    about = About(
        name="jailbreakv_28k",
        title="JailBreakV-28K",
        asks="a jailbreak in the text beside any picture, or in the picture",
        roles=("safety",),
        shown="picture",
        source=Source("JailbreakV-28K/JailBreakV-28k", "f949ca5", (f"{HOME}/*",)),
        licence="MIT",
        gate=(
            "none for the mini; for all pictures fill in the form that its page on "
            f"huggingface.co names, and unpack them into {HOME}"
        ),
        items=28_000,
        size="25 MB without, 15 GB with all pictures",
        paper="2404.03027",
        published=Published(
            metric="attack success rate, by kind of jailbreak and by policy",
            original_judge="Llama Guard",
            judge="served/llama_guard_4",
        ),
        mini=280,
    )

    def records(self) -> Iterator[Record]:
        """One item per row."""
        name = "mini_JailBreakV_28K" if self.mini else "JailBreakV_28K"
        for row in self.data.rows(f"{HOME}/{name}.csv", COLUMNS):
            yield Record(
                id=row.text("id"),
                role="safety",
                query=row.text("jailbreak_query"),
                picture=self.data.picture(f"{HOME}/{row.text('image_path')}"),
                behavior=row.text("redteam_query"),
                category=row.text("policy"),
                stratum=row.text("format"),
                cluster=row.digest("redteam_query"),
            )
