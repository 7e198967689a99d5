"""A local API, faithful to the protocol, that proves the live path and is the source of sample recordings.

    from tests.api import serve
    with serve() as api:            # api.url is http://127.0.0.1:PORT, api.requests counts what was asked
        ...

It answers every host as `http://127.0.0.1:PORT/<host>/<path>` (see `redirect.py`): `server.py`
holds the routes of Chat Completions, `responses.py` those of Responses and Files, `validation.py` checks bodies
against the SDK's own parameter types (`schemas.py` those of structured outputs), `answers.toml` holds the hand-written
answers and says which go wrong on purpose, `answers.py` finds them, `faults.py` makes them go wrong.
`video_retrieval.py` is a service of Azure that no longer exists.
"""

from tests.api.server import API_KEY, Api, serve

__all__ = ["API_KEY", "Api", "serve"]
