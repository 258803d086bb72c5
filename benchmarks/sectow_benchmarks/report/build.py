"""Puts the page together, and writes it with the board beside it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sectow_benchmarks.board.attacker_figures import attacker_figures_of
from sectow_benchmarks.board.board import board
from sectow_benchmarks.board.entry import Board, Gates
from sectow_benchmarks.board.files import files_of
from sectow_benchmarks.board.markdown import shown, table
from sectow_benchmarks.board.words import intervals
from sectow_benchmarks.report.page import Profile, render
from sectow_benchmarks.report.public import public_runs
from sectow_benchmarks.report.story import Story
from sectow_benchmarks.report.tables import Line, before_after
from sectow_benchmarks.report.transcripts import FOLDER, PICTURES, Transcripts, write_transcripts
from sectow_benchmarks.results.run import EvaluationRun
from sectow_env.files import write_text


@dataclass(frozen=True)
class Report:
    """What was written."""

    page: Path
    files: tuple[Path, ...]


def build_report(
    runs: Sequence[EvaluationRun],
    out: Path,
    *,
    attacks: Sequence[EvaluationRun] = (),
    story: Story | None = None,
    profile: Profile = "public",
    gates: Gates | None = None,
    bases: Sequence[EvaluationRun] | None = None,
) -> Report:
    """Write `index.html`, `figures.md`, `leaderboard.md`, `.csv`, `.json`, `.tex` into a folder.

    The samples go into its folder `data`, which is made anew.

    Args:
        runs: Closed evaluations of one world, the base first, the defender in question last.
        out: The folder; made if it is missing.
        attacks: Closed evaluations whose attackers are reported, in order; default: `runs`.
        story: The training run that they belong to.
        profile: `public` leaves out queries, responses and pictures unless the world is fictional,
            and paths, addresses and prompts anyway; `local` shows all of it and says so.
        gates: What a row must keep to be ranked.
        bases: What each of the runs is compared with on the board; default: the first of them.

    Raises:
        ValueError: There is no evaluation, or they cannot be compared.
    """
    if not runs:
        raise ValueError("a report needs at least one evaluation")
    out.mkdir(parents=True, exist_ok=True)
    # By place, since public evaluations are others.
    compared = [0] * len(runs) if bases is None else [list(runs).index(base) for base in bases]
    if profile == "public":
        shown = public_runs([*runs, *attacks])
        runs, attacks = shown[: len(runs)], shown[len(runs) :]
    rows = board(runs, gates=gates, bases=[runs[place] for place in compared])
    attackers = [
        figures for run in attacks or runs if (figures := attacker_figures_of(run)) is not None
    ]
    samples = _samples(runs, out, profile)
    lines = before_after(runs[0] if len(runs) > 1 else None, runs[-1])
    whole = Board(profile=profile, gates=gates or Gates(), rows=tuple(rows))
    page = render(runs, whole, attackers, samples, lines, story=story, paired=set(compared) == {0})
    written = {
        "index.html": page,
        "figures.md": figures_table(lines),
        **files_of(whole),
    }
    for name, text in written.items():
        write_text(out / name, text)
    return Report(out / "index.html", (*(out / name for name in written), *samples.files))


def _samples(runs: Sequence[EvaluationRun], out: Path, profile: Profile) -> Transcripts:
    """Write the data beside the page; what an earlier page had there may be private."""
    folder = out / FOLDER
    if folder.is_symlink():
        folder.unlink()
    shutil.rmtree(folder, ignore_errors=True)
    (folder / PICTURES).mkdir(parents=True)
    return write_transcripts(runs, out, public=profile == "public")


def figures_table(lines: Sequence[Line]) -> str:
    """The figures before and after as a Markdown table, with intervals and n."""
    rows = [
        (
            *(line.title, line.decoding, shown(line.before, count="")),
            *(shown(line.after, count=""), str(line.after.n)),
        )
        for line in lines
    ]
    text = table(("figure", "decoding", "before", "after", "n"), rows)
    return "\n".join([*text, "", intervals(line.after for line in lines)]) + "\n"
