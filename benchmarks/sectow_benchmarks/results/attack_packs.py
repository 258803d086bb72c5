"""Frozen attack packs: attacks with their lineage and a digest, replayed against any defender.

    pack.json           kind, schema, name, where the attacks come from, their digest
    attacks.jsonl       scenario and attack of each, its picture by digest
    pictures/SHA.png    what the attacks show
    SHA256SUMS          digests of all of these

A pack holds whatever its attacks hold: one made from a harmful scenario pack is harmful too, and is
not to be published.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sectow_agents.run.folder import RunFolder
from sectow_benchmarks.results.checksums import SUMS, broken, seal
from sectow_benchmarks.results.run import EvaluationRun
from sectow_benchmarks.results.samples import rows_of, turn_of_row
from sectow_env.errors import PackError, SectowError
from sectow_env.files import check_new_folder, file_digest, write_bytes, write_text
from sectow_env.game import Attack, Scenario
from sectow_env.game.picture import Picture
from sectow_env.game.world import Item
from sectow_env.pool.store import AttackPool
from sectow_env.reading import read_json, read_jsonl

SCHEMA = 1
KIND = "sectow-attack-pack"
PARTS = ("pack.json", "attacks.jsonl", "pictures")
LINEAGE = ("name", "world", "judge", "model", "attacker", "created")
"""What a pack tells of the evaluation that its attacks were played in."""


@dataclass(frozen=True)
class AttackPack:
    """A set of attacks, each with its scenario."""

    path: Path
    about: Mapping[str, Any]
    items: tuple[Item, ...]

    @property
    def digest(self) -> str:
        """Hex digest of all attacks and what they show."""
        return str(self.about["attacks_sha256"])

    @classmethod
    def read(cls, path: Path) -> AttackPack:
        """Read a pack.

        Raises:
            PackError: There is none, or it is not what was frozen.
        """
        try:
            about = read_json(path / "pack.json", follow=False)
            if (about["kind"], about["schema"]) != (KIND, SCHEMA):
                raise _bad(path, f"it is of kind {about['kind']!r} and schema {about['schema']!r}")
            changed = broken(path, PARTS)
            if changed:
                raise _bad(path, changed[0])
            if about["attacks_sha256"] != file_digest(path / "attacks.jsonl"):
                raise _bad(path, "its attacks are others than its digest names")
            rows = read_jsonl(path / "attacks.jsonl", follow=False)
            items = tuple(_read(path, row) for _, row in rows)
        except PackError:
            raise
        except (OSError, ValueError, KeyError, TypeError, SectowError) as error:
            raise _bad(path, f"it cannot be read ({error})") from error
        return cls(path, about, items)


def freeze(
    source: Path, out: Path, *, suite: str = "learned", successful: bool = False
) -> AttackPack:
    """Save attacks for good.

    Args:
        source: An evaluation, or a training run, whose pool then gives its successful attacks.
        out: The pack's folder; new or empty.
        suite: Which attacks of an evaluation: `learned`, `learned_free`, `ceiling` or `safety`.
        successful: Only those that got what they asked for.

    Raises:
        PackError: There are no such attacks.
        RunFolderError: The folder is taken.
    """
    check_new_folder(out)
    pool = source / "pool.sqlite"
    items, lineage = _of_pool(pool) if pool.is_file() else _of_run(source, suite, successful)
    if not items:
        raise PackError(
            given=f"the attacks of {source}",
            why=f"it has none that counts{' and succeeded' if successful else ''} in {suite!r}",
            fix="choose another suite, or evaluate with an attacker first",
        )
    (out / "pictures").mkdir(parents=True, exist_ok=True)
    for picture in {item.attack.image for item in items} - {None}:
        assert picture is not None
        write_bytes(out / "pictures" / f"{picture.sha256}.png", picture.png)
    write_text(out / "attacks.jsonl", "".join(_line(item) + "\n" for item in items))
    about = {
        "schema": SCHEMA,
        "kind": KIND,
        "name": out.resolve().name,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "attacks": len(items),
        "attacks_sha256": file_digest(out / "attacks.jsonl"),
        "lineage": lineage,
    }
    write_text(out / "pack.json", json.dumps(about, indent=2) + "\n")
    seal(out, PARTS)
    return AttackPack.read(out)


def _of_run(folder: Path, suite: str, successful: bool) -> tuple[list[Item], dict[str, Any]]:
    run = EvaluationRun.open(folder)
    samples = run.samples
    chosen = samples[(samples["suite"] == suite) & (samples["invalid"] == "")]
    chosen = chosen[chosen["harmful_scenario"]]
    if successful:
        chosen = chosen[chosen["success"] == 1.0]
    lineage = {key: run.about.get(key) for key in LINEAGE}
    sealed = file_digest(run.path / SUMS)
    return _items(run, rows_of(chosen)), {"suite": suite, "evaluation_sha256": sealed, **lineage}


def _items(run: EvaluationRun, rows: Sequence[Mapping[str, Any]]) -> list[Item]:
    by_digest: dict[str, Item] = {}
    for row in rows:
        png = run.picture(row["picture"]) if row["picture"] else None
        if row["picture"] and png is None:
            raise PackError(
                given=f"the attack {row['item']!r} of {run.path}",
                why="its picture was not kept: the run had too many",
                fix="freeze another suite, or measure fewer items",
            )
        turn = turn_of_row(row, png)
        # The same attack drawn twice counts once: the digest is of all that was asked.
        by_digest.setdefault(row["digest"], Item(turn.scenario, turn.attack))
    return list(by_digest.values())


def _of_pool(pool: Path) -> tuple[list[Item], dict[str, Any]]:
    about = RunFolder(pool.parent).about
    with AttackPool(pool, read_only=True) as attacks:
        items = [Item(entry.turn.scenario, entry.turn.attack) for entry in attacks]
    kept = ("created", "world", "judge", "base", "seed", "config_sha256")
    return items, {"suite": "pool", **{key: about.get(key) for key in kept}}


def _line(item: Item) -> str:
    picture = item.attack.image
    return json.dumps(
        {
            "scenario": item.scenario.model_dump(mode="json", exclude={"image"}),
            "attack": item.attack.model_dump(mode="json", exclude={"image", "source"}),
            "picture": None if picture is None else picture.sha256,
        },
        sort_keys=True,
    )


def _read(path: Path, line: Mapping[str, Any]) -> Item:
    try:
        scenario, attack = (
            Scenario.model_validate(line["scenario"]),
            Attack.model_validate(line["attack"]),
        )
    except ValidationError as error:
        raise _bad(
            path, f"a line of it is not a valid attack ({error.error_count()} mistakes)"
        ) from error
    digest = line["picture"]
    if digest is None:
        return Item(scenario, attack)
    if not str(digest).isalnum():
        raise _bad(path, "a line of it names no picture")
    picture = Picture.from_file(path / "pictures" / f"{digest}.png")
    if picture.sha256 != digest:
        raise _bad(path, f"the picture {digest[:12]} is another one")
    return Item(scenario, attack.model_copy(update={"image": picture}))


def _bad(path: Path, why: str) -> PackError:
    return PackError(
        given=f"the attack pack {path}",
        why=why,
        fix="freeze it again with sectow bench freeze, or fetch it again from where it came",
    )
