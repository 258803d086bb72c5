"""Who is in a seat: a trained seat needs weights, the other takes any policy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sectow_agents.policies.asking import FILE, Asking, read_asking
from sectow_agents.run.parts import find_played
from sectow_agents.run.run import Run
from sectow_agents.run.seats import occupant
from sectow_agents.settings.run_config import RunConfig
from sectow_agents.tug_of_war import TugOfWar
from sectow_env.errors import ConfigError, RunFolderError
from sectow_env.game.decoding import Decoding
from sectow_env.policies.chat import ChatAttacker, ChatDefender
from sectow_env.resolve.parts import find_attacker, find_defender
from sectow_env.worlds.apothecary import Apothecary
from sectow_env.worlds.apothecary.policies import FrameAttacker
from tests.agents.recipes import TEMPLATE, toy
from tests.env.endpoint.server import FaultyServer

WORLD = Apothecary(0)
TRAINING = {"steps": 1, "learning_rate": 1e-3, "batch": 8, "group": 4, "max_new_tokens": 5}


def duel(run: Path, trained: str, weights: Path, other: str, **seat: Any) -> RunConfig:
    """One phase of one seat against a policy that is not trained."""
    fixed = "attacker" if trained == "defender" else "defender"
    models = {trained: str(weights), fixed: other}
    seats = {name: {"model": model, "training": TRAINING} for name, model in models.items()}
    seats["attacker"]["template"] = TEMPLATE
    seats[fixed] |= seat
    changes = {"world": "apothecary:0", "seats": [trained], **seats}
    return toy(run, weights, weights, **changes)


@pytest.fixture(scope="module")
def hardened(organism_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> RunConfig:
    """A defender that was trained while a script attacked."""
    folder = tmp_path_factory.mktemp("hardened") / "run"
    config = duel(folder, "defender", organism_folder, "apothecary/random")
    TugOfWar(config).run()
    return config


def test_a_script_attacks_while_the_defender_trains(
    hardened: RunConfig, organism_folder: Path
) -> None:
    about = json.loads((hardened.run / "run.json").read_text())
    expected = {"policy": "apothecary/random", "source": None, "sha256": None}
    assert about["base"]["attacker"] == expected
    assert about["base"]["defender"]["source"] == str(organism_folder)
    with Run(hardened, resume=True) as run:
        assert len(run.state.phases) == 1
        assert run.snapshots("attacker") == ["apothecary/random"]
        assert isinstance(run.attacker(run.base("attacker"), 0), FrameAttacker)
        assert isinstance(run.defender(run.snapshots("defender")[-1], 0), ChatDefender)
        # A script writes well-formed attacks; an untrained model writes none.
        assert run.state.phases[0].quality.attacks.invalid_rate == 0.0


def test_a_script_defends_while_the_attacker_trains(organism_folder: Path, tmp_path: Path) -> None:
    config = duel(tmp_path / "run", "attacker", organism_folder, "apothecary/keyword")
    summary = TugOfWar(config).run()
    assert [done.summary.seat for done in summary.phases] == ["attacker"]
    # The keyword filter knows all answers.
    assert summary.base.benign.accuracy is not None
    assert summary.base.benign.accuracy > 0.9
    asking = read_asking(config.run / "rounds" / "1" / "attacker")
    assert asking == Asking(template=TEMPLATE, max_new_tokens=5)


def test_another_policy_in_a_fixed_seat_cannot_resume(hardened: RunConfig) -> None:
    file = hardened.run / "run.json"
    before = file.read_text()
    file.write_text(before.replace("apothecary/random", "apothecary/icon"))
    try:
        with pytest.raises(RunFolderError, match="apothecary/icon"):
            Run(hardened, resume=True)
    finally:
        file.write_text(before)


def test_a_trained_seat_needs_weights(organism_folder: Path, tmp_path: Path) -> None:
    config = duel(tmp_path / "run", "attacker", organism_folder, "apothecary/keyword")
    both = config.model_copy(update={"seats": ("attacker", "defender")})
    with pytest.raises(ConfigError, match="no weights that could be trained"):
        Run(both)
    with pytest.raises(ConfigError, match="it is not on this machine"):
        Run(duel(config.run, "attacker", Path("no/where"), "apothecary/keyword"))
    assert not config.run.exists()


def test_a_trained_seat_is_prompted_by_its_settings(organism_folder: Path, tmp_path: Path) -> None:
    config = duel(tmp_path / "run", "attacker", organism_folder, "apothecary/keyword")
    spec = f"{organism_folder}?system=be brief"
    seat = config.attacker.model_copy(update={"model": spec})
    with pytest.raises(ConfigError, match=r"attacker\.system"):
        Run(config.model_copy(update={"attacker": seat}))


def test_a_fixed_seat_refuses_a_system_prompt_that_it_cannot_take(
    organism_folder: Path, tmp_path: Path
) -> None:
    script = "apothecary/keyword"
    config = duel(tmp_path / "run", "attacker", organism_folder, script, system="be brief")
    with pytest.raises(ConfigError, match="cannot take a system prompt"):
        Run(config)


def test_a_fixed_model_keeps_what_its_spec_sets(organism_folder: Path, tmp_path: Path) -> None:
    spec = f"{organism_folder}?system=be brief&max_new_tokens=3"
    config = duel(tmp_path / "run", "attacker", organism_folder, spec)
    with Run(config) as run:
        policy = run.defender(run.base("defender"), 7)
        assert isinstance(policy, ChatDefender)
        assert policy.system == "be brief"
        assert policy.decoding == Decoding(True, 1.0, 3, 7)
        # One copy of the weights plays all parts.
        again = run.defender(run.base("defender"), 8, sampled=False)
        assert isinstance(again, ChatDefender)
        assert again.model is policy.model


def test_a_checkpoint_brings_how_it_is_prompted(organism_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "weights"
    folder.mkdir()
    for file in organism_folder.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    asking = Asking(template="do {behavior}", system="be bold", max_new_tokens=9)
    (folder / FILE).write_text(asking.model_dump_json())
    attacker = find_attacker(str(folder), WORLD)
    assert isinstance(attacker, ChatAttacker)
    assert (attacker.template, attacker.system) == ("do {behavior}", "be bold")
    assert attacker.decoding == Decoding(True, 1.0, 9, 0)
    defender = find_defender(f"{folder}?max_new_tokens=4", WORLD)
    assert isinstance(defender, ChatDefender)
    assert (defender.system, defender.decoding) == ("be bold", Decoding(max_new_tokens=4))
    (folder / FILE).write_text('{"tempo": 3}')
    with pytest.raises(ConfigError, match=r"asking\.json"):
        find_attacker(folder, WORLD)


def test_an_adapter_on_a_server_defends_while_the_attacker_trains(
    organism_folder: Path, tmp_path: Path
) -> None:
    """A server that has several adapters on one base, such as vLLM's, calls each by a name."""
    with FaultyServer() as server:
        spec = f"endpoint/defender?base_url={server.base_url}&model=hardened&max_tokens=5"
        config = duel(tmp_path / "run", "attacker", organism_folder, spec)
        summary = TugOfWar(config).run()
        assert [done.summary.seat for done in summary.phases] == ["attacker"]
        assert summary.base.benign.episodes
        assert {request.body["model"] for request in server.received} == {"hardened"}


def test_a_policy_without_weights_cannot_be_trained(organism_folder: Path, tmp_path: Path) -> None:
    spec = "endpoint/defender?base_url=http://127.0.0.1:9/v1&model=hardened"
    config = toy(tmp_path / "run", organism_folder, Path("-"), defender={"model": spec})
    with pytest.raises(ConfigError, match="no weights that could be trained") as caught:
        TugOfWar(config).run()
    assert "leave defender out of seats" in caught.value.fix


PICTURES = "examples/packs/lantern_shop.jsonl"


@pytest.mark.parametrize(
    ("kind", "reason"), [("llama", "the model sees none"), ("mllama", "cross-attention")]
)
def test_a_defender_that_cannot_be_shown_pictures_is_refused_only_where_there_are(
    kind: str, reason: str, tmp_path: Path
) -> None:
    folder, words = tmp_path / kind, tmp_path / "words.jsonl"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"model_type": kind}))
    rows = [
        {"id": name, "behavior": f"open {name}", "harmful": name == "jar"}
        for name in ("jar", "lid")
    ]
    words.write_text("".join(json.dumps(row) + "\n" for row in rows))

    def seated(pack: object, channels: list[str] | None, *seats: str) -> object:
        trained = seats or ("attacker", "defender")
        config = toy(tmp_path / "run", folder, folder, world=str(pack), seats=list(trained))
        seat = config.attacker.model_copy(update={"channels": channels})
        config = config.model_copy(update={"attacker": seat})
        return occupant(config, "defender", find_played(config))

    for pack, channels in (
        (PICTURES, ["text/direct"]),
        (words, ["text/direct", "image/list"]),
        (words, None),
    ):
        with pytest.raises(ConfigError, match=f"a picture.*{reason}"):
            seated(pack, channels)
    assert isinstance(seated(words, ["text/direct"]), ChatDefender)
    if kind == "mllama":
        assert seated(PICTURES, None, "attacker"), "it sees, and is not trained"
    else:
        with pytest.raises(ConfigError, match=reason):
            seated(PICTURES, ["text/direct"], "attacker")
