"""What leaves: the right pixels and no word besides, the file's own bytes where they will do, parts of a request."""

import base64
import io
import re
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import get_args, get_type_hints

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat.chat_completion_content_part_image_param import ChatCompletionContentPartImageParam, ImageURL
from openai.types.responses import ResponseInputImageParam
from PIL import Image, ImageCms, ImageFile, ImageOps
from pydantic import TypeAdapter

from helpers.encoding import DETAILS, MAX_BYTES, Picture, PictureError, open_picture
from helpers.plotting.show import open_upright
from tests.tools import make_pictures

from tests.encoding.samples import (  # isort: skip
    ADOBE_RGB, CANARY, DEEP, GREY, IMAGES, PLAIN, SCENE, WHITE_ON_NOTHING, alike, animation, exif, jpeg_segment,
    opened, photo, pixels, png_of, saved, scene, see_through, talkative, with_chunk,
)  # fmt: skip

JPEG, PROGRESSIVE, PNG = PLAIN["JPEG"], PLAIN["progressive JPEG"], PLAIN["PNG"]
DROPPED, SRGB = ("metadata dropped",), ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
ODD = {  # in how it is built, so it is encoded again: nothing hidden leaves, and others see the pixels that we see
    "an Adobe segment with more in it": JPEG[:2] + jpeg_segment(0xEE, b"Adobe\0\x64\0\0\0\0\1" + CANARY) + JPEG[2:],
    "a comment that is cut by the next": JPEG[:2] + b"\xff\xfe\0\x12" + CANARY[:16] + JPEG[2:] + CANARY,
    "an end after more": JPEG + CANARY + b"\xff\xd9",
    "a thumbnail in JFIF": JPEG.replace(JPEG[2:20], jpeg_segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\1\1" + CANARY)),
    "a comment between scans": (jpeg_segment(0xFE, CANARY) + b"\xff\xda").join(PROGRESSIVE.rsplit(b"\xff\xda", 1)),
    "no end of a GIF": saved(SCENE, "GIF")[:-1] + CANARY,
    "a second PNG": PNG + PNG[8:-12] + CANARY,
    "a chunk that is longer than it can be": with_chunk(PNG, b"pHYs", CANARY * 16),
    "a JPEG with RGB by an Adobe segment": saved(SCENE, "JPEG", keep_rgb=True, quality=95),
}
DEEP_RGB = b"".join(b"\0" + (row.astype(">u2") * 257).tobytes() for row in numpy.asarray(SCENE))
CLIPBOARD = scene(mode="RGBA")
CLIPBOARD.putalpha(0)  # as on that of Windows
IN_ADOBE_RGB = ImageCms.profileToProfile(SCENE, ImageCms.ImageCmsProfile(io.BytesIO(ADOBE_RGB)), SRGB)
SCREENSHOT = Image.open(IMAGES / "jupyterlab_lesson.png").convert("RGB").crop((0, 0, 640, 400))
PAGES = saved(SCENE, "TIFF", save_all=True, append_images=[scene((60, 200))])


def laid_on(colour, image):
    return Image.alpha_composite(Image.new("RGBA", image.size, colour), image.convert("RGBA"))


def row(source, expected, changes=None, **options):
    """The picture that has to come of a source, and what is said to be done (None: something, whatever)."""
    return source, expected, changes, options


OPENED = {
    **{name: row(data, opened(data), ()) for name, data in PLAIN.items()},
    # What looks like missing pixels: middle grey, which JPEGs that lack some show, and codes that are zeros to the end.
    **{f"flat {image.mode} {image.size}": row(saved(image, "JPEG", optimize=True), image, ()) for image in
       (Image.new("L", (300, 200), 128), Image.new("RGB", (300, 200), (128,) * 3), Image.new("L", (4000, 8)))},
    **{f"talkative {name}": row(data, SCENE, None if name in ("GIF", "TIFF", "AVIF") else DROPPED)
       for name, data in talkative().items()},
    **{name: row(data, SCENE) for name, data in ODD.items()},
    **{f"mode {mode}": row(scene(mode=mode), SCENE) for mode in ("CMYK", "YCbCr", "HSV", "RGBA", "LAB")},
    **{f"mode {mode}": row(scene(mode=mode), scene(mode=mode.rstrip("A"))) for mode in ("P", "L", "LA", "1")},
    "16-bit grey": row(saved(Image.fromarray(DEEP * 257), "PNG"), GREY, ("16 bits made 8",)),
    "16-bit TIFF": row(saved(Image.fromarray(DEEP * 257), "TIFF"), GREY, ("16 bits made 8", "TIFF made PNG")),
    "16-bit colour": row(png_of(40, 30, 16, 2, DEEP_RGB), SCENE, ("saved again",)),
    **{kind: row(saved(SCENE, kind), SCENE, (f"{kind} made PNG",)) for kind in
       ("TIFF", "BMP", "DIB", "PPM", "AVIF", "GIF")},
    **{f"TIFF {how}": row(saved(SCENE, "TIFF", **how), SCENE, ("TIFF made PNG",)) for how in
       ({"compression": "tiff_lzw"}, {"compression": "jpeg"}, {"tiffinfo": {254: 0, 271: "of a camera", 330: 8}},
        {"tiffinfo": {330: 8}})},  # smaller copies inside
    "JPEG2000": row(saved(SCENE, "JPEG2000"), SCENE, (*DROPPED, "JPEG2000 made PNG")),
    **{f"Adobe RGB {kind}": row(saved(SCENE, kind, icc_profile=ADOBE_RGB), IN_ADOBE_RGB) for kind in
       ("JPEG", "PNG", "WEBP", "TIFF")},
    **{f"profile {data[:9]}": row(saved(SCENE, "PNG", icc_profile=data), SCENE, DROPPED) for data in
       (b"no profile", ADOBE_RGB[:300], SRGB.tobytes())},
    "a profile for other pixels": row(saved(GREY, "PNG", icc_profile=ADOBE_RGB), GREY, DROPPED),
    "CMYK JPEG": row(saved(scene(mode="CMYK"), "JPEG"), SCENE, ("CMYK made RGB",)),
    "alpha of 0": row(saved(CLIPBOARD, "PNG"), SCENE, ("alpha of 0 everywhere ignored",)),
    "nothing at all": row(Image.new("RGBA", (9, 9)), Image.new("L", (9, 9), 255), ("laid on white", "encoded as PNG")),
    "half transparent": row(Image.new("RGBA", (20, 20), (0, 0, 0, 128)), Image.new("L", (20, 20), 127)),
    "white on nothing": row(saved(WHITE_ON_NOTHING, "PNG"), laid_on("navy", WHITE_ON_NOTHING), background="navy"),
    **{f"{mode} {kind}, on {colour}": row(saved(image := see_through(mode), kind), laid_on(colour, image),
                                          background=colour)
       for colour in ("white", "#ffcc00") for mode, kind in
       (("LA", "PNG"), ("P", "PNG"), *(("RGBA", kind) for kind in ("PNG", "GIF", "WEBP", "TIFF", "AVIF")))},
    # A photograph becomes JPEG, a drawing or an icon PNG.
    "photo as BMP, to JPEG": row(saved(photo(), "BMP"), photo(), ("BMP made JPEG",)),
    "screenshot": row(SCREENSHOT, SCREENSHOT, ("encoded as PNG",)),
    "icon": row(photo((99, 76)), photo((99, 76)), ("encoded as PNG",)),
    **{f"frame {n} of {kind}": row(animation(kind), frame, frame=n) for kind in ("GIF", "WEBP", "PNG", "AVIF", "TIFF")
       for n, frame in enumerate((SCENE, ImageOps.mirror(SCENE), ImageOps.flip(SCENE)))},
    "a page with a size of its own": row(PAGES, scene((60, 200)), ("frame 1", "TIFF made PNG"), frame=1),
    **{f"orientation {n}, {kind}": row(data := saved(scene((64, 48)), kind, exif=exif(n)),
                                       ImageOps.exif_transpose(opened(data)))
       for kind in ("JPEG", "PNG", "WEBP", "TIFF", "AVIF") for n in range(1, 10)},  # 9 does not exist
}  # fmt: skip


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", OPENED)
def test_the_right_pixels_leave_and_no_word_besides(name):
    """As they are, shrunk, in a format asked for, of an image that the caller opened; and so they are shown."""
    source, expected, changes, options = OPENED[name]
    expected, side = expected.convert("RGB"), max(expected.size) // 2
    picture = open_picture(source, **options)
    assert picture.changes if changes is None else picture.changes == changes
    assert (picture.data == source) == (picture.changes == ()), "unchanged means the file's own bytes, and only that"
    assert open_picture(picture.data).changes == (), "nothing is left to do"
    assert open_picture(source, max_side=9999, **options) == picture, "never enlarged"
    assert ("colours made sRGB" in picture.changes) == ("Adobe RGB" in name)
    assert ", on " not in name or f"laid {name.partition(', ')[2]}" in picture.changes
    ways = [(source, {}), (source, {"max_side": side}), (source, {"format": "JPEG"}), (source, {"format": "PNG"})]
    if isinstance(source, bytes):
        image = opened(source)
        image.seek(options.get("frame", 0))  # which of an open image is the caller's business
        ways.append((image, {}))
        exact = picture.changes == DROPPED and picture.media_type != "image/jpeg"
        assert not exact or pixels(picture).tobytes() == image.convert("RGB").tobytes(), "not a pixel"
    for given_as, more in ways:
        picture = open_picture(given_as, **options, **more)
        out, wanted = opened(picture.data), ImageOps.contain(expected, (more.get("max_side", max(expected.size)),) * 2)
        inexact = re.search("jpeg|webp|avif|mpo|lab|max_side", f"{name} {more}", re.I)
        assert alike(out.convert("RGB"), wanted, 24 if inexact else 3) and out.size == (picture.width, picture.height)
        assert picture.data == source or (out.mode in ("1", "L", "P", "RGB") and not out.has_transparency_data)
        assert picture.media_type == Image.MIME[more.get("format", out.format)] == Image.MIME[out.format]
        assert not re.search(rb"CANARY-48|48\.87|xmpmeta|exif|VP8X", picture.data + repr(picture).encode(), re.I)
        assert not {"xmp", "comment", "photoshop", "icc_profile", "Comment"} & out.info.keys()
    assert options or alike(open_upright(source)[0], expected)


RESTARTS = {"restart_marker_blocks": 7}
SUBSAMPLED = [{"quality": 95 - 20 * n, "subsampling": n} for n in range(3)]


@pytest.mark.parametrize(("mode", "how"), [("L", {}), ("RGB", RESTARTS), *(("RGB", how) for how in SUBSAMPLED)])
def test_a_jpeg_that_is_saved_again_is_neither_coarser_nor_much_larger(mode, how):
    """Measured: 0.96 to 1.07 of its bytes; values differ by 0.57 in the mean at most, by 26 anywhere."""
    data = saved(photo().convert(mode), "JPEG", **how)
    turned = open_picture(data[:2] + jpeg_segment(0xE1, exif(3)) + data[2:])
    assert turned.changes == (*DROPPED, "turned upright") and len(turned.data) < 1.05 * len(data)
    # One that lacks only its end, as some cameras write it, is whole.
    again = {data[:2] + jpeg_segment(0xFE, CANARY) + data[2:]: DROPPED}
    again |= {data[:-2] + end: ("saved again",) for end in (b"", bytes(600), b"\xff")}
    for given_as, changes in again.items():
        picture, before = open_picture(given_as), opened(data)
        after = opened(picture.data)
        assert (picture.changes, after.quantization) == (changes, before.quantization)
        assert picture.data.endswith(b"\xff\xd9") and 0.95 < len(picture.data) / len(data) < 1.08
        difference = abs(numpy.asarray(after, float) - numpy.asarray(before, float))
        assert difference.mean() < 0.6 and difference.max() <= 26


def test_a_large_jpeg_is_never_unpacked_whole(monkeypatch):
    """Shrunk, it is read at a fraction, and looks as if shrunk from all its pixels; else at an eighth."""
    sizes, prepare = [], ImageFile.ImageFile.load_prepare
    data = saved(photo((2400, 1600)), "JPEG", quality=95)
    full = opened(saved(opened(data).resize((300, 200), Image.Resampling.LANCZOS), "JPEG", quality=90)).convert("RGB")
    monkeypatch.setattr(ImageFile.ImageFile, "load_prepare", lambda image: sizes.append(image.size) or prepare(image))
    small = pixels(open_picture(data, max_side=300))
    open_picture(data)
    assert max(sizes) == (600, 400) and sizes.count((300, 200)) >= 5
    assert abs(numpy.asarray(small, float) - numpy.asarray(full, float)).mean() < 2


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


@given(tail=st.binary(min_size=1, max_size=60), name=st.sampled_from([*PLAIN]))
def test_no_byte_behind_the_end_of_a_picture_leaves(tail, name):
    picture = open_picture(PLAIN[name] + b"\xffCANARY" + tail)
    assert b"CANARY" not in picture.data and (picture.width, picture.height) == (40, 30)


TURNED = opened(saved(scene((64, 48)), "JPEG", exif=exif(6)))
TURNED_HERE = "(orientation 6): ImageOps.exif_transpose"  # the caller may have turned it, which no program can know
HDR, AVIF = "HDR, sent without its curve", saved(scene((64, 64)), "AVIF")
WARNED = [
    *((image, TURNED_HERE) for image in (TURNED.rotate(270, expand=True), TURNED.copy())),
    (saved(Image.new("L", (40, 30), 31), "BMP"), "nearly black, no value is over 31 of 255"),
    (Image.fromarray(DEEP * 7), "nearly black, no value is over 2 of 255"),
    *((saved(Image.new("L", (40, 30), dark), "PNG"), "") for dark in (0, 32)),  # black is black
    (Image.new("L", (40, 30), 3), ""),  # as in the frames of a film
]
for code, says in ((b"\1", ""), (b"\r", ""), (b"\x10", HDR), (b"\x12", HDR)):  # ITU-T H.273: BT.709, sRGB, PQ, HLG
    WARNED += [
        (re.sub(rb"(?s)(?<=colrnclx..)..", b"\0" + code, AVIF), says),
        (with_chunk(PNG, b"cICP", b"\t" + code + b"\0\1"), says),
        (saved(SCENE, "JPEG", icc_profile=SRGB.tobytes() + b"cicp\0\0\0\0\t" + code), says),
    ]


@pytest.mark.parametrize(("source", "says"), WARNED)
def test_what_may_look_wrong_is_sent_with_a_warning(source, says, recwarn):
    picture = open_picture(source)
    assert [says in str(one.message) and one.filename == __file__ for one in recwarn] == [True] * bool(says)
    assert says != TURNED_HERE or alike(pixels(picture), source.convert("RGB")), "its pixels are not turned"


def test_threads_leave_the_warnings_as_they_were():
    before = list(warnings.filters)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: open_picture(JPEG, max_side=10), range(40)))
    assert warnings.filters == before


def test_a_picture_becomes_a_part_an_item_and_a_data_url():
    picture = open_picture(PNG)
    url = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
    for detail, more in {**{detail: {"detail": detail} for detail in DETAILS}, "auto": {}}.items():
        part = {"type": "image_url", "image_url": {"url": url, "detail": detail}}
        item = {"type": "input_image", "image_url": url, "detail": detail}
        assert (picture.data_url, picture.chat_part(**more), picture.input_item(**more)) == (url, part, item)
        TypeAdapter(ChatCompletionContentPartImageParam).validate_python(part, strict=True)
        TypeAdapter(ResponseInputImageParam).validate_python(item, strict=True)
    for kind in (ImageURL, ResponseInputImageParam):
        assert {*get_args(get_type_hints(kind)["detail"])} == {*DETAILS}, "as in the SDK"
    for make in (picture.chat_part, picture.input_item):
        with pytest.raises(PictureError, match="detail is one of auto, low, high, original, not 'hi'"):
            make("hi")
    largest = len(Picture(bytes(MAX_BYTES), "image/jpeg", 1, 1, "x").data_url)
    assert largest in range(20_971_517, 20_971_521), "it fills the longest data URL"


def test_what_it_says_of_itself_holds_no_bytes():
    picture = open_picture(IMAGES / "phone_photo.jpg", max_side=200)
    size, done = f"150 x 200 pixels, {len(picture.data):,} bytes", "metadata dropped, colours made sRGB, turned upright"
    assert str(picture) == f"phone_photo.jpg: image/jpeg, {size} ({done}, shrunk from 320 x 427)"
    assert len(repr(picture)) < 300 and str(open_picture(PNG)).endswith("bytes (unchanged)")
    cost = "85 picture tokens, 0.0213 US cents (estimated)"
    assert picture.estimate("gpt-4o", "low") == f"150 x 200 pixels at low, gpt-4o: {cost}"
    estimate = picture.estimate("mine")
    assert estimate.startswith("150 x 200 pixels at auto, mine: no estimate, unknown model") and len(estimate) < 150


@pytest.mark.parametrize("name", make_pictures.PICTURES)
def test_a_made_picture_is_what_its_script_makes(name, tmp_path):
    """In its pixels and notes; the bytes of a PNG differ from machine to machine."""
    make_pictures.make(name, tmp_path)
    ours, made = Image.open(IMAGES / name), Image.open(tmp_path / name)
    assert (ours.format, ours.mode, ours.size) == (made.format, made.mode, made.size)
    assert ours.tobytes() == made.tobytes() and ours.info.get("exif") == made.info.get("exif")
