"""A real HTTP server with the routes of the hub and of GitHub by which suites are fetched."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

COMMIT = hashlib.sha1(b"first", usedforsecurity=False).hexdigest()
NEWEST = hashlib.sha1(b"newest", usedforsecurity=False).hexdigest()


def git_id(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def commit_of(pin: str | None) -> str:
    """A commit that begins as a suite's pin does."""
    return NEWEST if pin is None else pin + COMMIT[len(pin) :]


@dataclass
class Repo:
    """One repository at one commit."""

    files: dict[str, bytes]
    commit: str
    reader: str | None = None
    """Token of who may read it; None: anybody."""
    listed: Mapping[str, bytes] = field(default_factory=dict)
    """Contents that are listed, where others are sent."""

    @classmethod
    def of(cls, folder: Path, commit: str) -> Repo:
        files = [path for path in folder.rglob("*") if path.is_file()]
        return cls(
            {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}, commit
        )

    def entry(self, name: str) -> dict[str, Any]:
        data = self.listed.get(name, self.files[name])
        return {"path": name, "size": len(data), "oid": git_id(data), "sha": git_id(data)}


class Host:
    """Repositories by `owner/name`; both hosts have the same ones."""

    def __init__(self) -> None:
        self.repos: dict[str, Repo] = {}
        self.cut: int | None = None
        """Bytes of a file after which the connection breaks, once for each file that has more."""
        self.hang_after: int | None = None
        """Bytes of a large file after which nothing more comes."""
        self.requests: list[tuple[str, str, str | None]] = []
        """Method, path, range."""
        self.tokens: set[str | None] = set()
        self._cut: set[str] = set()
        self._http = _Http(("127.0.0.1", 0), type("Bound", (_Handler,), {"host": self}))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def sent(self) -> list[tuple[str, str | None]]:
        """Files that were sent, with the range that was asked for."""
        return [
            (path.rpartition("/")[2], part)
            for method, path, part in self.requests
            if method == "GET" and ("/resolve/" in path or path.startswith("/raw/"))
        ]

    def breaks(self, name: str, size: int) -> int | None:
        """After how many bytes the connection breaks."""
        if self.cut is None or size <= self.cut or name in self._cut:
            return None
        self._cut.add(name)
        return self.cut

    @contextmanager
    def serving(self) -> Iterator[Host]:
        thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._http.shutdown()
            thread.join()
            self._http.server_close()


_REPO = r"(?P<repo>[^/]+/[^/]+)"
ROUTES = {
    "commits": rf"/api/datasets/{_REPO}/commits/main",
    "info": rf"/api/datasets/{_REPO}(/revision/(?P<revision>[^/]+))?",
    "tree": rf"/api/datasets/{_REPO}/tree/(?P<revision>[^/]+)",
    "file": rf"/datasets/{_REPO}/resolve/(?P<revision>[^/]+)/(?P<name>.+)",
    "raw_file": rf"/raw/{_REPO}/(?P<revision>[^/]+)/(?P<name>.+)",
    "github_commit": rf"/api/repos/{_REPO}/commits/(?P<revision>[^/]+)",
    "github_tree": rf"/api/repos/{_REPO}/git/trees/(?P<revision>[^/]+)",
}


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that are killed are what this server is for."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    host: Host

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (its name)
        """Say nothing."""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.host.requests.append((self.command, path, self.headers["Range"]))
        self.host.tokens.add(self.headers["Authorization"])
        for route, pattern in ROUTES.items():
            if match := re.fullmatch(pattern, path):
                groups = match.groupdict()
                repo = self.host.repos.get(str(groups["repo"]))
                if repo is None:
                    self._fail(404 if "/repos/" in path else 401, "RepoNotFound")
                else:
                    self._route(route, repo, groups)
                return
        self._fail(404, "EntryNotFound")

    def _route(self, route: str, repo: Repo, groups: Mapping[str, str | None]) -> None:
        revision = groups.get("revision") or "HEAD"
        if revision != "HEAD" and not repo.commit.startswith(revision):
            self._fail(422 if route == "github_commit" else 404, "RevisionNotFound")
        elif route in {"file", "raw_file"}:
            self._file(repo, str(groups["name"]))
        elif route == "commits":
            entry = {"authors": [], "date": "2026-01-01T00:00:00.000Z", "title": "", "message": ""}
            self._json([{**entry, "id": repo.commit}])
        elif route == "info":
            # As on the hub, where a commit must be given in full.
            if groups.get("revision") not in {None, repo.commit}:
                self._fail(404, "RevisionNotFound")
            else:
                self._json({"id": groups["repo"], "sha": repo.commit})
        elif route == "tree":
            self._json([{"type": "file", **repo.entry(name)} for name in repo.files])
        elif route == "github_commit":
            self._json({"sha": repo.commit})
        else:
            kind = {"type": "blob", "mode": "100644"}
            tree = [{**kind, **repo.entry(name)} for name in repo.files]
            self._json({"sha": repo.commit, "tree": tree, "truncated": False})

    def _file(self, repo: Repo, name: str) -> None:
        if repo.reader is not None and self.headers["Authorization"] != f"Bearer {repo.reader}":
            self._fail(401 if self.headers["Authorization"] is None else 403, "GatedRepo")
            return
        data = repo.files[name]
        first = int(re.fullmatch(r"bytes=(\d+)-", self.headers["Range"] or "bytes=0-")[1])  # type: ignore[index]  # a test fails loudly
        self.send_response(206 if first else 200)
        if first:
            self.send_header("Content-Range", f"bytes {first}-{len(data) - 1}/{len(data)}")
        self.send_header("Content-Length", str(len(data) - first))
        self.send_header("ETag", f'"{git_id(data)}"')
        self.send_header("X-Repo-Commit", repo.commit)
        self.end_headers()
        if self.command == "HEAD":
            return
        if self.host.hang_after is not None and len(data) > self.host.hang_after:
            self.wfile.write(data[: self.host.hang_after])
            with suppress(OSError):
                self.rfile.read(1)
            self.close_connection = True
            return
        cut = self.host.breaks(name, len(data) - first)
        self.wfile.write(data[first:] if cut is None else data[first : first + cut])
        self.close_connection = cut is not None

    def _json(self, tree: object) -> None:
        data = json.dumps(tree).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _fail(self, status: int, code: str) -> None:
        self.send_response(status)
        self.send_header("X-Error-Code", code)
        self.send_header("Content-Length", "0")
        self.end_headers()
