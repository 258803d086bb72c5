"""What is known of suites, as pages: the table of all, and the card of one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sectow_benchmarks.suites.about import About
from sectow_benchmarks.suites.data_suite import DataSuite
from sectow_benchmarks.suites.fetched import check_copy, fetched_in
from sectow_benchmarks.suites.lock import Lock, known_lock, lock_of
from sectow_benchmarks.suites.registry import REGISTRY
from sectow_benchmarks.suites.source import aside_of, data_home
from sectow_env.errors import SectowError

ROLE_WORDS = {
    "safety": "safety",
    "over_refusal": "over-refusal",
    "capability": "capability",
    "recall": "recall",
}
SHOWN_WORDS = {
    "text": "text alone",
    "picture": "a picture, most with a text",
    "both": "some with a picture, some without",
}
LEGEND = "for: S safety, O over-refusal, C capability"
NEVER = "never verified on real data"


def abouts() -> dict[str, About]:
    """The cards of all registered suites that have data of their own, by name."""
    cards = {}
    for name in REGISTRY.names():
        factory = REGISTRY.get(name)
        if isinstance(factory, type) and issubclass(factory, DataSuite):
            cards[name] = factory.about
    return cards


def others() -> list[str]:
    """The registered suites that have none."""
    return sorted(set(REGISTRY.names()) - set(abouts()))


def state_here(about: About) -> str:
    """Whether a suite's files are on this machine: `yes`, `no`, `half` or `other` (revision)."""
    folder = data_home() / about.name
    if not folder.is_dir():
        return "half" if aside_of(about.name).is_dir() else "no"
    try:
        check_copy(about, folder)
    except SectowError as error:
        return "half" if "half there" in error.why else "other"
    return "yes"


def rows(cards: Sequence[About], *, local: bool = True) -> list[dict[str, Any]]:
    """What the table says of each, for programs; `local` also looks at this machine."""
    return [
        {
            "name": about.name,
            "title": about.title,
            "roles": list(about.roles),
            "shown": about.shown,
            "items": about.items,
            "mini": about.mini,
            "licence": about.licence,
            "gated": about.gate is not None,
            "here": state_here(about) if local else None,
            "verified": (known_lock if local else lock_of)(about).state(about),
        }
        for about in cards
    ]


def table(cards: Sequence[About], *, local: bool = True) -> Iterator[str]:
    """All suites as a table in Markdown; `local` adds whether they are on this machine."""
    here = " here |" if local else ""
    yield f"| suite | for | items | licence | gated |{here} real data |"
    yield "|---|---|---:|---|---|" + ("---|" if local else "") + "---|"
    for row in rows(cards, local=local):
        roles = " ".join(ROLE_WORDS[role][0].upper() for role in row["roles"])
        items = "?" if row["items"] is None else f"{row['items']:,}"
        # What else there is to say of a licence is on the card.
        licence = re.split(r"[,:]| \(", row["licence"] or "not stated")[0]
        state = f"{row['here']} | {row['verified']}" if local else row["verified"]
        gated = "yes" if row["gated"] else "no"
        yield f"| {row['name']} | {roles} | {items} | {licence} | {gated} | {state} |"


def card(about: About) -> Iterator[str]:
    """Everything that is known of a suite, as a page."""
    source = about.source
    record = fetched_in(data_home() / about.name)
    yield f"## {about.name}: {about.title}"
    yield ""
    yield f"{about.asks[0].upper()}{about.asks[1:]}."
    yield ""
    facts = {
        "asks for": ", ".join(ROLE_WORDS[role] for role in about.roles),
        "shows": SHOWN_WORDS[about.shown],
        "items": "not known" if about.items is None else f"{about.items:,}",
        "mini": f"{about.mini}, as {about.name}?mini=true",
        "licence": about.licence or "not stated: do not redistribute",
        "from": source.where,
        "earlier ids": ", ".join(source.moved_from),
        "download": about.size or "not known",
        "gate": "anybody may fetch it" if about.gate is None else about.gate,
        "paper": _paper(about.paper),
        "published metric": about.published.metric,
        "their judge": about.published.original_judge,
        "our nearest judge": about.published.judge or "none comes near",
        "here": state_here(about)
        + ("" if record is None else f", commit {record.commit[:12]}, {record.when[:10]}"),
        "real data": _verified(known_lock(about)),
        "to get it": f"sectow suites get {about.name}",
        "to ask it": f"sectow bench ... --suites {about.name}",
    }
    for name, value in facts.items():
        if value:
            yield f"- {name}: {value}"


def facts_of(about: About) -> dict[str, Any]:
    """The card for programs."""
    (row,) = rows([about])
    record = fetched_in(data_home() / about.name)
    return {
        **asdict(about),
        **row,
        "folder": str(Path(data_home() / about.name)),
        "fetched": None if record is None else record.model_dump(mode="json", exclude={"files"}),
        "lock": known_lock(about).model_dump(mode="json"),
    }


def _verified(lock: Lock) -> str:
    looks = [f"{each.when[:10]} by {each.version}: {each.copy_of}" for each in lock.verified]
    return "; ".join(looks) or NEVER


def _paper(paper: str | None) -> str:
    if paper is None:
        return "not known"
    return paper if "://" in paper else f"arXiv {paper}, https://arxiv.org/abs/{paper}"
