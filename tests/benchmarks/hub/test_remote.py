"""The hub, as a small server on this machine speaks it."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

import pytest

from sectow_benchmarks.hub.remote import hub_id, upload
from sectow_env.errors import ConfigError, SectowError


class Hub(ThreadingHTTPServer):
    """Remembers what it was sent."""

    private = True
    refuses = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.created: list[dict[str, Any]] = []
        self.files: dict[str, bytes] = {}
        self.tokens: set[str] = set()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    """The few calls that an upload of small files makes."""

    def do_GET(self) -> None:
        self._answer({"id": "me/set", "private": self._hub.private, "sha": "0" * 40})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self._hub.tokens.add(self.headers["Authorization"])
        if self._hub.refuses:
            self._answer({"error": "no"}, 400)
        elif self.path == "/api/repos/create":
            self._hub.created.append(json.loads(body))
            self._answer({"url": f"{self._hub.address}/datasets/me/set"})
        elif self.path == "/api/validate-yaml":
            self._answer({"errors": [], "warnings": []})
        elif "/preupload/" in self.path:
            files = json.loads(body)["files"]
            modes = [
                {"path": file["path"], "uploadMode": "regular", "shouldIgnore": False}
                for file in files
            ]
            self._answer({"files": modes})
        elif "/commit/" in self.path:
            lines = [json.loads(line)["value"] for line in body.splitlines()]
            self._hub.files |= {
                line["path"]: base64.b64decode(line["content"]) for line in lines if "path" in line
            }
            commit = f"https://huggingface.co/datasets/me/set/commit/{'0' * 40}"
            self._answer({"commitUrl": commit, "commitOid": "0" * 40})
        else:
            self._answer({}, 404)

    def log_message(self, *_: object) -> None:
        return

    @property
    def _hub(self) -> Hub:
        return cast("Hub", self.server)

    def _answer(self, tree: object, status: int = 200) -> None:
        data = json.dumps(tree).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture
def hub() -> Iterator[Hub]:
    server = Hub()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HF_TOKEN", "hf_of_the_user")
    # The hub of these tests is on this machine.
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    (tmp_path / "README.md").write_text("a card")
    (tmp_path / "run.json").write_text("{}")
    (tmp_path / "notes.txt").write_text("mine alone")
    return tmp_path


def test_a_data_set_is_private_and_has_only_its_files(hub: Hub, folder: Path) -> None:
    address = upload(folder, "me/set", visible=False, endpoint=hub.address)
    assert "me/set" in address
    assert hub.created[0]["visibility"] == "private"
    assert hub.created[0]["type"] == "dataset"
    assert hub.files == {"README.md": b"a card", "run.json": b"{}"}
    assert hub.tokens == {"Bearer hf_of_the_user"}


def test_what_everybody_sees_is_not_written_to_by_accident(hub: Hub, folder: Path) -> None:
    hub.private = False
    with pytest.raises(ConfigError, match="everybody can see it"):
        upload(folder, "me/set", visible=False, endpoint=hub.address)
    assert hub.files == {}
    upload(folder, "me/set", visible=True, endpoint=hub.address)
    assert hub.files


def test_a_refusal_is_explained(hub: Hub, folder: Path) -> None:
    hub.refuses = True
    with pytest.raises(SectowError, match="the hub did not do it"):
        upload(folder, "me/set", visible=False, endpoint=hub.address)


def test_without_a_token_in_the_environment_nothing_is_sent(
    hub: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(ConfigError, match="HF_TOKEN"):
        upload(folder, "me/set", visible=False, endpoint=hub.address)
    assert hub.created == []


def test_ids() -> None:
    assert hub_id("folder/data") is None
    assert hub_id("hub:me/set@main") == ("me/set", "main")
    for bad in ("hub:set", "hub:../x", "hub:me/set/more", "hub:me/ set"):
        with pytest.raises(ConfigError):
            hub_id(bad)
