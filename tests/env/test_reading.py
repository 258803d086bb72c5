from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sectow_env import reading
from sectow_env.errors import FileError
from sectow_env.game import Frozen
from sectow_env.reading import parse_json, read_bytes, read_json, read_jsonl, read_model

REFUSED = {
    '{"a": 1, "b": {"c": 1, "c": 2}}': "the key 'c' is set twice",
    '{"a": NaN}': "NaN is not a finite number",
    '{"a": -Infinity}': "-Infinity is not a finite number",
    '{"a": 1e999}': "1e999 is not a finite number",
    '{"a": ' + "9" * 5000 + "}": "has 5000 digits",
    '{"a": 0.' + "9" * 5000 + "}": "has 5002 digits",
    '{"a": "\\ud800"}': "unpaired surrogate",
    '{"\\udfff": 1}': "unpaired surrogate",
    "[" * 60 + "]" * 60: "nested deeper than 50 levels",
    "[" * 100_000: "nested deeper than 50 levels",
    '{"a": 1': "it is not JSON .*line 1 column 8",
    "": "it is not JSON",
}


@pytest.mark.parametrize(("text", "why"), REFUSED.items(), ids=range(len(REFUSED)))
def test_what_python_would_accept_in_silence_is_refused(text: str, why: str) -> None:
    with pytest.raises(FileError, match=rf"my\.json; .*{why}"):
        parse_json(text, "my.json")
    with pytest.raises(FileError, match=why):
        parse_json(text.encode(), "my.json")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**300), 2**300) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=20,
    )
)
def test_what_is_sound_is_read_as_python_reads_it(tree: object) -> None:
    import json

    assert parse_json(json.dumps(tree), "a test") == tree
    assert parse_json(json.dumps(tree, ensure_ascii=False).encode(), "a test") == tree


def test_an_escaped_pair_is_one_character() -> None:
    assert parse_json('"\\ud83d\\ude00"', "a test") == "\N{GRINNING FACE}"


def test_a_pipe_a_device_and_a_folder_are_refused_at_once(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (pipe, Path("/dev/zero"), Path("/dev/null")):
        with pytest.raises(FileError, match="not a regular file"):
            read_bytes(path)
    with pytest.raises(FileError, match="not a regular file"):
        read_bytes(tmp_path)


def test_a_link_is_followed_unless_the_folder_may_be_of_somebody_else(tmp_path: Path) -> None:
    (tmp_path / "real.json").write_text("1")
    link = tmp_path / "link.json"
    link.symlink_to("real.json")
    assert read_json(link) == 1
    with pytest.raises(FileError, match="symbolic link"):
        read_json(link, follow=False)


def test_a_missing_a_large_and_a_garbled_file_are_named(tmp_path: Path) -> None:
    file = tmp_path / "file.json"
    with pytest.raises(FileError, match=r"file\.json; the file does not exist"):
        read_json(file)
    file.write_bytes(b"1\n2\n\xff")
    with pytest.raises(FileError, match=r"not text in UTF-8 \(byte 5, in line 3\)"):
        read_json(file)
    with pytest.raises(FileError, match="more than 0 MiB"):
        read_bytes(file, limit=4)
    with pytest.raises(FileError, match="null byte"):
        read_bytes(Path("a\0b"))


def test_lines_are_numbered_and_a_wrong_one_is_named(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text('\ufeff{"a": "\u2028"}\n\n{"a": 2}\n{"a": 1, "a": 2}\n', "utf-8")
    rows = read_jsonl(file)
    assert [next(rows), next(rows)] == [(1, {"a": "\u2028"}), (3, {"a": 2})]
    with pytest.raises(FileError, match=r"rows\.jsonl, line 4; the key 'a' is set twice"):
        next(rows)


def test_a_record_is_checked_and_its_error_has_no_address_of_pydantic(tmp_path: Path) -> None:
    class Point(Frozen):
        x: int
        y: int = 0

    file = tmp_path / "point.json"
    file.write_text('{"x": 3}')
    assert read_model(file, Point) == Point(x=3)
    file.write_text('{"x": "three"}')
    with pytest.raises(FileError) as failed:
        read_model(file, Point)
    assert failed.value.why.startswith("x: Input should be a valid integer")
    assert "http" not in str(failed.value)


def test_depth_is_counted_exactly() -> None:
    deep = reading.MAX_DEPTH
    assert parse_json("[" * deep + "]" * deep, "a test")
    with pytest.raises(FileError, match="nested deeper"):
        parse_json("[" * (deep + 1) + "]" * (deep + 1), "a test")
