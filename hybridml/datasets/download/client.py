"""The HTTP client for photos: one attempt at one photo, with limits on redirects, time and size."""

from __future__ import annotations

import asyncio
import hashlib
import socket
from pathlib import Path

import aiohttp
from yarl import URL

from .address import PrivateAddressError, public_socket
from .failure import FetchError, http_failure
from .response import ResponseBody, one_line
from .settings import DownloadSettings
from .status import write_errors

REDIRECTS = frozenset({301, 302, 303, 307, 308})
MAX_REDIRECTS = 10
"""Redirects that are followed for one photo."""

_CHUNK = 65_536
_CONNECT = 15.0


def open_session(settings: DownloadSettings) -> aiohttp.ClientSession:
    """Return a session that keeps no cookies and ignores proxies named in the environment."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            limit=settings.jobs,
            # also limits hosts that others redirect to
            limit_per_host=settings.per_host,
            ttl_dns_cache=300,
            socket_factory=None if settings.allow_private else public_socket,
        ),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={
            "User-Agent": settings.user_agent,
            "Accept": "image/*,*/*;q=0.5",
            "Accept-Encoding": "identity",
        },
        timeout=aiohttp.ClientTimeout(
            total=None,
            sock_connect=min(_CONNECT, settings.timeout),
            sock_read=min(settings.stall, settings.timeout),
        ),
        trust_env=False,
    )


async def fetch(
    session: aiohttp.ClientSession, link: str, path: Path, settings: DownloadSettings
) -> ResponseBody:
    """Write the body that a URL leads to, whatever it is, into a file, which may hold part of it after a failure.

    Raises
    ------
    FetchError
        Says why the attempt failed, and whether to try again.
    """
    status: int | None = None
    url = _request_url(link)
    try:
        async with asyncio.timeout(settings.timeout):
            for _ in range(MAX_REDIRECTS + 1):
                async with session.get(url, allow_redirects=False) as response:
                    status = response.status
                    if status in REDIRECTS:
                        url = _redirect_target(url, response)
                    elif status != 200:
                        reason = one_line(response.reason or "")
                        raise http_failure(status, reason, response.headers.get("Retry-After", ""))
                    else:
                        return await _save(response, path, settings.max_bytes)
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        raise _failure(error, url, status, settings) from error
    raise FetchError(f"more than {MAX_REDIRECTS} redirects: the last to {_without_user(url)}", status)


async def _save(response: aiohttp.ClientResponse, path: Path, limit: int) -> ResponseBody:
    """Write the body of a response to a file."""
    length = response.content_length
    if length is not None and length > limit:
        raise _too_large(f"{length:,} bytes announced", limit, response.status)
    size, digest = 0, hashlib.sha256()
    # only the writes are wrapped: an OSError of the connection is a failed attempt, one of the disk ends the run
    with write_errors(path.parent):
        file = open(path, "wb")  # noqa: SIM115
    try:
        async for chunk in response.content.iter_chunked(_CHUNK):
            size += len(chunk)
            if size > limit:
                raise _too_large(f"more than {limit:,} bytes came", limit, response.status)
            digest.update(chunk)
            with write_errors(path.parent):
                file.write(chunk)
    finally:
        with write_errors(path.parent):
            file.close()
    content_type = one_line(response.headers.get("Content-Type", "").partition(";")[0]).lower()
    chunked = "chunked" in response.headers.get("Transfer-Encoding", "").lower()
    return ResponseBody(
        response.status, content_type, size, digest.hexdigest(), length is not None or chunked
    )


def _failure(error: Exception, url: URL, status: int | None, settings: DownloadSettings) -> FetchError:
    """Return the failure that an error of the HTTP library means."""
    host = url.host or str(url)
    retry = True
    match error:
        case aiohttp.ClientConnectorDNSError():
            problem = f"no address for the host {host}"
            retry = error.os_error.errno != socket.EAI_NONAME
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientConnectorSSLError():
            problem = f"no trustworthy connection to {host}: {one_line(str(error))}"
            retry = False
        case aiohttp.ClientConnectorError() if isinstance(error.os_error, PrivateAddressError):
            problem = f"refused: {host} is not on the public internet; --allow-private allows it"
            retry = False
        case aiohttp.ClientConnectorError():
            problem = f"no connection to {host}: {error.os_error.strerror or error}"
        case aiohttp.ConnectionTimeoutError():
            problem = f"timeout: no connection to {host}"
        case aiohttp.ServerTimeoutError():
            problem = f"timeout: nothing came for {settings.stall:g} s"
        case TimeoutError():
            problem = f"timeout: incomplete after {settings.timeout:g} s"
        case aiohttp.ClientPayloadError():
            problem = "the body was cut short or damaged"
        case aiohttp.ClientResponseError() | ValueError():
            problem = f"not understood: {one_line(str(error))}"
            retry = False
        case _:
            problem = f"connection lost: {one_line(str(error)) or type(error).__name__}"
    return FetchError(problem, status, retry)


def _too_large(size: str, limit: int, http_status: int) -> FetchError:
    return FetchError(f"too large: {size}, the limit is {limit:,} (--max-bytes)", http_status)


def _request_url(link: str) -> URL:
    """Return the URL to request for a link; raise :class:`FetchError` when it must not be requested."""
    try:
        # a URL that needs no quoting stays as it is: some servers sign theirs
        plain = link.isascii() and link.isprintable() and " " not in link
        return _allowed(URL(link, encoded=plain))
    except ValueError as error:
        raise FetchError(f"not a valid URL: {one_line(str(error))}") from None


def _redirect_target(url: URL, response: aiohttp.ClientResponse) -> URL:
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
        raise FetchError(f"refused: {_without_user(url)}; only http and https are followed")
    if not url.host:
        raise FetchError(f"not a valid URL: {_without_user(url)} names no host")
    return url


def _without_user(url: URL) -> str:
    return one_line(str(url.with_user(None) if url.host else url))
