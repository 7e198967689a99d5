"""A local API, faithful to the protocol, that proves the live path and is the source of sample recordings."""

from tests.api.server import API_KEY, Api, serve

__all__ = ["API_KEY", "Api", "serve"]
