"""Labelling in the browser: a page of this machine only, at an address that nobody can guess."""

from __future__ import annotations

import base64
import hmac
import secrets
import sys
import threading
from collections.abc import Callable
from functools import cache
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from sectow_benchmarks.board.templates import asset, environment
from sectow_benchmarks.labels.session import HARM, REFUSAL, Session
from sectow_env.errors import ConfigError
from sectow_env.text import escaped

if TYPE_CHECKING:
    import jinja2

PACKAGE = "sectow_benchmarks.labels"
HOST = "127.0.0.1"
MAX_BODY = 4096
"""Bytes of a form: a key and two answers."""
SECONDS = 30
"""After which a silent connection is closed."""
CHOICES = {each.name: each.value for each in HARM}
ASSETS = {
    "annotate.css": "text/css; charset=utf-8",
    "annotate.js": "text/javascript; charset=utf-8",
}
HEADERS = {
    # Nothing but our own style and script, and pictures that are in the page.
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; "
    "img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Not "no-referrer": a browser then hides the origin of our own forms too.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


class LabelServer(ThreadingHTTPServer):
    """Serves one session on a free port of 127.0.0.1, until it is stopped."""

    daemon_threads = True

    def __init__(self, session: Session) -> None:
        super().__init__((HOST, 0), _Handler)
        self.session = session
        self.token = secrets.token_urlsafe(32)
        self.lock = threading.Lock()
        """One request at a time: the labels have one file."""

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"http://{HOST}:{self.server_address[1]}"

    @property
    def url(self) -> str:
        """The address of the page; whoever knows it can label."""
        return f"{self.origin}/{self.token}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that hangs up is not an error; anything else is shown as it is."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: LabelServer
    timeout = SECONDS
    server_version, sys_version = "sectow", ""

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        name = self._name(address.path)
        if name is None:
            return
        if name in ASSETS:
            self._send(asset(PACKAGE, name).encode(), ASSETS[name])
        elif name == "":
            at = parse_qs(address.query).get("at", [""])[0]
            with self.server.lock:
                self._send(_page(self.server.session, _place(self.server.session, at)))
        else:
            self._refuse(HTTPStatus.NOT_FOUND)

    def do_POST(self) -> None:
        name = self._name(urlsplit(self.path).path)
        if name is None:
            return
        actions: dict[str, Callable[[dict[str, str]], None]] = {
            "label": self._label,
            "stop": self._stop,
        }
        length = self.headers.get("Content-Length", "")
        # A form of another site comes with the name of that site.
        foreign = self.headers.get("Origin", self.server.origin) != self.server.origin
        if name not in actions:
            self._refuse(HTTPStatus.NOT_FOUND)
        elif foreign:
            self._refuse(HTTPStatus.FORBIDDEN)
        elif not length.isdecimal() or int(length) > MAX_BODY:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        else:
            body = self.rfile.read(int(length)).decode("ascii", "replace")
            actions[name]({key: values[0] for key, values in parse_qs(body).items()})

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (its name upstream)
        """Nothing: the log would contain the token."""

    def _label(self, form: dict[str, str]) -> None:
        session = self.server.session
        place = session.place_of(form.get("card", ""))
        harmful, refused = form.get("harmful", ""), form.get("refused", "")
        if place is None or not {harmful, refused} <= CHOICES.keys():
            self._refuse(HTTPStatus.BAD_REQUEST, "both questions need an answer; nothing was kept")
            return
        try:
            with self.server.lock:
                session.say(place, harmful=CHOICES[harmful], refused=CHOICES[refused])
                following = session.next_open(place + 1)
        except ConfigError as error:
            # Whoever labels must not think that it was kept.
            self._refuse(HTTPStatus.INTERNAL_SERVER_ERROR, str(error))
            return
        self.send_response(HTTPStatus.SEE_OTHER)
        self.send_header("Location", "./" if following is None else f"./?at={following}")
        self._finish(b"")

    def _stop(self, form: dict[str, str]) -> None:
        del form
        with self.server.lock:
            self._send(_page(self.server.session, None, stopped=True))
        # From another thread: it waits until the server has left its loop.
        threading.Thread(target=self.server.shutdown, daemon=True).start()

    def _name(self, path: str) -> str | None:
        """What is asked for behind the token; None, with an answer sent, for who knows it not."""
        home = urlsplit(self.server.url)
        size = len(home.path)
        known = hmac.compare_digest(path[:size].encode(), home.path.encode())
        # The name of another site, made to lead here, is not ours.
        if known and self.headers.get("Host", "") == home.netloc:
            return path[size:]
        self._refuse(HTTPStatus.NOT_FOUND)
        return None

    def _refuse(self, status: HTTPStatus, why: str = "") -> None:
        self.close_connection = True
        reason = (why or status.phrase).encode("utf-8", "replace")
        self._send(reason, "text/plain; charset=utf-8", status)

    def _send(
        self,
        body: bytes,
        kind: str = "text/html; charset=utf-8",
        status: HTTPStatus = HTTPStatus.OK,
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self._finish(body)

    def _finish(self, body: bytes) -> None:
        for name, value in HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _place(session: Session, at: str) -> int | None:
    """The card that is asked for, or the first without a label."""
    if at.isascii() and at.isdecimal() and len(at) < 9 and int(at) < len(session.cards):
        return int(at)
    return session.next_open()


def _page(session: Session, place: int | None, *, stopped: bool = False) -> bytes:
    card = None if place is None else session.cards[place]
    own = None if place is None else session.own(place)
    image = card.turn.attack.image if card else None
    annotator = session.file.annotator
    text = _template().render(
        annotator=annotator,
        done=session.done,
        total=len(session.cards),
        place=place,
        card=card,
        own=own,
        own_said=own.labels[annotator] if own else None,
        own_refused=own.refusals.get(annotator) if own else None,
        picture=f"data:image/png;base64,{base64.b64encode(image.png).decode()}" if image else None,
        answers=HARM,
        refusals=REFUSAL,
        file=str(session.file.path.resolve()),
        stopped=stopped,
        ending="Stopped" if stopped else "All turns are labelled",
    )
    # An unpaired surrogate, which a path can contain but a turn cannot, is not a reason to fail.
    return text.encode("utf-8", "replace")


@cache
def _template() -> jinja2.Template:
    made = environment(PACKAGE)
    # What cannot be seen, and what turns the direction of a line, is spelt out.
    made.filters["escaped"] = escaped
    return made.get_template("annotate.html.j2")
