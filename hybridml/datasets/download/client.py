"""One attempt at one photo over HTTP: where it may lead, how long it may take, how large it may be."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from types import TracebackType

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from .address import PrivateAddressError, public_socket
from .failure import FetchError, http_failure
from .response import Received, Sink, one_line, too_large
from .settings import Settings

REDIRECTS = frozenset({301, 302, 303, 307, 308})
LONGEST_CHAIN = 10
"""Redirects that are followed for one photo."""

_CHUNK = 65_536
_CONNECT = 15.0


class Client:
    """Fetches photos; to be used in an ``async with`` block.

    No cookie is kept, and no proxy taken from the environment.

    Parameters
    ----------
    settings : Settings
        Limits and manners.
    resolver : AbstractResolver, optional
        What looks host names up; by default the system.
    """

    def __init__(self, settings: Settings, resolver: AbstractResolver | None = None) -> None:
        self._settings = settings
        self._resolver = resolver

    async def __aenter__(self) -> Client:
        s = self._settings
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=s.jobs,
                # holds for hosts that others redirect to as well
                limit_per_host=s.per_host,
                ttl_dns_cache=300,
                resolver=self._resolver,
                socket_factory=None if s.allow_private else public_socket,
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={
                "User-Agent": s.user_agent,
                "Accept": "image/*,*/*;q=0.5",
                "Accept-Encoding": "identity",
            },
            timeout=aiohttp.ClientTimeout(
                total=None, sock_connect=min(_CONNECT, s.timeout), sock_read=min(s.stall, s.timeout)
            ),
            trust_env=False,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def fetch(self, link: str, path: Path) -> Received:
        """Write the body that a link leads to, whatever it is.

        Parameters
        ----------
        link : str
            A URL.
        path : Path
            The file to write; after a failure it may have part of the body.

        Raises
        ------
        FetchError
            Says why there is none, and whether to try again.
        """
        status: int | None = None
        url = _url(link)
        try:
            async with asyncio.timeout(self._settings.timeout):
                for _ in range(LONGEST_CHAIN + 1):
                    async with self._session.get(url, allow_redirects=False) as response:
                        status = response.status
                        if status in REDIRECTS:
                            url = _next(url, response)
                        elif status != 200:
                            reason = one_line(response.reason or "")
                            raise http_failure(status, reason, response.headers.get("Retry-After"))
                        else:
                            return await self._body(response, path)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise self._told(error, url, status) from error
        raise FetchError(f"more than {LONGEST_CHAIN} redirects: the last to {_shown(url)}", status)

    async def _body(self, response: aiohttp.ClientResponse, path: Path) -> Received:
        limit = self._settings.max_bytes
        length = response.content_length
        if length is not None and length > limit:
            raise too_large(f"{length:,} bytes announced", limit, response.status)
        with Sink(path, limit) as sink:
            async for chunk in response.content.iter_chunked(_CHUNK):
                sink.write(chunk, response.status)
        kind = one_line(response.headers.get("Content-Type", "").partition(";")[0]).lower()
        chunked = "chunked" in response.headers.get("Transfer-Encoding", "").lower()
        return Received(response.status, kind, sink.bytes, sink.sha256, length is not None or chunked)

    def _told(self, error: Exception, url: URL, status: int | None) -> FetchError:
        """Return the failure that an error of the client means."""
        host = url.host or str(url)
        match error:
            case aiohttp.ClientConnectorDNSError():
                unknown = error.os_error.errno == socket.EAI_NONAME
                return FetchError(f"no address for the host {host}", status, again=not unknown)
            case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientConnectorSSLError():
                return FetchError(f"no trustworthy connection to {host}: {one_line(str(error))}", status)
            case aiohttp.ClientConnectorError() if isinstance(error.os_error, PrivateAddressError):
                return FetchError(
                    f"refused: {host} is not on the public internet; --allow-private allows it", status
                )
            case aiohttp.ClientConnectorError():
                return FetchError(
                    f"no connection to {host}: {error.os_error.strerror or error}", status, again=True
                )
            case aiohttp.ConnectionTimeoutError():
                return FetchError(f"timeout: no connection to {host}", status, again=True)
            case aiohttp.ServerTimeoutError():
                return FetchError(f"timeout: nothing came for {self._settings.stall:g} s", status, again=True)
            case TimeoutError():
                return FetchError(
                    f"timeout: not whole after {self._settings.timeout:g} s", status, again=True
                )
            case aiohttp.ClientPayloadError():
                return FetchError("the body was cut short or damaged", status, again=True)
            case aiohttp.ClientResponseError() | ValueError():
                return FetchError(f"not understood: {one_line(str(error))}", status)
            case _:
                what = one_line(str(error)) or type(error).__name__
                return FetchError(f"connection lost: {what}", status, again=True)


def _url(text: str) -> URL:
    """Return a URL that may be asked for.

    Raises
    ------
    FetchError
        When it may not be.
    """
    try:
        # one that needs no quoting is left as it is: some servers sign it
        plain = text.isascii() and text.isprintable() and " " not in text
        return _allowed(URL(text, encoded=plain))
    except ValueError as error:
        raise FetchError(f"not a valid URL: {one_line(str(error))}") from None


def _next(url: URL, response: aiohttp.ClientResponse) -> URL:
    location = response.headers.get("Location", "")
    if not location:
        raise FetchError(f"HTTP {response.status} without a Location", response.status)
    try:
        return _allowed(url.join(URL(location, encoded=location.isascii() and location.isprintable())))
    except ValueError:
        raise FetchError(f"redirected to {one_line(location)!r}, not a valid URL", response.status) from None
    except FetchError as error:
        raise FetchError(f"redirected: {error.problem}", response.status) from None


def _allowed(url: URL) -> URL:
    if url.scheme not in ("http", "https"):
        raise FetchError(f"refused: {_shown(url)}; only http and https are followed")
    if not url.host:
        raise FetchError(f"not a valid URL: {_shown(url)} names no host")
    return url


def _shown(url: URL) -> str:
    return one_line(str(url.with_user(None) if url.host else url))
