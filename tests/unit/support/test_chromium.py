"""The browser of the tests hears every complaint and reaches nothing but this machine."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Error, Page

from tests.support.callback import Callback
from tests.support.chromium import Complaints, NewPage

POLICY = "default-src 'none'; img-src data:"


@pytest.fixture
def site() -> Iterator[str]:
    """A page that breaks its own content security policy."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = b"<!doctype html><link rel=icon href=data:,><title>t</title><script>1</script>"
            self.send_response(200)
            self.send_header("Content-Security-Policy", POLICY)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            """Nothing to say."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{http.server_port}/"
    http.shutdown()
    http.server_close()
    thread.join()


def test_a_violation_of_the_content_security_policy_is_heard(page: Page, site: str, complaints: Complaints) -> None:
    page.goto(site)

    assert any("Content Security Policy" in text for text in complaints.unexpected())
    complaints.expect("Content Security Policy")


def test_a_request_beyond_loopback_is_heard_and_does_not_leave(page: Page, complaints: Complaints) -> None:
    with pytest.raises(Error, match="ERR_NAME_NOT_RESOLVED"):
        page.goto("http://elsewhere.example/")

    assert complaints.unexpected() == ["request beyond loopback: http://elsewhere.example/"]
    complaints.expect("elsewhere")


def test_the_client_sees_what_the_browser_brings_back(new_page: NewPage, callback: Callback) -> None:
    new_page(javascript=False).goto(callback.uri() + "?code=c&state=")

    assert callback.next() == {"code": "c", "state": ""}
