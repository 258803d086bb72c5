"""The rows of VLGuard, the same in its test and in its training part."""

from __future__ import annotations

from collections.abc import Iterator

from sectow_benchmarks.suites.data import Data
from sectow_benchmarks.suites.data_suite import Record

UNSAFE = {"instruction": "unsafes"}
SAFE = {"safe_instruction": "safe_safes", "unsafe_instruction": "safe_unsafes"}


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
