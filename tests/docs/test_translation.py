"""The Korean edition: nothing missing or out of date, one name for one thing, and said when it is shown."""

import json
import re
import subprocess

import nbformat
import pytest
from markdown_it import MarkdownIt

from course import exercises, language
from course.assets import ROOT
from docs import translate
from docs.slides import slides
from tests.exercises.cases import ALL, answer_of
from tests.exercises.wrong import WRONG

KO = language.LOCALE / "ko"
HANGUL = re.compile("[가-힣]")
TERMS = re.findall(r"(?m)^\| (?!English|-)(.+?) \| (.+?) \|$", (KO / "glossary.md").read_text("utf-8"))
ENTRIES = [(name, entry) for name in translate.sources() for entry in translate.read(name, "ko")]
PAIRS = [(name, entry.id, entry.string) for name, entry in ENTRIES if entry.id and entry.string]


def test_every_text_is_there_and_of_today():
    assert translate.problems("ko") == []


def test_a_change_of_the_english_is_named_at_once_and_update_asks_for_it(monkeypatch, tmp_path):
    paragraphs = ["## Where", "It takes 20 minutes.", "Read *all* of it.", "You need no key here."]
    texts = [*zip("aaab", paragraphs, strict=True)]  # with the id of their cell
    monkeypatch.setattr(translate, "LOCALE", tmp_path)
    monkeypatch.setattr(translate, "sources", lambda: {"one": texts})
    translate.update("ko")
    known = translate.read("one", "ko")
    for entry in known:
        entry.string = entry.id and f"{entry.id} 가"
    translate.write("one", "ko", known)
    assert translate.problems("ko") == []
    paragraphs = ["It takes 25 minutes.", "You need no coin here.", "Nobody ever said such a thing before."]
    texts[1:] = zip("abc", paragraphs, strict=True)
    named = [one.split(": ")[1] for one in translate.problems("ko")]
    assert named == ["no longer in the English"] * 3 + ["not translated"] * 3
    translate.update("ko")
    named = [one.split(": ")[1] for one in translate.problems("ko")]
    assert named == ["its English changed", "its English changed", "not translated"]
    shown = translate.translated(texts, translate.read("one", "ko"))
    assert [*shown] == ["## Where 가", *paragraphs], "what changed is in English until it is translated"
    assert "#| msgid" in (tmp_path / "ko" / "one.po").read_text("utf-8"), "the English of before stands beside it"


def test_what_must_be_the_same_is_compared():
    english = "- **Set** `url` to [it](a.md#b), which may take 20 minutes.\n- It wants {expects}."
    other = "`ur`을 [이것](a.md)으로 설정하세요. 30분 걸릴 *수도* 있습니다. 원하는 값: {expect}."
    named = ["code", "links", "places", "rows", "bold words", "emphasis", "numbers"]
    assert [one.partition(" '")[0] for one in translate.differences(english, other)] == named
    assert len(translate.differences("Set `**`.", "Set `*`.")) == 1, "what code holds is looked at as code alone"
    fence = "```sh\nmake lab  # opens it\n```"
    assert translate.differences(fence, fence.replace("lab", "bal")) == ["code in the fence"]
    assert translate.differences(fence, fence.replace("opens it", "엽니다")) == []


def test_one_thing_has_one_name():
    assert len(TERMS) > 55
    wrong = []
    for name, english, korean in PAIRS:
        bare = re.sub(r"`[^`]*`|\]\([^)]*\)|```.*```|\*Run[^*]*\*", " ", english, flags=re.S)
        for term, names in TERMS if name != "messages" else ():
            if re.search(rf"(?i)\b{term}(?:s|es)?\b", bare) and not any(word in korean for word in names.split(" / ")):
                wrong.append(f"{name}: {term} -> {names}: {english[:60]}")
    assert wrong == []


def test_korean_is_marked_up_as_its_english_is():
    """A `**` that CommonMark does not take for an end, as between a bracket and a letter, shows as stars."""
    read = MarkdownIt("commonmark").enable("table")

    def tags(text):
        return sorted(re.findall(r"<(\w+)", read.render(text)))

    assert [english for name, english, korean in PAIRS if name != "messages" and tags(english) != tags(korean)] == []


def test_what_is_committed_is_what_build_makes():
    for path, text in translate.made("ko").items():
        if path.suffix == ".md":
            assert path.read_text("utf-8") == text, "python docs/translate.py build"


@pytest.fixture(scope="module")
def lessons():
    made = translate.made("ko").items()
    return {path.stem: nbformat.reads(text, 4) for path, text in made if path.suffix == ".ipynb"}


def test_lessons_have_the_cells_of_the_english_ones_and_links_lead_to_headings(lessons):
    headings, links = {}, []
    for path in translate.NOTEBOOKS:
        for cell, other in zip(nbformat.read(path, 4).cells, lessons[path.stem].cells, strict=True):
            same = HANGUL.search(other.source) if cell.cell_type == "markdown" else cell.source == other.source
            assert cell.id == other.id and same
        texts = [cell.source for cell in lessons[path.stem].cells if cell.cell_type == "markdown"]
        headings[path.stem] = translate.anchors(texts)
        links += [(path.stem, *link.partition("#")[::2]) for text in texts for link in translate.LINK.findall(text)]
    lost = [(where, to, at) for where, to, at in links if at and at not in headings.get(to[:-6] or where, [at])]
    assert lost == [] and any(at and HANGUL.search(at) for _, _, at in links)


def test_slides_in_korean_have_korean_notes(lessons, monkeypatch):
    monkeypatch.setattr(slides, "LANGUAGE", "ko")
    korean = list(slides.sections(lessons["00_start_here"], translate.NOTEBOOKS[0]))
    assert all(map(HANGUL.search, korean)) and "00.1번 힌트" in "".join(korean)
    assert language.translate(translate.NOTE, "ko") in korean[0], "what stays in English"


def test_what_the_course_says_in_a_lesson_is_korean(lessons):
    cells = [cell for lesson in lessons.values() for cell in lesson.cells]
    for source, output in ((cell.source, output) for cell in cells for output in cell.get("outputs", ())):
        said = re.findall('<img alt="([^"]*)"', output.get("data", {}).get("text/html", ""))
        if "exercises.check(" in source or output.get("ename") in ("NotRecorded", "PictureError"):
            said += output.get("text", output.get("evalue")).splitlines()
        assert all(map(HANGUL.search, said)), said


def test_every_verdict_hint_and_reason_is_korean():
    """Of all wrong answers that are known: what is left in English is quoted, a name or an error of Python's."""
    said = [f"{number} is right. {exercise.why}" for number, exercise in ALL.items()]
    said += [f"Hint for {number}: {exercise.hint}" for number, exercise in ALL.items()]
    for number, there, instead, _ in WRONG:
        state, reason = exercises.judge(number, answer_of(number, there, instead))
        said += [f"{number} is {state}: {reason}"]
    said += ["00_start_here          1 of 3 · left: 00.2 00.3"]  # exercises.progress()
    for english in said:
        korean = language.translate(english, "ko")
        bare = re.sub(r"\"[^\"]*\"|'[^']*'|\{[^}]*\}|\[[^\]]*\]|\([^)]*\)|\w+Error .*|: .*", "", korean)
        assert HANGUL.search(bare) and not re.search(r"(?:\b[A-Za-z]{2,}[,.]? ){3}", bare), korean


MESSAGES = {
    "it wants {expects}.": "<{expects}>!",
    "a list of {1}": "[{1}]",
    "It is far too big.": "BIG.",
    "Undo it, or\n  ask {0} anew.": "BACK, or\n  {0}?",
    "no box": "NIX",
    "{0} of {1} pictures were sent": "{1}/{0}",
}
SHOWN = {
    "It wants a list of 3.": "<[3]>!",
    "Nobody knows. It is far too big. It wants x.": "Nobody knows. BIG. <x>!",
    "  PictureError: it is far too big.": "  PictureError: BIG.",
    "x = 2  # it is far too big.": "x = 2  # BIG.",
    "Undo it, or\n  ask OpenAI anew.\nIt is far too big.": "BACK, or\n  OpenAI?\nBIG.",
    "2 of 3 pictures were sent: it is far too big.": "3/2: BIG.",
    "no box": "no box",
    "A list of apples": "A list of apples",
}


def test_sentences_are_found_in_what_is_shown_and_a_page_keeps_the_words_of_an_answer(monkeypatch, tmp_path):
    monkeypatch.setattr(language, "LOCALE", tmp_path)
    (tmp_path / "xx").mkdir()
    pairs = [f"msgid {json.dumps(english)}\nmsgstr {json.dumps(other)}\n" for english, other in MESSAGES.items()]
    (tmp_path / "xx" / "messages.po").write_text("\n".join(pairs), "utf-8")
    assert {english: language.translate(english, "xx") for english in SHOWN} == SHOWN
    assert {language.translate(english, "en") for english in SHOWN} == {*SHOWN}
    page = '<pre>It is far too big.</pre><img alt="{}" src="x"><i>{}</i>'
    english, other = page.format("no box", "It is far too big."), page.format("NIX", "BIG.")
    assert language.translate_page(english, "xx") == other


def test_the_folder_of_a_notebook_says_its_language(monkeypatch, tmp_path):
    for folder, says in {"notebooks": "", "notebooks_ko": "ko", "elsewhere": ""}.items():
        (tmp_path / folder).mkdir()
        monkeypatch.chdir(tmp_path / folder)
        assert language.language.__wrapped__() == says
    monkeypatch.setenv("COURSE_LANGUAGE", "ko")
    assert language.language.__wrapped__() == "ko"


@pytest.mark.parametrize(("more", "is_korean"), [([], False), (["LANGUAGE=ko"], True)])
def test_a_language_counts_where_it_stands_behind_make_and_not_where_a_system_sets_it(more, is_korean):
    environment = {"LANGUAGE": "ko", "PATH": "/usr/bin:/bin"}
    commands = subprocess.check_output(["make", "-n", "slides", *more], cwd=ROOT, env=environment, text=True)
    assert ("build ko" in commands) == is_korean
