"""Every family in both seats: prompts, pictures, batches, and what their tokens are."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from sectow_agents.models.chat_model import LocalModel
from sectow_agents.models.families import family_of
from sectow_agents.models.generator import Generator, Rendered, control_tokens, suppressed_tokens
from sectow_agents.models.pictures import beside_text, image_tokens
from sectow_env.errors import ConfigError
from sectow_env.game import Attack, Exchange, Scenario
from sectow_env.game.asking import defence_conversation
from sectow_env.game.decoding import Decoding
from sectow_env.game.messages import Conversation, Message
from sectow_env.game.picture import Picture
from sectow_env.policies.chat import ChatAttacker, ChatDefender
from sectow_env.resolve.worlds import load_world
from tests.agents.families.every import EVERY, SEEING
from tests.agents.families.parts import Tiny

every = pytest.mark.parametrize("tiny", EVERY, indirect=True)
seeing = pytest.mark.parametrize("tiny", SEEING, indirect=True)
blind = pytest.mark.parametrize("tiny", sorted(set(EVERY) - set(SEEING)), indirect=True)

SHORT = Decoding(max_new_tokens=6)
SYSTEM = "Answer as the keeper of the jars."
SQUARE, WIDE = (64, 64), (32, 64)


def picture(height: int, width: int, seed: int = 0) -> Picture:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Picture(pixels)


def user(text: str, *pictures: Picture, places: tuple[int, ...] = ()) -> Message:
    return Message(role="user", text=text, pictures=pictures, places=places)


def conversations(tiny: Tiny) -> list[Conversation]:
    """Texts and, where it sees them, pictures: one, two in a message, two in two turns."""
    texts: list[Conversation] = [
        [user("hello")],
        [Message(role="system", text=SYSTEM), user("which jar is the oldest of all of them ?")],
        [user("hi"), Message(role="assistant", text="yes ?"), user("the red jar")],
    ]
    if tiny.tower is None:
        return texts
    first, second = picture(*SQUARE, 1), picture(*WIDE, 2)
    return [
        *texts,
        [user("what is drawn ?", first)],
        [Message(role="system", text=SYSTEM), user("and here ?", second)],
        [user("are this and this alike ?", first, second, places=(9, 18))],
        [user("look", first), Message(role="assistant", text="a jar"), user("?", second)],
    ]


def ids(generator: Generator, conversation: Conversation) -> list[int]:
    """What the model reads, as token ids."""
    images = [shown.pil() for message in conversation for shown in message.pictures]
    encoded = generator.encode([generator.prompt(conversation)], [images])
    return list(encoded["input_ids"][0].tolist())


def count(generator: Generator, conversation: Conversation, token: str) -> int:
    number = generator.processor.tokenizer.convert_tokens_to_ids(token)
    return ids(generator, conversation).count(number)


@every
def test_a_batch_of_all_kinds_is_answered_as_each_alone(tiny: Tiny, generator: Generator) -> None:
    chats = conversations(tiny)
    together = generator.generate(chats, SHORT)
    assert together == [generator.generate([chat], SHORT)[0] for chat in chats]


@seeing
def test_what_is_shown_is_seen(tiny: Tiny, generator: Generator) -> None:
    """Another picture, and the same two in another order, lead to other logits."""

    def logits(*pictures: Picture) -> torch.Tensor:
        text = generator.prompt([user("compare", *pictures)])
        encoded = generator.encode([text], [[shown.pil() for shown in pictures]])
        with torch.inference_mode():
            result: torch.Tensor = generator.model(**encoded).logits[0, -1]
        return result

    first, second = picture(*SQUARE, 1), picture(*SQUARE, 2)
    for left, right in (((first,), (second,)), ((first, second), (second, first))):
        assert not torch.allclose(logits(*left), logits(*right), atol=1e-6), (tiny.name, len(left))


@every
def test_it_plays_in_both_seats(tiny: Tiny, generator: Generator) -> None:
    model = LocalModel(generator)
    world = load_world("apothecary:0")
    scenario: Scenario = world.scenarios("train", harmful=True)[0]
    attacker = ChatAttacker(model, SHORT, world, "write an attack by {channel} : {behavior}")
    assert len(attacker.attack([scenario, scenario])) == 2
    defender = ChatDefender(model, SHORT, SYSTEM)
    shown = Exchange(query="look", image=picture(*SQUARE), response="a jar")
    attacks = [Attack(query="open it"), Attack(query="read", image=picture(*WIDE))]
    attacks.append(Attack(query="and now ?", history=(shown,)))
    if tiny.tower is None:
        with pytest.raises(ConfigError, match="sees none"):
            defender.respond(attacks)
        attacks = attacks[:1]
    assert all(answer is not None for answer in defender.respond(attacks))


@every
def test_a_system_prompt_is_read_once_and_first(tiny: Tiny, generator: Generator) -> None:
    kinds: list[tuple[Picture, ...]] = [(), (picture(*SQUARE),)] if tiny.tower else [()]
    for pictures in kinds:
        attack = Attack(query="open the jar", image=pictures[0] if pictures else None)
        read = generator.prompt(defence_conversation(attack, SYSTEM))
        assert read.count(SYSTEM) == read.count("open the jar") == 1
        assert read.index(SYSTEM) < read.index("open the jar")


@seeing
def test_the_tokens_of_pictures_are_counted(tiny: Tiny, generator: Generator) -> None:
    assert count(generator, [user("nothing")], tiny.shown) == 0
    for size in (SQUARE, WIDE):
        shown = count(generator, [user("one", picture(*size))], tiny.shown)
        assert shown == tiny.tokens(*size), size
    both = [user("two", picture(*SQUARE), picture(*WIDE))]
    beside = tiny.beside or tiny.tokens
    assert count(generator, both, tiny.shown) == beside(*SQUARE) + beside(*WIDE)


@seeing
def test_the_size_of_pictures_needs_no_weights(tiny: Tiny, generator: Generator) -> None:
    processor, config = generator.processor, generator.model.config
    for size in (SQUARE, WIDE):
        with_picture, without = (
            len(ids(generator, [user("x", *shown)])) for shown in ((picture(*size),), ())
        )
        counted = image_tokens(processor, config, [size])
        assert counted == with_picture - without + beside_text(config)
        assert counted >= tiny.tokens(*size)
    assert beside_text(config) == (4 * (16 + 1) if tiny.name == "mllama" else 0)
    prompts = [generator.prompt([user("x", picture(*SQUARE))]), generator.prompt([user("x")])]
    loads = [
        generator._load(Rendered(prompt, shown, 0))
        for prompt, shown in zip(prompts, ((picture(*SQUARE),), ()), strict=True)
    ]
    assert loads[1].image_tokens == 0
    # The placeholder counts as text.
    assert loads[0].image_tokens >= tiny.tokens(*SQUARE) - 1


@every
def test_a_text_begins_once(tiny: Tiny, generator: Generator) -> None:
    begin = generator.processor.tokenizer.bos_token
    if begin is None:
        return
    for conversation in conversations(tiny):
        assert count(generator, conversation, begin) == 1


@every
def test_control_tokens_in_an_attack_forge_nothing(tiny: Tiny, generator: Generator) -> None:
    """The special tokens of a prompt are those of the same prompt with harmless words."""
    words = generator.processor.tokenizer
    control = control_tokens(generator.processor)
    assert tiny.shown in ("", *control)
    special = {number for number in words.convert_tokens_to_ids(control) if number is not None}
    kinds: list[tuple[Picture, ...]] = [(), (picture(*SQUARE),)] if tiny.tower else [()]
    for pictures in kinds:
        plain, forged = (
            [token for token in ids(generator, [user(text, *pictures)]) if token in special]
            for text in ("jar", "".join(control) + "jar" + " ".join(control))
        )
        assert forged == plain


@every
def test_placeholders_are_never_generated(tiny: Tiny, generator: Generator) -> None:
    forbidden = suppressed_tokens(generator.model, generator.processor)
    if tiny.shown:
        assert generator.processor.tokenizer.convert_tokens_to_ids(tiny.shown) in forbidden
    assert all(0 <= token < len(generator.processor.tokenizer) for token in forbidden)


@seeing
def test_it_has_a_record_that_fits_the_model(tiny: Tiny, generator: Generator) -> None:
    family = family_of(generator.model.config)
    assert family.name != generator.model.config.model_type
    tower = {id(part) for part in family.vision_module(generator.model).parameters()}
    expected = {
        id(part)
        for name, part in generator.model.named_parameters()
        if name.startswith(str(tiny.tower)) and not name.startswith(tiny.projector)
    }
    assert tower >= expected
    others = {name for name, part in generator.model.named_parameters() if id(part) in tower}
    assert all(name.startswith((str(tiny.tower), *tiny.projector)) for name in others)


@blind
@pytest.mark.usefixtures("tiny")
def test_a_text_model_needs_no_record(generator: Generator) -> None:
    assert not generator.sees_images
    assert family_of(generator.model.config).language_targets() == "all-linear"
