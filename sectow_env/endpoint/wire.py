"""The JSON of OpenAI's chat completions: what is sent, and how an answer is read.

The fields are those of https://platform.openai.com/docs/api-reference/chat; a refusal in the
message's own field `refusal` counts as the text, for it is what the model says.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from typing import Any

from sectow_env.endpoint.exchange import ChatRequest, Failure, FailureKind, Outcome, Reply
from sectow_env.endpoint.settings import MAX_SEED, EndpointSettings
from sectow_env.game.messages import Message
from sectow_env.game.picture import Picture

KEY_VERSION = 1
MAX_SAYS = 200
"""Characters of a server's own words in a message."""


@dataclass(frozen=True)
class Heard:
    """What one attempt brought."""

    outcome: Outcome
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    retry_after: float | None = None
    """Seconds that the server asks for."""


def body_of(settings: EndpointSettings, request: ChatRequest) -> bytes:
    """The request as JSON; pictures are PNG files in `data:` URLs, before their text."""
    messages = [
        {"role": message.role, "content": _content(message)} for message in request.messages
    ]
    fields = {**_sampling(settings, request), "messages": messages}
    return json.dumps(fields, allow_nan=False).encode("ascii")


def key_of(settings: EndpointSettings, request: ChatRequest) -> str:
    """Digest of all that decides an answer: server, model, conversation, pixels, sampling, sample.

    A picture counts by its pixels, whatever file they are sent as.
    """
    decides = {
        "version": KEY_VERSION,
        "base_url": settings.base_url,
        "fields": _sampling(settings, request),
        "messages": [message.canonical() for message in request.messages],
        "sample": request.sample,
    }
    return hashlib.sha256(json.dumps(decides, sort_keys=True).encode("ascii")).hexdigest()


def read_answer(status: int, content_type: str, data: bytes) -> Heard:
    """Reads the body of a successful answer; anything strange is a failure, never an exception."""
    if "json" not in content_type.lower():
        detail = f"the answer is {content_type.strip()[:MAX_SAYS] or 'of no stated type'}, not JSON"
        return Heard(Failure(kind=FailureKind.WRONG_CONTENT_TYPE, detail=detail, status=status))
    answer = parsed(data)
    if not isinstance(answer, dict):
        detail = "the answer is no JSON object"
        return Heard(Failure(kind=FailureKind.BAD_JSON, detail=detail, status=status))
    prompt, completion = _tokens(answer)
    return Heard(_outcome(answer, status, prompt, completion), prompt, completion)


def parsed(data: bytes) -> Any:
    """The JSON of some bytes, or None where they are not valid JSON."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def error_of(answer: object) -> tuple[str, str]:
    """Code and message of an error in OpenAI's form, each empty where it is missing."""
    error = answer.get("error") if isinstance(answer, dict) else None
    if isinstance(error, str):
        return "", shortened(error)
    if not isinstance(error, dict):
        return "", ""
    code, message = error.get("code"), error.get("message")
    return (
        code if isinstance(code, str) else "",
        shortened(message) if isinstance(message, str) else "",
    )


def shortened(text: str) -> str:
    """The beginning of a text, on one line."""
    return " ".join(whole(text[: 4 * MAX_SAYS]).split())[:MAX_SAYS]


def whole(text: str) -> str:
    """The text with unpaired surrogates replaced: no file can contain them."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _sampling(settings: EndpointSettings, request: ChatRequest) -> dict[str, Any]:
    seed = settings.seed if request.seed is None else request.seed
    longest, temperature, decoding = settings.max_tokens, settings.temperature, request.decoding
    if decoding is not None:
        # A field that is left to the server stays so: it may not know it.
        longest = None if longest is None else decoding.max_new_tokens
        heat = decoding.temperature if decoding.sampled else 0.0
        temperature = None if temperature is None else heat
    fields = {
        "max_tokens": longest,
        "temperature": temperature,
        "top_p": settings.top_p,
        "seed": None if seed is None else (seed + request.sample) % (MAX_SEED + 1),
    }
    chosen: dict[str, Any] = {name: value for name, value in fields.items() if value is not None}
    if request.answer_schema is not None:
        form = {"name": "answer", "strict": True, "schema": dict(request.answer_schema)}
        chosen["response_format"] = {"type": "json_schema", "json_schema": form}
    return {**settings.extra, "model": settings.model, **chosen}


def _content(message: Message) -> str | list[dict[str, Any]]:
    if not message.pictures:
        return message.text
    return [_part(part) for part in message.parts()]


def _part(part: str | Picture) -> dict[str, Any]:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    url = "data:image/png;base64," + base64.b64encode(part.png).decode("ascii")
    return {"type": "image_url", "image_url": {"url": url}}


def _outcome(
    answer: dict[str, Any], status: int, prompt: int | None, completion: int | None
) -> Outcome:
    choices = answer.get("choices")
    if not choices:
        # Some routers report an error of the server behind them as a success.
        if answer.get("error"):
            detail = f"the answer is an error: {error_of(answer)[1] or 'without a message'}"
            return Failure(kind=FailureKind.SERVER_ERROR, detail=detail, status=status)
        return Failure(kind=FailureKind.EMPTY_CHOICES, detail="it has no choices", status=status)
    first = choices[0] if isinstance(choices, list) else None
    message = first.get("message") if isinstance(first, dict) else None
    if not isinstance(first, dict) or not isinstance(message, dict):
        return Failure(kind=FailureKind.BAD_JSON, detail="a choice has no message", status=status)
    reason = first.get("finish_reason")
    finish = shortened(reason) if isinstance(reason, str) else None
    text = _text(message.get("content"))
    refusal = message.get("refusal")
    if not text and isinstance(refusal, str) and refusal:
        text = refusal
    if finish == "content_filter":
        # Also beside a text: that is the beginning of an answer, or the filter's own words.
        detail = "the server's filter kept the text back"
        return Failure(kind=FailureKind.FILTERED, detail=detail, status=status)
    if text is None:
        return _no_text(message.get("content"), finish, status)
    return Reply(
        text=whole(text), finish_reason=finish, prompt_tokens=prompt, completion_tokens=completion
    )


def _no_text(content: object, finish: str | None, status: int) -> Failure:
    if content is not None:
        return Failure(kind=FailureKind.BAD_JSON, detail="the content is no text", status=status)
    if finish == "length":
        detail = "the tokens ran out before any text: raise max_tokens"
        return Failure(kind=FailureKind.CUT_OFF, detail=detail, status=status)
    return Failure(kind=FailureKind.NULL_CONTENT, detail="the content is null", status=status)


def _text(content: object) -> str | None:
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return None
    # Some servers answer in blocks; thoughts are blocks of another type, and no part of the text.
    blocks = [
        block.get("text")
        for block in content
        if isinstance(block, dict) and block.get("type") in {"text", "output_text"}
    ]
    texts = [text for text in blocks if isinstance(text, str)]
    return "".join(texts) if texts else None


def _tokens(answer: dict[str, Any]) -> tuple[int | None, int | None]:
    usage = answer.get("usage")
    if not isinstance(usage, dict):
        return None, None
    return _count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens"))


def _count(given: object) -> int | None:
    # SQLite stores 64 bits, and a boolean is not a count.
    fits = isinstance(given, int) and not isinstance(given, bool) and 0 <= given < 2**63
    return given if fits and isinstance(given, int) else None
