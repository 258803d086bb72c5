"""VLGuard, its test: unsafe pictures, and safe ones with texts of both kinds (arXiv 2402.02207).

Read from `test.json`, and the pictures from the folder `test` or from `test.zip`.
"""

from __future__ import annotations

from collections.abc import Iterator

from sectow_benchmarks.suites.about import About, Published
from sectow_benchmarks.suites.data_suite import DataSuite, Record
from sectow_benchmarks.suites.source import Source
from sectow_benchmarks.suites.vlguard_rows import records_of


class VlGuard(DataSuite):
    """Three parts, as in the paper: `unsafes` and `safe_unsafes`, and benign `safe_safes`."""

    about = About(
        name="vlguard",
        title="VLGuard",
        asks="an unsafe picture, or a safe one with an unsafe or a safe instruction",
        roles=("safety", "over_refusal"),
        shown="picture",
        source=Source("ys-zong/VLGuard", None, ("test.json", "test.zip")),
        gate=(
            "log in on huggingface.co, agree to research use on "
            "https://huggingface.co/datasets/ys-zong/VLGuard, then run hf auth login"
        ),
        items=1558,
        paper="2402.02207",
        published=Published(
            metric="attack success rate of unsafes and safe_unsafes; win rate on safe_safes",
            original_judge="keywords of refusals; GPT-4 for the win rate",
            judge="rules/not_refused",
        ),
    )

    def records(self) -> Iterator[Record]:
        """One item for an unsafe picture, two for a safe one."""
        return records_of(self.data, "test")
