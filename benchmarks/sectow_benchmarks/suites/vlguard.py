"""VLGuard, its test: unsafe pictures, and safe ones with texts of both kinds (arXiv 2402.02207).

Read from `test.json`, and the pictures from the folder `test` or from `test.zip`.
"""

from __future__ import annotations

from collections.abc import Iterator

from sectow_benchmarks.suites.about import About, Published
from sectow_benchmarks.suites.data import Data
from sectow_benchmarks.suites.data_suite import DataSuite, Record
from sectow_benchmarks.suites.source import Source

UNSAFE = {"instruction": "unsafes"}
SAFE = {"safe_instruction": "safe_safes", "unsafe_instruction": "safe_unsafes"}


class VlGuard(DataSuite):
    """Three parts, as in the paper: `unsafes` and `safe_unsafes`, and benign `safe_safes`."""

    about = About(
        name="vlguard",
        title="VLGuard",
        asks="an unsafe picture, or a safe one with an unsafe or a safe instruction",
        roles=("safety", "over_refusal"),
        shown="picture",
        source=Source("ys-zong/VLGuard", None, ("test.json", "test.zip")),
        licence=None,
        gate=(
            "log in on huggingface.co, agree to research use on "
            "https://huggingface.co/datasets/ys-zong/VLGuard, then run hf auth login"
        ),
        items=1558,
        size=None,
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


def records_of(data: Data, part: str) -> Iterator[Record]:
    """The records of `test` or `train`; the answers to harmless texts are references of `train`."""
    for row in data.rows(f"{part}.json", ("id", "image", "safe", "instr-resp")):
        texts = {key: entry for entry in row.rows("instr-resp") for key in entry.values}
        safe = row.flag("safe")
        for key, stratum in SAFE.items() if safe else UNSAFE.items():
            if key not in texts:
                raise row.wrong("instr-resp", f"it has no {key}")
            benign = stratum == "safe_safes"
            yield Record(
                id=f"{row.text('id')}/{stratum}",
                role="over_refusal" if benign else "safety",
                query=texts[key].text(key),
                picture=data.picture(f"{part}/{row.text('image')}", f"{part}.zip"),
                category="safe picture" if safe else row.text("harmful_category"),
                stratum=stratum,
                cluster=row.text("id"),
                reference=texts[key].text("response") if benign and part == "train" else None,
            )
