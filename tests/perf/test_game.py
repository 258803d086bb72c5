"""The commands that measure the game work; how fast it was is no matter of a test."""

from __future__ import annotations

from types import ModuleType

import pytest


@pytest.mark.slow
def test_a_vector_plays_what_single_environments_play(vector: ModuleType) -> None:
    found = vector.compared("apothecary/keyword", 4, 2, 1)
    assert found.equal
    assert found.ratio > 0.0


@pytest.mark.slow
def test_other_episodes_are_seen(vector: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    real = vector.at_once

    def other(env: object, attacker: object, rounds: int, seed: int) -> object:
        return real(env, attacker, rounds, seed + 1)

    monkeypatch.setattr(vector, "at_once", other)
    assert not vector.compared("apothecary/keyword", 4, 2, 1).equal


@pytest.mark.slow
def test_adversarial_texts_break_nothing(fuzz: ModuleType) -> None:
    found = fuzz.fuzz(2_000)
    assert found.errors == {}
    assert found.texts == 2_000
    assert set(found.verdicts) >= {"valid", "unparsable", "off_budget", "partial_behavior"}
    # As good as flat: what is kept by so few texts is what Python and Pillow keep.
    assert found.late_bytes - found.early_bytes < 32 * 2**20


def test_an_error_is_counted(fuzz: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> list[str]:
        raise ZeroDivisionError("no ink")

    monkeypatch.setattr(fuzz, "_through", broken)
    assert fuzz.fuzz(50).errors == {"ZeroDivisionError: no ink": 3}
