"""Sample answers about the receipts of asset/receipts.zip: they follow from asset/truth/receipts.csv, a few are wrong.

Which are wrong is said here, so that the lesson can count what a check of the sums finds, and what it can't find.
"""

import csv
import json
import zipfile
from functools import cache

from course.assets import ROOT
from tests.api import limits

# What lesson 10 asks, and what its reader asks first when they adapt it.
PROMPT = "Read this receipt: the shop, the price of each line, and the total."
TOTAL = "What is the total on this receipt? Answer with the number only."
# By number. One digit of a price misread, a line left out, both so that the sum no longer fits.
MISREAD, LEFT_OUT = range(9, 240, 23), (77, 150)
# The same digit misread in a price and in the total: the sum fits.
UNNOTICED = (58, 131)
# Whose first request meets an error of the service; what a batch does not get to within its 24 hours.
FAILS, SLOW = (100,), (238, 240)


def read_wrong(number: int, prices: list[float], total: float) -> tuple[list[float], float]:
    """What the sample says of a receipt's prices and total."""
    if number in MISREAD:
        prices = [*prices[:-1], round(prices[-1] + 0.30, 2)]
    if number in LEFT_OUT:
        prices = prices[:-1]
    if number in UNNOTICED:
        prices, total = [round(prices[0] + 2, 2), *prices[1:]], round(total + 2, 2)
    return prices, total


@cache
def entries() -> list[dict]:
    """Entries as of answers.toml: two a receipt, in their order, and one at low detail that meets the limit first."""
    found: list[dict] = []
    with open(ROOT / "asset" / "truth" / "receipts.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with zipfile.ZipFile(ROOT / "asset" / "receipts.zip") as folder:
        for number, row in enumerate(rows, 1):
            picture = [folder.read(row["file"])]
            prices, total = [float(price) for price in row["prices"].split(";")], float(row["total"])
            said = read_wrong(number, prices, total)
            text = json.dumps({"shop": row["shop"].title(), "prices": said[0], "total": said[1]})
            fault = "server_error" if number in FAILS else None
            wrong = said != (prices, total)
            about = {"pictures": picture, "asked": [PROMPT], "text": text, "wrong_on_purpose": wrong}
            found.append(about | {"fault": fault, "times": fault and 1})
            found.append({"pictures": picture, "asked": [TOTAL], "text": row["total"]})
            if number in SLOW:
                found[-2]["headers"] = {"x-course-slow": "yes"}
            if number == 1:
                found[0]["headers"] = limits.headers(500, 499, 0.12)
                found.append(about | {"detail": "low", "fault": "rate_limit_reached", "times": 2})
    return found
