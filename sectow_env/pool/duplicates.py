"""When two attacks are the same, and when nearly so."""

from __future__ import annotations

import hashlib
import re
import unicodedata

from sectow_env.channels import is_for_packs
from sectow_env.game import Attack, Scenario

NEAR = 0.9
"""Token overlap from which two free-form attacks of one cluster are near duplicates."""
_TOKEN = re.compile(r"\w+")


def digest_of(attack: Attack) -> str:
    """Hex digest of what a defender sees: query and pixels, nothing else."""
    image = "" if attack.image is None else attack.image.sha256
    return hashlib.sha256(f"{image}\x1f{attack.query}".encode()).hexdigest()


def cluster_of(scenario: Scenario) -> str:
    """The behavior cluster; a scenario without one is its own."""
    return scenario.cluster if scenario.cluster is not None else scenario.id


def slot_of(attack: Attack) -> str:
    """`channel/frame`, as rewards count it."""
    return f"{attack.channel}/{attack.frame}"


def is_slot_attack(attack: Attack) -> bool:
    """Whether a channel rendered it from one of its frames, which decides all its words.

    In a channel for packs the attacker writes in its own words, and these decide.
    """
    framed = attack.channel is not None and attack.frame is not None
    return framed and not is_for_packs(str(attack.channel))


def tokens_of(attack: Attack, picture: str | None = None) -> frozenset[str]:
    """Normalised words of query and picture.

    Args:
        attack: The attack.
        picture: What stands for a picture whose words are unknown: the same for alike pictures.
    """
    tokens = set(words_of(attack.query))
    if attack.drawn is not None:
        tokens |= {f"image:{token}" for token in words_of(attack.drawn)}
    elif picture is not None:
        tokens.add(f"image:{picture}")
    return frozenset(tokens)


def overlap(first: frozenset[str], other: frozenset[str]) -> float:
    """Jaccard index in [0, 1]; 1.0 for two empty sets."""
    union = len(first | other)
    return len(first & other) / union if union else 1.0


def words_of(text: str) -> list[str]:
    """Normalised words, in their order: what is left when case and punctuation do not count."""
    return _TOKEN.findall(unicodedata.normalize("NFKC", text).casefold())
