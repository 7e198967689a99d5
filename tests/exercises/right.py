"""Right answers of another kind: slips that change nothing (as in wrong.py), and other ways to the same results."""

import re
from contextlib import suppress
from io import BytesIO
from itertools import permutations

import numpy as np
from PIL import Image

RIGHT = [
    ("00.1", '["a", "b", "c", "e"]', '{"E", "c", "b", "a"}'),
    ("00.1", '["a", "b", "c", "e"]', '"a, b, ce"'),
    ("00.2", "my_content)", "(text(''), *my_content[::-1]))"),
    ("00.2", '"text",', '"text", "prompt_cache_breakpoint": {"mode": "explicit"},'),
    ("00.3", "1 / one_request", "np.float64(8550)"),
    ("01.1", "", "{'messages': np.int64(9), 'pictures': 3.0, 'why': 'all again'}"),
    ("01.2", '"system",', '"system", "name": "teacher",'),
    ("01.2", '"system",', '"developer",'),
    ("01.2", ": 200", ': 200, "temperature": 0'),
    ("01.3", "said, ", "answer.choices[0].message, "),
    ("02.1", "112_525 / 3 * 4", "151_000"),
    ("02.2", "return None", "return ''"),
    ("02.3", "", "photo(lambda image: image.resize((96, 128)), 'WEBP')"),
    ("02.3", "", "bytearray(photo(name='PNG'))"),
    ("02.3", "picture.data", "picture"),
    ("03.1", "799 / 4", "195"),
    ("03.2", "", "(text('Look at these.'), *three(hens=part('hens', 512)))"),
    ("03.2", "", "three('The farm birds', 'Old money', 'Herd', ask='Is there more of Old Money than of the herd?')"),
    ("03.2", "", "three('닭', '동전', '말', ask='닭과 말 중 어느 쪽이 더 많나요?')"),
    ("03.2", "", "three('A', 'Picture B', 'C', ask='Are there more animals in A or in picture b?')"),
    ("03.2", "", "three('[Hens]', '\"Kitchen\"', \"Cowboy's horses -\", ask=\"More Hens than cowboy's horses?\")"),
    ("03.2", "", "three()[4:6] + three()[:4] + three()[6:]"),
    ("04.2", "", "{'width': 1278, 'height': 959.0}"),
    ("04.3", "size[0] / width", "size[1] / height"),
    ("06.2", '[{"role": "user", "content": content}]', '({"type": "message", "role": "user", "content": content},)'),
    ("06.2", ": content", ": [content[1] | {'image_url': encoding.open_picture(COFFEE_FILE).data_url}, content[0]]"),
    ("07.2", "filtered)", "lambda answer: dict(zip('pa', map(set, filtered(answer)))))"),
    ("08.1", "1 / 3", "0.33"),
    ("08.2", "place: int", "place: pydantic.PositiveInt"),
    ("09.1", 'my_b = "', 'my_b = " POST https://r.openai.azure.com'),
    ("10.1", '"at_once": my_at_once', '"at_once": 22'),
    ("10.1", '"at_once": my_at_once', '"at_once": 23'),
    ("11.1", ': "fewest"', ': " Fewest"'),
    ("13.1", "BDAC", "b, d, a, c"),
]


def look_by_pillow(data):
    with suppress(OSError):
        return Image.open(BytesIO(data), formats=("PNG", "JPEG", "GIF", "WEBP")).get_format_mimetype()


def score_by_trying_all(found, true):
    rows = permutations(found + [99.0] * len(true), len(true))
    most = max(sum(abs(cut - at) <= 0.5 for cut, at in zip(row, true, strict=True)) for row in rows)
    return np.array([most, len(found) - most])


def whole_by_table(answer):
    if not answer.choices:
        return "No choices"
    first, by_reason = answer.choices[0], {"content_filter": "Filtered", "length": "Cut off"}
    last = "Use" if re.search(r"\S", first.message.content or "") else "Empty"
    return "Refused" if first.message.refusal else by_reason.get(first.finish_reason, last)


def split_by_pieces(lines, most_lines, most_bytes):
    if not lines:
        return []
    most = max(n for n in range(1, most_lines + 1) if len("\n".join([*lines[:n], ""]).encode()) <= most_bytes)
    return [lines[:most], *split_by_pieces(lines[most:], most_lines, most_bytes)]


def cheapest_of_all(answers, look, wrong):
    costs = [sum(look if sure < at else 0 if right else wrong for sure, right in answers) for at in range(102)]
    return np.argmin(costs)


def name_by_pattern(alt, decorative):
    if decorative:
        return "Should be empty" if alt else "Fine"
    kinds = {"Missing": r"\s*", "File name": r"\S+\.(png|jpg|webp)", "Filler": "(an? )?(image|picture|photo) of.*"}
    return next((kind for kind in kinds if re.fullmatch(kinds[kind], alt, re.I)), "Too long" if alt[150:] else "Fine")


def nearest_by_numpy(query, vectors, top):
    near = [-np.dot(vector, query) / np.linalg.norm(vector) for vector in vectors]
    return np.argsort(np.round(near, 9), kind="stable")[:top]


OTHER_WAYS = {
    "02.2": look_by_pillow,
    "05.3": score_by_trying_all,
    "07.3": whole_by_table,
    "09.2": lambda pasted: "/".join([*pasted.split("/")[:3], "openai", "v1"]),
    "10.2": split_by_pieces,
    "11.2": cheapest_of_all,
    "12.3": name_by_pattern,
    "13.2": nearest_by_numpy,
}
