"""Single photos from a server that misbehaves: which are kept, which are refused, which are retried."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from hybridml.datasets.download import DownloadSettings, address, status
from hybridml.datasets.download.run import DownloadReport, run
from hybridml.datasets.download.status import Record
from hybridml.errors import HybridmlError
from tests.helpers.server import Server, photo, running

QUICK = DownloadSettings(timeout=3, stall=0.5, retries=2, backoff=0.01, max_bytes=200_000, allow_private=True)


def get(
    server: Server, tmp_path: Path, path: str, settings: DownloadSettings = QUICK
) -> tuple[Record, DownloadReport]:
    link = server.url(path)
    report = run([link], tmp_path / "images", settings, progress=False)
    return status.read(tmp_path / "images")[link], report


def files(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir() if p.name not in (status.TABLE, status.LOCK))


def test_a_photo_is_fetched_and_recorded(server: Server, tmp_path: Path) -> None:
    record, report = get(server, tmp_path, "photo/a%20b.png?w=3")
    content = photo("/photo/a%20b.png?w=3")
    assert (tmp_path / "images" / "a b.png").read_bytes() == content
    assert files(tmp_path / "images") == ["a b.png"]
    assert (record.file, record.status, record.http_status, record.attempts) == ("a b.png", "ok", 200, 1)
    assert record.bytes == len(content)
    assert len(record.sha256) == 64
    assert record.problem == ""
    assert record.when.endswith("+00:00")
    assert (report.links, report.fetched, report.present, report.failed) == (1, 1, 0, {})
    assert report.bytes == len(content)


@pytest.mark.parametrize(("path", "attempts"), [("flaky/a.png", 3), ("short/a.png", 2), ("cut/a.png", 2)])
def test_transient_failures_are_retried(server: Server, tmp_path: Path, path: str, attempts: int) -> None:
    record, _ = get(server, tmp_path, path)
    assert (record.status, record.attempts, server.hits[f"/{path}"]) == ("ok", attempts, attempts)
    assert files(tmp_path / "images") == ["a.png"]


@pytest.mark.parametrize(
    ("path", "least", "most"), [("busy/a.png", 1, 1.01), ("busy-until/a.png", 20, 30.01)]
)
def test_a_retry_waits_as_long_as_the_server_asks(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, least: float, most: float
) -> None:
    waits = []
    sleep = asyncio.sleep

    async def count_only(seconds: float) -> None:
        waits.append(seconds)
        await sleep(0)

    monkeypatch.setattr(asyncio, "sleep", count_only)
    record, _ = get(server, tmp_path, path)
    assert (record.status, record.attempts, server.hits[f"/{path}"]) == ("ok", 2, 2)
    assert len(waits) == 1
    assert least <= waits[0] <= most


def test_a_lost_connection_is_retried(server: Server, tmp_path: Path) -> None:
    record, _ = get(server, tmp_path, "reset/a.png")
    # the HTTP library repeats the request once itself before it reports a lost connection
    assert (record.status, server.hits["/reset/a.png"]) == ("ok", 3)
    assert record.attempts > 1


@pytest.mark.parametrize(
    ("path", "attempts", "http_status", "problem"),
    [
        ("missing/a.jpg", 1, 404, "HTTP 404 Not Found"),
        ("broken/a.jpg", 3, 503, "HTTP 503 Service Unavailable"),
        ("busy-long/a.jpg", 1, 429, "the server asks to wait 3600 s, longer than the 120 s"),
        ("page/a.jpg", 1, 200, "a text/html page, not a photo: 'Sorry & goodbye'"),
        ("json/a.jpg", 1, 200, 'application/json, not a photo: \'{"error"'),
        ("empty/a.jpg", 3, 200, "an empty body"),
        ("noise/a.png", 1, 200, "not a photo: 258 bytes, image/png, "),
        ("always-short/a.png", 3, 200, "the body was cut short or damaged"),
        ("huge/a.png", 1, 200, "too large: 50,000,000 bytes announced, the limit is 200,000"),
        ("endless/a.png", 1, 200, "too large: more than 200,000 bytes came"),
        ("bomb/a.png", 1, 200, "too large: more than 200,000 bytes came"),
        ("nowhere/a.png", 1, 302, "HTTP 302 without a Location"),
    ],
)
def test_a_link_without_a_photo_fails(
    server: Server, tmp_path: Path, path: str, attempts: int, http_status: int | None, problem: str
) -> None:
    record, report = get(server, tmp_path, path)
    assert problem in record.problem
    assert (record.status, record.http_status, record.attempts) == ("failed", http_status, attempts)
    assert server.hits[f"/{path}"] == attempts
    assert report.failed == {server.url(path): record.problem}
    assert files(tmp_path / "images") == []


@pytest.mark.parametrize(("path", "http_status"), [("stalls/a.png", 200), ("silent/a.png", None)])
def test_a_server_that_stalls_is_given_up(
    server: Server, tmp_path: Path, path: str, http_status: int | None
) -> None:
    record, _ = get(server, tmp_path, path, replace(QUICK, stall=0.15, retries=1))
    assert record.problem == "timeout: nothing came for 0.15 s"
    assert (record.status, record.http_status, record.attempts) == ("failed", http_status, 2)
    assert server.hits[f"/{path}"] == 2


def test_a_body_that_never_ends_is_given_up(server: Server, tmp_path: Path) -> None:
    record, _ = get(server, tmp_path, "drip/a.png", replace(QUICK, timeout=0.4, retries=0))
    assert record.problem == "timeout: incomplete after 0.4 s"
    assert record.seconds > 0.35


def test_an_unusual_content_type_is_noted(server: Server, tmp_path: Path) -> None:
    record, _ = get(server, tmp_path, "octet/a.png")
    assert (record.status, record.problem) == ("ok", "a photo, but sent as application/octet-stream")


def test_a_photo_compressed_in_transit_is_decompressed(server: Server, tmp_path: Path) -> None:
    record, _ = get(server, tmp_path, "gzip/a.png")
    assert record.status == "ok"
    assert (tmp_path / "images" / "a.png").read_bytes() == photo("/gzip/a.png")


@pytest.mark.parametrize(
    ("link", "requested", "file"),
    [
        ("photo/ü b.png", "/photo/%C3%BC%20b.png", "ü b.png"),
        ("photo/21%2Bi5.png?x=%2F&y", "/photo/21%2Bi5.png?x=%2F&y", "21+i5.png"),
        ("photo/50%25.png#top", "/photo/50%25.png", "50%.png"),
    ],
)
def test_links_are_requested_as_they_are(
    server: Server, tmp_path: Path, link: str, requested: str, file: str
) -> None:
    record, _ = get(server, tmp_path, link)
    assert list(server.hits) == [requested]
    assert (record.status, record.file) == ("ok", file)


def test_a_refused_connection_is_retried_and_fails(tmp_path: Path) -> None:
    with running() as gone:
        link = gone.url("photo/a.png")
    run([link], tmp_path, QUICK, progress=False)
    record = status.read(tmp_path)[link]
    assert "no connection to 127.0.0.1: " in record.problem
    assert (record.http_status, record.attempts) == (None, 3)


def test_request_headers(server: Server, tmp_path: Path) -> None:
    settings = replace(QUICK, jobs=1, user_agent="shop photos (me@example.org)")
    # no client keeps the cookies of an address, but it might keep those of a name
    links = [server.url(f"cookie/{n}.png", "localhost") for n in range(2)]
    run(links, tmp_path, settings, progress=False)
    assert len(server.headers) == 2
    for headers in server.headers:
        assert headers["User-Agent"] == "shop photos (me@example.org)"
        assert headers["Accept-Encoding"] == "identity"
        assert "Cookie" not in headers
    assert DownloadSettings().user_agent.startswith("hybridml/")


def test_a_proxy_of_the_environment_is_not_used(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    assert get(server, tmp_path, "photo/a.png")[0].status == "ok"


@pytest.mark.parametrize(
    ("name", "value"),
    [("jobs", 0), ("timeout", 0), ("timeout", float("nan")), ("retries", -1), ("user_agent", "a\r\nb")],
)
def test_settings_out_of_range(name: str, value: Any) -> None:
    with pytest.raises(HybridmlError, match=name.replace("_", " ")):
        DownloadSettings(**{name: value})


# ---------------------------------------------------------------------------- redirects


def test_a_chain_of_redirects_is_followed_to_its_limit(server: Server, tmp_path: Path) -> None:
    record, _ = get(server, tmp_path, "hop/9/a.png")
    assert (record.status, record.file) == ("ok", "a.png")
    assert server.hits["/photo/a.png"] == 1
    record, _ = get(server, tmp_path, "hop/10/b.png")
    assert "more than 10 redirects" in record.problem
    assert server.hits["/photo/b.png"] == 0


def test_a_redirect_loop_ends(server: Server, tmp_path: Path) -> None:
    record, _ = get(server, tmp_path, "loop/a.png")
    assert "more than 10 redirects: the last to " in record.problem
    assert (record.attempts, record.http_status, server.hits["/loop/a.png"]) == (1, 301, 11)


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        ("file:///etc/passwd", "redirected: refused: file:///etc/passwd; only http and https are followed"),
        ("ftp://127.0.0.1/a.png", "only http and https"),
        ("gopher:x", "only http and https"),
        ("http://[::1", "not a valid URL"),
    ],
)
def test_redirects_elsewhere_are_refused(server: Server, tmp_path: Path, target: str, problem: str) -> None:
    server.target = target
    record, _ = get(server, tmp_path, "to/a.png")
    assert problem in record.problem
    assert (record.attempts, record.http_status) == (1, 302)


@pytest.mark.parametrize(
    "link", ["file:///etc/hosts", "ftp://example.org/a.png", "data://x/a.png", "http://[::1/a.png"]
)
def test_links_that_are_not_http(tmp_path: Path, link: str) -> None:
    report = run([link], tmp_path, QUICK, progress=False)
    assert "only http and https" in report.failed[link] or "not a valid URL" in report.failed[link]
    assert status.read(tmp_path)[link].attempts == 1


# -------------------------------------------------------------------- private networks

PUBLIC_ONLY = replace(QUICK, allow_private=False)


@dataclass
class Names:
    """The addresses of host names, in place of the system's, and the names that were looked up."""

    table: dict[str, list[str]] = field(default_factory=dict)
    lookups: list[str] = field(default_factory=list)

    def getaddrinfo(self, host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        self.lookups.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, port)) for a in self.table[host]]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    names = Names()
    monkeypatch.setattr(socket, "getaddrinfo", names.getaddrinfo)
    monkeypatch.setattr(aiohttp.connector, "DefaultResolver", aiohttp.ThreadedResolver)
    return names


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0"])
def test_private_addresses_are_not_connected_to(server: Server, tmp_path: Path, host: str) -> None:
    link = server.url("photo/a.png", host)
    report = run([link], tmp_path, replace(PUBLIC_ONLY, retries=0), progress=False)
    assert "is not on the public internet; --allow-private allows it" in report.failed[link]
    assert not server.hits


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f000001"])
def test_odd_spellings_of_private_addresses_lead_nowhere(server: Server, tmp_path: Path, host: str) -> None:
    link = server.url("photo/a.png", host)
    assert run([link], tmp_path, replace(PUBLIC_ONLY, retries=0), progress=False).failed
    assert not server.hits


def test_a_name_with_private_addresses_is_refused(server: Server, tmp_path: Path, names: Names) -> None:
    names.table = {"photos.example": ["127.0.0.1", "10.0.0.1"]}
    link = server.url("photo/a.png", "photos.example")
    report = run([link], tmp_path, PUBLIC_ONLY, progress=False)
    assert report.failed[link].startswith("refused: photos.example is not on the public internet")
    assert names.lookups == ["photos.example"]
    assert not server.hits


def test_a_redirect_to_a_private_address_is_refused(
    server: Server, tmp_path: Path, names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    # for this test the server's address is the only public one
    monkeypatch.setattr(address, "is_public", lambda a: a == "127.0.0.1")
    names.table = {"photos.example": ["127.0.0.1"], "inside.example": ["127.0.0.2"]}
    targets = server.url("photo/a.png", "inside.example"), server.url("photo/a.png", "127.0.0.3")
    for n, target in enumerate(targets):
        server.target = target
        link = server.url(f"to/{n}.png", "photos.example")
        report = run([link], tmp_path, PUBLIC_ONLY, progress=False)
        assert "is not on the public internet" in report.failed[link]
    assert server.hits["/photo/a.png"] == 0
    assert server.hits["/to/0.png"] == server.hits["/to/1.png"] == 1


def test_the_address_that_was_checked_is_connected_to(
    server: Server, tmp_path: Path, names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked = []

    def is_public(a: str) -> bool:
        checked.append(a)
        # from now on the name resolves to another address
        names.table["photos.example"] = ["127.0.0.2"]
        return a == "127.0.0.1"

    monkeypatch.setattr(address, "is_public", is_public)
    names.table = {"photos.example": ["127.0.0.1"]}
    report = run([server.url("photo/a.png", "photos.example")], tmp_path, PUBLIC_ONLY, progress=False)
    assert (report.failed, checked, names.lookups) == ({}, ["127.0.0.1"], ["photos.example"])
    link = server.url("photo/b.png", "photos.example")
    report = run([link], tmp_path, PUBLIC_ONLY, progress=False)
    assert "is not on the public internet" in report.failed[link]
    assert checked[1:] == ["127.0.0.2"]


@pytest.mark.parametrize(
    ("a", "public"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("64:ff9b::808:808", True),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("100.64.0.1", False),
        ("169.254.169.254", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
        ("192.0.0.170", False),
        ("198.18.0.1", False),
        ("::", False),
        ("::1", False),
        ("::127.0.0.1", False),
        ("::ffff:192.168.0.1", False),
        ("64:ff9b::a00:1", False),
        ("64:ff9b:1::1", False),
        ("2002:a00:1::1", False),
        ("2001:0:1::1", False),
        ("2001:db8::1", False),
        ("fc00::1", False),
        ("fe80::1%eth0", False),
        ("fec0::1", False),
        ("ff0e::1", False),
    ],
)
def test_public_addresses(a: str, public: bool) -> None:
    assert address.is_public(a) is public
