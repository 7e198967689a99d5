"""Pixels: upright, 8 bits, in sRGB, on a background, of the frame and the size asked for; or told why not."""

import io
import struct
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageFile, ImageOps

from helpers.encoding import open_picture
from helpers.plotting.show import open_upright

from tests.encoding.samples import (  # isort: skip
    IMAGES, PLAIN, RARE, alike, animation, deep_files, exif, photo, pixels, profile, refusal, saved, scene,
    see_through, tiff_of, with_chunk,
)  # fmt: skip

GREY = scene(mode="L")
DEEP = numpy.asarray(GREY).astype("uint16")
GREYS_READ = "Greys of 32 bits, floats, and 16 bits with a transparent one, are not read. Save it with 8 bits."


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("orientation", [*range(1, 10)])
def test_every_orientation_comes_out_upright(kind, orientation):
    undo = {1: None, 2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4, 9: None}[orientation]  # 9 does not exist
    stored = scene((64, 48)) if undo is None else scene((64, 48)).transpose(Image.Transpose(undo))
    data = saved(stored, kind, exif=exif(orientation).tobytes())
    for source in (data, Image.open(io.BytesIO(data))):
        assert alike(pixels(open_picture(source)), scene((64, 48)))
        assert alike(pixels(open_picture(source, max_side=32)), scene((32, 24)))
    assert alike(open_upright(data)[0], scene((64, 48)))


@pytest.mark.parametrize(("quality", "subsampling"), [(50, 2), (75, 1), (95, 0)])
def test_a_turned_jpeg_is_neither_coarser_nor_much_larger(quality, subsampling):
    for image in (photo(), photo().convert("L")):
        data = saved(image, "JPEG", quality=quality, subsampling=subsampling, exif=exif(3))
        picture = open_picture(data)
        assert "turned upright" in picture.changes and 0.95 < len(picture.data) / len(data) < 1.05
        before, turned = (Image.open(io.BytesIO(one)) for one in (data, picture.data))
        assert turned.quantization == before.quantization


@pytest.mark.parametrize("change", [
    lambda image: image.rotate(270, expand=True), lambda image: image.crop((0, 0, 30, 20)), lambda image: image.copy(),
])  # fmt: skip
def test_pixels_changed_by_the_caller_are_not_turned_by_exif(change):
    """They may be upright by now; whether they are, no program can know, so it is said."""
    turned = change(Image.open(io.BytesIO(saved(scene((64, 48)), "JPEG", exif=exif(6)))))
    with pytest.warns(UserWarning, match=r"orientation 6.*ImageOps.exif_transpose"):
        assert alike(pixels(open_picture(turned)), turned.convert("RGB"))


def converted(name):
    """The scene, its values taken for those of another profile."""
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile(name)))
    return ImageCms.profileToProfile(scene(), source, ImageCms.createProfile("sRGB"))


def alpha_of_0(kind):
    image = scene().convert("RGBA")
    image.putalpha(0)
    return saved(image, kind)


PLANES = {273: [8, 1208, 2408], 279: [1200] * 3, 284: [2]}
SCENES = {
    **{f"mode {mode}": (scene(mode=mode), scene(), ()) for mode in ("CMYK", "YCbCr", "HSV", "RGBA", "RGBX", "LAB")},
    **{f"mode {mode}": (scene(mode=mode), GREY, ()) for mode in ("L", "LA")},
    "mode 1": (scene(mode="1"), scene(mode="1"), ()),
    "mode P": (scene().quantize(8), scene(), ()),
    "mode PA": (scene(mode="P").convert("PA"), scene(mode="P"), ()),
    "mode La": (scene(mode="LA").convert("La"), GREY, ()),
    "mode RGBa": (scene(mode="RGBA").convert("RGBa"), scene(), ()),
    "16-bit grey": (saved(Image.fromarray(DEEP * 257), "PNG"), GREY, ("16 bits made 8",)),
    "16-bit TIFF": (saved(Image.fromarray(DEEP * 257), "TIFF"), GREY, ("16 bits made 8", "TIFF made PNG")),
    "16-bit colour": (deep_files()["colour PNG"], scene(), ("saved again",)),
    **{kind: (saved(scene(), kind), scene(), (f"{kind} made PNG",)) for kind in
       ("TIFF", "BMP", "DIB", "PPM", "AVIF", "GIF")},
    "JPEG2000": (saved(scene(), "JPEG2000"), scene(), ("metadata dropped", "JPEG2000 made PNG")),
    "ICO": (saved(scene((48, 48)), "ICO", sizes=[(48, 48)]), scene((48, 48)), ("ICO made PNG",)),
    **{f"Adobe RGB {kind}": (saved(scene(), kind, icc_profile=profile("Adobe RGB")), converted("Adobe RGB"), ())
       for kind in ("JPEG", "PNG", "WEBP", "TIFF")},
    **{f"profile {name}": (saved(scene(), "PNG", icc_profile=data), scene(), ()) for name, data in
       {"none": b"", "bad": b"no profile", "cut": profile("Adobe RGB")[:300], "sRGB": profile("sRGB")}.items()},
    "a profile for other pixels": (saved(GREY, "PNG", icc_profile=profile("Adobe RGB")), GREY, ("metadata dropped",)),
    "CMYK JPEG": (saved(scene(mode="CMYK"), "JPEG"), scene(), ("CMYK made RGB",)),
    "alpha of 0": (alpha_of_0("PNG"), scene(), ("alpha of 0 everywhere ignored",)),
    "nothing at all": (Image.new("RGBA", (9, 9)), Image.new("L", (9, 9), 255), ("laid on white", "encoded as PNG")),
    "clipboard": (alpha_of_0("BMP"), scene(), ("BMP made PNG",)),
    "of a camera": (tiff_of(scene(), {254: [0], 271: [78], 330: [8]}), scene(), ("TIFF made PNG",)),
    "smaller copies inside": (tiff_of(scene(), {330: [8]}), scene(), ("TIFF made PNG",)),
    "planes": (tiff_of(scene(), PLANES, numpy.asarray(scene()).transpose(2, 0, 1).tobytes()), scene(), ()),
}  # fmt: skip


@pytest.mark.parametrize("name", SCENES)
def test_any_kind_of_pixels_comes_out_right(name):
    source, expected, changes = SCENES[name]
    picture = open_picture(source)
    assert alike(pixels(picture), expected.convert("RGB")) and (not changes or picture.changes == changes)
    out = Image.open(io.BytesIO(picture.data))
    assert out.mode in ("1", "L", "P", "RGB") and not out.has_transparency_data and "icc_profile" not in out.info
    assert ("colours made sRGB" in picture.changes) == ("Adobe RGB " in name)
    assert alike(open_upright(source)[0], expected.convert("RGB")), "and so it is shown"


def test_linear_light_is_converted_whatever_its_profile_is_called():
    """Linear 128 is 188 in sRGB (IEC 61966-2-1). The profile is that of our tests, its curves made one of gamma 1."""
    data = bytearray(profile("Adobe RGB"))
    for colour in b"rgb":
        entry = data.index(bytes([colour]) + b"TRC") + 4
        at = int.from_bytes(data[entry : entry + 4], "big")
        data[at : at + 14] = b"curv" + bytes(4) + struct.pack(">IH", 1, 256)
    picture = open_picture(saved(Image.new("RGB", (20, 20), (128, 128, 128)), "PNG", icc_profile=bytes(data)))
    assert picture.changes == ("metadata dropped", "colours made sRGB")
    assert all(abs(value - 188) <= 2 for value in pixels(picture).getpixel((5, 5)))


SIXTEEN = numpy.asarray(scene()).astype("<u2").transpose(2, 0, 1).tobytes()
DEEP_PLANES = {258: [16] * 3, 273: [8, 2408, 4808], 279: [2400] * 3, 284: [2]}
LETTERS = Image.new("RGBA", (40, 30), (255, 255, 255, 0))
LETTERS.paste((255, 255, 255, 255), (10, 10, 30, 20))
RAW, WHITE = "this is a camera's raw picture", "On white nothing is seen. Give background=, say 'grey'."


@pytest.mark.parametrize(
    ("source", "says"),
    [
        *(
            (tiff_of(scene(), tags), RAW)
            for tags in ({254: [1]}, {271: [78], 330: [8]}, {271: [78], 50706: [1, 4, 0, 0]})
        ),
        (tiff_of(scene(), DEEP_PLANES, SIXTEEN), RARE),
        (Image.new("F", (9, 9), 0.5), GREYS_READ),
        (tiff_of(GREY, {258: [32], 339: [1]}, bytes(4800)), GREYS_READ),
        (tiff_of(GREY, {258: [16], 262: [0]}, bytes(2400)), GREYS_READ),
        (deep_files()["PGM"], GREYS_READ),
        (saved(Image.fromarray(DEEP * 257), "PNG", transparency=257 * 9), GREYS_READ),
        *((saved(LETTERS, kind, lossless=True), WHITE) for kind in ("PNG", "WEBP", "TIFF")),
    ],
)
def test_pixels_that_would_come_out_wrong_are_refused(source, says):
    assert says in refusal(source)
    if says == WHITE:
        assert pixels(open_picture(source, background="navy")).getpixel((20, 15)) == (255, 255, 255)
        assert open_upright(source)[0].getpixel((20, 15)) == (255, 255, 255), "when shown"


@pytest.mark.parametrize(("background", "seen"), [("white", (255,) * 3), ("#ffcc00", (255, 204, 0))])
@pytest.mark.parametrize("kind", ["RGBA PNG", "LA PNG", "P PNG", "P GIF", "RGBA WEBP", "RGBA TIFF", "RGBA AVIF"])
def test_what_is_transparent_is_laid_on_a_colour(kind, background, seen):
    picture = open_picture(saved(see_through(kind.split()[0]), kind.split()[1]), background=background)
    out = Image.open(io.BytesIO(picture.data))
    assert not out.has_transparency_data and f"laid on {background}" in picture.changes
    assert all(abs(a - b) < 6 for a, b in zip(out.convert("RGB").getpixel((3, 3)), seen, strict=True))
    assert out.convert("RGB").getpixel((35, 4))[2] > (150 if "LA" not in kind else 30)


def test_half_transparent_is_half_the_background():
    assert pixels(open_picture(Image.new("RGBA", (20, 20), (0, 0, 0, 128)))).getpixel((5, 5)) == (127,) * 3


def hdr(transfer):
    """ITU-T H.273: 16 is PQ, 18 HLG, 1 BT.709, 13 sRGB. In AVIF (nclx), PNG (cICP), a profile (cicp)."""
    data, code = saved(scene((64, 64)), "AVIF"), bytes((9, transfer, 0, 1))
    at = data.index(b"colrnclx") + 10
    yield data[:at] + struct.pack(">H", transfer) + data[at + 2 :]
    yield with_chunk(PLAIN["PNG"], b"cICP", code)
    yield saved(scene(), "JPEG", icc_profile=profile("sRGB") + b"cicp\0\0\0\0" + code)


def mask(most):
    image = Image.new("L", (40, 30))
    image.paste(most, (5, 5, 20, 20))
    return image


HDR, DIM = "HDR, sent without its curve", "nearly black, no value is over {} of 255"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        *((data, HDR if transfer in (16, 18) else "") for transfer in (1, 13, 16, 18) for data in hdr(transfer)),
        (saved(mask(31), "BMP"), DIM.format(31)),
        (saved(mask(32), "PNG"), ""),
        (saved(Image.new("L", (9, 9)), "PNG"), ""),  # black is black
        (mask(3), ""),  # as in the frames of a film
        (Image.fromarray(DEEP * 7), DIM.format(2)),
    ],
)
def test_what_will_look_wrong_is_sent_with_a_warning(data, says, recwarn):
    assert open_picture(data).width
    assert [says in str(one.message) and one.filename == __file__ for one in recwarn] == [True] * bool(says)


def test_threads_leave_the_warnings_as_they_were():
    before = list(warnings.filters)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: open_picture(PLAIN["JPEG"], max_side=10), range(40)))
    assert warnings.filters == before


@pytest.mark.parametrize(
    ("source", "options", "expected"),
    [
        (IMAGES / "coffee.png", {}, "png"),
        (IMAGES / "coffee.png", {"max_side": 200}, "jpeg"),
        (IMAGES / "jupyterlab_lesson.png", {"max_side": 500}, "png"),
        (saved(photo(), "BMP"), {}, "jpeg"),
        (photo(), {}, "jpeg"),
        (photo((99, 99)), {}, "png"),  # as icons
        *((data, {"format": kind}, kind.lower()) for data in (scene(), *PLAIN.values()) for kind in ("JPEG", "PNG")),
    ],
)
def test_a_photograph_becomes_jpeg_and_a_drawing_png_unless_told_otherwise(source, options, expected):
    picture = open_picture(source, **options)
    assert picture.media_type == f"image/{expected}" and Image.open(io.BytesIO(picture.data)).format == expected.upper()


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "AVIF", "TIFF"])
def test_one_frame_is_sent_and_has_to_be_chosen(kind):
    data = animation(kind)
    assert "several frames or pages, and only one can be sent. Choose it, say frame=0" in refusal(data)
    for frame, expected in enumerate([scene(), ImageOps.mirror(scene()), ImageOps.flip(scene())]):
        picture = open_picture(data, frame=frame)
        assert alike(pixels(picture), expected) and f"frame {frame}" in picture.changes
        with Image.open(io.BytesIO(data)) as image:  # of a PIL image, the frame is the caller's business
            image.seek(frame)
            assert alike(pixels(open_picture(image)), expected) and image.tell() == frame
    for source in (data, PLAIN["PNG"], image):
        assert "there is no frame 3; they are counted from 0" in refusal(source, frame=3)


def test_a_page_has_a_size_of_its_own():
    pages = saved(scene((40, 30)), "TIFF", save_all=True, append_images=[scene((60, 200))])
    assert alike(pixels(open_picture(pages, frame=1, max_side=100)), scene((30, 100)))


def test_an_animation_of_one_frame_is_a_picture():
    """As some programs write WebP: its pixels lie inside the frame, so it can't go as it is."""
    sides = struct.pack("<I", 39)[:3] + struct.pack("<I", 29)[:3]
    frame = bytes(6) + sides + struct.pack("<I", 100)[:3] + b"\2" + PLAIN["lossless WebP"][12:]
    chunks = b"VP8X" + struct.pack("<I", 10) + b"\2\0\0\0" + sides + b"ANIM" + struct.pack("<I", 6) + bytes(6)
    chunks += b"ANMF" + struct.pack("<I", len(frame)) + frame + b"\0" * (len(frame) % 2)
    data = b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WEBP" + chunks
    assert alike(pixels(open_picture(data)), scene())


def test_a_large_jpeg_is_never_unpacked_whole(monkeypatch):
    """Shrunk, it is read at a fraction, and looks as if shrunk from all its pixels; else at an eighth."""
    sizes, prepare = [], ImageFile.ImageFile.load_prepare

    def load_prepare(image):
        sizes.append(image.size)
        prepare(image)

    data = saved(Image.open(IMAGES / "coffee.png").convert("RGB").resize((2400, 1600)), "JPEG", quality=95)
    full = Image.open(io.BytesIO(data)).resize((300, 200), Image.Resampling.LANCZOS)
    full = Image.open(io.BytesIO(saved(full, "JPEG", quality=90)))
    monkeypatch.setattr(ImageFile.ImageFile, "load_prepare", load_prepare)
    small = pixels(open_picture(data, max_side=300))
    open_picture(data)
    assert max(sizes) == (600, 400) and sizes.count((300, 200)) >= 5
    assert numpy.abs(numpy.asarray(small, float) - numpy.asarray(full, float)).mean() < 2


@given(
    size=st.tuples(st.integers(1, 90), st.integers(1, 90)),
    max_side=st.none() | st.integers(1, 120),
    kind=st.sampled_from(["JPEG", "PNG", "WEBP", "BMP"]),
)
def test_any_size_and_max_side_keep_the_proportion_and_never_enlarge(size, max_side, kind):
    picture = open_picture(saved(scene(size), kind), max_side=max_side)
    share = min(1, max_side / max(size)) if max_side else 1
    assert (picture.width, picture.height) == pixels(picture).size
    assert all(abs(a - max(1, b * share)) <= 0.5 for a, b in zip((picture.width, picture.height), size, strict=True))
