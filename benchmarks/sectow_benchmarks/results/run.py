"""An evaluation run on disk: the only thing that tables and pages are made from.

    run.json            schema number, kind, provenance
    responses/          answers and verdicts of units of work that are under way; gone at the close
    shards/UNIT.jsonl   samples of a finished unit of work; gone at the close
    pictures/SHA.png    what was shown, by the digest of its pixels
    lm_eval/UNIT.json   lm-eval's own results, for comparison
    costs/UNIT.json     how long it took
    samples.parquet     what was asked and answered
    verdicts.parquet    what judges made of it, keyed by sample and judge
    SHA256SUMS          digests of all of these; its presence says that the run is complete

A unit's shard gets its name once everything is in it. Whatever has no name is made again.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sectow_agents.processes import ALONE
from sectow_benchmarks.results.checksums import SUMS, seal
from sectow_benchmarks.results.further import Further
from sectow_benchmarks.results.journal import Journal
from sectow_benchmarks.results.samples import (
    LABELS,
    LONG,
    Judged,
    Sample,
    SampleVerdict,
    Schema,
    columns_of,
    joined,
    table_of,
    to_frame,
)
from sectow_benchmarks.results.strict_json import strict_json
from sectow_env.errors import FileError, RunFolderError
from sectow_env.files import check_new_folder, sync, write_bytes, write_text
from sectow_env.game.picture import Picture
from sectow_env.reading import read_json, read_jsonl

if TYPE_CHECKING:
    import pandas as pd

SCHEMA = 3
KIND = "sectow-evaluation-run"
MAX_PICTURE_BYTES = 64 * 2**20
"""All pictures of a run together; what is beyond is not kept, only its digest is."""


def _without_place(part: Any) -> Any:
    """A part without its place, and what is known by it: known weights may have been moved."""
    if not isinstance(part, dict) or part.get("sha256") is None:
        return part
    by_place = ("name", "source", "trained_on")
    return {key: value for key, value in part.items() if key not in by_place}


class EvaluationRun:
    """The files of one evaluation. Make one with `create`, `resume` or `open`."""

    def __init__(self, path: Path, about: Mapping[str, Any]) -> None:
        self.path = path
        self.about = dict(about)
        self.share = ALONE
        """Of several processes only the main one writes samples."""
        self.chosen_judge: str | None = None
        """Whose verdicts the samples show; None: the one that the evaluation goes by."""

    @classmethod
    def create(cls, path: Path, about: Mapping[str, Any]) -> EvaluationRun:
        """Begin an evaluation in a new or empty folder.

        Raises:
            RunFolderError: The folder holds something.
        """
        cls.check_free(path)
        for name in ("shards", *KEPT):
            (path / name).mkdir(parents=True, exist_ok=True)
        run = cls(path, {"schema": SCHEMA, "kind": KIND, **about})
        # Last, so that a folder with a run.json is complete.
        write_text(path / "run.json", json.dumps(run.about, indent=2) + "\n")
        return run

    @staticmethod
    def check_free(path: Path) -> None:
        """Raise RunFolderError where no evaluation can be started."""
        fix = "give a new folder, or resume the evaluation in it by --resume"
        check_new_folder(path, {"shards", *KEPT, ".run.json.partial"}, fix)

    @classmethod
    def open(cls, path: Path) -> EvaluationRun:
        """Read an evaluation, finished or not.

        Raises:
            RunFolderError: There is none, or it is damaged or of another schema.
        """
        try:
            about = read_json(path / "run.json", follow=False)
        except FileError as error:
            raise RunFolderError(
                given=f"the folder {path}",
                why=f"it contains no evaluation that can be read: its run.json, {error.why}",
                fix="give a folder that sectow bench wrote",
            ) from error
        kind = about.get("kind") if isinstance(about, dict) else None
        schema = about.get("schema") if isinstance(about, dict) else None
        if (kind, schema) != (KIND, SCHEMA):
            raise RunFolderError(
                given=f"the folder {path}",
                why=f"it is of kind {kind!r} and schema {schema!r}; this version reads {KIND!r} "
                f"and {SCHEMA}",
                fix="use the version of sectow that wrote it, or evaluate again",
            )
        missing = [key for key, kind in REQUIRED.items() if not isinstance(about.get(key), kind)]
        if missing:
            raise RunFolderError(
                given=f"the evaluation in {path}",
                why=f"its run.json does not say {', '.join(missing)}",
                fix="evaluate again",
            )
        return cls(path, about)

    @classmethod
    def resume(cls, path: Path, about: Mapping[str, Any]) -> EvaluationRun:
        """Resume an evaluation, or start one where there are no files yet.

        Raises:
            RunFolderError: It was started with other settings or another model.
        """
        if not (path / "run.json").exists():
            return cls.create(path, about)
        run = cls.open(path)
        changed = [
            key
            for key in SAME
            if _without_place(run.about.get(key)) != _without_place(json_like(about.get(key)))
        ]
        if changed:
            raise RunFolderError(
                given=f"the evaluation in {path}",
                why=f"it was started with another {', '.join(changed)}",
                fix="give another folder",
            )
        return run

    @property
    def closed(self) -> bool:
        """Whether all of it is there."""
        return all((self.path / name).is_file() for name in (*TABLES, SUMS))

    @property
    def name(self) -> str:
        """What it is called in tables."""
        return str(self.about.get("name") or self.path.name)

    def done(self, unit: str) -> bool:
        """Whether a unit of work is finished."""
        return self.closed or self._shard(unit).exists()

    def journal(self, unit: str, of: str = "answers") -> Journal:
        """Where the answers of a unit of work, or the verdicts on them, stand until it is done."""
        return Journal(self.path / "responses" / f"{unit}.{of}.jsonl", self.share)

    def add(
        self,
        unit: str,
        rows: Sequence[Judged],
        pictures: Iterable[Picture] = (),
        results: Mapping[str, Any] | None = None,
        seconds: float | None = None,
    ) -> None:
        """Keep the samples of a unit of work, in one piece."""
        if not self.share.main:
            return
        self._keep_pictures(pictures)
        if results is not None:
            write_text(self.path / "lm_eval" / f"{unit}.json", strict_json(results) + "\n")
        cost = {"seconds": seconds, "samples": len(rows)}
        write_text(self.path / "costs" / f"{unit}.json", strict_json(cost) + "\n")
        lines = [
            strict_json([vars(row.sample), *map(vars, (row.verdict, *row.further))]) + "\n"
            for row in rows
        ]
        write_text(self._shard(unit), "".join(lines))

    def close(self) -> None:
        """Put the shards together, and seal what is there."""
        if self.share.main:
            self._close()
        self.share.wait()

    def _close(self) -> None:
        if not self.closed:
            for table, frame in zip(TABLES, self._from_shards(), strict=True):
                self._write(table, frame)
            seal(self.path, SEALED)
        for name in ("shards", "responses"):
            shutil.rmtree(self.path / name, ignore_errors=True)

    def add_verdicts(self, verdicts: Sequence[SampleVerdict], entry: Further) -> None:
        """Put another judge's verdicts beside those that a closed evaluation has.

        Args:
            verdicts: One per sample that it looks at; they replace earlier ones of that judge.
            entry: The judge.
        """
        import pandas as pd

        judge = entry.judge
        before = self.verdicts
        frame = pd.concat(
            [before[before["judge"] != judge], table_of(verdicts, SampleVerdict)], ignore_index=True
        )
        others = [added for added in self.about.get("judges", []) if added["judge"] != judge]
        self.about["judges"] = [*others, entry.model_dump(mode="json")]
        self._write(VERDICTS, frame)
        write_text(self.path / "run.json", json.dumps(self.about, indent=2) + "\n")
        seal(self.path, SEALED)
        self.__dict__.pop("verdicts", None)
        shutil.rmtree(self.path / "responses", ignore_errors=True)

    def judged_by(self, judge: str) -> EvaluationRun:
        """The same evaluation, with all figures by another of its judges.

        Raises:
            RunFolderError: That judge has not looked at it.
        """
        known = sorted(set(self.verdicts["judge"]))
        if judge not in known:
            raise RunFolderError(
                given=f"the judge {judge!r} in {self.path}",
                why=f"its samples were judged by {', '.join(known)}",
                fix="choose one of these, or add its verdicts with sectow judge rerun",
            )
        other = EvaluationRun(self.path, {**self.about, "judge": judge})
        other.chosen_judge = judge
        return other

    @cached_property
    def samples(self) -> pd.DataFrame:
        """All samples of a closed evaluation, each with its verdict.

        Raises:
            RunFolderError: It is unfinished or damaged.
        """
        return self._joined()

    @cached_property
    def verdicts(self) -> pd.DataFrame:
        """All verdicts of a closed evaluation, of every judge.

        Raises:
            RunFolderError: It is unfinished or damaged.
        """
        return self._read(VERDICTS, columns_of(SampleVerdict))

    @property
    def scores(self) -> pd.DataFrame:
        """The samples without their long texts, which takes a fraction of the memory.

        Raises:
            RunFolderError: It is unfinished or damaged.
        """
        return self.samples if "samples" in vars(self) else self._scores

    @cached_property
    def _scores(self) -> pd.DataFrame:
        return self._joined(leave_out=LONG)

    def _joined(self, leave_out: Sequence[str] = ()) -> pd.DataFrame:
        kept: list[list[str]] = [
            [name for name in columns_of(table) if name not in leave_out] for table in SCHEMAS
        ]
        samples = self._read(SAMPLES, [*LABELS, *kept[0]])
        return joined(samples, self._read(VERDICTS, kept[1]), self.chosen_judge)

    def _read(self, table: str, columns: Sequence[str]) -> pd.DataFrame:
        import pandas as pd
        from pyarrow.parquet import read_schema

        file = self.path / table
        try:
            missing = [name for name in columns if name not in read_schema(file).names]
            frame = None if missing else pd.read_parquet(file, columns=list(columns))
        except (OSError, ValueError) as error:
            raise RunFolderError(
                given=f"the evaluation in {self.path}",
                why=f"it is unfinished or damaged ({error})",
                fix="finish it with --resume, or evaluate again",
            ) from error
        if frame is None:
            raise RunFolderError(
                given=f"the table {file}",
                why=f"it does not have the columns {', '.join(missing)}",
                fix="evaluate again with this version",
            )
        return frame

    @property
    def seconds(self) -> float | None:
        """How long its answers took; None where a unit does not say."""
        costs = [read_json(file, follow=False) for file in self.path.glob("costs/[!.]*.json")]
        spent = [cost["seconds"] for cost in costs if cost["samples"]]
        return None if not spent or None in spent else float(sum(spent))

    def picture(self, digest: str) -> bytes | None:
        """The PNG file of a picture; None where it was not kept.

        Raises:
            SectowError: The file is not a whole picture.
        """
        file = self.path / "pictures" / f"{digest}.png"
        # The folder may be somebody else's, and the file anything: only pixels leave it.
        return Picture.from_file(file).png if digest.isalnum() and file.is_file() else None

    def _shard(self, unit: str) -> Path:
        return self.path / "shards" / f"{unit}.jsonl"

    def _from_shards(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        rows = []
        for shard in sorted((self.path / "shards").glob("*.jsonl")):
            rows += [row for _, row in read_jsonl(shard)]
        labels = {"run": self.name, "model": str(self.about.get("model", {}).get("name", ""))}
        samples = ({**labels, **sample} for sample, *_ in rows)
        return (
            to_frame(samples, (*LABELS, *columns_of(Sample))),
            to_frame(
                (verdict for _, *verdicts in rows for verdict in verdicts),
                columns_of(SampleVerdict),
            ),
        )

    def _write(self, table: str, frame: pd.DataFrame) -> None:
        aside = self.path / f".{table}.partial"
        frame.to_parquet(aside, index=False, compression="zstd")
        sync(aside)
        aside.replace(self.path / table)

    def _keep_pictures(self, pictures: Iterable[Picture]) -> None:
        folder = self.path / "pictures"
        spent = sum(file.stat().st_size for file in folder.glob("*.png"))
        for picture in pictures:
            file = folder / f"{picture.sha256}.png"
            # One at a time: of thousands, few fit.
            if file.exists() or spent + len(png := picture.png) > MAX_PICTURE_BYTES:
                continue
            write_bytes(file, png)
            spent += len(png)


REQUIRED: Mapping[str, type] = {
    **dict.fromkeys(("name", "created", "judge", "python", "platform"), str),
    **dict.fromkeys(("world", "model", "settings", "versions", "machine", "suites"), dict),
}
"""What run.json must say, and its type."""
KEPT = ("pictures", "lm_eval", "costs")
"""Folders that stay when a run is closed."""
SAMPLES, VERDICTS = TABLES = ("samples.parquet", "verdicts.parquet")
SCHEMAS: tuple[Schema, Schema] = (Sample, SampleVerdict)
SEALED = ("run.json", *TABLES, *KEPT)
"""What the checksums are of."""
SAME = ("model", "attacker", "attacks", "world", "settings")
"""What a resumed evaluation must have in common with its beginning."""


def json_like(tree: Any) -> Any:
    """The tree as JSON would give it back."""
    return json.loads(json.dumps(tree))
