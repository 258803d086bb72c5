"""What the page's browser of samples is given: an index of all of them, and their texts in parts.

An item is known by its key and the digest of what was asked: evaluations that asked the same have
their answers beside each other.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sectow_benchmarks.report.chunks import column, script
from sectow_benchmarks.report.examples import verdict_of
from sectow_benchmarks.report.public import is_private, is_unnamed
from sectow_benchmarks.report.visible import visible
from sectow_benchmarks.suites.revisions import OF_ATTACKERS
from sectow_env.files import write_bytes, write_text

if TYPE_CHECKING:
    import pandas as pd

    from sectow_benchmarks.results.run import EvaluationRun

FOLDER = "data"
PICTURES = "pictures"
PER_CHUNK = 500
"""Samples whose texts are in one file."""
LONGEST = 4000
"""Characters of a text."""
FEW = 60
"""Words of a column that can be chosen from a list."""
DIGITS = 12
KEY = ["sample", "digest"]
GROUPS = ("suite", "role", "decoding", "split", "channel", "frame", "category", "stratum")
NOT_ASKED = "not asked"
SHOWN, HARMFUL, LEFT_OUT = "shown", "behind a click", "left out"
"""What becomes of a sample's texts."""


@dataclass(frozen=True)
class Transcripts:
    """What was written, and what is said above it."""

    note: str
    pictures: bool
    """Whether any are beside the page."""
    left_out: bool
    """Whether any texts are not."""
    files: tuple[Path, ...]


def write_transcripts(
    runs: Sequence[EvaluationRun], out: Path, *, public: bool, per_chunk: int = PER_CHUNK
) -> Transcripts:
    """Write the samples of evaluations beside their page.

    Args:
        runs: Closed evaluations; the first is the base, the last the one in question.
        out: The page's folder.
        public: Leave out the texts and pictures of what is not known to be invented.
        per_chunk: Samples whose texts are in one file.
    """
    items = _items(runs, public=public)
    keys = items["key"].tolist()
    sides = [_Side.of(run, keys) for run in runs]
    texts = (items["texts"] != LEFT_OUT).any() or any(side.several for side in sides)
    pictures = items.loc[items["texts"] != LEFT_OUT, "picture"].unique()
    good = {word: good for side in sides for word, good in side.good.items()}
    index = {
        "count": len(items),
        "chunk": per_chunk,
        "texts": bool(texts),
        "pictures": bool(pictures.any()),
        "models": [visible(run.name) for run in runs],
        "columns": list(_columns(items)),
        "verdicts": [column(side.words) for side in sides],
        "disagree": [column(side.disagree) for side in sides],
        "good": [[visible(word), value] for word, value in good.items()],
    }
    written = [_write(out, "samples", index)]
    for number, start in enumerate(range(0, len(items), per_chunk) if texts else ()):
        part = range(start, min(start + per_chunk, len(items)))
        written.append(_write(out, f"texts-{number}", _texts(items, sides, part)))
    written += _write_pictures(runs, filter(None, pictures), out)
    left_out = bool((items["texts"] == LEFT_OUT).any())
    note = _note(runs, items, left_out=left_out)
    return Transcripts(note, bool(pictures.any()), left_out, tuple(written))


@dataclass(frozen=True)
class _Side:
    """What one evaluation has of each item."""

    words: list[str]
    """The verdict that it goes by."""
    good: Mapping[str, bool | None]
    responses: list[str]
    disagree: list[str]
    """`yes` where one judge says that the answer is as it should be and another that it is not."""
    judged: Mapping[str, list[tuple[str, str, str]]]
    """By sample: judge, verdict, explanation; only where several judges looked."""
    samples: list[str]

    @property
    def several(self) -> bool:
        """Whether there is more than one judge."""
        return bool(self.judged)

    @classmethod
    def of(cls, run: EvaluationRun, keys: Sequence[str]) -> _Side:
        """The side of an evaluation, in the order of the items."""
        rows = run.samples.assign(key=_keys(run.samples)).drop_duplicates("key").set_index("key")
        verdicts = [verdict_of(row) for row in rows.itertuples()]
        rows = rows[["sample", "response"]].assign(word=[word for word, _ in verdicts])
        rows = rows.reindex(list(keys))
        judged, split = _judged(run)
        samples = rows["sample"].fillna("").tolist()
        return cls(
            words=rows["word"].fillna(NOT_ASKED).tolist(),
            good={NOT_ASKED: None, **dict(verdicts)},
            responses=rows["response"].fillna("").tolist(),
            disagree=["yes" if sample in split else "" for sample in samples],
            judged=judged,
            samples=samples,
        )


def _items(runs: Sequence[EvaluationRun], *, public: bool) -> pd.DataFrame:
    """Every item once, those of the evaluation in question first."""
    import pandas as pd

    frames = []
    for run in reversed(runs):
        private, unnamed = is_private(run), is_unnamed(run)
        texts = private.map({True: LEFT_OUT if public else HARMFUL, False: SHOWN})
        digits = run.samples["digest"].str[:DIGITS]
        # A pack's ids are its owner's words.
        label = run.samples["item"].where(~unnamed, digits) if public else run.samples["item"]
        frames.append(
            run.samples.assign(key=_keys(run.samples), texts=texts, label=label, digits=digits)
        )
    items = pd.concat(frames).drop_duplicates("key")
    # What everybody was asked first, then what each attacker found for itself.
    own = items["suite"].isin(OF_ATTACKERS)
    return pd.concat([items[~own], items[own]]).reset_index(drop=True)


def _keys(samples: pd.DataFrame) -> pd.Series:
    return samples["sample"].str.cat(samples["digest"], sep="\0")


def _columns(items: pd.DataFrame) -> Iterator[Mapping[str, Any]]:
    for name, source in (("item", "label"), ("digest", "digits")):
        yield {**_column(name, items[source]), "chosen": False}
    for name in GROUPS:
        doubled = name == "stratum" and items[name].equals(items["category"])
        if items[name].any() and not doubled:
            yield _column(name, items[name])
    should = items["harmful_scenario"].map({True: "refuse", False: "answer"})
    yield _column("should", should)
    yield _column("texts", items["texts"])


def _column(name: str, values: pd.Series) -> Mapping[str, Any]:
    made = column([visible(value) for value in values])
    return {"name": name, "chosen": len(made["words"]) <= FEW, **made}


def _judged(run: EvaluationRun) -> tuple[dict[str, list[tuple[str, str, str]]], set[str]]:
    """What every judge made of each sample, and the samples on which they differ."""
    verdicts = run.verdicts
    if verdicts["judge"].nunique() < 2:
        return {}, set()
    harmful = run.samples[["sample", "harmful_scenario"]].drop_duplicates("sample")
    judged: dict[str, list[tuple[str, str, str]]] = {}
    sides: dict[str, set[bool | None]] = {}
    for row in verdicts.merge(harmful, on="sample").itertuples():
        word, good = verdict_of(row)
        sample = str(row.sample)
        judged.setdefault(sample, []).append((str(row.judge), word, str(row.explanation)))
        sides.setdefault(sample, set()).add(good)
    return judged, {sample for sample, goods in sides.items() if {True, False} <= goods}


def _texts(items: pd.DataFrame, sides: Sequence[_Side], part: range) -> Mapping[str, Any]:
    """The texts of some items; those that are left out are empty."""
    rows = items.iloc[part.start : part.stop]
    kept = (rows["texts"] != LEFT_OUT).tolist()

    def shown(texts: Sequence[str]) -> list[str]:
        return [_cut(text) if keep else "" for text, keep in zip(texts, kept, strict=True)]

    return {
        "behavior": shown(rows["behavior"].tolist()),
        "query": shown(rows["query"].tolist()),
        "beginning": shown(rows["prefix"].tolist()),
        "reference": shown([_reference(scenario) for scenario in rows["scenario"]]),
        "picture": [name if keep else "" for name, keep in zip(rows["picture"], kept, strict=True)],
        "responses": [shown(side.responses[part.start : part.stop]) for side in sides],
        "judged": [
            [
                [
                    (visible(judge), visible(word), _cut(why) if keep else "")
                    for judge, word, why in side.judged.get(sample, ())
                ]
                for sample, keep in zip(side.samples[part.start : part.stop], kept, strict=True)
            ]
            for side in sides
        ],
    }


def _reference(scenario: str) -> str:
    try:
        return str(json.loads(scenario).get("reference") or "")
    except (ValueError, AttributeError):
        # A damaged row has no reference; verify says what is wrong with it.
        return ""


def _cut(text: str) -> str:
    seen = visible(text[:LONGEST])
    return seen if len(text) <= LONGEST else f"{seen} … ({len(text):,} characters)"


def _write(out: Path, name: str, tree: Any) -> Path:
    file = out / FOLDER / f"{name}.js"
    write_text(file, script(name, tree))
    return file


def _write_pictures(
    runs: Sequence[EvaluationRun], digests: Iterable[str], out: Path
) -> Iterator[Path]:
    for digest in digests:
        kept = (run.picture(digest) for run in runs)
        png = next((png for png in kept if png is not None), None)
        if png is not None:
            file = out / FOLDER / PICTURES / f"{digest}.png"
            write_bytes(file, png)
            yield file


def _note(runs: Sequence[EvaluationRun], items: pd.DataFrame, *, left_out: bool) -> str:
    names = ", ".join(run.name for run in runs)
    return (
        f"All {len(items):,} samples of {names}. A sample is known by its item and by the first "
        f"{DIGITS} digits of the digest of what was asked, the column digest of samples.parquet. "
        f"{'Texts of what is not known to be invented are left out of a public page. ' * left_out}"
        "An address of this page with filters and an opened sample can be kept and sent."
    )
