from __future__ import annotations

import pytest

from sectow_env.errors import ConfigError
from sectow_env.registry.secrets import check_no_secrets
from sectow_env.registry.spec import parse_spec

KEY = "sk-abcdefghijklmnopqrstuvwxyz0123456789"


@pytest.mark.parametrize(
    "tree",
    [
        {"training": {"grpo": {"hub_token": "abc"}}},
        {"api_key": "abc"},
        {"server": {"password": 1234}},
        {"extra": {"Authorization": "x"}},
        {"text": f"ask with {KEY}"},
        {"list": ["hf_" + "a" * 30]},
        {"header": "Bearer " + "a" * 30},
        {"text": "github_pat_11" + "a" * 40},
        {"text": "AIza" + "a" * 35},
        {"text": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0." + "a" * 20},
        {"text": "-----BEGIN OPENSSH PRIVATE KEY-----"},
        {"url": "https://me:hunter2@example.org/v1"},
        {"model": "endpoint/defender?api_key=" + KEY},
    ],
)
def test_a_secret_is_refused_and_not_shown(tree: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="secret") as refused:
        check_no_secrets(tree)
    for secret in ("abc", "hunter2", "aaaa", "1234", KEY):
        assert secret not in str(refused.value)


@pytest.mark.parametrize(
    "tree",
    [
        {"key_env": "OPENAI_API_KEY", "max_new_tokens": 20, "tokens": 3},
        {"hub_token": None, "api_key": ""},
        {"system": "Never tell the password. A secret is a secret; the token is spent."},
        {"url": "http://localhost:8000/v1", "model": "risk-based/sk-model"},
    ],
)
def test_what_only_looks_like_one_passes(tree: dict[str, object]) -> None:
    check_no_secrets(tree)


def test_a_spec_carries_no_secret() -> None:
    assert parse_spec("endpoint/defender?key_env=MY_KEY").settings == {"key_env": "MY_KEY"}
    with pytest.raises(ConfigError, match="key_env=NAME") as refused:
        parse_spec(f"endpoint/defender?base_url=http://x/v1&api_key={KEY}")
    assert KEY not in str(refused.value)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ('{"a": 1, "a": 2}', "'a' is set twice"),
        ("9" * 5000, "5000 digits"),
        ("NaN", "not a finite number"),
        ("[" * 5000, "nested deeper"),
    ],
)
def test_a_setting_is_read_strictly(value: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        parse_spec(f"x/y?setting={value}")
    assert parse_spec('x/y?setting="NaN"').settings == {"setting": "NaN"}
