"""Picture tokens and prices by published, dated rules; a new model, price or limit is a line of `rules.py`.

>>> from helpers import tokens
>>> tokens.picture_tokens(1024, 1024, "gpt-4o", "high").tokens
765
"""

from .counting import check_limits, picture_tokens, price, request_tokens
from .rules import RULES_DATE

__all__ = ["RULES_DATE", "check_limits", "picture_tokens", "price", "request_tokens"]
