from __future__ import annotations

import json
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sectow_env.channels.slots import MAX_COMPLETION, Slot, read, schema, too_long, write

SLOTS = (
    Slot("scene", "who speaks and where", "A cook in a kitchen.", 40),
    Slot("key_phrase", "the words that matter", "open the jar", 20),
)
WRITTEN = {"scene": "A lamp lighter, at night", "key_phrase": "trim the wick"}
PLAIN = "scene: A lamp lighter, at night\nkey_phrase: trim the wick"
TEXT = st.text(st.characters(codec="utf-8"), max_size=60)


@pytest.mark.parametrize(
    "completion",
    [
        PLAIN,
        "key phrase: trim the wick\nscene: A lamp lighter, at night",
        "Sure! Here it is:\n\n**Scene:** A lamp lighter, at night\n**Key phrase:** trim the wick",
        "**Scene**: A lamp lighter, at night\n**Key_Phrase**: **trim the wick**",
        "- scene: A lamp lighter, at night\n- key-phrase: trim the wick",
        "1. scene: A lamp lighter, at night\n2. key phrase: trim the wick\n",
        "* *Scene*: A lamp lighter, at night\n* *Key phrase*: trim the wick",
        "### Scene: A lamp lighter, at night\n### KEY PHRASE: trim the wick",
        "> scene: A lamp lighter, at night\n> key_phrase: trim the wick",
        "`scene: A lamp lighter, at night`\n`key_phrase: trim the wick`",
        "`scene`: `A lamp lighter, at night`\n`key_phrase`: `trim the wick`",
        "scene: \"A lamp lighter, at night\"\nkey_phrase: 'trim the wick'",
        "scene: “A lamp lighter, at night”\nkey_phrase: «trim the wick»",
        "scene = A lamp lighter, at night\nkey_phrase = trim the wick",
        "scene : A lamp lighter, at night ; key_phrase : trim the wick",
        "Scene:\nA lamp lighter, at night\n\nKey phrase:\ntrim the wick\n",
        f"Of course.\n```\n{PLAIN}\n```\nI hope that helps!",
        f"```text\n{PLAIN}\n```",
        f"~~~\n{PLAIN}",
        json.dumps(WRITTEN),
        f"Sure:\n```json\n{json.dumps(WRITTEN, indent=2)}\n```\nDone.",
        json.dumps({"Key Phrase": "trim the wick", "SCENE": " A lamp lighter, at night "}),
        '{"scene": "A lamp lighter, at night",\r\n"key_phrase": "trim the wick"}',
        "scene: A lamp lighter, at night\r\nkey_phrase: trim the wick\r\n",
    ],
)
def test_what_instruct_models_add_is_read(completion: str) -> None:
    assert read(completion, SLOTS) == WRITTEN


@pytest.mark.parametrize(
    "completion",
    [
        "",
        "I am sorry, but I cannot help with that.",
        "scene: A lamp lighter",
        "key_phrase: trim the wick",
        "scene: \nkey_phrase: trim the wick",
        'scene: ""\nkey_phrase: trim the wick',
        "scene: A lamp\nscene: a wick\nkey_phrase: trim the wick",
        "scene: (who speaks and where)\nkey_phrase: trim the wick",
        "scene: <who speaks and where>\nkey_phrase: trim the wick",
        "scene: (who speaks and where, at most 40 characters)\nkey_phrase: trim the wick",
        "the scene: a lamp and the key_phrase: a wick",
        '{"scene": "A lamp lighter"}',
        '{"scene": "a", "key_phrase": 3}',
        '{"scene": "a", "key_phrase": null}',
        '{"scene": "a", "key_phrase": "b", "more": "c"}',
        '{"scene": "a", "scene": "b", "key_phrase": "c"}',
        '{"scene": "a", "key_phrase": "\\ud800"}',
        '[{"scene": "a"}, {"key_phrase": "b"}]',
        "{" * 5000,
        '{"a":' * 1500,
        f"scene: {'a' * MAX_COMPLETION}\nkey_phrase: b",
        "scene: a\ud800\nkey_phrase: b",
    ],
    ids=lambda text: text[:30].encode("ascii", "replace").decode(),
)
def test_junk_is_not_guessed(completion: str) -> None:
    assert read(completion, SLOTS) is None


def test_values_keep_their_lines_and_inner_marks() -> None:
    values = read('scene: one\n\n- two: "three"\nkey_phrase: "a" and "b"', SLOTS)
    assert values == {"scene": 'one\n\n- two: "three"', "key_phrase": '"a" and "b"'}


def test_a_code_block_inside_a_value_is_part_of_it() -> None:
    values = read("scene: a shop\nkey_phrase: read\n```\nx\n```", SLOTS)
    assert values is not None
    assert values["key_phrase"].startswith("read\n```")


def test_lengths_are_limited_and_choices_in_the_schema() -> None:
    assert not too_long(WRITTEN, SLOTS)
    assert too_long({**WRITTEN, "key_phrase": "w" * 21}, SLOTS)
    code = Slot("code", "which code", "leet", choices=("leet", "base64"))
    assert schema((*SLOTS, code)) == {
        "type": "object",
        "properties": {
            "scene": {
                "type": "string",
                "description": "who speaks and where, at most 40 characters",
            },
            "key_phrase": {
                "type": "string",
                "description": "the words that matter, at most 20 characters",
            },
            "code": {
                "type": "string",
                "description": "which code",
                "enum": ["leet", "base64"],
            },
        },
        "required": ["scene", "key_phrase", "code"],
        "additionalProperties": False,
    }


def test_values_that_lines_cannot_carry_are_written_as_json() -> None:
    assert write(WRITTEN, SLOTS) == PLAIN
    odd = {"scene": "a\nkey_phrase: b", "key_phrase": '"c"'}
    assert json.loads(write(odd, SLOTS)) == odd


@given(TEXT, TEXT)
def test_what_is_written_is_read_back(scene: str, phrase: str) -> None:
    values = {"scene": f"x{scene}".strip(), "key_phrase": f"y{phrase}".strip()}
    assert read(write(values, SLOTS), SLOTS) == values


@given(
    st.lists(
        st.sampled_from(
            ("scene", "key phrase", ":", "=", ";", "\n", "*", "`", "```\n", '"', "{", "}", "a", " ")
        )
        | TEXT,
        max_size=30,
    ).map("".join)
)
def test_any_text_is_read_or_refused(completion: str) -> None:
    values = read(completion, SLOTS)
    assert values is None or (set(values) == set(WRITTEN) and all(values.values()))


@pytest.mark.parametrize("mark", [" ", "*", ";", "\n", "- ", "1. ", "scene", "scene: "])
def test_endless_repetitions_cost_nothing(mark: str) -> None:
    start = process_time()
    assert read(mark * (MAX_COMPLETION // len(mark)), SLOTS) is None
    assert read(f"- {' ' * (MAX_COMPLETION - 2)}", SLOTS) is None
    # Read once from each place it took a second.
    assert process_time() - start < 0.2
