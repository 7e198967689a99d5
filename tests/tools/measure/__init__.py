"""What is measured is kept in asset/measured, so that lessons can draw it."""

import json
from datetime import date

from course.assets import ROOT

MEASURED = ROOT / "asset" / "measured"


def write(name: str, script: str, about: dict, title: str, rows: list[dict]) -> None:
    """Write a row a line, below the day, the script and what else there is to know about them."""
    facts = json.dumps({"date": date.today().isoformat(), **about, "script": script})
    lines = ",\n  ".join(json.dumps(row, ensure_ascii=False) for row in rows)
    (MEASURED / name).write_text(f'{{\n "about": {facts},\n "{title}": [\n  {lines}\n ]\n}}\n', "utf-8")
