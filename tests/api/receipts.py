"""Sample answers about the receipts of asset/receipts.zip: they follow from asset/truth/receipts.csv, a few are wrong.

Which are wrong is said here, so that the lessons can count what a check of the sums finds and misses.
"""

import json
import zipfile
from functools import cache

from course.assets import ROOT
from helpers.encoding import open_picture
from tests.api.faults import limit_headers
from tests.tools.make_pictures import truth

# What lesson 10 asks, and what its reader asks first when they adapt it.
PROMPT = "Read this receipt: the shop, the price of each line, and the total."
TOTAL = "What is the total on this receipt? Answer with the number only."
# By number. One digit of a price misread, a line left out, both so that the sum no longer fits.
MISREAD, LEFT_OUT = range(9, 240, 23), (77, 150)
# The same digit misread in a price and in the total: the sum fits.
UNNOTICED = (58, 131)
# What lesson 11 asks about the first 20, and by detail and longer side which totals are read wrong, and as what.
SURE = "What is the total of this receipt? Say from 0 to 100 how sure you are."
WRONG_TOTALS: dict[tuple[str, int], dict[int, float]] = {
    ("high", 560): {12: 52.85},
    ("low", 560): {12: 52.85},
    ("high", 280): {12: 52.85, 18: 14.97},
    ("high", 140): {3: 25.5, 5: 22.86, 9: 85.4, 13: 8.68, 14: 28.1, 17: 10.18, 18: 14.97, 20: 16.8},
}
# How sure it says it is at 140 pixels, receipt by receipt; at the others 97, and 88 where it is wrong.
SURE_OF = [92, 88, 55, 90, 60, 95, 85, 96, 75, 65, 97, 70, 45, 80, 93, 98, 62, 95, 94, 50]
# Whose first request meets an error of the service; what a batch does not get to within its 24 hours.
FAILS, SLOW = 100, (238, 240)


@cache
def entries() -> list[dict]:
    """Entries as of answers.toml: what the samples say of each receipt."""
    with zipfile.ZipFile(ROOT / "asset" / "receipts.zip") as folder:
        rows = enumerate(truth("receipts.csv"), 1)
        return [entry for n, row in rows for entry in entries_of(n, row, folder.read(row["file"]))]


def entries_of(number: int, row: dict[str, str], picture: bytes) -> list[dict]:
    prices, total = [float(price) for price in row["prices"].split(";")], float(row["total"])
    true = {"shop": row["shop"].title(), "prices": prices, "total": total}
    said = dict(true)
    if number in MISREAD:
        said["prices"] = [*prices[:-1], round(prices[-1] + 0.30, 2)]
    if number in LEFT_OUT:
        said["prices"] = prices[:-1]
    if number in UNNOTICED:
        said |= {"prices": [round(prices[0] + 2, 2), *prices[1:]], "total": round(total + 2, 2)}
    read = {"pictures": [picture], "asked": [PROMPT], "text": json.dumps(said), "wrong_on_purpose": said != true}
    found = [read, {"pictures": [picture], "asked": [TOTAL], "text": row["total"]}]
    if number == 1:
        found.append(read | {"detail": "low", "fault": "rate_limit_reached", "times": 2})
        found[0] = read | {"headers": limit_headers(499, "120ms")}
    if number == FAILS:
        found[0] = read | {"fault": "server_error", "times": 1}
    if number in SLOW:
        found[0] = read | {"headers": {"x-course-slow": "yes"}}
    for (detail, side), misread in WRONG_TOTALS.items() if number <= len(SURE_OF) else ():
        sure = SURE_OF[number - 1] if side == 140 else 88 if number in misread else 97
        text = json.dumps({"total": misread.get(number, total), "sure": sure})
        small = {"pictures": [open_picture(picture, max_side=side).data], "asked": [SURE], "detail": detail}
        found.append(small | {"text": text, "wrong_on_purpose": number in misread})
    return found
