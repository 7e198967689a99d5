"""What is measured is kept in asset/measured, so that lessons can draw it."""

import json
from datetime import date

from course.assets import ROOT

MEASURED = ROOT / "asset" / "measured"


def write(name: str, script: str, about: dict, title: str, rows: list[dict]) -> None:
    """Write a row a line, below the day, the script and what else there is to know about them."""
    about = {"date": date.today().isoformat(), **about, "script": script}
    lines = ",\n  ".join(json.dumps(row, ensure_ascii=False) for row in rows)
    text = f'{{\n "about": {json.dumps(about)},\n "{title}": [\n  {lines}\n ]\n}}\n'
    (MEASURED / name).write_text(text, "utf-8", newline="\n")
