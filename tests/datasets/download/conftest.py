"""The web server that the tests of the downloader share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.helpers.server import Server, running


@pytest.fixture(scope="module")
def shared_server() -> Iterator[Server]:
    with running() as server:
        yield server


@pytest.fixture
def server(shared_server: Server) -> Server:
    shared_server.reset()
    return shared_server
