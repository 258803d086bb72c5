"""Texts of others inside a judge's prompt: they are data, and nothing in them may act as control.

What holds: no control token, role label or fence of ours can be spelled by such a text. What cannot
be promised: that a model which reads the text as language is never persuaded by it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

MARK = "\N{REPLACEMENT CHARACTER}"
"""Stands where a character was that nobody can see or print."""
LIMIT = 16_000
"""Characters of a text that a judge is shown, unless its format says otherwise."""
LABELS = (
    # With which templates that know no tokens begin a message,
    *("User", "Assistant", "Agent", "System", "Human", "Model", "Tool", "Developer"),
    # prompts of judges a part,
    *("Behavior", "Generation", "Context", "Response", "Rules", "Answer", "Instruction", "Input"),
    # and judges a line of their verdict.
    *("Safety", "Categories", "Refusal"),
)
"""Words that are labels where a colon follows them at the beginning of a line."""

# Control characters but tab and line feed; marks that turn the reading direction; tag characters,
# which spell text that no one sees; half characters, which no file can hold.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff"
    "\U000e0000-\U000e007f]"
)
# Format characters, fillers and variation selectors without a shape of their own: they part words
# that a reader sees whole, and rows of them spell text. Left are the joiners of scripts and emoji,
# and the two selectors that choose between text and emoji.
_SHAPELESS = re.compile(
    "[\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u2060-\u2065"
    "\u206a-\u206f\u3164\ufe00-\ufe0d\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0080-\U000e0fff]"
)
_LINES = re.compile("\r\n?|[\u2028\u2029]")
# <s>, </s>, <|im_end|>, <<SYS>>, <image>, <think>, and the wide forms that some tokenizers fold.
_ANGLE = re.compile("([<\uff1c\ufe64])(?=\\S)")
# [INST], [/INST], [control_8], [|user|], [@BOS@]; and ]~b], with which others begin a message.
# A list of numbers is left alone.
_SQUARE = re.compile("([\\[\uff3b](?=[^\\s\\d\\]])|\\](?=[~!]))")
# What is left of a token whose beginning the text's neighbour could give.
_TAIL = re.compile("([|\uff5c])(?=[>\uff1e\ufe65])")
# A line of dashes, which parts prompts.
_RULE = re.compile(r"(?m)^([ \t]*-)(?=--+[ \t]*$)")
_LABEL = re.compile(rf"(?im)^([^\w\n]*(?:{'|'.join(LABELS)})[^\w\n:\uff1a]*)(?<! )(?=[:\uff1a])")


def neutral(text: str) -> str:
    """The text with every control token, label and unseen character taken out of action.

    A blank is put inside what could be a token or a rule, and before the colon of a label:
    `<|im_end|>` becomes `< |im_end| >`, `User:` becomes `User :`. Doing it twice changes nothing
    more. What has no shape is taken out; other unseen characters become `MARK`.
    """
    text = _SHAPELESS.sub("", text)
    seen = _UNSEEN.sub(MARK, _LINES.sub("\n", text))
    for pattern in (_ANGLE, _SQUARE, _TAIL, _RULE, _LABEL):
        seen = pattern.sub(r"\1 ", seen)
    return seen


def excerpt(text: str, limit: int) -> str:
    """The text, or its first and last half of `limit` characters around a note on the gap."""
    if len(text) <= limit:
        return text
    half = limit // 2
    gap = len(text) - 2 * half
    return f"{text[:half]}\n(... {gap} characters left out ...)\n{text[half + gap :]}"


def fenced(parts: dict[str, str]) -> dict[str, str]:
    """Each part between an opening and a closing line that no part can spell.

    The lines hold a nonce that is derived from all parts, so that the same parts give the same
    prompt, and no part can hold the nonce that it changes by holding it.
    """
    nonce = nonce_of(parts.values())
    return {
        name: f"<<{name} {nonce}>>\n{text}\n<<end of {name} {nonce}>>"
        for name, text in parts.items()
    }


def nonce_of(texts: Iterable[str]) -> str:
    """16 hexadecimal digits that are in none of the texts, the same for the same texts."""
    whole = "\0".join(texts).encode(errors="surrogatepass")
    count = 0
    while True:
        nonce = hashlib.sha256(b"%d\0%s" % (count, whole)).hexdigest()[:16]
        if nonce.encode() not in whole:
            return nonce
        count += 1
