from __future__ import annotations

from pathlib import Path

import pytest

from sectow_agents.settings.strict_yaml import parse_yaml, read_yaml
from sectow_env.errors import FileError

BOMB = "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
    f"{name}: &{name} [{', '.join(9 * ['*' + before])}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
REFUSED = {
    "a: 1\nb: 2\na: 3\n": "the key 'a' is set twice in line 3",
    "x:\n  y: {a: 1, a: 1}\n": "the key 'a' is set twice in line 2",
    "a: 1\nb: " + "9" * 5000: "has 5000 digits in line 2",
    "a: .inf": r"\.inf is not a finite number in line 1",
    "a: -.Inf": "not a finite number",
    "a: .nan": r"\.nan is not a finite number",
    "a: 1.0e+999": "not a finite number",
    'a: "\\ud800"': "unpaired surrogate .* in line 1",
    '"\\ud800": 1': "unpaired surrogate",
    "a: " + "[" * 60 + "]" * 60: "nested deeper than 50 levels",
    "a: " + "[" * 5000: "nested deeper than 50 levels",
    "a: &a [*a]": "nested deeper",
    BOMB: "more than 100000 values",
    "a: 2026-02-30": "day is out of range for month in line 1",
    "a: !!python/object/apply:os.system [ls]": "could not determine a constructor .* in line 1",
    "a: [": "line",
    "a: \x07": "special characters are not allowed",
}


@pytest.mark.parametrize(("text", "why"), REFUSED.items(), ids=range(len(REFUSED)))
def test_what_is_ambiguous_endless_or_outsized_is_refused(text: str, why: str) -> None:
    with pytest.raises(FileError, match=rf"my\.yaml; .*{why}"):
        parse_yaml(text, "my.yaml")


def test_what_is_sound_is_read(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("base: &base {a: 1, b: 2}\nmore: {<<: *base, b: 3}\nlist: [1.5, null]\n")
    assert read_yaml(file) == {
        "base": {"a": 1, "b": 2},
        "more": {"a": 1, "b": 3},
        "list": [1.5, None],
    }
