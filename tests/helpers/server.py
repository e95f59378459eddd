"""A local HTTP server whose paths misbehave: ``/missing/a.png`` gives 404, ``/drip/a.png`` never ends."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from PIL import Image

PAGE = b"<!DOCTYPE html><html><head><title>Sorry &amp;\n goodbye</title></head><body>no photo</body></html>"


def photo(name: str, side: int = 8) -> bytes:
    """Return a PNG whose colour depends on the name."""
    content = io.BytesIO()
    colour = tuple(hashlib.sha256(name.encode()).digest()[:3])
    Image.new("RGB", (side, side), colour).save(content, "PNG", compress_level=1)
    return content.getvalue()


class Handler(BaseHTTPRequestHandler):
    """Behaves as the first part of the path says."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def do_GET(self) -> None:
        self.server.enter(self.path, dict(self.headers))
        try:
            behaviour, *self.rest = self.path.strip("/").split("/")
            getattr(self, f"on_{behaviour.replace('-', '_')}")()
        finally:
            self.server.leave()

    def log_message(self, *_: object) -> None:
        pass

    def answer(self, body: bytes, status: int = 200, kind: str = "image/png", **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def begin(self, length: int | None = None) -> None:
        """Send the headers of a body that will be faulty; the connection closes after it."""
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", "image/png")
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    @property
    def requests(self) -> int:
        """Requests for this path so far, this one included."""
        return self.server.hits[self.path]

    def on_photo(self) -> None:
        self.answer(photo(self.path))

    def on_same(self) -> None:
        self.answer(photo("same"))

    def on_slow(self) -> None:
        time.sleep(0.03)
        self.answer(photo(self.path))

    def on_octet(self) -> None:
        self.answer(photo(self.path), kind="application/octet-stream")

    def on_missing(self) -> None:
        self.answer(PAGE, 404, "text/html")

    def on_later(self) -> None:
        if self.server.mended:
            self.on_photo()
        else:
            self.on_missing()

    def on_flaky(self) -> None:
        if self.requests < 3:
            self.answer(b"", 500)
        else:
            self.on_photo()

    def on_broken(self) -> None:
        self.answer(b"", 503)

    def on_busy(self) -> None:
        if self.requests == 1:
            self.answer(b"", 429, Retry_After="1")
        else:
            self.on_photo()

    def on_busy_until(self) -> None:
        if self.requests == 1:
            at = datetime.now(UTC) + timedelta(seconds=30)
            self.answer(b"", 503, Retry_After=format_datetime(at, usegmt=True))
        else:
            self.on_photo()

    def on_busy_long(self) -> None:
        self.answer(b"", 429, Retry_After="3600")

    def on_hop(self) -> None:
        left = int(self.rest[0])
        to = f"../{left - 1}/{self.rest[1]}" if left else f"/photo/{self.rest[1]}"
        self.answer(b"moved", 302, "text/plain", Location=to)

    def on_loop(self) -> None:
        self.answer(b"", 301, Location=self.path)

    def on_nowhere(self) -> None:
        self.answer(b"", 302)

    def on_to(self) -> None:
        self.answer(b"", 302, Location=self.server.target)

    def on_page(self) -> None:
        self.answer(PAGE, kind="image/jpeg")

    def on_json(self) -> None:
        self.answer(b'{"error": "no such\\u001b photo"}', kind="application/json; charset=utf-8")

    def on_empty(self) -> None:
        self.answer(b"")

    def on_noise(self) -> None:
        self.answer(b"\x89PNG\r\n\x1a\n" + b"noise" * 50)

    def on_short(self) -> None:
        body = photo(self.path)
        self.begin(len(body) if self.requests > 1 else len(body) + 1000)
        self.wfile.write(body)

    def on_always_short(self) -> None:
        self.begin(1000)
        self.wfile.write(photo(self.path))

    def on_cut(self) -> None:
        body = photo(self.path, side=64)
        self.begin()
        self.wfile.write(body if self.requests > 1 else body[: len(body) // 2])

    def on_drip(self) -> None:
        self.begin(10_000)
        with contextlib.suppress(OSError):
            while not self.server.stop.wait(0.05):
                self.wfile.write(b"x")

    def on_held(self) -> None:
        self.server.release.wait(20)
        self.on_photo()

    def on_silent(self) -> None:
        self.close_connection = True
        self.server.stop.wait(20)

    def on_stalls(self) -> None:
        self.begin(10_000)
        self.wfile.write(b"x")
        self.wfile.flush()
        self.server.stop.wait(20)

    def on_huge(self) -> None:
        self.begin(50_000_000)

    def on_endless(self) -> None:
        self.begin()
        with contextlib.suppress(OSError):
            while not self.server.stop.is_set():
                self.wfile.write(b"x" * 65_536)

    def on_reset(self) -> None:
        self.close_connection = True
        if self.requests > 2:
            self.on_photo()
            return
        # with a linger time of 0, closing resets
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def on_gzip(self) -> None:
        self.answer(gzip.compress(photo(self.path)), Content_Encoding="gzip")

    def on_bomb(self) -> None:
        self.answer(gzip.compress(bytes(20_000_000)), Content_Encoding="gzip")

    def on_cookie(self) -> None:
        self.answer(photo(self.path), Set_Cookie="seen=1; Path=/")


class Server(ThreadingHTTPServer):
    """The server.

    Attributes
    ----------
    hits : Counter of str
        Requests per path.
    headers : list of dict
        The headers of each request.
    most : int
        The largest number of simultaneous requests.
    target : str
        Where ``/to/`` redirects.
    mended : bool
        Whether ``/later/`` has photos.
    release : Event
        Lets the photos of ``/held/`` go.
    on_request : callable
        Called at each request.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.release = threading.Event()
        self.on_request: Callable[[], None] = lambda: None
        self.stop = threading.Event()
        self._active = 0
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Forget all requests."""
        self.hits: Counter[str] = Counter()
        self.headers: list[dict[str, str]] = []
        self.most = 0
        self.target = ""
        self.mended = False

    def enter(self, path: str, headers: dict[str, str]) -> None:
        with self._lock:
            self.hits[path] += 1
            self.headers.append(headers)
            self._active += 1
            self.most = max(self.most, self._active)
        self.on_request()

    def leave(self) -> None:
        with self._lock:
            self._active -= 1

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # the tests make clients hang up

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        """Return the URL of a path."""
        return f"http://{host}:{self.server_address[1]}/{path}"


@contextlib.contextmanager
def running() -> Iterator[Server]:
    """Run a server."""
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.release.set()
            server.stop.set()
            server.shutdown()
            thread.join()
