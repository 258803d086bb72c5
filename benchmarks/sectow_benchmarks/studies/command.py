"""`sectow study`: play a study, and print the table that is in the docs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sectow_benchmarks.studies.first_light.command import first_light
from sectow_benchmarks.studies.options import AsJson, Changes, Out, Seed, Small, World, publish
from sectow_benchmarks.studies.parse.command import parse
from sectow_benchmarks.studies.presets import check_recipe
from sectow_benchmarks.studies.rung.command import study as rung
from sectow_env.display.console import note
from sectow_env.resolve.names import check_names

app = typer.Typer(
    help="Play a study over several worlds and print its table.", no_args_is_help=True
)
app.command("first-light")(first_light)
app.command("rung")(rung)
app.command("parse")(parse)


@app.callback()
def study() -> None:
    """Play a study over several worlds and print its table."""


@app.command("proxy")
def proxy(
    changes: Changes = None,
    world: World = 0,
    judge: Annotated[
        list[str] | None, typer.Option(help="A judge to be paid by; may be given several times.")
    ] = None,
    out: Out = Path("runs/proxy"),
    seed: Seed = 0,
    small: Small = False,
    as_json: AsJson = False,
) -> None:
    """Train an attacker on judges that err, and show its reward beside its true success."""
    from sectow_benchmarks.results.provenance import machine
    from sectow_benchmarks.studies.presets import recipe
    from sectow_benchmarks.studies.proxy import JUDGES, to_markdown, train_on

    given = [f"seed={seed}", f"world=apothecary:{world}", *(changes or [])]
    for name in judge or ():
        check_names(judge=name)
    note(f"attackers learn from judges that err, in {out}")
    check_recipe(recipe(given, small))
    trained = train_on(
        judge or JUDGES,
        lambda more: recipe([*given, *more], small),
        out,
        lambda text: note(f"an attacker paid by {text}"),
    )
    options = [*(changes or []), *(f"--judge {item!r}" for item in judge or ())]
    command = " ".join(["sectow study proxy", *options])
    head = (
        f"Printed by `{command} --world {world} --seed {seed}{' --small' * small}` on {machine()}. "
        "One attacker phase against the base defender for each judge, from the same weights; means "
        "over the training episodes of a stretch (T = 1, training potions), one run each."
    )
    page = to_markdown(trained, head)
    tree = [item.model_dump() for item in trained]
    publish(page, tree, out, as_json)


@app.command("intent")
def intent(
    changes: Changes = None,
    world: World = 0,
    out: Out = Path("runs/intent"),
    seed: Seed = 0,
    small: Small = False,
    as_json: AsJson = False,
) -> None:
    """Train an attacker with and without a check of its intent, and show which one drifts."""
    from sectow_benchmarks.results.provenance import machine
    from sectow_benchmarks.studies.presets import recipe

    given = [f"seed={seed}", f"world=apothecary:{world}", *(changes or [])]
    note(f"attackers learn with and without a check of their intent, in {out}")
    check_recipe(recipe(given, small))
    from sectow_benchmarks.studies.intent import ATTEMPTS, course_of, run_study, to_markdown

    results = run_study(lambda more: recipe([*given, *more], small), out, note)
    command = " ".join(["sectow study intent", *(changes or [])])
    head = (
        f"Printed by `{command} --world {world} --seed {seed}{' --small' * small}` on {machine()}. "
        "One attacker phase each from the same weights against the base defender, paid for any "
        "controlled recipe that is revealed: with the check only where the attack asks for its "
        f"scenario's potion. Measured on the training scenarios, T = 1, {ATTEMPTS} attempts each, "
        "channels weighted the same; an attack may name any potion."
    )
    page = to_markdown(results, course_of(out), head)
    tree = [item.model_dump() for item in results]
    publish(page, tree, out, as_json)
