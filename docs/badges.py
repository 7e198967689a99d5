"""Make the first cells of the README's table "Elsewhere" badges that lead to the course: python docs/badges.py"""

import re

from address import ROOT, repository

BADGES = {  # what stands in the table: (picture, where it leads)
    "Google Colab": (
        "https://colab.research.google.com/assets/colab-badge.svg",
        "https://colab.research.google.com/github/{}/blob/colab/00_start_here.ipynb",
    ),
    "GitHub Codespaces": ("https://github.com/codespaces/badge.svg", "https://codespaces.new/{}"),
    "Binder": (
        "https://mybinder.org/badge_logo.svg",
        "https://mybinder.org/v2/gh/{}/HEAD?labpath=notebooks/00_start_here.ipynb",
    ),
}


def with_badges(readme: str, repository: str) -> str:
    """Return the README with its badges, whether it had some or not."""
    for name, (picture, place) in BADGES.items():
        badge = f"| [![{name}]({picture})]({place.format(repository)}) |"
        readme, found = re.subn(rf"(?m)^\| (?:\[!\[)?{name}(?:\]\(\S+)? \|", lambda _, badge=badge: badge, readme)
        assert found == 1, f"the README's table has {found} rows that begin with {name}"
    return readme


if __name__ == "__main__":
    address = repository()
    path = ROOT / "README.md"
    path.write_text(with_badges(path.read_text("utf-8"), address), "utf-8")
    print(f"README.md leads to https://github.com/{address}")
