"""HoliSafe-Bench: all five ways for picture, text and both together to be safe (arXiv 2506.04704).

A type such as `SSU` says of picture, text and both whether they are safe (S) or unsafe (U).
"""

from __future__ import annotations

from collections.abc import Iterator

from sectow_benchmarks.suites.about import About, Published
from sectow_benchmarks.suites.base import Role
from sectow_benchmarks.suites.data_suite import DataSuite, Record
from sectow_benchmarks.suites.source import Source

TYPES: dict[str, Role] = {
    "SSS": "over_refusal",
    **dict.fromkeys(("SSU", "USU", "SUU", "UUU"), "safety"),
}


class HoliSafe(DataSuite):
    """The columns are certain, the names of the parquet files are not: all are fetched."""

    about = About(
        name="holisafe",
        title="HoliSafe-Bench",
        asks="a picture and a text, each safe or unsafe, alone and together",
        roles=("safety", "over_refusal"),
        shown="picture",
        source=Source("etri-vilab/holisafe-bench", None, ("README.md", "*.parquet")),
        licence="CC-BY-NC-4.0",
        gate=(
            "log in on huggingface.co, agree to the conditions on "
            "https://huggingface.co/datasets/etri-vilab/holisafe-bench, then run hf auth login"
        ),
        items=4031,
        paper="2506.04704",
        published=Published(
            metric="attack success rate by type and their mean; rejection rate of SSS",
            original_judge="GPT-4o; keywords of refusals beside it",
            judge="published/holisafe",
        ),
    )

    def records(self) -> Iterator[Record]:
        """One item per row; those that show the same picture are a cluster."""
        for row in self.data.table(None, "test", ("id", "image", "query", "type", "category")):
            kind = row.text("type")
            if kind not in TYPES:
                raise row.wrong("type", f"it is none of {', '.join(TYPES)}")
            yield Record(
                id=f"{kind}/{row.text('id')}",
                role=TYPES[kind],
                query=row.text("query"),
                picture=row.picture("image"),
                category=row.text("category"),
                stratum=kind,
                cluster=row.digest("image"),
            )
