"""Every command on a page exists, with its options, its settings and its files."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from sectow_env.commands.main import GROUP, _load, main
from sectow_env.registry.entry_points import claims
from tests.docs.pages import commands, pages, split_command

ROOT = Path(__file__).resolve().parent.parent.parent
COMMANDS = [
    (str(page.relative_to(ROOT)), " ".join(words), words)
    for page in pages(ROOT)
    for words in commands(page)
]
EVERYWHERE = {"--help", "-h", "--version"}
OVERRIDDEN = {"train", "demo"}
"""Commands that take settings as KEY=VALUE."""


def problems(words: list[str]) -> list[str]:
    """What is wrong with a command."""
    program, *rest = words
    if program not in PROGRAMS:
        return [f"no page should need the program {program}"]
    lost = [word for word in rest if re.match(r"(configs|examples)/", word.split("=")[-1])]
    return [
        *PROGRAMS[program](rest),
        *(f"there is no {word}" for word in lost if not (ROOT / word.split("=")[-1]).exists()),
    ]


def _sectow(words: list[str]) -> list[str]:
    if not words or words[0] in EVERYWHERE:
        return []
    found = claims(GROUP)
    name = words[0]
    if name not in found:
        return [f"there is no command sectow {name}"]
    return _arguments(_load(name, found[name]), words[1:], name)


def _arguments(command: Any, words: list[str], name: str) -> list[str]:
    wrong: list[str] = []
    options = {option: one for one in command.params for option in (*one.opts, *one.secondary_opts)}
    rest = iter(words)
    for word in rest:
        if word in EVERYWHERE:
            continue
        if word.startswith("-"):
            if word not in options:
                wrong.append(f"sectow {name} has no option {word}")
            elif not options[word].is_flag:
                next(rest)
        elif word in getattr(command, "commands", {}):
            return [*wrong, *_arguments(command.commands[word], list(rest), f"{name} {word}")]
        elif hasattr(command, "commands"):
            wrong.append(f"sectow {name} has no command {word}")
        elif name in OVERRIDDEN:
            wrong += _setting(word)
    return wrong


def _setting(word: str) -> list[str]:
    from sectow_agents.settings.file import _keys_at

    *places, last = word.partition("=")[0].split(".")
    return [] if last in _keys_at(places, {}) else [f"there is no setting {word}"]


def _make(words: list[str]) -> list[str]:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    wrong = []
    for word in words:
        name, equals, _ = word.partition("=")
        pattern = rf"^{name} \?=" if equals else rf"^{name}:"
        if not re.search(pattern, text, flags=re.MULTILINE):
            wrong.append(f"the Makefile has no {name}")
    return wrong


def _lm_eval(words: list[str]) -> list[str]:
    spec = find_spec("lm_eval")
    assert spec is not None
    assert spec.origin is not None
    known = (Path(spec.origin).parent / "_cli" / "run.py").read_text(encoding="utf-8")
    options = [word for word in words if word.startswith("--")]
    return [f"lm-eval has no option {word}" for word in options if f'"{word}"' not in known]


def _accelerate(words: list[str]) -> list[str]:
    """Our own command, after the options of the launcher."""
    return _sectow(words[words.index("sectow") + 1 :])


def _pip(_words: list[str]) -> list[str]:
    return []


PROGRAMS: dict[str, Callable[[list[str]], list[str]]] = {
    "sectow": _sectow,
    "make": _make,
    "lm-eval": _lm_eval,
    "pip": _pip,
    "accelerate": _accelerate,
}


@pytest.mark.usefixtures("plugin")
@pytest.mark.parametrize(("page", "words"), [(page, words) for page, _, words in COMMANDS])
def test_the_command_exists(page: str, words: list[str]) -> None:
    assert problems(words) == [], page


@pytest.mark.usefixtures("plugin")
def test_the_command_of_the_plug_in_runs(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["potions", "--world", "1", "--limit", "2"])
    assert ended.value.code == 0
    assert len(capsys.readouterr().out.splitlines()) == 2


@pytest.mark.parametrize(
    "line",
    [
        "sectow fly",
        "sectow train --confg",
        "sectow bench card-game",
        "sectow pack check examples/packs/gone.jsonl",
        "sectow train --config configs/gone.yaml",
        "sectow train --config configs/apothecary.yaml attacker.training.stps=1",
        "make fly",
        "make demo TORCHINDEX=x",
        "lm-eval run --metdata x",
        "curl https://a.b",
    ],
)
def test_a_wrong_command_is_seen(line: str) -> None:
    (words,) = split_command(line)
    assert len(problems(words)) == 1


def test_a_command_inside_a_command_is_found() -> None:
    found = list(split_command("lm-eval run --include_path $(sectow bench tasks-path) --tasks x"))
    assert found[1] == ["sectow", "bench", "tasks-path"]
