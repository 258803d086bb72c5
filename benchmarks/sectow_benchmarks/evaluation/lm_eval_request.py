"""What lm-eval asks, as conversations of typed messages and a decoding."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast, get_args

from PIL import Image

from sectow_benchmarks.tasks.documents import PLACEHOLDER
from sectow_env.errors import ConfigError, SectowError
from sectow_env.game.decoding import Decoding
from sectow_env.game.messages import Conversation, Message, Role
from sectow_env.game.picture import Picture

if TYPE_CHECKING:
    from lm_eval.api.instance import Instance

DEFAULT_TOKENS = 256
TOKENS = ("max_gen_toks", "max_new_tokens", "max_tokens", "max_completion_tokens")
"""What lm-eval's tasks call the longest answer; the first that is set counts, as in lm-eval."""
NO_EFFECT: Mapping[str, tuple[object, ...]] = {
    "num_beams": (1,),
    "num_return_sequences": (1,),
    "repetition_penalty": (1.0,),
    "length_penalty": (1.0,),
    "no_repeat_ngram_size": (0,),
    "min_p": (0.0,),
    "use_cache": (True, False),
}
"""Further settings, with the values that change nothing."""
OF_DRAWS: Mapping[str, tuple[object, ...]] = {"top_p": (1.0,), "top_k": (0, -1)}
"""The same for settings that greedy decoding does not read."""


def read_request(request: Instance) -> tuple[Conversation, str]:
    """Conversation with its images, and the beginning of the answer.

    Raises:
        ConfigError: It was made without the chat template.
        SectowError: Its images do not fit its text.
    """
    chat = read_conversation(str(request.args[0]))
    if chat is None:
        raise ConfigError(
            given="a request that is not a chat",
            why="this model is asked in chats only",
            fix="call lm-eval with apply_chat_template=True",
        )
    messages, prefix = chat
    images = visuals(request)
    marks = [message.text.count(PLACEHOLDER) for message in messages]
    shown = sum(
        count for count, message in zip(marks, messages, strict=True) if message.role == "user"
    )
    if not sum(marks) == shown == len(images):
        raise SectowError(
            given=f"a request with {len(images)} images and {sum(marks)} times {PLACEHOLDER}",
            why="each image needs its place in the text of a user",
            fix=f"write {PLACEHOLDER} once for each image that a document has, and nowhere else",
        )
    pictures = [Picture.from_pil(image) for image in images]
    placed = []
    for count, message in zip(marks, messages, strict=True):
        placed.append(_placed(message, pictures[:count]))
        pictures = pictures[count:]
    return placed, prefix


def read_conversation(text: str) -> tuple[list[Message], str] | None:
    """Messages and the beginning of the answer, from what our models make of lm-eval's chats.

    Returns:
        None for a text that is not a chat.
    """
    try:
        read = json.loads(text)
        messages = [
            Message(role=_role(entry["role"]), text=str(entry["content"])) for entry in read["chat"]
        ]
        answer = bool(read["answer"])
    except SectowError:
        raise
    except (ValueError, TypeError, KeyError):
        return None
    return (messages, "") if answer else (messages[:-1], messages[-1].text)


def read_settings(given: Mapping[str, Any], seed: int = 0) -> tuple[Decoding, list[str]]:
    """Decoding and stop texts from lm-eval's generation settings.

    Raises:
        ConfigError: A setting is not known, cannot be honoured, or contradicts another.
    """
    left = dict(given)
    until = left.pop("until", None) or []
    lengths = [left.pop(name, None) for name in TOKENS]
    tokens = int(next((length for length in lengths if length is not None), DEFAULT_TOKENS))
    temperature = float(left.pop("temperature", 0.0) or 0.0)
    sampled = left.pop("do_sample", None)
    sampled = temperature > 0.0 if sampled is None else bool(sampled)
    _check_no_effect(left, NO_EFFECT if not sampled else {**NO_EFFECT, **OF_DRAWS}, sampled)
    if sampled and temperature == 0.0:
        raise ConfigError(
            given="do_sample=true without a temperature",
            why="how random the answers should be is not known",
            fix="add temperature=1.0, or set do_sample=false",
        )
    decoding = Decoding(
        sampled=sampled,
        temperature=temperature if sampled else 1.0,
        max_new_tokens=tokens,
        seed=seed,
    )
    return decoding, [until] if isinstance(until, str) else [str(stop) for stop in until]


def visuals(request: Instance) -> list[Image.Image]:
    """The images of a request, in order.

    Raises:
        ConfigError: It has sound.
    """
    extra = request.args[2] if len(request.args) > 2 else {}
    if extra.get("audio"):
        raise ConfigError(
            given="a task with sound",
            why="these models read text and images only",
            fix="choose another task",
        )
    shown = extra.get("visual") or []
    return [shown] if isinstance(shown, Image.Image) else list(shown)


def _check_no_effect(
    left: Mapping[str, Any], harmless: Mapping[str, Sequence[object]], sampled: bool
) -> None:
    names = {*NO_EFFECT, *OF_DRAWS}
    wrong = {
        name: value
        for name, value in left.items()
        if name not in names
        or (value is not None and name in harmless and value not in harmless[name])
    }
    if wrong:
        raise ConfigError(
            given=f"generation settings {', '.join(f'{name}={wrong[name]!r}' for name in wrong)}"
            f" with do_sample={str(sampled).lower()}",
            why="answers are drawn by until, max_gen_toks, do_sample and temperature alone",
            fix="leave the others out, or set the values that change nothing, such as top_p=1.0",
        )


def _placed(message: Message, pictures: Sequence[Picture]) -> Message:
    if not pictures:
        return message
    places = [
        match.start() - number * len(PLACEHOLDER)
        for number, match in enumerate(re.finditer(re.escape(PLACEHOLDER), message.text))
    ]
    return Message(
        role=message.role,
        text=message.text.replace(PLACEHOLDER, ""),
        pictures=tuple(pictures),
        places=tuple(places) if any(places) else (),
    )


def _role(name: str) -> Role:
    if name not in get_args(Role):
        raise ConfigError(
            given=f"a message of the role {name!r}",
            why=f"a conversation has the roles {', '.join(get_args(Role))}",
            fix="choose another task",
        )
    return cast("Role", name)
