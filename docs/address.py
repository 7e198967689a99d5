"""Where the course is published: one line of pyproject.toml, from which every address and badge is made."""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MISSING = """The course has no address yet. Write it into pyproject.toml, and run this again:

    [project.urls]
    Repository = "https://github.com/OWNER/REPO\""""


def repository() -> str:
    """Return OWNER/REPO as pyproject.toml says; end the program with what to write there if it is missing."""
    urls = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["urls"]
    found = re.fullmatch(r"https://github\.com/([\w.-]+/[\w.-]+?)(\.git|/)?", urls.get("Repository", ""))
    return found[1] if found else sys.exit(MISSING)
