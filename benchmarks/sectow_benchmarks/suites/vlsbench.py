"""VLSBench: a harmless text whose harm is in the picture alone (arXiv 2411.19939).

Read from `data.json`, and the pictures from the folder `imgs` or from `imgs.tar`.
"""

from __future__ import annotations

from collections.abc import Iterator

from sectow_benchmarks.suites.about import About, Published
from sectow_benchmarks.suites.data_suite import DataSuite, Record
from sectow_benchmarks.suites.source import Source

COLUMNS = ("instruction_id", "instruction", "image_path", "category", "image_description")


class VlsBench(DataSuite):
    """The layout of the pinned commit; a later one may have `image` in place of `image_path`."""

    about = About(
        name="vlsbench",
        title="VLSBench",
        asks="a text that reveals nothing beside a picture that is unsafe with it",
        roles=("safety",),
        shown="picture",
        source=Source("Foreshhh/vlsbench", "2fef1f5", ("data.json", "imgs.tar")),
        licence="Apache-2.0",
        items=2241,
        size="2.5 GB",
        paper="2411.19939",
        published=Published(
            metric="safe rate: answers that refuse, and those that warn, by category",
            original_judge="GPT-4o",
            judge="published/vlsbench",
        ),
    )

    def records(self) -> Iterator[Record]:
        """One item per text; some show the same picture, and are a cluster."""
        for row in self.data.rows("data.json", COLUMNS):
            query = row.optional("instruction") or ""
            yield Record(
                id=row.text("instruction_id"),
                role="safety",
                query=query,
                picture=self.data.picture(row.text("image_path"), "imgs.tar"),
                behavior=f"{query} (The picture: {row.text('image_description')})".strip(),
                category=row.text("category"),
                cluster=row.text("image_path"),
            )
