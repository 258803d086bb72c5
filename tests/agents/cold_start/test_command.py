"""`sectow attacker warm-start`, from the command line to a folder that plays."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sectow_env.commands.main import main
from sectow_env.game.decoding import Decoding
from sectow_env.policies.chat import ChatAttacker
from sectow_env.pool.store import AttackPool
from sectow_env.resolve.parts import find_attacker
from sectow_env.resolve.worlds import load_world

USER_ERROR = 2
ROWS = [
    {"id": word, "behavior": f"name the {word}", "harmful": True, "reference": f"the {word}"}
    for word in ("oil", "lamp")
]


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    file = tmp_path / "pack.jsonl"
    file.write_text("\n".join(json.dumps(row) for row in ROWS))
    return file


def run(*words: object) -> int | str | None:
    with pytest.raises(SystemExit) as ended:
        main(["attacker", "warm-start", *map(str, words)])
    return ended.value.code


@pytest.mark.slow
def test_an_attacker_is_trained_and_plays_from_its_folder(
    pack: Path, random_guard: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "warm"
    world = ("--world", pack, "--channels", "text/direct,text/split")
    size = ("--steps", 12, "--batch", 4, "--learning-rate", 0.01, "--max-new-tokens", 24)
    against = ("--against", "pack/lookup", "--judge", "rules/not_refused")
    source = ("--model", random_guard, "--out", out, "--json")
    assert run(*world, *against, *source, *size) in {0, None}
    printed = json.loads(capsys.readouterr().out)
    assert printed["lessons"] > 3
    assert printed["metrics"]["loss"] < printed["metrics"]["loss_first"]
    played = load_world(str(pack))
    attacker = find_attacker(out, played)
    assert isinstance(attacker, ChatAttacker)
    assert (attacker.template, attacker.decoding) == (None, Decoding(True, 1.0, 24, 0))
    (attack,) = attacker.attack(played.scenarios("train", channels=["text/direct"])[:1])
    assert attack.source is not None
    assert run(*world, *against, *source) == USER_ERROR
    assert "not empty" in capsys.readouterr().err


def test_nothing_to_learn_is_an_error_before_a_model_is_loaded(
    pack: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text('{"model_type": "llama"}')
    common = ("--world", pack, "--model", tmp_path / "model", "--out", tmp_path / "warm")
    assert run(*common, "--channels", "text/direct", "--against", "apothecary/refuse_all") == 2
    assert "nothing worked" in capsys.readouterr().err
    with AttackPool(tmp_path / "pool.sqlite"):
        pass
    assert run(*common, "--from-pool", tmp_path / "pool.sqlite") == USER_ERROR
    assert "0 attacks that worked" in capsys.readouterr().err
    assert (
        run(*common, "--from-pool", tmp_path / "gone.sqlite", "--model", "no/where") == USER_ERROR
    )
    assert "gone.sqlite" in capsys.readouterr().err, "before the model is looked up"
    absent = ("--world", pack, "--model", "no/where", "--out", tmp_path / "warm")
    assert run(*absent, "--against", "apothecary/refuse_all") == USER_ERROR
    assert "no/where" in capsys.readouterr().err, "before anything is played"
    assert run(*common) == USER_ERROR
    assert "one of the two" in capsys.readouterr().err
    assert run(*common, "--channels", "text/direkt", "--against", "pack/lookup") == USER_ERROR
    assert "text/direct" in capsys.readouterr().err
    policy = ("--world", pack, "--model", "pack/seed", "--out", tmp_path / "warm")
    assert run(*policy, "--against", "pack/lookup") == USER_ERROR
    assert "no weights" in capsys.readouterr().err
    assert not (tmp_path / "warm").exists()


@pytest.mark.parametrize("rate", ["nan", "-1", "0"])
def test_a_learning_rate_that_cannot_be_is_refused(
    rate: str, pack: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--world", pack, "--model", tmp_path, "--out", tmp_path / "warm")
    assert run(*words, "--against", "pack/lookup", f"--learning-rate={rate}") == USER_ERROR
    assert f"--learning-rate {float(rate)}" in capsys.readouterr().err
