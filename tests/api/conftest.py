"""One local API for all of its own tests, with the course's own answers."""

import pytest
import requests

from tests.api import API_KEY, serve


@pytest.fixture(scope="session")
def api():
    with serve() as running:
        yield running


@pytest.fixture
def post(api):
    """Call it with a path and a body, JSON or bytes."""

    def call(path, body, headers=None):
        headers = {"Authorization": f"Bearer {API_KEY}"} if headers is None else headers
        kind = "data" if isinstance(body, bytes) else "json"
        return requests.post(f"{api.url}/{path}", headers=headers, timeout=9, **{kind: body})

    return call
