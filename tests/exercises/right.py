"""Right answers of another kind: slips that change nothing (as in wrong.py), and other ways to the same results.

What letters, numbers and fields may look like is the same for all exercises, and shown with the first of each.
"""

import json
import re
from io import BytesIO

import numpy as np
from PIL import Image

RIGHT = [
    ("00.1", '["a", "b", "c", "e"]', '{"E", "c", "b", "a"}'),
    ("00.1", '["a", "b", "c", "e"]', '"a, b, ce"'),
    ("00.2", "my_content)", "tuple(my_content))"),
    ("00.2", "my_content)", "my_content[::-1])"),
    ("00.2", "my_content)", "[text(''), *my_content])"),
    ("00.2", '"text",', '"text", "prompt_cache_breakpoint": {"mode": "explicit"},'),
    ("00.3", "1 / one_request", "8400.0"),
    ("00.3", "1 / one_request", "np.float64(8550)"),
    ("01.1", "", "{'messages': np.int64(9), 'pictures': 3.0, 'why': 'all again'}"),
    ("01.2", '"system",', '"system", "name": "teacher",'),
    ("01.2", '"system",', '"developer",'),
    ("01.2", ": 200", ': 200, "temperature": 0'),
    ("01.3", "said, ", "answer.choices[0].message, "),
    ("01.3", "go_on)", "lambda *given: tuple(go_on(*given)))"),
    ("02.1", "112_525 / 3 * 4", "112_525 * 4 // 3"),
    ("02.1", "112_525 / 3 * 4", "151_000"),
    ("02.2", "return None", "return ''"),
    ("02.3", "", "photo()"),
    ("02.3", "", "photo(lambda image: image.resize((96, 128)), 'WEBP')"),
    ("02.3", "", "photo(name='PNG')"),
    ("02.3", "", "bytearray(photo(quality=50))"),
    ("02.3", "picture.data", "picture"),
    ("03.1", "799 / 4", "195"),
    ("03.1", "799 / 4", "290"),
    ("03.1", "FILES.values()", "reversed(FILES.values())"),
    ("03.2", "", "tuple(three())"),
    ("03.2", "", "three('The farm birds', 'Old money', 'Herd', ask='Is there more of Old Money than of the herd?')"),
    ("03.2", "", "[text('Look at these.'), *three()]"),
    ("03.2", "", "three('닭', '동전', '말', ask='닭과 말 중 어느 쪽이 더 많나요?')"),
    ("03.2", "", "three('鸡', '硬币', '马', ask='鸡和马哪个更多?')"),
    ("03.2", "", "three('A', 'Picture B', 'C', ask='Are there more animals in A or in picture b?')"),
    ("03.2", "", "three('[Hens]', '\"Kitchen\"', \"Cowboy's horses -\", ask=\"More Hens than cowboy's horses?\")"),
    ("03.2", "", "three('One-eyed hens', '24 coins', 'Herd', ask='Are there more one-eyed hens than 24 coins?')"),
    ("03.2", "", "three()[4:6] + three()[:4] + three()[6:]"),
    ("03.2", "", "three(hens=part('hens', 512))"),
    ("03.3", "in_turns)", "lambda *given: tuple(map(tuple, in_turns(*given))))"),
    ("04.2", "", "{'width': 1240, 'height': 930.0}"),
    ("04.2", "", "{'width': 1278, 'height': 959}"),
    ("04.3", "size[0] / width", "size[1] / height"),
    ("04.3", "default=None", "default=''"),
    ("05.3", "return len(found) - len(left), len(left)", "return np.array([len(found) - len(left), len(left)])"),
    ("05.3", "0.5", "0.5 + 1e-9"),
    ("06.2", ": content", ": content[::-1]"),
    ("06.2", '[{"role": "user", "content": content}]', '({"type": "message", "role": "user", "content": content},)'),
    ("06.2", ": content", ": [content[0], content[1] | {'image_url': encoding.open_picture(COFFEE_FILE).data_url}]"),
    ("07.2", "filtered)", "lambda answer: [set(names) for names in filtered(answer)])"),
    ("07.2", "filtered)", "lambda answer: dict(zip('pa', filtered(answer))))"),
    ("07.3", "whole)", "lambda answer: f' {whole(answer).upper()}')"),
    ("08.1", "1 / 3", "0.33"),
    ("08.2", "place: int", "place: pydantic.PositiveInt"),
    ("08.2", "title: str", "title: str = pydantic.Field(description='whole', min_length=1)"),
    ("08.2", "str | None", "Literal[None] | str"),
    ("08.3", "wrong_fields)", "lambda *given: Counter(wrong_fields(*given)))"),
    ("09.1", 'my_a = "/', 'my_a = " '),
    ("09.1", 'my_b = "', 'my_b = "POST https://r.openai.azure.com'),
    ("09.2", "v1/", "v1"),
    ("09.3", "look_at)", "lambda *given: look_at(*given).upper() + ' ')"),
    ("10.1", '"at_once": my_at_once', '"at_once": 22'),
    ("10.1", '"at_once": my_at_once', '"at_once": 23'),
    ("10.3", "still_to_ask)", "lambda *given: tuple(still_to_ask(*given)))"),
    ("11.1", ': "fewest"', ': " Fewest"'),
    ("11.2", "cheapest)", "lambda *given: np.int64(cheapest(*given)))"),
    ("11.3", '"broken": broken', '"broken": tuple(broken)'),
    ("12.3", "alt_problem)", "lambda *given: alt_problem(*given).capitalize())"),
    ("13.1", "BDAC", "b, d, a, c"),
    ("13.1", "0.0325", "1 / 61 + 1 / 62"),
    ("13.2", "nearest)", "lambda *given: tuple(nearest(*given)))"),
    ("13.3", "return sum", "return np.float64(1) * sum"),
]


def look_by_pillow(data):
    try:
        image = Image.open(BytesIO(data))
    except OSError:
        return None
    return image.get_format_mimetype() if image.format in ("PNG", "JPEG", "GIF", "WEBP") else None


def split_by_sums(lines, most_lines, most_bytes):
    files = [[]]
    for line in lines:
        together = [len(f"{one}\n".encode()) for one in [*files[-1], line]]
        if together[-1] > most_bytes:
            raise ValueError("too large")
        if len(together) > most_lines or sum(together) > most_bytes:
            files.append([])
        files[-1].append(line)
    return files if lines else []


def ask_again(asked, lines):
    states = {line["custom_id"]: line["response"] and line["response"]["status_code"] for line in lines}
    return [name for name in asked if states.get(name) not in (200, 400)]


def cheapest_of_all(answers, look, wrong):
    costs = [sum(look if sure < at else 0 if right else wrong for sure, right in answers) for at in range(102)]
    return costs.index(min(costs))


def change_in_range(before, after, true):
    near = {name: [some.get(name) in range(at - 1, at + 2) for some in (before, after)] for name, at in true.items()}
    return {
        what: [name for name in near if near[name] == pair]
        for what, pair in {"fixed": [False, True], "broken": [True, False]}.items()
    }


def pay_by_pattern(call, payees, most):
    try:
        given = json.dumps(json.loads(call["arguments"]), sort_keys=True)
    except ValueError:
        return False
    found = re.fullmatch(r'{"cents": (\d+), "to": "([^"]+)"}', given)
    return bool(found) and call["name"] == "SendPayment" and found[2] in payees and int(found[1]) in range(1, most + 1)


def name_by_pattern(alt, decorative):
    if decorative:
        return "should be empty" if alt else "fine"
    kinds = {"missing": r"\s*", "file name": r"\S+\.(png|jpg|webp)", "filler": "(an? )?(image|picture|photo) of.*"}
    return next((kind for kind in kinds if re.fullmatch(kinds[kind], alt, re.I)), "too long" if alt[150:] else "fine")


def nearest_by_numpy(query, vectors, top):
    near = [-np.dot(vector, query) / np.linalg.norm(vector) for vector in vectors]
    return np.argsort(np.round(near, 9), kind="stable")[:top]


def score_in_order(found, true):
    count, pairs = len(found), 0
    while found and true:
        if abs(found[0] - true[0]) <= 0.5:
            found, true, pairs = found[1:], true[1:], pairs + 1
        elif found[0] < true[0]:
            found = found[1:]
        else:
            true = true[1:]
    return pairs, count - pairs


def gather_by_kind(events):
    kinds = [(event["type"], event.get("delta")) for event in events]
    text = "".join(delta for kind, delta in kinds if kind == "response.output_text.delta")
    return text, "response.completed" in dict(kinds)


def filtered_by_sets(answer):
    places = [answer.get("prompt_filter_results") or [], answer["choices"]]
    verdicts = [[*(entry.get("content_filter_results") or {}).items()] for entries in places for entry in entries]
    named = [{name for name, verdict in one if verdict.get("filtered") is True} for one in verdicts]
    return set().union(*named[: len(places[0])]), set().union(*named[len(places[0]) :])


def whole_by_match(answer):
    match answer.model_dump()["choices"]:
        case []:
            return "no choices"
        case [{"message": {"refusal": str()}}, *_]:
            return "refused"
        case [{"finish_reason": "content_filter"}, *_]:
            return "filtered"
        case [{"finish_reason": "length"}, *_]:
            return "cut off"
    return "use" if re.search(r"\S", answer.choices[0].message.content or "") else "empty"


def wrong_by_pairs(said, true):
    def same(one, other):
        words = [value.strip().casefold() for value in (one, other) if isinstance(value, str)]
        return len({*words}) == 1 if len(words) == 2 else one == other

    return {name: [same(a[name], b[name]) for a, b in zip(said, true, strict=True)].count(False) for name in true[0]}


def look_by_rules(status, code):
    rules = [(None, "host"), ("PermissionDenied", "role"), ("DeploymentNotFound", "deployment")]
    rules += [("content_filter", "prompt"), (401, "key"), (403, "admin"), (404, "path")]
    return next((where for sign, where in rules if sign in ([status] if sign is None else [code, status])), "other")


OTHER_WAYS = {
    "02.2": look_by_pillow,
    "05.2": lambda parts, at: ([part for part in parts if part.start <= at < part.end] or [None])[0],
    "05.3": score_in_order,
    "06.3": gather_by_kind,
    "07.2": filtered_by_sets,
    "07.3": whole_by_match,
    "08.3": wrong_by_pairs,
    "09.2": lambda pasted: "/".join([*pasted.split("/")[:3], "openai", "v1", ""]),
    "09.3": look_by_rules,
    "10.2": split_by_sums,
    "10.3": ask_again,
    "11.2": cheapest_of_all,
    "11.3": change_in_range,
    "12.2": pay_by_pattern,
    "12.3": name_by_pattern,
    "13.2": nearest_by_numpy,
    "13.3": lambda found, right, k: len({*found[:k]} & {*right}) / len(right),
}
