"""The learners' lock, as another system or another Python would read it."""

from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]


def locked(environment: dict[str, str]) -> list[Requirement]:
    """Return what requirements.txt pins where the markers have these values; pip would ask them about this machine."""
    lines = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    pins = [Requirement(line.partition("  #")[0]) for line in lines if line[0] not in "#-"]
    return [pin for pin in pins if not pin.marker or pin.marker.evaluate(environment)]
