"""Checks of renderers."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle

from sectow_env.check.batches import must_repeat
from sectow_env.check.compare import differences
from sectow_env.check.material import flipped, scenarios_of
from sectow_env.check.part import PartSubject, Verb
from sectow_env.check.texts import ODD
from sectow_env.game.picture import MAX_SIDE, Picture
from sectow_env.game.renderer import Drawing, Renderer
from sectow_env.game.world import World
from sectow_env.images.typography import draw_words

# None is an answer too: the words cannot be drawn, and the attack is invalid.
VERB = Verb(method="draw", answer="picture", types=(Picture, type(None)))
WORDS = ("vel jun akk", "door", "red circle blue star", "a quiet shop at night")


def renderer_subject(name: str, renderer: Renderer, world: World, seed: int) -> PartSubject:
    """A renderer under check, with plain and odd words, for scenarios of a world."""
    scenarios = scenarios_of(world, seed)
    seeded = scenarios[0].model_copy(update={"image": draw_words(("seed",))})
    texts = [*WORDS, *(text for text in ODD if text.split())]
    limit = max(1, getattr(renderer, "max_words", 1))
    items = [
        Drawing(tuple(text.split())[:limit], scenario)
        for text, scenario in zip(texts, cycle([seeded, *scenarios]), strict=False)
    ]
    return PartSubject(f"the renderer {name}", renderer, VERB, items, world, seed)


def properties_told(subject: PartSubject) -> Iterator[str]:
    """Id and version are texts, `max_words` is at least 1, `legible` is true or false."""
    for name in ("id", "version"):
        value = getattr(subject.part, name, None)
        if not isinstance(value, str) or not value:
            yield f"{name} is {value!r}"
    limit = getattr(subject.part, "max_words", None)
    if not isinstance(limit, int) or isinstance(limit, bool) or limit < 1:
        yield f"max_words is {limit!r}"
    if not isinstance(getattr(subject.part, "legible", None), bool):
        yield f"legible is {getattr(subject.part, 'legible', None)!r}"


def sides_legal(subject: PartSubject) -> Iterator[str]:
    """No side of a picture is longer than an observation may be."""
    for item, picture in zip(subject.items, subject.answers, strict=True):
        if picture is not None and max(picture.pixels.shape[:2]) > MAX_SIDE:
            yield f"{' '.join(item.words)!r}: {picture!r}, {MAX_SIDE} pixels are the limit"


def label_unseen(subject: PartSubject) -> Iterator[str]:
    """The picture does not depend on whether the scenario is harmful."""
    others = [item._replace(scenario=flipped(item.scenario)) for item in subject.items]
    names = ("unchanged", "with the label flipped")
    findings = list(differences(subject.answers, subject.ask(others), "picture", names))
    if findings:
        must_repeat(subject)
    yield from findings


def legible_words_drawn(subject: PartSubject) -> Iterator[str]:
    """If the renderer is legible, different words give different pictures."""
    if not getattr(subject.part, "legible", False):
        return
    scenario = subject.items[0].scenario
    drawn = subject.ask([Drawing((word,), scenario) for word in ("vel", "jun", "akk")])
    if len(set(drawn)) < len(drawn):
        yield "different words give the same picture"
