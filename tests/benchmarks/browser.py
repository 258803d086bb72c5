"""The browser of this machine by way of playwright, on pages from disk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from tests.prepare import executable


@dataclass
class Visit:
    """An opened page and all that it complained about or asked for."""

    page: Any
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def close_dialog(self, dialog: Any) -> None:
        """Note that a script spoke up, and let the page go on."""
        self.complaints.append(f"dialog {dialog.message}")
        dialog.dismiss()


@contextmanager
def visit(file: Path, *, width: int = 1280, scheme: str = "light") -> Iterator[Visit]:
    """Open a page from disk, in the browser that `make test` found or fetched."""
    with sync_playwright() as playwright:
        # Its own sandbox cannot start as root, and the pages are ours.
        browser = playwright.chromium.launch(executable_path=executable(), chromium_sandbox=False)
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=_scheme(scheme)
        )
        visit_log = Visit(context.new_page())
        visit_log.page.on("console", lambda message: visit_log.complaints.append(message.text))
        visit_log.page.on("pageerror", lambda error: visit_log.complaints.append(str(error)))
        visit_log.page.on("dialog", visit_log.close_dialog)
        visit_log.page.on("request", lambda request: visit_log.requests.append(request.url))
        visit_log.page.goto(file.resolve().as_uri())
        try:
            yield visit_log
        finally:
            browser.close()


def _scheme(name: str) -> Any:
    return name
