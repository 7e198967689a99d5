"""The course in a browser, with nothing installed: python docs/lite/build.py [FOLDER] writes a static site.

It is JupyterLite with a Python kernel in WebAssembly (Pyodide), the packages of the lock, and the course as files, in
build/lite. All of it comes from npm and PyPI, but for what Pyodide alone builds for the browser: Pillow, matplotlib and
numpy are fetched from its CDN. There are no videos (no PyAV) and no threads, so `open_picture` downloads nothing.

With a FOLDER of wheels these take the place of the CDN's, and the site is build/lite-stand-ins: so the tests do without
it. See a site with `python -m http.server -d build/lite`, for a browser runs none of it from a file.
"""

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tarfile
import urllib.request
from importlib import metadata
from pathlib import Path
from zipfile import ZipFile

from packaging.requirements import Requirement

sys.path.append(str(Path(__file__).resolve().parents[1]))
from lock import ROOT, locked

PYODIDE, PYTHON, WHEELS_FOR = "314.0.7", "3.14", "pyemscripten_2026_0_wasm32"
CDN = f"https://cdn.jsdelivr.net/pyodide/v{PYODIDE}/full"
# What the lessons and the kernel import, with what each of these needs. No video: PyAV is built for no browser.
FROM_PYPI = ("comm", "ipython", "jedi", "openai", "pydantic", "requests", "tenacity", "tqdm")
FROM_CDN = ("matplotlib", "numpy", "pillow")
CORE = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip")
PARTS = ROOT / "build" / "lite-parts"  # what was fetched; it may stay
LITE = PARTS / "lite"  # what JupyterLite builds from
HERE = LITE / "static" / "pyodide"
ENVIRONMENT = {
    "sys_platform": "emscripten", "platform_system": "Emscripten", "os_name": "posix", "platform_machine": "wasm32",
    "python_version": PYTHON, "python_full_version": f"{PYTHON}.2", "extra": "",
}  # fmt: skip


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pins() -> dict[str, str]:
    """Return {package: its version in the lock, for the browser}."""
    return {normal(pin.name): next(iter(pin.specifier)).version for pin in locked(ENVIRONMENT)}


def with_what_they_need(names) -> set[str]:
    """Return these packages and, as their own metadata say, all that they need in the browser."""
    found, left = set(), [normal(name) for name in names]
    while left:
        if (name := left.pop()) in found:
            continue
        found.add(name)
        try:
            needs = map(Requirement, metadata.requires(name) or ())
        except metadata.PackageNotFoundError:  # it is for the browser alone
            continue
        left += [normal(need.name) for need in needs if not need.marker or need.marker.evaluate(ENVIRONMENT)]
    return found


def fetch_core() -> dict:
    """Put Pyodide itself into its place; return its lock, which lists what its CDN has."""
    if not (archive := PARTS / f"pyodide-{PYODIDE}.tgz").exists():
        command = ["npm", "pack", "--silent", f"pyodide@{PYODIDE}", "--pack-destination", str(PARTS)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    with tarfile.open(archive) as files:
        for name in CORE:
            (HERE / name).write_bytes(files.extractfile(f"package/{name}").read())
        return json.load(files.extractfile("package/pyodide-lock.json"))


def fetch_from_pypi(lock: dict) -> list[Path]:
    versions = pins() | {"micropip": lock["packages"]["micropip"]["version"]}  # the kernel asks for it
    wanted = {f"{name}=={versions[name]}" for name in with_what_they_need([*FROM_PYPI, "micropip"])}

    def here() -> dict[str, Path]:
        wheels = (PARTS / "wheels").glob("*.whl")
        named = {"{}=={}".format(normal(path.name.split("-")[0]), path.name.split("-")[1]): path for path in wheels}
        return {one: path for one, path in named.items() if one in wanted}

    if missing := sorted(wanted - here().keys()):
        command = [sys.executable, "-m", "pip", "download", "-qq", "--no-deps", "--only-binary=:all:"]
        command += ["--python-version", f"{PYTHON}.2", "--implementation", "cp", "--platform", WHEELS_FOR]
        command += [f"--abi={abi}" for abi in (f"cp{PYTHON.replace('.', '')}", "abi3", "none")]
        subprocess.run([*command, "--dest", str(PARTS / "wheels"), *missing], check=True)
    return [here()[one] for one in sorted(wanted)]


def fetch_from_cdn(lock: dict) -> list[Path]:
    found, left = {}, [*FROM_CDN]
    while left:
        if (name := left.pop()) not in found:
            found[name] = lock["packages"][name]
            left += found[name]["depends"]
    files = []
    for package in found.values():
        files.append(PARTS / "wheels" / package["file_name"])
        if not files[-1].exists():
            try:
                with urllib.request.urlopen(f"{CDN}/{package['file_name']}", timeout=60) as answer:
                    data = answer.read()
            except OSError as error:
                sys.exit(
                    f"{CDN}/{package['file_name']} did not come ({error}), and {', '.join(FROM_CDN)} are there alone."
                )
            if hashlib.sha256(data).hexdigest() != package["sha256"]:
                sys.exit(f"{CDN}/{package['file_name']} is not what Pyodide {PYODIDE} was made with.")
            files[-1].write_bytes(data)
    return files


def entry(wheel: Path) -> dict:
    """Return what Pyodide's lock says of a wheel."""
    name, version = wheel.name.split("-")[:2]
    inside = [path for path in ZipFile(wheel).namelist() if ".dist-info" not in path and ".data" not in path]
    imports = {path.split("/")[0].removesuffix(".py") for path in inside if path.endswith(".py")}
    return {
        "name": normal(name), "version": version, "file_name": wheel.name, "install_dir": "site",
        "sha256": hashlib.sha256(wheel.read_bytes()).hexdigest(), "package_type": "package",
        "imports": sorted(imports), "depends": [], "unvendored_tests": False,
    }  # fmt: skip


def write_settings(packages) -> None:
    """Say to JupyterLite where Python is, and to Python where the course is."""
    quiet = "ignore:The following transport option:UserWarning"  # of httpx2: a browser has no pool of connections
    options = {
        "lockFileURL": "./static/pyodide/pyodide-lock.json",
        "packages": sorted(packages),
        "env": {"PYTHONPATH": "/drive", "HOME": "/home/pyodide", "PYTHONWARNINGS": quiet},
    }
    kernel = {"pyodideUrl": "./static/pyodide/pyodide.mjs", "disablePyPIFallback": True, "loadPyodideOptions": options}
    settings = {"@jupyterlite/pyodide-kernel-extension:kernel": kernel}
    data = {"appName": "Vision Notebooks", "litePluginSettings": settings}
    document = {"jupyter-lite-schema-version": 0, "jupyter-config-data": data}
    (LITE / "jupyter-lite.json").write_text(json.dumps(document, indent=1), "utf-8")
    whole = {"@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"}}  # the browser's own search finds it
    (LITE / "overrides.json").write_text(json.dumps(whole), "utf-8")


def main(stand_ins: list[str]) -> None:
    shutil.rmtree(LITE, ignore_errors=True)
    for folder in (HERE, PARTS / "wheels"):
        folder.mkdir(parents=True, exist_ok=True)
    lock = fetch_core()
    built = sorted(Path(stand_ins[0]).glob("*.whl")) if stand_ins else fetch_from_cdn(lock)
    entries = {}
    for wheel in [*fetch_from_pypi(lock), *built]:  # what both have comes from the CDN, where it fits the others there
        one = entry(wheel)
        if one["name"] in entries:
            (HERE / entries[one["name"]]["file_name"]).unlink()
        entries[one["name"]] = one
        shutil.copy(wheel, HERE)
    (HERE / "pyodide-lock.json").write_text(json.dumps(lock | {"packages": entries}), "utf-8")
    write_settings(entries)
    for name in ("asset", "course", "helpers", "notebooks"):
        ours = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
        shutil.copytree(ROOT / name, LITE / "files" / name, ignore=ours)
    site = ROOT / "build" / ("lite-stand-ins" if stand_ins else "lite")
    shutil.rmtree(site, ignore_errors=True)
    command = [sys.executable, "-m", "jupyterlite_core", "build", "--log-level=ERROR", "--lite-dir", str(LITE)]
    command += ["--output-dir", str(site), "--no-sourcemaps", "--no-unused-shared-packages", "--contents", "files"]
    done = subprocess.run(command, cwd=LITE, text=True, capture_output=True)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    size = sum(path.stat().st_size for path in site.rglob("*") if path.is_file())
    print(f"build/{site.name}: {size / 1e6:.0f} MB, {len(entries)} packages")


if __name__ == "__main__":
    main(sys.argv[1:])
