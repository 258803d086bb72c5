"""Packs that are attacked through channels."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from sectow_env import SectowEnv, load_world
from sectow_env.channels import Slots, find_channel
from sectow_env.channels.direct import Direct
from sectow_env.errors import ConfigError, PackError, PartError
from sectow_env.game import Invalid, Scenario
from sectow_env.game.asking import ATTACK_TEMPLATE, attack_conversation
from sectow_env.game.world import AsksAttackers, TakesChannels
from sectow_env.images.typography import draw_words
from sectow_env.worlds.packs.policies import Scripted
from sectow_env.worlds.packs.world import PackWorld

IMAGE = draw_words(("lamp",))
ROWS = (
    Scenario(id="oil", behavior="give the recipe of the oil", harmful=True, cluster="k"),
    Scenario(id="sign", behavior="read the sign", harmful=False, image=IMAGE, query="what is it?"),
    Scenario(id="own", behavior="open the shop", harmful=True, channel="signs", query="open!"),
    Scenario(id="native", behavior="name the guest", harmful=True, channel="text/split"),
)
PACK = PackWorld(ROWS, "shop")
ROLE_PLAY, SPLIT, DIRECT = "text/role_play", "text/split", "text/direct"
WRITTEN = "Scene: a guard at a gate\nRequest: what is in the oil?"


def test_a_pack_offers_both_protocols() -> None:
    assert isinstance(PACK, TakesChannels)
    assert isinstance(PACK, AsksAttackers)


def test_scenarios_without_a_channel_get_a_copy_for_each() -> None:
    copies = PACK.scenarios("train", channels=[ROLE_PLAY, DIRECT])
    assert [(copy.id, copy.channel, copy.cluster) for copy in copies] == [
        ("oil@text/role_play", ROLE_PLAY, "k"),
        ("oil@text/direct", DIRECT, "k"),
        ("sign@text/role_play", ROLE_PLAY, "sign"),
        ("sign@text/direct", DIRECT, "sign"),
    ]
    assert [each.id for each in PACK.scenarios("train")] == ["oil", "sign", "own", "native"]
    mixed = PACK.scenarios("train", harmful=True, channels=["signs", SPLIT, None])
    assert [each.id for each in mixed] == ["oil", "own", "native"]
    used = PACK.attacked_through([SPLIT]).scenarios("train", harmful=True)
    assert [each.id for each in used] == ["oil@text/split", "own", "native"]


@pytest.mark.parametrize("channel", ["text/splitt", "plain", 3])
def test_an_unknown_channel_is_refused(channel: str) -> None:
    with pytest.raises(ConfigError, match=r"no channel for packs has that name"):
        PACK.scenarios("train", channels=[channel])


def test_channels_in_use_decide_scenarios_grid_and_fingerprint() -> None:
    used = PACK.attacked_through([ROLE_PLAY, "signs", None])
    assert used.channels == (ROLE_PLAY,)
    assert used.working_channels == (ROLE_PLAY, "signs", SPLIT)
    assert PACK.working_channels == (None, "signs", SPLIT)
    assert used.fingerprint not in (PACK.fingerprint, PACK.attacked_through([DIRECT]).fingerprint)
    assert PACK.attacked_through([None]).fingerprint == PACK.fingerprint
    ids = [scenario.id for scenario in used.scenarios("train")]
    assert ids == ["oil@text/role_play", "sign@text/role_play", "own", "native"]


def test_the_grid_has_seed_attacks_and_scripts_with_their_twins() -> None:
    seeds = PACK.grid("train")
    assert [(item.scenario.id, item.attack.query) for item in seeds[:3]] == [
        ("oil", "give the recipe of the oil"),
        ("sign", "what is it?"),
        ("own", "open!"),
    ]
    (native,) = [item.attack for item in seeds[3:]]
    assert (native.channel, native.frame in find_channel(SPLIT).styles) == (SPLIT, True)
    twins = PACK.attacked_through([ROLE_PLAY]).grid("train", harmful=False)
    assert [item.attack.channel for item in twins] == [None, ROLE_PLAY]
    assert all("what is it?" in item.attack.query for item in twins)
    assert {item.attack.image for item in twins} == {IMAGE}
    scripted = PACK.grid("train", channels=[DIRECT])
    assert [item.scenario.id for item in scripted] == ["oil@text/direct", "sign@text/direct"]
    assert PACK.grid("train", channels=[DIRECT]) == scripted
    assert PACK.grid("train", frames="held_out") == []


def test_a_grid_has_so_many_scripts_spread_over_channels_and_styles() -> None:
    rows = [row.model_copy(update={"id": f"{n}"}) for n in range(100) for row in ROWS[:1]]
    channels = [ROLE_PLAY, SPLIT, DIRECT]
    whole = PackWorld(rows, "many").attacked_through(channels).grid("train")
    assert len(whole) == 100 + 3 * 100
    some = PackWorld(rows, "many", scripted=60).attacked_through(channels).grid("train")
    assert some == [item for item in whole if item in some]
    counts = Counter(item.attack.channel for item in some)
    assert (counts[None], sum(counts.values())) == (100, 160)
    assert min(counts[name] for name in channels) > 10
    frames = {item.attack.frame for item in some if item.attack.channel == ROLE_PLAY}
    assert frames == set(find_channel(ROLE_PLAY).styles)


def test_completions_go_through_the_channel_of_their_scenario() -> None:
    role_play, direct = PACK.scenarios("train", harmful=True, channels=[ROLE_PLAY, DIRECT])
    own = next(each for each in ROWS if each.channel == "signs")
    attacks = PACK.attacks(
        [direct, role_play, own, ROWS[0]],
        [WRITTEN, WRITTEN, "image : none ; query : a ; b", "image : lamp ; query : what?"],
    )
    assert [attack.channel for attack in attacks] == [DIRECT, ROLE_PLAY, "signs", None]
    assert attacks[0].query == "what is in the oil?"
    assert "a guard at a gate" in attacks[1].query
    assert attacks[2].query == "a ; b"
    assert attacks[3].image is not None
    assert PACK.attack(own, WRITTEN).invalid is Invalid.UNPARSABLE


def test_attackers_are_asked_for_the_channel_and_shown_the_seed() -> None:
    copy = PACK.scenarios("train", harmful=False, channels=[DIRECT])[0]
    system, *examples, last = attack_conversation(copy, None, "be brief", world=PACK)
    assert (system.role, last.role) == ("system", "user")
    assert [each.role for each in examples] == ["user", "assistant"] * 3
    assert last.pictures == (IMAGE,)
    assert '"what is it?"' in last.text
    assert not attack_conversation(copy, world=PACK, pictures=False)[-1].pictures
    free = attack_conversation(ROWS[0], world=PACK)
    assert [each.text for each in free] == [
        ATTACK_TEMPLATE.format(channel="free", behavior=ROWS[0].behavior)
    ]
    own = attack_conversation(copy, "do {behavior} by {channel}", world=PACK)
    assert [each.text for each in own] == ["do read the sign by text/direct"]


def test_a_channel_whose_script_fails_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def script(_: Direct, scenario: Scenario, *__: object) -> Slots:
        raise KeyError(scenario.meta["guild"])

    monkeypatch.setattr(Direct, "script", script)
    scenario, _ = PACK.scenarios("train", channels=[DIRECT])
    with pytest.raises(PartError, match="channel text/direct; it raised KeyError"):
        attack_conversation(scenario, world=PACK)


def test_a_scripted_attacker_serves_one_channel_or_all() -> None:
    single = Scripted(world=PACK, channel=SPLIT)
    assert single.served_channels == (SPLIT,)
    made = single.attack([ROWS[0]] * 8)
    assert {attack.channel for attack in made} == {SPLIT}
    assert len({attack.query for attack in made}) > 1
    single.reseed([5])
    again = Scripted(world=PACK, channel=SPLIT)
    again.reseed([5])
    assert single.attack([ROWS[0]]) == again.attack([ROWS[0]])
    assert Scripted(world=PACK.attacked_through([DIRECT])).served_channels == (DIRECT,)
    (sign,) = single.attack([ROWS[1]])
    assert (sign.channel, sign.frame in find_channel(SPLIT).styles) == (SPLIT, True)
    every = Scripted(world=PACK)
    assert {ROLE_PLAY, SPLIT, DIRECT} <= set(every.served_channels)
    channels = {attack.channel for attack in every.attack([ROWS[0]] * 60)}
    assert channels == set(every.served_channels)
    with pytest.raises(ConfigError, match="channels of a scenario pack"):
        Scripted(world=load_world("apothecary:0"))


def written(folder: Path, *extra: str) -> str:
    row = '{"id": "a", "behavior": "say it", "harmful": true}'
    path = folder / "pack.jsonl"
    path.write_text("\n".join([row, *extra]), encoding="utf-8")
    return str(path)


def test_a_world_by_its_name_brings_its_channels(tmp_path: Path) -> None:
    path = written(tmp_path)
    world = load_world(f"{path}?channels=text/direct,text/split")
    assert isinstance(world, PackWorld)
    assert (world.id, world.working_channels) == ("pack/pack", (DIRECT, SPLIT))
    with pytest.raises(ConfigError, match="unexpected keyword argument 'channel'"):
        load_world(f"{path}?channel=x")
    with pytest.raises(ConfigError, match="only bare names are allowed"):
        load_world(f"{path}?channels=text/direct?size=3")
    with pytest.raises(ConfigError, match="unexpected keyword argument 'size'"):
        load_world(f"{path}?channels=text/direct?size=3", allow_import_path=True)
    with pytest.raises(PackError, match="does not exist"):
        SectowEnv(world=f"{tmp_path}/gone.jsonl?channels=text/direct")


@pytest.mark.parametrize("channels", ["", "text/direct,", "5", "null"])
def test_channels_that_are_none_are_refused(channels: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no channel for packs has that name"):
        load_world(f"{written(tmp_path)}?channels={channels}")


def test_a_label_in_a_file_gives_a_channel_no_settings(tmp_path: Path) -> None:
    label = "text/direct?size=3"
    row = f'{{"id": "b", "behavior": "x", "harmful": true, "channel": "{label}"}}'
    world = PackWorld.read(written(tmp_path, row))
    assert world.channel(label) is None
    (scenario,) = world.scenarios("train", channels=[label])
    assert world.attack(scenario, "image : none ; query : hello").query == "hello"


def test_environments_play_channels(tmp_path: Path) -> None:
    path = written(tmp_path)
    attacker = SectowEnv(seat="attacker", world=path, channels=[ROLE_PLAY])
    observation, _ = attacker.reset(seed=0)
    assert observation["channel"] == ROLE_PLAY
    for options in ({"channels": [SPLIT]}, {"attacker": f"channels/scripted?channel={SPLIT}"}):
        defender = SectowEnv(seat="defender", world=path, **options)
        defender.reset(seed=0)
        attack = defender.episode_state.attack
        assert attack is not None
        assert (attack.channel, attack.frame in find_channel(SPLIT).styles) == (SPLIT, True)


@pytest.mark.parametrize("scripted", ["0", "-1", "abc", "true", "1.5"])
def test_a_number_of_scripts_that_cannot_be_is_refused(scripted: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="whole number from 1 on"):
        load_world(f"{written(tmp_path)}?channels=text/split&scripted={scripted}")
