"""Write a wheel of stand-ins for Pillow and matplotlib, which can be imported and draw nothing: python -m … FOLDER

Their wheels for the browser are on Pyodide's CDN alone. What a lesson prints of a picture is not to be had so.
"""

import sys
import zipfile
from pathlib import Path

MODULES = {
    "PIL": ("Image", "ImageChops", "ImageCms", "ImageColor", "ImageOps", "ImageStat", "JpegImagePlugin", "features"),
    "matplotlib": ("_pylab_helpers", "axes", "figure", "font_manager", "patches", "pyplot", "textpath", "transforms"),
}
# Errors have to be errors and classes classes; everything else may be anything.
STAND_IN = """
import sys
from importlib.machinery import ModuleSpec
from unittest.mock import MagicMock

def stand_in(name, **attributes):
    module = sys.modules[name] = MagicMock(name=name, __spec__=ModuleSpec(name, None), __path__=[], **attributes)
    return module

kind = lambda name, *bases: type(name, bases, {})
errors = {"DecompressionBombError": kind("Bomb", Exception), "PyCMSError": kind("Cms", Exception)}
classes = {name: kind(name) for name in ("Image", "Figure", "Axes", "ImageCmsProfile", "Bbox", "Rectangle")}
children = {child: stand_in(f"{__name__}.{child}", **errors, **classes) for child in CHILDREN}
stand_in(__name__, **children, rcParams={"font.family": ["DejaVu Sans", "NanumGothic"]})  # the course's own are there
"""


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / "stand_ins-0-py3-none-any.whl", "w") as wheel:
        for name, children in MODULES.items():
            wheel.writestr(f"{name}/__init__.py", f"CHILDREN = {children!r}\n{STAND_IN}")
        wheel.writestr("stand_ins-0.dist-info/METADATA", "Metadata-Version: 2.1\nName: stand-ins\nVersion: 0\n")
        wheel.writestr("stand_ins-0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
