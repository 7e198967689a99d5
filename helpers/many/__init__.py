"""Answers for a folder of pictures: stored as they come, never asked twice, within a budget.

`store.py` keeps answers in one SQLite file, `runner.py` asks for those that are missing, several at a time.

>>> import asyncio
>>> async def ask(path):  # here you open the picture and call the API
...     return {"size": path.stat().st_size}
>>> store, settings = AnswerStore(":memory:"), {"prompt": "How large?"}
>>> for _ in range(2):
...     print(asyncio.run(ask_all(["README.md"], ask, store, settings)))
1 asked, 0 stored before, 0 failed, 0 left; 0.0000 US cents.
0 asked, 1 stored before, 0 failed, 0 left; 0.0000 US cents.
"""

from .runner import Summary, ask_all
from .store import AnswerStore, Result

__all__ = ["AnswerStore", "Result", "Summary", "ask_all"]
