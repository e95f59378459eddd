"""One photo at a time from a server that misbehaves: what is kept, what is refused, what is tried again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp.abc import AbstractResolver

from hybridml.datasets.download import Settings, address, status
from hybridml.datasets.download.run import Report, run
from hybridml.datasets.download.status import Record
from hybridml.errors import HybridmlError
from tests.helpers.server import Server, photo, running

QUICK = Settings(timeout=3, stall=0.5, retries=2, backoff=0.01, max_bytes=200_000, allow_private=True)


@pytest.fixture(scope="module")
def shared_server() -> Iterator[Server]:
    with running() as server:
        yield server


@pytest.fixture
def server(shared_server: Server) -> Server:
    shared_server.hits.clear()
    shared_server.headers.clear()
    shared_server.most = 0
    shared_server.mended = False
    return shared_server


def get(
    server: Server, tmp_path: Path, path: str, settings: Settings = QUICK, **more: Any
) -> tuple[Record, Report]:
    link = server.url(path)
    report = run([link], tmp_path / "images", settings, progress=False, **more)
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


@pytest.mark.parametrize(
    ("path", "tries", "least"),
    [
        ("flaky/a.png", 3, 0),
        ("busy/a.png", 2, 1),
        ("busy-until/a.png", 2, 0.9),
        ("short/a.png", 2, 0),
        ("cut/a.png", 2, 0),
    ],
)
def test_what_may_do_better_is_tried_again(
    server: Server, tmp_path: Path, path: str, tries: int, least: float
) -> None:
    begin = time.perf_counter()
    record, _ = get(server, tmp_path, path)
    assert (record.status, record.attempts, server.hits[f"/{path}"]) == ("ok", tries, tries)
    assert time.perf_counter() - begin >= least
    assert files(tmp_path / "images") == ["a.png"]


def test_a_lost_connection_is_tried_again(server: Server, tmp_path: Path) -> None:
    record, _ = get(server, tmp_path, "reset/a.png")
    # the client has tried a lost connection a second time before it says so
    assert (record.status, server.hits["/reset/a.png"]) == ("ok", 3)
    assert record.attempts > 1


@pytest.mark.parametrize(
    ("path", "tries", "http_status", "problem"),
    [
        ("missing/a.jpg", 1, 404, "HTTP 404 Not Found"),
        ("broken/a.jpg", 3, 503, "HTTP 503 Service Unavailable"),
        ("busy-long/a.jpg", 1, 429, "the server asks to wait 3600 s, longer than the 120 s"),
        ("page/a.jpg", 1, 200, "a text/html page, not a photo: 'Sorry & goodbye'"),
        ("json/a.jpg", 1, 200, 'application/json, not a photo: \'{"error"'),
        ("empty/a.jpg", 3, 200, "an empty body"),
        ("noise/a.png", 1, 200, "not a photo: 258 bytes, image/png, "),
        ("always-short/a.png", 3, 200, "the body was cut short or damaged"),
        ("stalls/a.png", 3, 200, "timeout: nothing came for 0.5 s"),
        ("silent/a.png", 3, None, "timeout: nothing came for 0.5 s"),
        ("huge/a.png", 1, 200, "too large: 50,000,000 bytes announced, the limit is 200,000"),
        ("endless/a.png", 1, 200, "too large: more than 200,000 bytes came"),
        ("bomb/a.png", 1, 200, "too large: more than 200,000 bytes came"),
        ("nowhere/a.png", 1, 302, "HTTP 302 without a Location"),
    ],
)
def test_what_is_no_photo_is_known_as_failed(
    server: Server, tmp_path: Path, path: str, tries: int, http_status: int | None, problem: str
) -> None:
    record, report = get(server, tmp_path, path)
    assert problem in record.problem
    assert (record.status, record.http_status, record.attempts) == ("failed", http_status, tries)
    assert server.hits[f"/{path}"] == tries
    assert report.failed == {server.url(path): record.problem}
    assert files(tmp_path / "images") == []


def test_a_body_that_drips_is_given_up(server: Server, tmp_path: Path) -> None:
    record, _ = get(server, tmp_path, "drip/a.png", replace(QUICK, timeout=0.8, retries=0))
    assert record.problem == "timeout: not whole after 0.8 s"
    assert 0.7 < record.seconds < 2


def test_a_photo_sent_under_another_type_is_one_and_noted(server: Server, tmp_path: Path) -> None:
    record, _ = get(server, tmp_path, "octet/a.png")
    assert (record.status, record.problem) == ("ok", "a photo, but sent as application/octet-stream")


def test_a_photo_that_was_compressed_unasked_is_one(server: Server, tmp_path: Path) -> None:
    record, _ = get(server, tmp_path, "gzip/a.png")
    assert record.status == "ok"
    assert (tmp_path / "images" / "a.png").read_bytes() == photo("/gzip/a.png")


@pytest.mark.parametrize(
    ("link", "asked", "file"),
    [
        ("photo/ü b.png", "/photo/%C3%BC%20b.png", "ü b.png"),
        ("photo/21%2Bi5.png?x=%2F&y", "/photo/21%2Bi5.png?x=%2F&y", "21+i5.png"),
        ("photo/50%25.png#top", "/photo/50%25.png", "50%.png"),
    ],
)
def test_links_are_asked_for_as_they_are(
    server: Server, tmp_path: Path, link: str, asked: str, file: str
) -> None:
    record, _ = get(server, tmp_path, link)
    assert list(server.hits) == [asked]
    assert (record.status, record.file) == ("ok", file)


def test_no_server(tmp_path: Path) -> None:
    with running() as gone:
        link = gone.url("photo/a.png")
    run([link], tmp_path, QUICK, progress=False)
    record = status.read(tmp_path)[link]
    assert "no connection to 127.0.0.1: " in record.problem
    assert (record.http_status, record.attempts) == (None, 3)


def test_who_asks_and_how(server: Server, tmp_path: Path) -> None:
    settings = replace(QUICK, jobs=1, user_agent="shop photos (me@example.org)")
    # of an address no client keeps cookies, of a name it might
    links = [server.url(f"cookie/{n}.png", "localhost") for n in range(2)]
    run(links, tmp_path, settings, progress=False)
    assert len(server.headers) == 2
    for headers in server.headers:
        assert headers["User-Agent"] == "shop photos (me@example.org)"
        assert headers["Accept-Encoding"] == "identity"
        assert "Cookie" not in headers
    assert Settings().user_agent.startswith("hybridml/")


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
def test_settings_that_make_no_sense(name: str, value: Any) -> None:
    with pytest.raises(HybridmlError, match=name.replace("_", " ")):
        Settings(**{name: value})


# ---------------------------------------------------------------------------- redirects


def test_a_chain_of_redirects_is_followed_to_its_limit(server: Server, tmp_path: Path) -> None:
    record, _ = get(server, tmp_path, "hop/9/a.png")
    assert (record.status, record.file) == ("ok", "a.png")
    assert server.hits["/photo/a.png"] == 1
    record, _ = get(server, tmp_path, "hop/10/b.png")
    assert "more than 10 redirects" in record.problem
    assert server.hits["/photo/b.png"] == 0


def test_a_loop_ends(server: Server, tmp_path: Path) -> None:
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


class Resolver(AbstractResolver):
    """Gives the addresses of a table, and notes what it was asked."""

    def __init__(self, table: dict[str, list[str]]) -> None:
        self.table = table
        self.asked: list[str] = []

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[Any]:
        import socket

        self.asked.append(host)
        return [
            {"hostname": host, "host": a, "port": port, "family": socket.AF_INET, "proto": 0, "flags": 0}
            for a in self.table[host]
        ]

    async def close(self) -> None:
        pass


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


def test_a_name_that_leads_to_a_private_address(server: Server, tmp_path: Path) -> None:
    resolver = Resolver({"photos.example": ["127.0.0.1", "10.0.0.1"]})
    link = server.url("photo/a.png", "photos.example")
    report = run([link], tmp_path, PUBLIC_ONLY, progress=False, resolver=resolver)
    assert report.failed[link].startswith("refused: photos.example is not on the public internet")
    assert resolver.asked == ["photos.example"]
    assert not server.hits


def test_a_redirect_to_a_private_address(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # for this test the server's address is the only public one
    monkeypatch.setattr(address, "is_public", lambda a: a == "127.0.0.1")
    resolver = Resolver({"photos.example": ["127.0.0.1"], "inside.example": ["127.0.0.2"]})
    for n, target in enumerate(
        (server.url("photo/a.png", "inside.example"), server.url("photo/a.png", "127.0.0.3"))
    ):
        server.target = target
        link = server.url(f"to/{n}.png", "photos.example")
        report = run([link], tmp_path, PUBLIC_ONLY, progress=False, resolver=resolver)
        assert "is not on the public internet" in report.failed[link]
    assert server.hits["/photo/a.png"] == 0
    assert server.hits["/to/0.png"] == server.hits["/to/1.png"] == 1


def test_a_name_that_leads_elsewhere_at_the_second_asking(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scored_rows = []

    def is_public(a: str) -> bool:
        scored_rows.append(a)
        resolver.table["photos.example"] = ["127.0.0.2"]
        return a == "127.0.0.1"

    monkeypatch.setattr(address, "is_public", is_public)
    resolver = Resolver({"photos.example": ["127.0.0.1"]})
    link = server.url("photo/a.png", "photos.example")
    report = run([link], tmp_path, PUBLIC_ONLY, progress=False, resolver=resolver)
    # the address that was judged is the one that was connected to: the name is not looked up again
    assert (report.failed, scored_rows, resolver.asked) == ({}, ["127.0.0.1"], ["photos.example"])
    link = server.url("photo/b.png", "photos.example")
    report = run([link], tmp_path, PUBLIC_ONLY, progress=False, resolver=resolver)
    assert "is not on the public internet" in report.failed[link]
    assert scored_rows[1:] == ["127.0.0.2"]


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
