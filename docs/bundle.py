"""The course on a stick, for a room without a network: python docs/bundle.py [SYSTEM ...] writes build/bundle/

    vision-notebooks/   the repository as last committed, to be copied onto each laptop
    wheels/             every package of the lock for these systems and one Python: linux, windows, macos
    site/, slides/      what `make site` and `make slides` have made, if they have
    START.txt           the two commands; and SHA256SUMS, the checksum of every file

Needs a network, and 300 MB. Where Linux is one of the systems, and this is one, it ends by installing from the stick.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from lock import ROOT, locked

BUNDLE = ROOT / "build" / "bundle"
PYTHON = "3.12"  # one for the room
MACS = [f"macosx_{version}" for version in ("14_0", "13_0", "12_0", "11_0", "10_13", "10_9")]
# What a requirement's marker asks about a system, and the tags of wheels that install there, for pip.
SYSTEMS = {
    "linux": (("linux", "posix", "x86_64", "Linux"), [f"manylinux_2_{n}_x86_64" for n in (34, 28, 27, 17)]),
    "windows": (("win32", "nt", "AMD64", "Windows"), ["win_amd64"]),
    "macos": (
        ("darwin", "posix", "arm64", "Darwin"),
        [f"{mac}_{cpu}" for mac in MACS for cpu in ("arm64", "universal2")],
    ),
}
START = """\
Copy the folder vision-notebooks from this stick to your disk, beside it the folder wheels. You need Python {python}.
Then, in a terminal, inside vision-notebooks:

Linux and macOS (with make):
    PIP_NO_INDEX=1 PIP_FIND_LINKS=../wheels make lab PYTHON=python{python}

Windows (PowerShell), and wherever there is no make (there bin/ in place of Scripts\\):
    py -{python} -m venv .venv
    .venv\\Scripts\\python -m pip install --no-index --find-links ..\\wheels -r requirements.txt
    .venv\\Scripts\\python -m jupyterlab notebooks\\00_start_here.ipynb

Wheels are here for: {systems}. To read without Python: site/index.html.
"""


def wanted(system: str) -> list[str]:
    """Return `name==version` of all that the lock, and the build of this course's own package, need on a system."""
    names = ("sys_platform", "os_name", "platform_machine", "platform_system")
    env = dict(zip(names, SYSTEMS[system][0], strict=True))
    env |= {"python_version": PYTHON, "python_full_version": f"{PYTHON}.9"}
    build = (ROOT / "pyproject.toml").read_text("utf-8").partition('requires = ["')[2].partition('"')[0]
    return [f"{pin.name}{pin.specifier}" for pin in locked(env)] + [build]


def download(system: str) -> None:
    # 3.12.9, because 3.12 alone is 3.12.0 to pip, for which some wheels are too new.
    command = [sys.executable, "-m", "pip", "download", "-qq", "--no-deps", "--only-binary=:all:"]
    command += ["--python-version", f"{PYTHON}.9", "--implementation", "cp", "--dest", str(BUNDLE / "wheels")]
    command += [f"--platform={tag}" for tag in SYSTEMS[system][1]]
    subprocess.run([*command, *wanted(system)], check=True)


def install_here() -> str:
    """Install from the stick without a network, as a laptop would, and replay lesson 00; return how it went."""
    ask = ["-c", f"import sys; sys.exit('{PYTHON}' != '%d.%d' % sys.version_info[:2])"]
    pythons = filter(None, (os.environ.get("PYTHON"), sys.executable, shutil.which(f"python{PYTHON}")))
    fits = [one for one in pythons if subprocess.run([one, *ask], capture_output=True).returncode == 0]
    if not fits:
        return f"Not installed here to try it: there is no Python {PYTHON} on PATH."
    with tempfile.TemporaryDirectory() as disk:
        course = Path(disk, "vision-notebooks")
        shutil.copytree(BUNDLE / "vision-notebooks", course)
        Path(disk, "wheels").symlink_to(BUNDLE / "wheels")
        env = os.environ | {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "../wheels", "PIP_CONFIG_FILE": os.devnull}
        replay = "-m pytest -q --noconftest --nbval --nbval-current-env --nbval-sanitize-with tests/nbval_sanitize.cfg"
        for command in (
            ["make", ".venv/.lab", f"PYTHON={fits[0]}"],
            [".venv/bin/python", *replay.split(), "notebooks/00_start_here.ipynb"],
        ):
            subprocess.run(["sh", str(ROOT / "tests" / "isolated.sh"), *command], cwd=course, env=env, check=True)
    return "Installed here from the stick alone, network off, and lesson 00 replays."


def main(systems: list[str]) -> None:
    shutil.rmtree(BUNDLE / "vision-notebooks", ignore_errors=True)
    BUNDLE.mkdir(parents=True, exist_ok=True)
    subprocess.run(["git", "clone", "--quiet", "--depth", "1", ROOT.as_uri(), BUNDLE / "vision-notebooks"], check=True)
    subprocess.run(["git", "-C", BUNDLE / "vision-notebooks", "remote", "remove", "origin"], check=True)  # a path here
    for made in ("site", "slides"):
        shutil.rmtree(BUNDLE / made, ignore_errors=True)
        if (ROOT / "build" / made).is_dir():
            shutil.copytree(ROOT / "build" / made, BUNDLE / made)
    for system in systems:
        print(f"{system}: {len(wanted(system))} packages for Python {PYTHON} ...", flush=True)
        download(system)
    (BUNDLE / "START.txt").write_text(START.format(python=PYTHON, systems=", ".join(systems)), "utf-8")
    files = sorted(path for path in BUNDLE.rglob("*") if path.is_file() and ".git" not in path.parts)
    files = [path for path in files if path.name != "SHA256SUMS"]
    sums = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.relative_to(BUNDLE).as_posix()}" for file in files]
    (BUNDLE / "SHA256SUMS").write_text("\n".join(sums) + "\n", "utf-8")
    size = sum(path.stat().st_size for path in BUNDLE.rglob("*") if path.is_file())
    print(f"build/bundle: {size / 1e6:.0f} MB, {len(files)} files")
    if sys.platform == "linux" and "linux" in systems:
        print(install_here())


if __name__ == "__main__":
    main(sys.argv[1:] or [*SYSTEMS])
