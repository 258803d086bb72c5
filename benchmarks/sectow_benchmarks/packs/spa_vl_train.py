"""SPA-VL, its training part: questions about pictures of 53 harms (arXiv 2406.12030)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sectow_benchmarks.packs.source import TRAINING, PackSource
from sectow_benchmarks.suites.data_suite import Record
from sectow_benchmarks.suites.source import Source
from sectow_benchmarks.suites.spa_vl import SpaVl


class SpaVlTrain(PackSource):
    """Harmful only: its questions all aim at a harm, however mild. All are of one category."""

    about = replace(
        SpaVl.about,
        name="spa_vl_train",
        title="SPA-VL, training part",
        roles=("safety",),
        source=Source("sqrti/SPA-VL", "a06c4cd", ("README.md", "data/train-*")),
        items=93_258,
        size="3.8 GB",
        published=TRAINING,
    )

    def records(self) -> Iterator[Record]:
        """One record per question; those that show the same picture are a cluster."""
        rows = self.data.table("default", "train", ("image", "question"))
        for number, row in enumerate(rows):
            yield Record(
                id=str(number),
                role="safety",
                query=row.text("question"),
                picture=row.picture("image"),
                category="spa_vl",
                cluster=row.digest("image"),
            )
