"""Builds a scenario pack: chooses, leaves out what suites ask, splits by cluster, writes.

The sources are read twice: once for their texts, to choose, and once to open the chosen pictures.
So a source may be larger than memory.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sectow_benchmarks.overlap import KINDS, Corpus, Installed, Kind, Request, installed_suites
from sectow_benchmarks.packs.card import PackCard, readme
from sectow_benchmarks.packs.source import Source
from sectow_benchmarks.suites.data_suite import PLACEHOLDER, Record
from sectow_env.channels.base import PackChannel
from sectow_env.channels.find import find_channel
from sectow_env.channels.play import render, scripted
from sectow_env.errors import SectowError
from sectow_env.files import digest_of, new_folder, write_bytes, write_text
from sectow_env.game import Scenario, Split
from sectow_env.images.typography import Typography
from sectow_env.pool.duplicates import digest_of as digest_of_attack
from sectow_env.worlds.packs.command import summarise
from sectow_env.worlds.packs.world import (
    MAX_PIXELS,
    MAX_QUERY_CHARACTERS,
    PackWorld,
    seed_attack,
)

PICTURES = "images"
Removed = dict[str, Counter[Kind]]
"""Suite -> how many requests were left out since it asks the same, by the strongest kind."""


@dataclass
class Outcome:
    """What became of the sources' records."""

    taken: Counter[str] = field(default_factory=Counter)
    """`SOURCE/harmful` or `SOURCE/harmless` -> scenarios, without those of channels."""
    removed: Removed = field(default_factory=lambda: defaultdict(Counter))
    left_out: Counter[str] = field(default_factory=Counter)
    """Reason -> records, such as pictures that cannot be read."""
    not_rendered: Counter[str] = field(default_factory=Counter)
    """Channel -> scenarios that it could not render."""


@dataclass(frozen=True)
class Recipe:
    """How a pack is made of its sources."""

    seed: int = 0
    limit: int | None = None
    """Harmful and harmless scenarios of each source at most; None takes all."""
    shares: Mapping[Split, float] = field(default_factory=lambda: {"train": 1.0})
    channels: tuple[str, ...] = ()
    """Each writes every scenario once more, harmful or not, by its script."""


def build_pack(out: Path, sources: Sequence[Source], recipe: Recipe) -> PackCard:
    """Write a pack aside, read it as a user would, and put it in place.

    Raises:
        ConfigError: A source is of another layout.
        RunFolderError: The folder is taken.
        PackError: No scenario is left.
    """
    installed = installed_suites()
    with new_folder(out) as aside:
        lines, outcome = write_scenarios(aside, sources, recipe, installed)
        file = aside / file_name(out)
        write_text(file, lines)
        card = PackCard(
            version=version("sectow"),
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            seed=recipe.seed,
            limit=recipe.limit,
            shares={str(split): share for split, share in recipe.shares.items()},
            channels=recipe.channels,
            sources=tuple(source.facts() for source in sources),
            taken=dict(outcome.taken),
            left_out=dict(outcome.left_out),
            not_rendered=dict(outcome.not_rendered),
            removed={name: dict(counted) for name, counted in outcome.removed.items()},
            checked=dict(installed.checked),
            unchecked=dict(installed.unchecked),
            pack=summarise(PackWorld.read(file)),
        )
        write_text(aside / "card.json", card.model_dump_json(indent=2) + "\n")
        write_text(aside / "README.md", readme(card))
    return card


def file_name(out: Path) -> str:
    """Of the pack in a folder; it is the pack's name."""
    return f"{out.resolve().name}.jsonl"


def write_scenarios(
    folder: Path, sources: Sequence[Source], recipe: Recipe, installed: Installed
) -> tuple[str, Outcome]:
    """Write the pictures of a pack; returns its lines, and what was left out.

    Args:
        folder: Of the pack, which exists.
        sources: Their order is that of the scenarios.
        recipe: What to take.
        installed: The suites that it must not ask the same as.

    Raises:
        ConfigError: A source is of another layout.
        UnknownNameError: There is no such channel.
    """
    outcome = Outcome()
    channels = [find_channel(name) for name in recipe.channels]
    chosen = [_chosen(source, recipe, installed.corpus, outcome) for source in sources]
    splits = _splits([cluster for each in chosen for cluster in each.values()], recipe)
    lines: list[str] = []
    seen: set[str] = set()
    for source, clusters in zip(sources, chosen, strict=True):
        for scenario in _scenarios(source, clusters, splits, installed.corpus, outcome):
            digest = digest_of_attack(seed_attack(scenario))
            if digest in seen:
                outcome.left_out["the same as another"] += 1
                continue
            seen.add(digest)
            outcome.taken[_half(source.facts().name, scenario.harmful)] += 1
            lines.append(_line(folder, scenario))
            lines += [
                _line(folder, other)
                for channel in channels
                for other in _through(channel, scenario, recipe.seed, outcome)
            ]
    return "".join(lines), outcome


def _through(
    channel: PackChannel, scenario: Scenario, seed: int, outcome: Outcome
) -> Iterator[Scenario]:
    """The scenario as the channel's script asks it: an attack, or a benign twin."""
    if not scenario.harmful and not channel.twins:
        return
    writing = scripted(channel, scenario, channel.drawn_style(scenario), seed)
    attack = render(channel, [writing], Typography())[0]
    if attack.invalid is not None:
        outcome.not_rendered[channel.name] += 1
        return
    yield scenario.model_copy(
        update={
            "id": f"{scenario.id}@{channel.name}",
            "query": attack.query,
            "image": attack.image,
            "channel": channel.name,
        }
    )


def _half(name: str, harmful: bool) -> str:
    return f"{name}/{'harmful' if harmful else 'harmless'}"


def _chosen(source: Source, recipe: Recipe, corpus: Corpus, outcome: Outcome) -> dict[str, str]:
    """Ids of the records that are taken by their texts -> cluster."""
    name = source.facts().name
    halves: dict[bool, list[tuple[str, str, str]]] = {True: [], False: []}
    for record in source.records():
        if len(record.query) > MAX_QUERY_CHARACTERS or not record.query.strip():
            outcome.left_out[f"no query of 1 to {MAX_QUERY_CHARACTERS} characters"] += 1
        elif not _overlaps(_texts_of(record), corpus, outcome):
            order = digest_of(f"{recipe.seed}/{name}/{record.id}".encode())
            cluster = f"{name}/{record.cluster or record.id}"
            halves[record.role == "safety"].append((order, record.id, cluster))
    return {
        identity: cluster
        for half in halves.values()
        for _, identity, cluster in sorted(half)[: recipe.limit]
    }


def _texts_of(record: Record) -> Request:
    shown = record.picture is not None
    return Request(Request.in_words(record.behavior or record.query, record.query, shown=shown))


def _overlaps(request: Request, corpus: Corpus, outcome: Outcome) -> bool:
    like = corpus.like(request)
    for suite in set().union(*like.values()):
        outcome.removed[suite][next(kind for kind in KINDS if suite in like.get(kind, ()))] += 1
    return bool(like)


def _splits(clusters: Sequence[str], recipe: Recipe) -> dict[str, Split]:
    """Each cluster in one split, so that these have their shares of scenarios, nearly."""
    whole = sum(recipe.shares.values())
    bounds: list[tuple[float, Split]] = []
    for split, share in recipe.shares.items():
        bounds.append(((bounds[-1][0] if bounds else 0.0) + share / whole, split))
    counted = Counter(clusters)
    order = sorted(counted, key=lambda each: digest_of(f"{recipe.seed}/{each}".encode()))
    splits: dict[str, Split] = {}
    done = 0
    for cluster in order:
        middle = (done + counted[cluster] / 2) / len(clusters)
        splits[cluster] = next((at for bound, at in bounds if middle < bound), bounds[-1][1])
        done += counted[cluster]
    return splits


def _scenarios(
    source: Source,
    clusters: Mapping[str, str],
    splits: Mapping[str, Split],
    corpus: Corpus,
    outcome: Outcome,
) -> Iterator[Scenario]:
    name = source.facts().name
    for record in source.records():
        if record.id not in clusters:
            continue
        picture = None
        if record.picture is not None:
            try:
                picture = record.picture()
            except SectowError:
                outcome.left_out["its picture cannot be read"] += 1
                continue
            height, width = picture.pixels.shape[:2]
            if height * width > MAX_PIXELS:
                outcome.left_out[f"its picture has more than {MAX_PIXELS} pixels"] += 1
                continue
            shown = Request(frozenset(), Request.of("", "", picture).picture)
            if _overlaps(shown, corpus, outcome):
                continue
        query = record.query.replace(PLACEHOLDER, "").strip()
        yield Scenario(
            id=f"{name}/{record.id}",
            behavior=record.behavior or query,
            category=record.category,
            harmful=record.role == "safety",
            split=splits[clusters[record.id]],
            image=picture,
            query=query,
            reference=record.reference,
            cluster=clusters[record.id],
            meta={"source": name, **record.meta},
        )


def _line(folder: Path, scenario: Scenario) -> str:
    """One line of the pack; its picture is written beside it."""
    row: dict[str, Any] = {
        key: value
        for key, value in scenario.model_dump(exclude={"image"}).items()
        if value is not None
    }
    if scenario.image is not None:
        # By content: a picture with many questions is one file.
        file = Path(PICTURES) / f"{scenario.image.sha256}.png"
        if not (folder / file).exists():
            (folder / PICTURES).mkdir(exist_ok=True)
            write_bytes(folder / file, scenario.image.png)
        row["image"] = file.as_posix()
    return json.dumps(row, ensure_ascii=False) + "\n"
