"""A copy of an evaluation that may be given away: without the texts that are not ours to give.

What is invented keeps its texts, so that everything can be recomputed from the copy. Of the rest, a
public copy has verdicts, lengths and digests; a local one also has the texts of suites whose
licence lets anybody pass them on.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sectow_benchmarks.report.page import Profile
from sectow_benchmarks.report.public import (
    HIDDEN,
    STRATA,
    is_private,
    is_unnamed,
    public_name,
    public_runs,
    public_suite,
)
from sectow_benchmarks.results.checksums import seal
from sectow_benchmarks.results.provenance import text_digest
from sectow_benchmarks.results.run import SAMPLES, SEALED, TABLES, VERDICTS, EvaluationRun
from sectow_benchmarks.results.samples import LONG
from sectow_benchmarks.suites.registry import card_of
from sectow_env.errors import RunFolderError
from sectow_env.files import check_new_folder, write_text

if TYPE_CHECKING:
    import pandas as pd

OPEN = frozenset(
    {"apache-2.0", "cc0-1.0", "cc-by-4.0", "cc-by-sa-4.0", "cc-by-nc-4.0", "cc-by-nc-sa-4.0", "mit"}
)
"""Licences under which anybody may pass texts on, if under the same terms."""
HIDDEN_TEXTS = ("behavior", "scenario", "attack", *LONG)
IDS = ("sample", "item", "cluster")
"""Where ids are not published, a digest of each is left."""
MODEL = ("prefilled", "parameters", "chat_template_sha256", "trained_on", "overlap", "defence")
ID_DIGITS = 16


@dataclass(frozen=True)
class Published:
    """A copy of an evaluation."""

    run: EvaluationRun
    withheld: tuple[str, ...]
    """Suites whose texts and pictures were left out."""


def publish(run: EvaluationRun, out: Path, profile: Profile = "public") -> Published:
    """Write a copy of a closed evaluation.

    Args:
        run: The evaluation.
        out: A new or empty folder.
        profile: `public` has the texts of invented worlds only; `local` also those of suites that
            may be redistributed.

    Raises:
        RunFolderError: The evaluation is unfinished, or the folder contains something.
    """
    if not run.closed:
        raise RunFolderError(
            given=f"the evaluation in {run.path}",
            why="it is not finished",
            fix="finish it by sectow bench --resume",
        )
    check_new_folder(out)
    hidden = _hidden(run, profile)
    out.mkdir(parents=True, exist_ok=True)
    write_text(out / "run.json", json.dumps(public_about(run), indent=2) + "\n")
    for table, frame in zip(TABLES, _tables(run, hidden), strict=True):
        if frame is None:
            shutil.copyfile(run.path / table, out / table)
        else:
            frame.to_parquet(out / table, index=False, compression="zstd")
    _copy_pictures(run, out, hidden)
    (out / "costs").mkdir()
    for file in run.path.glob("costs/[!.]*.json"):
        shutil.copyfile(file, out / "costs" / file.name)
    seal(out, SEALED)
    withheld = dict.fromkeys(run.scores.loc[hidden, "suite"])
    return Published(EvaluationRun.open(out), tuple(map(str, withheld)))


def redistributable(kind: str) -> bool:
    """Whether a registered suite's texts may be passed on: its licence is open, and no gate."""
    card = card_of(kind)
    return card is not None and card.gate is None and (card.licence or "").lower() in OPEN


def public_about(run: EvaluationRun) -> dict[str, Any]:
    """run.json without paths, addresses and prompts, with every field that it must have."""
    (shown,) = public_runs([run])
    about, settings = run.about, run.about["settings"]
    suites = [public_suite(str(name)) for name in settings.get("suites", ())]
    return {
        **{key: about[key] for key in ("schema", "kind", "created", "versions", "machine")},
        **{key: about[key] for key in ("python", "platform", "suites")},
        "name": shown.about["name"],
        "judge": shown.about["judge"],
        "world": {**dict.fromkeys(about["world"], ""), **shown.about["world"]},
        "model": {
            **{key: about["model"][key] for key in MODEL if key in about["model"]},
            **{key: shown.about["model"][key] for key in ("name", "source", "sha256")},
        },
        "attacker": shown.about["attacker"],
        "attacks": _lineage(about.get("attacks")),
        "settings": {
            **settings,
            **shown.about["settings"],
            # Without a suite of a world there is no world.
            "world": shown.about["world"].get("name", "") if about["world"] else None,
            "suites": suites,
            "include": [],
            "judge": settings.get("judge") and public_name(str(settings["judge"])),
            "also": [public_name(str(name)) for name in settings.get("also", ())],
            "published": HIDDEN if settings.get("published") else None,
            "attacks": settings.get("attacks") and public_name(f"/{settings['attacks']}"),
        },
        "other_suites": [
            {
                **suite,
                "spec": public_suite(str(own.get("spec", ""))),
                **{key: own[key] for key in ("data",) if key in own},
            }
            for suite, own in zip(
                shown.about["other_suites"], about.get("other_suites", ()), strict=True
            )
        ],
        **_further(run, shown),
    }


def _further(run: EvaluationRun, shown: EvaluationRun) -> dict[str, Any]:
    """The judges beside the one that the evaluation goes by."""
    names = dict(zip(run.verdicts["judge"], shown.verdicts["judge"], strict=True))
    judges = [
        {**each, "judge": names.get(each["judge"], ""), "name": public_name(str(each["name"]))}
        for each in run.about.get("judges", ())
    ]
    return {"judges": judges} if "judges" in run.about else {}


def _lineage(attacks: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """How frozen attacks are known: by their digest."""
    kept = ("attacks", "attacks_sha256")
    return None if attacks is None else {key: attacks[key] for key in kept}


def _hidden(run: EvaluationRun, profile: Profile) -> pd.Series:
    """Which samples lose their texts."""
    private = is_private(run)
    if profile == "public":
        return private
    kinds = run.scores["suite_kind"]
    free = {kind for kind in kinds.unique() if redistributable(str(kind))}
    return private & ~kinds.isin(sorted(free))


def _tables(
    run: EvaluationRun, hidden: pd.Series
) -> tuple[pd.DataFrame | None, pd.DataFrame | None]:
    """Both tables; None for one that stays as it is, byte for byte."""
    import pandas as pd

    (shown,) = public_runs([run])
    files = [pd.read_parquet(run.path / table) for table in (SAMPLES, VERDICTS)]
    names = {"run": shown.name, "model": shown.about["model"]["name"]}
    words = {name: shown.samples[name] for name in ("judge", *STRATA)}
    samples, verdicts = files[0].assign(**names, **words), shown.verdicts
    of_hidden = verdicts["sample"].isin(samples.loc[hidden.to_numpy(), "sample"])
    unnamed = hidden & is_unnamed(run)
    of_unnamed = verdicts["sample"].isin(samples.loc[unnamed.to_numpy(), "sample"])
    made = [
        _without_texts(samples, hidden, unnamed),
        _without_texts(verdicts, of_hidden, of_unnamed),
    ]
    kept = [None if new.equals(old) else new for new, old in zip(made, files, strict=True)]
    return kept[0], kept[1]


def _without_texts(frame: pd.DataFrame, hidden: pd.Series, unnamed: pd.Series) -> pd.DataFrame:
    frame = frame.copy()
    for name in frame.columns:
        if name in HIDDEN_TEXTS:
            frame.loc[hidden.to_numpy(), name] = ""
        elif name in IDS:
            rows = unnamed.to_numpy()
            frame.loc[rows, name] = frame.loc[rows, name].map(
                lambda name: text_digest(name)[:ID_DIGITS]
            )
    return frame


def _copy_pictures(run: EvaluationRun, out: Path, hidden: pd.Series) -> None:
    folder = out / "pictures"
    folder.mkdir()
    for digest in run.scores.loc[~hidden, "picture"].unique():
        png = run.picture(str(digest)) if digest else None
        if png is not None:
            (folder / f"{digest}.png").write_bytes(png)
