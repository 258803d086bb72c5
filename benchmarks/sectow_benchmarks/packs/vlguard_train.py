"""VLGuard, its training part: unsafe pictures, and safe ones with texts of both kinds.

arXiv 2402.02207. The answers that it teaches to harmless requests are references.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sectow_benchmarks.packs.source import TRAINING, PackSource
from sectow_benchmarks.suites.data_suite import Record
from sectow_benchmarks.suites.source import Source
from sectow_benchmarks.suites.vlguard import VlGuard
from sectow_benchmarks.suites.vlguard_rows import records_of


class VlGuardTrain(PackSource):
    """Harmful and harmless."""

    about = replace(
        VlGuard.about,
        name="vlguard_train",
        title="VLGuard, training part",
        source=Source("ys-zong/VLGuard", None, ("train.json", "train.zip")),
        items=None,
        published=TRAINING,
    )

    def records(self) -> Iterator[Record]:
        """One record for an unsafe picture, two for a safe one."""
        return records_of(self.data, "train")
