"""`sectow bench crossplay`: every attacker against every defender."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sectow_benchmarks.studies.crossplay.players import Players, players_of
from sectow_benchmarks.studies.options import AsJson, publish
from sectow_env.display.console import note, print_json, stdout
from sectow_env.display.tables import print_table
from sectow_env.files import write_text
from sectow_env.resolve.names import check_names


def crossplay(  # noqa: PLR0913, PLR0917  (each is an option of the command)
    runs: Annotated[
        list[Path] | None, typer.Argument(help="Training runs: all their snapshots play.")
    ] = None,
    attacker: Annotated[
        list[str] | None, typer.Option(help="A further attacker; may be given again.")
    ] = None,
    defender: Annotated[
        list[str] | None, typer.Option(help="A further defender; may be given again.")
    ] = None,
    world: Annotated[str | None, typer.Option(help="Default: that of the runs.")] = None,
    attempts: Annotated[int, typer.Option(min=1, help="Attacks per scenario.")] = 1,
    max_new_tokens: Annotated[int, typer.Option(min=1, help="Longest answer.")] = 32,
    judge: Annotated[str | None, typer.Option(help="A registered judge.")] = None,
    batch_size: Annotated[int, typer.Option(min=1)] = 128,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    out: Annotated[Path, typer.Option(help="Folder; resumes the cross-play in it.")] = Path(
        "runs/crossplay"
    ),
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say who would play, and ask nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Play every attacker against every defender, and rate them."""
    check_names(world=world, judge=judge, attackers=attacker or (), defenders=defender or ())
    players = players_of(runs or [], attacker or [], defender or [], world)
    if dry_run:
        _print_players(players, as_json)
        return
    note(f"{len(players.attackers)} attackers play {len(players.defenders)} defenders in {out}")
    from sectow_benchmarks.evaluation.progress import progress_bar
    from sectow_benchmarks.evaluation.settings import MeasureSettings
    from sectow_benchmarks.studies.crossplay.page import to_csv, to_json, to_markdown
    from sectow_benchmarks.studies.crossplay.play import play_all
    from sectow_benchmarks.studies.crossplay.tables import crossplay_of
    from sectow_env.resolve.worlds import load_world

    settings = MeasureSettings(
        world=players.world,
        attempts=attempts,
        max_new_tokens=max_new_tokens,
        judge=judge,
        seed=seed,
        decodings=(),
    )
    played = load_world(players.world, allow_import_path=world is not None)
    with progress_bar() as report:
        pairs = play_all(players, played, settings, out, batch_size=batch_size, progress=report)
    result = crossplay_of(pairs, seed=seed)
    write_text(out / "crossplay.csv", to_csv(result))
    publish(to_markdown(result), to_json(result), out, as_json, "crossplay")


def _print_players(players: Players, as_json: bool) -> None:
    listed = (*players.attackers, *players.defenders)
    if as_json:
        print_json([{"seat": who.seat, "label": who.label, "name": who.name} for who in listed])
        return
    rows = [(player.seat, player.label, player.name) for player in listed]
    print_table(("seat", "label", "policy"), rows, stdout(), keys=2)
