"""run.json: whether it agrees with the tables, with itself, and with what is built from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sectow_benchmarks.suites.base import Suite
from sectow_benchmarks.suites.fetched import AS_GIVEN
from sectow_benchmarks.suites.group_table import MINI
from sectow_benchmarks.suites.revisions import REVISIONS
from sectow_benchmarks.verify.columns import ATTACKER, MODEL, RUN, SETTINGS, How
from sectow_benchmarks.verify.evidence import Evidence, Judging, UnverifiedError
from sectow_benchmarks.verify.findings import Finding, failed, ok
from sectow_env.game.world import world_facts


def check_about(evidence: Evidence) -> Finding:
    """Every field of run.json is known, and says what tables, world, suites and judge say.

    Raises:
        UnverifiedError: A world, suite, pack or judge is not here; all else was right.
    """
    wrong = [*_unknown(evidence), *_disagreeing(evidence)]
    if not wrong:
        wrong = list(_unlike_what_is_built(evidence))
    if wrong:
        return failed("; ".join(wrong[:5]))
    return ok("run.json agrees with the tables, and with what is built from it")


def _unknown(evidence: Evidence) -> Iterator[str]:
    about = evidence.run.about
    tables: tuple[tuple[str, Mapping[str, object], Mapping[str, How]], ...] = (
        ("run.json", about, RUN),
        ("its model", evidence.model, MODEL),
        ("its attacker", about.get("attacker") or {}, ATTACKER),
        ("its settings", about["settings"], SETTINGS),
    )
    for name, fields, known in tables:
        if unexpected := sorted(map(str, fields.keys() - known.keys())):
            yield f"{name} has the unknown fields {', '.join(unexpected)}"
    # A judge that looked later is named once there is one.
    required = {"run.json": RUN.keys() - about.keys() - {"judges"}}
    required["its settings"] = SETTINGS.keys() - about["settings"].keys()
    for name, missing in required.items():
        if missing:
            yield f"{name} has no {', '.join(sorted(missing))}"


def _disagreeing(evidence: Evidence) -> Iterator[str]:
    about, settings, model = evidence.run.about, evidence.settings, evidence.model
    for column, value in (("run", evidence.run.name), ("model", str(model.get("name", "")))):
        others = set(evidence.samples[column]) - {value}
        if others:
            yield f"the column {column} says {min(map(str, others))}, and run.json {value}"
    if about["world"].get("name") != settings.world:
        yield "world and settings name two worlds"
    if bool(about.get("attacks")) != bool(settings.attacks):
        yield "frozen attacks are named by one of attacks and settings"
    if len(evidence.other_suites) != len(settings.others()):
        yield "other_suites are not the suites that the settings name"
    weights = {"source", "sha256", "parameters"}
    if model.get("source") is None and any(model.get(name) is not None for name in weights):
        yield "the model has weights, and no source of them"
    if "parameters" in model and "defence" not in model and not evidence.prefilled:
        yield "the model can continue a beginning (prefilled), and run.json denies it"
    added = [judging.name for judging in evidence.judgings() if judging.entry is not None]
    absent = set(settings.also) - {str(judge.get("name")) for judge in about.get("judges", ())}
    if absent:
        yield f"it does not name the judge {min(absent)} of the settings"
    if len(set(added)) < len(added) or set(added) & set(evidence.samples["judge"]):
        yield "a judge was added twice"


def _unlike_what_is_built(evidence: Evidence) -> Iterator[str]:
    about, settings = evidence.run.about, evidence.settings
    others = evidence.suites
    own = {} if settings.world is None else REVISIONS
    suites = {**own, **{suite.name: suite.revision for suite in others}}
    if about["suites"] != suites:
        yield "its suites and their revisions are not those of the settings"
    for suite, known in zip(others, evidence.other_suites, strict=True):
        spec = settings.others()[others.index(suite)]
        if (known.get("spec"), known.get("licence")) != (spec, suite.licence):
            yield f"what it says of the suite {suite.name} is something else"
        evidence.judge(
            Judging(evidence.recorded_judge(suite.name), settings.judge, None), suite.name
        )
        _check_commit(suite, known.get("data"))
    if settings.world is None:
        return
    if about["world"].get("channels") != list(world_facts(evidence.world).channels):
        yield "the channels of its world are others"
    evidence.judge(Judging(str(about["judge"]), settings.judge, None), "")
    if settings.attacks and dict(evidence.attacks.about) != about["attacks"]:
        yield "what it says of the frozen attacks is something else"


def _check_commit(suite: Suite, recorded: object) -> None:
    """Raise UnverifiedError where the copy here cannot show that the data were of this commit."""
    here = getattr(suite, "copy_revision", None)
    if recorded not in {here, AS_GIVEN}:
        raise UnverifiedError(
            given=f"the data of the suite {suite.name}",
            why=f"they were of {recorded}, it says, and the copy here is of {here}",
            fix=f"sectow suites get {suite.name.removesuffix(MINI)}",
        )
