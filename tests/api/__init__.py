"""A local API, faithful to the protocol, that proves the live path and is the source of sample recordings.

    with serve() as api:            # api.url is http://127.0.0.1:PORT, api.requests lists what was asked
        ...

It answers every host as `http://127.0.0.1:PORT/<host>/<path>` (see `redirect.py`), with the hand-written answers of
`answers.toml`, once a request is one that the service would read (`validation.py`, `schemas.py`).
"""

from tests.api.server import API_KEY, Api, serve

__all__ = ["API_KEY", "Api", "serve"]
