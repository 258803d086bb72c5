"""Labelling in the browser: real requests, a real browser, and nobody else's."""

from __future__ import annotations

import html
import http.client
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest

from sectow_benchmarks.labels import page as page_module
from sectow_benchmarks.labels.files import LabelFile, read_labels
from sectow_benchmarks.labels.page import LabelServer
from sectow_benchmarks.labels.session import Session, draw_cards
from sectow_benchmarks.labels.world_truth import labels_of
from sectow_benchmarks.results.run import EvaluationRun
from sectow_env.game import Attack, Scenario, Turn
from sectow_env.text import escaped
from sectow_env.worlds.apothecary import Apothecary
from tests.benchmarks.browser import visit
from tests.benchmarks.labels.replicas import HOSTILE, labelled, labels

COUNT = 3


@dataclass(frozen=True)
class Answer:
    """What the server said."""

    status: int
    text: str
    headers: http.client.HTTPMessage


@contextmanager
def serving(path: Path, turns: tuple[Turn, ...] | None = None) -> Iterator[LabelServer]:
    """A server of its own, in a thread."""
    known = [labelled(at, ana=True) for at in range(COUNT)]
    if turns is not None:
        known = [
            labelled.model_copy(update={"turn": turn})
            for labelled, turn in zip(known, turns, strict=False)
        ]
    session = Session(
        draw_cards(labels(*known), None, 0), LabelFile(path, "ana & co", "doors", "1")
    )
    with LabelServer(session) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LabelServer]:
    with serving(tmp_path / "ana.jsonl") as running:
        yield running


def ask(
    server: LabelServer,
    name: str = "",
    form: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
    path: str | None = None,
) -> Answer:
    """One request on a connection of its own."""
    where = urlsplit(server.url)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=30)
    sent = {"Content-Type": "application/x-www-form-urlencoded"} if form else {}
    connection.request(
        "POST" if form is not None else "GET",
        where.path + name if path is None else path,
        urlencode(form) if form is not None else None,
        sent | (headers or {}),
    )
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return Answer(answer.status, text, answer.headers)


def card_of(answer: Answer) -> str:
    """The card that a page is about."""
    (key,) = re.findall(r'name="card" value="(\w+)"', answer.text)
    return str(key)


def test_labels_go_through_the_page_to_the_disk(server: LabelServer) -> None:
    path = server.session.file.path
    for at, (word, label) in enumerate((("yes", True), ("no", False), ("unsure", None)), start=1):
        form = {"card": card_of(ask(server)), "harmful": word, "refused": "no"}
        done = ask(server, "label", form | ({"refused": "yes"} if at == 2 else {}))
        assert done.status == 303
        labelled = read_labels(path).turns[-1]
        assert (len(read_labels(path).turns), labelled.labels["ana & co"]) == (at, label)
        assert labelled.refusals["ana & co"] is (at == 2)
        assert f"{at} of {COUNT} labelled" in ask(server, done.headers["Location"][2:]).text or (
            at == COUNT
        )
    end = ask(server)
    assert "All turns are labelled" in end.text
    assert str(path) in html.unescape(end.text)


def test_an_earlier_label_is_shown_and_can_be_changed(server: LabelServer) -> None:
    form = {"card": card_of(ask(server)), "harmful": "no", "refused": "yes"}
    ask(server, "label", form)
    again = ask(server, "?at=0")
    assert re.search(r'value="no"[^>]*aria-pressed="true"', again.text)
    assert re.search(r'class="said"><input type="radio" name="refused" value="yes"', again.text)
    assert not re.search(r"<input[^>]*checked", again.text)
    assert card_of(again) == form["card"]
    ask(server, "label", {"card": form["card"], "harmful": "yes", "refused": "no"})
    (labelled,) = read_labels(server.session.file.path).turns
    assert (labelled.labels["ana & co"], labelled.refusals["ana & co"]) == (True, False)
    # An address that leads nowhere leads to the first turn without a label.
    for at in ("?at=99", "?at=-1", "?at=x", "?at=1"):
        assert card_of(ask(server, at)) == server.session.cards[1].key


def test_who_does_not_know_the_address_gets_nothing(server: LabelServer) -> None:
    known = urlsplit(server.url)
    assert len(server.token) > 40
    wrong = [
        *("/", "/x/", "//", f"/{server.token}", f"/{server.token[:-1]}/", f"/{server.token}x/"),
        *(f"/x/{server.token}/", f"{known.path}../", f"{known.path}other", "/%C3%A9/"),
    ]
    for path in wrong:
        answer = ask(server, path=path)
        assert (answer.status, "door" in answer.text) == (404, False), path
    card = card_of(ask(server))
    form = {"card": card, "harmful": "yes", "refused": "unsure"}
    assert ask(server, form=form, path="/x/label").status == 404
    for headers in ({"Host": "evil.example"}, {"Host": f"evil.example:{known.port}"}):
        assert ask(server, headers=headers).status == 404
        assert ask(server, "label", form, headers).status == 404
    assert ask(server, "label", form, {"Origin": "http://evil.example"}).status == 403
    assert ask(server, "label", form, {"Origin": "null"}).status == 403
    assert server.session.done == 0
    assert ask(server, "label", form, {"Origin": server.origin}).status == 303
    assert server.server_address[0] == "127.0.0.1"
    with serving(server.session.file.path.with_name("other.jsonl")) as other:
        assert other.token != server.token


def test_a_form_that_is_none_labels_nothing(server: LabelServer) -> None:
    card = card_of(ask(server))
    forms: list[dict[str, str]] = [
        {},
        {"card": card},
        {"card": card, "harmful": "maybe", "refused": "no"},
        {"card": card, "harmful": "no", "refused": "maybe"},
        # A hasty answer is not a label: nobody chose whether it is a refusal.
        {"card": card, "harmful": "no"},
        {"card": card, "refused": "no"},
        {"card": "x", "harmful": "yes", "refused": "no"},
        {"harmful": "yes", "refused": "no"},
    ]
    assert [ask(server, "label", form).status for form in forms] == [400] * len(forms)
    assert ask(server, "other", {"card": card, "harmful": "yes"}).status == 404
    assert ask(server, "label", {"card": "x" * 5000, "harmful": "yes"}).status == 413
    assert ask(server, "label", {"a": "b"}, {"Content-Length": "-1"}).status == 413
    assert server.session.done == 0
    assert not server.session.file.path.exists()


def test_a_label_that_could_not_be_written_is_said_and_open(server: LabelServer) -> None:
    form = {"card": card_of(ask(server)), "harmful": "yes", "refused": "no"}
    path = server.session.file.path
    path.mkdir()
    answer = ask(server, "label", form)
    assert (answer.status, "cannot be written" in answer.text) == (500, True)
    assert server.session.done == 0
    path.rmdir()
    assert ask(server, "label", form).status == 303
    assert server.session.done == 1


def test_nothing_from_elsewhere_may_run(server: LabelServer) -> None:
    for name in ("", "annotate.css", "annotate.js"):
        answer = ask(server, name)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"


def test_a_browser_that_hangs_up_is_no_error(
    server: LabelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    where = urlsplit(server.url)
    for _ in range(5):
        with socket.create_connection((where.hostname, where.port)) as silent:
            silent.sendall(f"GET {where.path} HTTP/1.1\r\n".encode())
    assert ask(server).status == 200
    assert capsys.readouterr().err == ""


def shown() -> tuple[Turn, ...]:
    """Hostile turns, one with a picture."""
    item = Apothecary(0).grid("test", harmful=True, channels=["typography"])[0]
    scenario = Scenario(id="x", behavior=HOSTILE, category=HOSTILE, harmful=True)
    return (
        Turn(scenario=scenario, attack=Attack(query=HOSTILE), response=HOSTILE),
        Turn(scenario=scenario, attack=item.attack, response=HOSTILE),
        Turn(scenario=scenario, attack=Attack(query=""), response=""),
    )


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    with serving(tmp_path / "ana.jsonl", shown()) as server:
        pages = [ask(server, f"?at={at}").text for at in range(COUNT)]
    assert all(page.count("<script") == 1 for page in pages)
    assert not any("<img src=x" in page for page in pages)
    assert sum(page.count("data:image/png;base64,") for page in pages) == 1
    assert any(escaped(HOSTILE) in html.unescape(page) for page in pages)
    assert not any("\u202e" in page or "\x1b" in page for page in pages)


def test_that_check_sees_a_page_that_does_not_escape(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = page_module._template().environment.overlay(autoescape=False)
    monkeypatch.setattr(page_module, "_template", lambda: plain.get_template("annotate.html.j2"))
    with serving(tmp_path / "ana.jsonl", shown()) as server:
        pages = [ask(server, f"?at={at}").text for at in range(COUNT)]
    assert any(page.count("<script") > 1 for page in pages)


def test_hostile_text_stays_text_in_a_browser(tmp_path: Path) -> None:
    blank = tmp_path / "blank.html"
    blank.write_text("<!doctype html><title>x</title>")
    with serving(tmp_path / "ana.jsonl", shown()) as server, visit(blank) as opened:
        for at in range(COUNT):
            opened.page.goto(f"{server.url}?at={at}")
            assert opened.page.locator("script").count() == 1
            assert opened.page.locator("[onerror]").count() == 0
            texts = opened.page.locator(".text").all_inner_texts()
            assert any("<script>alert(1)</script>" in text for text in texts)
            assert opened.page.locator("img").evaluate_all(
                "all => all.every(one => one.naturalWidth > 0)"
            )
        assert opened.complaints == []
        assert all(url.startswith((server.url, "data:", "file:")) for url in opened.requests), (
            opened.requests
        )


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (360, "light")])
def test_the_keyboard_is_enough(tmp_path: Path, width: int, scheme: str) -> None:
    blank = tmp_path / "blank.html"
    blank.write_text("<!doctype html><title>x</title>")
    path = tmp_path / "ana.jsonl"
    with serving(path) as server, visit(blank, width=width, scheme=scheme) as opened:
        page = opened.page
        page.goto(server.url)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        # Enter on a choice must not press the first answer.
        page.focus("input[name=refused][value=no]")
        page.keyboard.press("Enter")
        page.keyboard.press("Control+h")
        # Whoever answers one question only is asked for the other, and labels nothing.
        for key in "nhn?":
            page.keyboard.press(key)
        assert page.locator("input[name=refused]:checked").count() == 0
        assert server.session.done == 0
        for key, done in (("r", 0), ("n", 1), ("a", 1), ("h", 2)):
            page.keyboard.press(key)
            if key in "nh":
                page.get_by_text(f"{done} of {COUNT} labelled").wait_for()
                # The text is there before the script is.
                page.wait_for_load_state()
        page.keyboard.press("b")
        page.locator("button[aria-pressed]").wait_for()
        page.wait_for_load_state()
        assert page.locator("button[aria-pressed]").inner_text().startswith("Harmful")
        page.keyboard.press("f")
        page.get_by_text(f"Turn {COUNT}", exact=True).wait_for()
        page.wait_for_load_state()
        for key in "u?":
            page.keyboard.press(key)
        page.get_by_text("All turns are labelled").first.wait_for()
        page.wait_for_load_state()
        page.keyboard.press("q")
        page.get_by_text("You can close this page").wait_for()
        assert opened.complaints == []
    labels = [
        (labelled.labels["ana & co"], labelled.refusals["ana & co"])
        for labelled in read_labels(path).turns
    ]
    assert labels == [(False, True), (True, False), (None, None)]


def test_the_command_serves_until_it_is_stopped(run: EvaluationRun, tmp_path: Path) -> None:
    out = tmp_path / "ana.jsonl"
    words = ["judge", "annotate", str(run.path), "--annotator", "ana", "--out", str(out), "--page"]
    code = "import sys; from sectow_env.commands.main import main; main(sys.argv[1:])"
    with subprocess.Popen(
        [sys.executable, "-c", code, *words],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as process:
        assert process.stdout is not None
        address = re.search(r"http://127\.0\.0\.1:(\d+)(/\S+)", process.stdout.readline())
        assert address is not None
        connection = http.client.HTTPConnection("127.0.0.1", int(address[1]), timeout=30)
        connection.request("GET", address[2])
        text = connection.getresponse().read().decode()
        assert f"0 of {len(draw_cards(labels_of(run), None, 0))} labelled" in text
        # Blind: what the judge said is nowhere on the page.
        assert str(run.about["judge"]) not in text
        connection.request("POST", address[2] + "stop", "")
        assert "Stopped" in connection.getresponse().read().decode()
        connection.close()
        assert f"labels: {out}" in process.stdout.read().replace("\n", "")
        assert process.wait(60) == 0
