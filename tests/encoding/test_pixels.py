"""Pixels: upright, 8 bits, in sRGB, on a background, of the frame and the size asked for; or told why not."""

import io
import struct
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageFile, ImageOps, TiffImagePlugin

from helpers.encoding import open_picture
from helpers.encoding import pixels as pixels_of
from tests.encoding.samples import (
    IMAGES,
    PLAIN,
    RARE,
    alike,
    animation,
    deep_files,
    exif,
    pixels,
    png_of,
    profile,
    refusal,
    saved,
    scene,
    see_through,
    tiff_of,
    with_chunk,
)  # fmt: skip

# --- upright ---


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_comes_out_upright(kind, orientation):
    undo = {1: None, 2: 0, 3: 1 + 2, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}[orientation]
    stored = scene((64, 48)) if undo is None else scene((64, 48)).transpose(Image.Transpose(undo))
    data = saved(stored, kind, exif=exif(orientation).tobytes())
    assert alike(ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB"), scene((64, 48))), (
        "the test's own"
    )
    for max_side in (None, 32):
        picture = open_picture(data, max_side=max_side)
        expected = scene((64, 48) if max_side is None else (32, 24))
        assert alike(pixels(picture), expected), (picture, orientation)
        assert (picture.width, picture.height) == expected.size
    assert alike(pixels(open_picture(Image.open(io.BytesIO(data)))), scene((64, 48)))


def test_a_turned_jpeg_is_neither_coarser_nor_much_larger():
    photo = Image.open(IMAGES / "coffee.png").convert("RGB")
    for quality, subsampling in ((50, 2), (75, 1), (95, 0)):
        data = saved(photo, "JPEG", quality=quality, subsampling=subsampling, exif=exif(3))
        picture = open_picture(data)
        assert 0.97 < len(picture.data) / len(data) < 1.03
        turned = Image.open(io.BytesIO(picture.data))
        assert turned.quantization == Image.open(io.BytesIO(data)).quantization


@pytest.mark.parametrize("said", [0, 9, 65_535])
def test_an_orientation_that_does_not_exist_turns_nothing(said):
    made = Image.Exif()
    made[0x0112] = said
    assert alike(pixels(open_picture(saved(scene(), "PNG", exif=made))), scene())


# --- colours, depth, transparency ---


@pytest.mark.parametrize(
    "mode",
    ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "HSV", "LAB", "I", "I;16", "F", "PA", "La", "RGBa", "RGBX"],
)
def test_every_mode_of_pillow_becomes_a_picture(mode):
    values = numpy.asarray(scene(mode="L"))
    if mode == "I;16":
        image = Image.fromarray(values.astype("uint16") * 257)
    elif mode in ("I", "F"):
        image = Image.fromarray(values.astype({"I": "int32", "F": "float32"}[mode]) * 1000 - 5)
    elif mode == "LAB":
        image = ImageCms.profileToProfile(
            scene(), ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
        )
    elif mode in ("PA", "La", "RGBa"):
        image = scene(mode={"PA": "P", "La": "LA", "RGBa": "RGBA"}[mode]).convert(mode)
    else:
        image = scene(mode=mode)
    assert image.mode == mode
    out = pixels(open_picture(image))
    # Without a known range the greys are stretched from the least to the greatest value.
    stretched = ImageOps.autocontrast(scene(mode="L"))
    grey = stretched if mode in ("I", "F") else scene(mode="1" if mode == "1" else "L")
    is_grey = mode in ("1", "L", "LA", "La", "I", "I;16", "F")
    assert alike(out, grey.convert("RGB") if is_grey else scene(), most={"1": 255, "P": 60, "PA": 60}.get(mode, 30))


@pytest.mark.parametrize("name", deep_files())
def test_sixteen_bits_become_eight(name):
    picture = open_picture(deep_files()[name])
    expected = scene() if name == "colour PNG" else scene(mode="L").convert("RGB")
    assert alike(pixels(picture), expected, most=2)
    assert Image.open(io.BytesIO(picture.data)).mode in ("L", "RGB") and picture.data[24] == 8


def test_values_without_a_range_are_stretched_and_this_is_said():
    image = Image.fromarray(numpy.linspace(-5, 20, 1200, dtype="float32").reshape(30, 40))
    picture = open_picture(saved(image, "TIFF"))
    assert "-5 to 20 stretched to 8 bits" in picture.changes
    assert Image.open(io.BytesIO(picture.data)).getextrema() == (0, 255)
    flat = open_picture(Image.new("F", (9, 9), 7.5))
    assert Image.open(io.BytesIO(flat.data)).getextrema() == (0, 0)
    for bad in (float("nan"), float("inf")):
        assert "no numbers, transparent, or 32 bits" in refusal(Image.new("F", (9, 9), bad))
    floats = b"Pf 4 4 -1.0\n" + numpy.linspace(0, 1, 16, dtype="<f4").tobytes()
    assert Image.open(io.BytesIO(open_picture(floats).data)).getextrema() == (0, 255)


def test_a_tiff_says_how_many_bits_it_uses_and_what_is_black():
    for tags, black, white in (({258: 12}, 0, 4095), ({262: 0}, 65_535, 0)):
        info = TiffImagePlugin.ImageFileDirectory_v2()
        values = numpy.full((30, 40), black, "uint16")
        values[:, 20:] = white
        data = bytearray(saved(Image.fromarray(values), "TIFF", tiffinfo=info))
        image = Image.open(io.BytesIO(data))
        for tag, value in tags.items():
            image.tag_v2[tag] = (value,) if tag == 258 else value
        out, changes = pixels_of.make_plain(image)
        assert (out.getpixel((3, 3)), out.getpixel((35, 3))) == (0, 255) and changes == ["16 bits made 8"]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_other_colours_become_srgb(kind):
    data = saved(scene(), kind, icc_profile=profile("Adobe RGB"))
    picture = open_picture(data)
    assert "colours made sRGB" in picture.changes and b"Adobe RGB" not in picture.data
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile("Adobe RGB")))
    assert alike(pixels(picture), ImageCms.profileToProfile(scene(), source, ImageCms.createProfile("sRGB")), most=12)
    assert not alike(pixels(picture), scene(), most=12), "the profile makes a difference that can be seen"


def grey_profile(gamma):
    """A profile for grey pixels, built by hand. (ICC.1:2022, section 8.3.2: desc, cprt, wtpt and kTRC)"""

    def xyz(*values):
        return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * 65_536) for value in values))

    texts = [b"desc\0\0\0\0" + struct.pack(">I", 5) + b"grey\0" + bytes(78), b"text\0\0\0\0none\0"]
    desc, cprt = (text + bytes(-len(text) % 4) for text in texts)
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"
    tags = [(b"desc", desc), (b"cprt", cprt), (b"wtpt", xyz(0.9642, 1, 0.8249)), (b"kTRC", curve)]
    table, body, at = struct.pack(">I", len(tags)), b"", 132 + 12 * len(tags)
    for name, value in tags:
        table += name + struct.pack(">II", at + len(body), len(value))
        body += value
    head = struct.pack(">I4sI4s4s4s", at + len(body), b"\0" * 4, 0x02400000, b"mntr", b"GRAY", b"XYZ ")
    head += bytes(12) + b"acsp" + bytes(28) + struct.pack(">3i", 63_190, 65_536, 54_061) + bytes(48)
    return head + table + body


@pytest.mark.parametrize("mode", ["L", "LA", "I;16", "L with a transparent grey"])
def test_grey_of_another_gamma_becomes_srgb(mode):
    """Linear 128 is 188 in sRGB (IEC 61966-2-1)."""
    options = {"icc_profile": grey_profile(1.0)}
    image = Image.new("L", (20, 20), 128)
    if mode == "I;16":
        image = Image.fromarray(numpy.full((20, 20), 0x8080, "uint16"))
    elif mode == "L with a transparent grey":
        options["transparency"] = 5
    picture = open_picture(saved(image.convert("LA") if mode == "LA" else image, "PNG", **options))
    assert abs(pixels(picture).getpixel((5, 5))[0] - 188) <= 2 and "colours made sRGB" in picture.changes


@pytest.mark.parametrize("mode", ["L", "P", "CMYK"])
def test_a_profile_that_says_nothing_about_these_pixels_changes_nothing(mode):
    kind = "JPEG" if mode == "CMYK" else "PNG"
    data = saved(scene(mode=mode), kind, icc_profile=profile("sRGB"))
    picture = open_picture(data)
    if mode == "CMYK":
        assert "CMYK made RGB" in picture.changes and "colours made sRGB" not in picture.changes
    else:
        assert picture.changes == ("metadata dropped",)
        assert pixels(picture).tobytes() == Image.open(io.BytesIO(data)).convert("RGB").tobytes()


def test_an_srgb_profile_is_dropped_and_the_pixels_are_kept():
    data = saved(scene(), "JPEG", icc_profile=profile("sRGB"))
    picture = open_picture(data)
    assert picture.changes == ("metadata dropped",)
    assert alike(pixels(picture), Image.open(io.BytesIO(data)))


@pytest.mark.parametrize("bad", [b"", b"no profile", profile("Adobe RGB")[:300]])
def test_a_damaged_profile_is_dropped(bad):
    assert alike(pixels(open_picture(saved(scene(), "PNG", icc_profile=bad))), scene(), most=2)


def test_a_profile_for_other_pixels_is_dropped():
    data = saved(scene(mode="L"), "PNG", icc_profile=profile("Adobe RGB"))
    assert alike(pixels(open_picture(data)), scene(mode="L").convert("RGB"), most=2)


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_cmyk_becomes_rgb(kind):
    picture = open_picture(saved(scene(mode="CMYK"), kind))
    assert Image.open(io.BytesIO(picture.data)).mode == "RGB" and "CMYK made RGB" in picture.changes
    assert alike(pixels(picture), scene())


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("PNG", "RGBA"), ("PNG", "LA"), ("PNG", "P"), ("GIF", "P"), ("WEBP", "RGBA"), ("TIFF", "RGBA"), ("AVIF", "RGBA")],
)
@pytest.mark.parametrize(
    ("background", "seen"), [("white", (255, 255, 255)), ("black", (0, 0, 0)), ("#ffcc00", (255, 204, 0))]
)
def test_what_is_transparent_is_laid_on_a_colour(kind, mode, background, seen):
    picture = open_picture(saved(see_through(mode), kind), background=background)
    out = Image.open(io.BytesIO(picture.data))
    assert not out.has_transparency_data and f"laid on {background}" in picture.changes
    if mode != "LA" or background != "#ffcc00":
        assert all(abs(a - b) < 6 for a, b in zip(out.convert("RGB").getpixel((3, 3)), seen, strict=True))
    assert out.convert("RGB").getpixel((35, 4))[2] > (150 if mode != "LA" else 30)


def test_half_transparent_is_half_the_background():
    image = Image.new("RGBA", (20, 20), (0, 0, 0, 128))
    assert pixels(open_picture(image)).getpixel((5, 5)) == (127, 127, 127)
    one_colour = Image.new("RGB", (20, 20), (10, 20, 30))
    assert pixels(open_picture(saved(one_colour, "PNG", transparency=(10, 20, 30)))).getpixel((5, 5)) == (255,) * 3


# --- formats that no API takes, frames, sizes ---


@pytest.mark.parametrize("kind", ["TIFF", "BMP", "DIB", "PPM", "ICO", "JPEG2000", "AVIF"])
def test_other_formats_are_converted(kind):
    data = saved(scene((48, 48)), kind, **({"sizes": [(48, 48)]} if kind == "ICO" else {}))
    picture = open_picture(data)
    assert picture.media_type == "image/png" and f"{kind} made PNG" in picture.changes
    assert alike(pixels(picture), scene((48, 48)))


def test_what_is_encoded_anew_says_so():
    assert open_picture(deep_files()["colour PNG"]).changes == ("saved again",)
    broken = bytearray(saved(scene(), "PNG"))
    at = broken.index(b"IEND") - 8
    broken[at : at + 4] = b"\0\0\0\0"  # the checksum of its pixels
    picture = open_picture(bytes(broken))
    assert picture.changes == ("saved again",) and alike(pixels(picture), scene())
    assert open_picture(PLAIN["PNG"], max_side=numpy.int64(20)).width == 20


def test_a_turned_grey_jpeg_with_an_odd_table():
    grey = bytearray(saved(scene(mode="L"), "JPEG", exif=exif(3)))
    table, scan = grey.index(b"\xff\xdb") + 4, grey.index(b"\xff\xc0")
    grey[table] |= 1
    grey[scan + 12] = 1  # which table the only component uses
    assert "turned upright" in open_picture(bytes(grey)).changes


def test_threads_leave_the_warnings_as_they_were():
    before = list(warnings.filters)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: open_picture(PLAIN["JPEG"], max_side=10), range(60)))
    assert warnings.filters == before


def test_a_photograph_becomes_jpeg_and_a_drawing_png():
    photo = Image.open(IMAGES / "coffee.png").convert("RGB")
    lab = Image.open(IMAGES / "jupyterlab_lesson.png")
    assert open_picture(saved(photo, "BMP")).media_type == "image/jpeg"
    assert open_picture(saved(lab.convert("RGB"), "TIFF", compression="tiff_lzw")).media_type == "image/png"
    assert open_picture(IMAGES / "coffee.png", max_side=200).media_type == "image/jpeg"
    assert open_picture(IMAGES / "jupyterlab_lesson.png", max_side=500).media_type == "image/png"
    assert open_picture(photo).media_type == "image/jpeg"


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "AVIF", "TIFF"])
def test_one_frame_is_sent_and_has_to_be_chosen(kind):
    data = animation(kind)
    assert "several frames or pages, and only one can be sent. Choose it, say frame=0" in refusal(data)
    for frame, expected in enumerate([scene(), ImageOps.mirror(scene()), ImageOps.flip(scene())]):
        picture = open_picture(data, frame=frame)
        assert alike(pixels(picture), expected) and f"frame {frame}" in picture.changes
        assert getattr(Image.open(io.BytesIO(picture.data)), "n_frames", 1) == 1
    assert "there is no frame 3; they are counted from 0" in refusal(data, frame=3)


def test_a_page_has_its_own_size():
    pages = saved(scene((40, 30)), "TIFF", save_all=True, append_images=[scene((60, 200))])
    assert alike(pixels(open_picture(pages, frame=1)), scene((60, 200)))
    assert alike(pixels(open_picture(pages, frame=1, max_side=100)), scene((30, 100)))
    page = Image.new("1", (14_000, 12_500))
    huge = saved(scene(mode="1"), "TIFF", save_all=True, append_images=[page], compression="group4")
    assert "decompression bomb" in refusal(huge, frame=1)


def test_an_animation_of_one_frame_is_a_picture():
    """As some programs write WebP: its pixels lie inside the frame, so it can't go as it is."""
    still = PLAIN["lossless WebP"][12:]
    frame = (
        b"\0" * 6 + struct.pack("<I", 39)[:3] + struct.pack("<I", 29)[:3] + struct.pack("<I", 100)[:3] + b"\2" + still
    )
    chunks = b"VP8X" + struct.pack("<I", 10) + b"\2\0\0\0" + struct.pack("<I", 39)[:3] + struct.pack("<I", 29)[:3]
    chunks += b"ANIM" + struct.pack("<I", 6) + b"\0" * 6 + b"ANMF" + struct.pack("<I", len(frame)) + frame
    chunks += b"\0" * (len(frame) % 2)
    data = b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WEBP" + chunks
    assert alike(pixels(open_picture(data)), scene())


def test_of_a_pil_image_the_frame_is_the_callers_business():
    with Image.open(io.BytesIO(animation("GIF"))) as image:
        image.seek(1)
        assert alike(pixels(open_picture(image)), ImageOps.mirror(scene())) and image.tell() == 1
        assert alike(pixels(open_picture(image, frame=0)), ImageOps.mirror(scene()))
        assert "there is no frame 2; they" in refusal(image, frame=2)
    assert open_picture(PLAIN["PNG"], frame=0).data == PLAIN["PNG"]
    assert "there is no frame 1; they are counted from 0" in refusal(PLAIN["PNG"], frame=1)


def test_a_shrunk_jpeg_looks_like_one_shrunk_from_all_its_pixels():
    data = saved(Image.open(IMAGES / "coffee.png").convert("RGB").resize((2400, 1600)), "JPEG", quality=95)
    out = numpy.asarray(pixels(open_picture(data, max_side=300)), float)
    full = Image.open(io.BytesIO(data)).resize((300, 200), Image.Resampling.LANCZOS)
    full = numpy.asarray(Image.open(io.BytesIO(saved(full, "JPEG", quality=90))), float)
    assert numpy.abs(out - full).mean() < 2


def test_a_large_jpeg_is_never_unpacked_whole(monkeypatch):
    """Shrunk, it is read at a fraction; to see that it is whole, at an eighth."""
    sizes, prepare = [], ImageFile.ImageFile.load_prepare

    def load_prepare(image):
        sizes.append(image.size)
        prepare(image)

    data = saved(scene((3200, 1600)), "JPEG")
    monkeypatch.setattr(ImageFile.ImageFile, "load_prepare", load_prepare)
    open_picture(data, max_side=400)
    assert sizes[0] == (800, 400) and (3200, 1600) not in sizes
    sizes.clear()
    open_picture(data)
    assert sizes == [(400, 200)]


# --- silently wrong once: what a decoder mixes up, what nobody could see, what looks wrong ---

GREY = numpy.asarray(scene(mode="L"))
SIXTEEN = numpy.asarray(scene()).astype("<u2") * 257


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (tiff_of(scene(), {254: (4, [1])}), "a camera's raw picture, of which at best the preview opens"),
        (tiff_of(scene(), {271: (3, [78]), 330: (4, [8])}), "a camera's raw picture"),
        (tiff_of(scene(), {271: (3, [78]), 50706: (3, [1, 4, 0, 0])}), "a camera's raw picture"),
    ],
    ids=["a smaller copy", "a camera's, with others inside", "a DNG"],
)
def test_a_preview_is_never_sent_for_a_raw_picture(data, says):
    assert says in refusal(data) and says in refusal(data, frame=0) and says in refusal(Image.open(io.BytesIO(data)))


def test_a_tiff_whose_main_picture_opens_is_sent():
    """With smaller copies inside (330), of a camera (271), or as a later page (254)."""
    for tags in ({330: (4, [8])}, {254: (4, [0]), 271: (3, [78]), 330: (4, [8])}, {50706: (3, [1, 4, 0, 0])}):
        assert alike(pixels(open_picture(tiff_of(scene(), tags))), scene())


def test_planes_of_sixteen_bits_are_refused_and_of_eight_are_right():
    planes = SIXTEEN.transpose(2, 0, 1).tobytes()
    size = 40 * 30 * 2
    places = {273: (4, [8, 8 + size, 8 + 2 * size]), 279: (4, [size] * 3), 284: (3, [2])}
    assert RARE in refusal(tiff_of(scene(), {**places, 258: (3, [16] * 3)}, planes))
    size //= 2
    places = {273: (4, [8, 8 + size, 8 + 2 * size]), 279: (4, [size] * 3), 284: (3, [2])}
    data = tiff_of(scene(), places, numpy.asarray(scene()).transpose(2, 0, 1).tobytes())
    assert alike(pixels(open_picture(data)), scene())


def test_grey_of_32_bits_is_read_only_with_a_sign():
    for sign, values in ((1, GREY.astype("<u4") * 2**25), (2, GREY.astype("<i4") * 2**22)):
        data = tiff_of(scene(mode="L"), {258: (3, [32]), 339: (3, [sign])}, values.tobytes())
        if sign == 1:
            assert "32 bits without a sign" in refusal(data)
        else:
            assert alike(pixels(open_picture(data)), ImageOps.autocontrast(scene(mode="L")).convert("RGB"))


def test_floats_whose_0_is_white():
    data = tiff_of(scene(mode="L"), {258: (3, [32]), 339: (3, [3]), 262: (3, [0])}, GREY.astype("<f4").tobytes())
    expected = ImageOps.invert(ImageOps.autocontrast(scene(mode="L"))).convert("RGB")
    assert alike(pixels(open_picture(data)), expected)


@pytest.mark.parametrize("kind", ["PNG", "PGM"])
def test_sixteen_bits_that_use_few_are_stretched_and_this_is_said(kind):
    values = GREY.astype("uint16") * 7  # of 65,535: black to the eye
    pgm = b"P5 40 30 65535\n" + values.astype(">u2").tobytes()
    picture = open_picture(pgm if kind == "PGM" else saved(Image.fromarray(values), "PNG"))
    assert any("stretched to 8 bits" in change for change in picture.changes)
    assert alike(pixels(picture), ImageOps.autocontrast(scene(mode="L")).convert("RGB"), most=3)


def test_a_nearly_black_picture_is_sent_with_a_warning(recwarn):
    mask = Image.new("L", (40, 30))
    mask.paste(3, (5, 5, 20, 20))
    for data in (saved(mask, "PNG"), png_of(40, 30, 16, 2, b"".join(b"\0" + b"\5\0" * 120 for _ in range(30)))):
        assert open_picture(data).width == 40
        assert "nearly black, no value is over 7 of 255" in str(recwarn.pop(UserWarning).message)
    assert open_picture(saved(Image.new("L", (9, 9)), "PNG")).changes == (), "black is black"
    assert not recwarn.list


@pytest.mark.parametrize("transfer", [16, 18, 1, 13])
@pytest.mark.parametrize("kind", ["AVIF", "PNG", "profile"])
def test_hdr_is_sent_with_a_warning(kind, transfer, recwarn):
    """ITU-T H.273: 16 is PQ, 18 HLG, 1 BT.709, 13 sRGB. In AVIF (nclx), PNG (cICP), a profile (cicp)."""
    if kind == "AVIF":
        data = saved(scene((64, 64)), "AVIF")
        at = data.index(b"colrnclx") + 8
        data = data[: at + 2] + struct.pack(">H", transfer) + data[at + 4 :]
    elif kind == "PNG":
        data = with_chunk(PLAIN["PNG"], b"cICP", bytes((9, transfer, 0, 1)))
    else:
        data = saved(scene(), "JPEG", icc_profile=profile("sRGB") + b"cicp\0\0\0\0" + bytes((9, transfer, 0, 1)))
    open_picture(data)
    said = [str(warning.message) for warning in recwarn]
    assert [("HDR, sent without its curve" in one) for one in said] == [True] * (transfer in (16, 18))
    assert not said or recwarn[0].filename == __file__


def white_letters():
    image = Image.new("RGBA", (40, 30), (255, 255, 255, 0))
    image.paste((255, 255, 255, 255), (10, 10, 30, 20))
    return image


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
def test_letters_nobody_would_see_are_refused(kind):
    data = saved(white_letters(), kind, **({"lossless": True} if kind == "WEBP" else {}))
    assert "On white nothing of it can be seen. Give another background=" in refusal(data)
    assert pixels(open_picture(data, background="navy")).getpixel((20, 15)) == (255, 255, 255)


@pytest.mark.parametrize("kind", ["PNG", "BMP"])
def test_an_alpha_of_0_everywhere_is_ignored(kind):
    """As on the clipboard of Windows, where nobody sets it; of one colour there is nothing to show."""
    image = scene().convert("RGBA")
    image.putalpha(0)
    picture = open_picture(saved(image, kind))
    if kind == "PNG":
        assert "alpha of 0 everywhere ignored" in picture.changes
    assert alike(pixels(picture), scene())
    assert pixels(open_picture(Image.new("RGBA", (9, 9), (7, 7, 7, 0)))).getpixel((2, 2)) == (255,) * 3


def test_a_transparent_grey_of_sixteen_bits_is_refused():
    image = Image.fromarray(GREY.astype("uint16") * 257)
    assert "Greys that are no numbers, transparent, or" in refusal(saved(image, "PNG", transparency=257 * 9))


@pytest.mark.parametrize("change", ["transpose", "rotate", "crop", "resize", "convert", "copy"])
def test_pixels_changed_by_the_caller_are_not_turned_by_exif(change):
    """They may be upright by now; whether they are, no program can know, so it is said."""
    image = Image.open(io.BytesIO(saved(scene((64, 48)), "JPEG", exif=exif(6))))
    turned = {
        "transpose": lambda: image.transpose(Image.Transpose.ROTATE_270),
        "rotate": lambda: image.rotate(270, expand=True),
        "crop": lambda: image.crop((0, 0, 30, 20)),
        "resize": lambda: image.resize((32, 24)),
        "convert": lambda: image.convert("L"),
        "copy": image.copy,
    }[change]()
    with pytest.warns(UserWarning, match=r"orientation 6.*ImageOps.exif_transpose"):
        picture = open_picture(turned)
    assert (picture.width, picture.height) == turned.size
    assert alike(pixels(picture), turned.convert("RGB"))


@given(
    size=st.tuples(st.integers(1, 90), st.integers(1, 90)),
    max_side=st.none() | st.integers(1, 120),
    kind=st.sampled_from(["JPEG", "PNG", "WEBP", "BMP"]),
)
def test_any_size_and_max_side_keep_the_proportion_and_never_enlarge(size, max_side, kind):
    picture = open_picture(saved(scene(size), kind), max_side=max_side)
    assert (picture.width, picture.height) == pixels(picture).size
    if max_side is None or max(size) <= max_side:
        assert (picture.width, picture.height) == size
    else:
        assert max(picture.width, picture.height) == max_side
        exact = [max(1, side * max_side / max(size)) for side in size]
        assert all(abs(a - b) <= 0.5 for a, b in zip((picture.width, picture.height), exact, strict=True))
