"""What is known of a suite before any of its data are here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sectow_benchmarks.suites.base import Role
from sectow_benchmarks.suites.source import Source

Shown = Literal["text", "picture", "both"]


@dataclass(frozen=True)
class Published:
    """The metric that the suite's authors report, so that numbers can be laid beside papers."""

    metric: str
    """In their words, with what is counted."""
    original_judge: str
    """Who judged in the paper, such as a model behind an API, people, or keyword rules."""
    judge: str | None = None
    """Spec of ours that judges in that way; it may lack `base_url` and `model`, which are the
    user's. None where nothing comparable can be run."""


@dataclass(frozen=True, kw_only=True)
class About:
    """A suite's card."""

    name: str
    title: str
    asks: str
    """One line: what an item is."""
    roles: tuple[Role, ...]
    shown: Shown
    """Whether items have a picture."""
    source: Source
    licence: str | None = None
    """As its page states it; None where none is stated: do not redistribute."""
    gate: str | None = None
    """The steps to take before it can be fetched; None where anybody may."""
    items: int | None = None
    """As published; None where no number is known."""
    size: str | None = None
    """Of the download, roughly."""
    paper: str | None = None
    """arXiv number, or a link."""
    published: Published
    mini: int = 100
    """Items of its mini."""
