"""Editors' overlays are read as text, checked at file, line and column, and pinned to what they were reviewed against."""

import hashlib
import re

import pytest

from support import Published, assert_published, assert_refused, run_samples

CODE = """\
code: J7308
title: Levulan Kerastick
summary: A solution for the skin.
"""


@pytest.fixture
def publish_overlays(tmp_path):
    def publish_overlays(files):
        folder = tmp_path / "overlays"
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return run_samples(tmp_path / "store", overlays=folder)

    return publish_overlays


@pytest.fixture
def refuse(publish_overlays, tmp_path):
    def refuse(files, *places):
        if isinstance(files, (str, bytes)):
            files = {"codes/one.yaml": files}
        result = publish_overlays(files)
        assert_refused(result, tmp_path / "store", *(re.escape(place) for place in places), codes=(2,))
        return result

    return refuse


@pytest.fixture
def read(publish_overlays, tmp_path):
    def read(files):
        if isinstance(files, str):
            files = {"codes/one.yaml": files}
        result = publish_overlays(files)
        assert_published(result)
        return Published(tmp_path / "store", result)

    return read


def test_an_unknown_key_is_refused_at_its_column(refuse):
    result = refuse(CODE + "sinonyms:\n  - x\n", "codes/one.yaml:4:1:")
    assert "sinonyms" in result.err and "synonyms" in result.err


def test_an_unknown_key_inside_a_list_is_refused_at_its_column(refuse):
    refuse(CODE + "questions:\n  - question: Why?\n    anwser: So.\n    answer: So.\n", "codes/one.yaml:6:5:")


def test_an_unknown_key_of_a_review_is_refused_at_its_column(refuse):
    refuse(CODE + "review:\n  by: me\n  release: RVU26A\n", "codes/one.yaml:5:3:")


def test_a_code_in_two_files_is_refused_naming_both(refuse):
    refuse({"a.yaml": CODE, "b.yaml": CODE}, "b.yaml:1:7:", "a.yaml:1:7")


def test_a_code_in_two_documents_of_a_file_is_refused_naming_both(refuse):
    refuse(CODE + "---\n" + CODE, "codes/one.yaml:5:7:", "codes/one.yaml:1:7")


def test_an_unknown_code_is_refused_at_its_column(refuse):
    assert "J7399" in refuse(CODE.replace("J7308", "J7399"), "codes/one.yaml:1:7:").err


@pytest.mark.parametrize("code", ["99999", "J73", "J73080", "100", "'  J7308x'", "J-308", "ZZZZZ"])
def test_a_code_that_is_none_is_refused_at_its_column(code, refuse):
    refuse(f"code: {code}\ntitle: x\n", "codes/one.yaml:1:7:")


@pytest.mark.parametrize("text, place", [
    ("title:\n  - a list\n", "3:3"), ("synonyms: not a list\n", "2:11"), ("synonyms:\n  key: value\n", "3:3"),
    ("synonyms:\n  - [nested]\n", "3:5"), ("questions: text\n", "2:12"), ("questions:\n  - text\n", "3:5"),
    ("questions:\n  - question: Why?\n", "3:5"), ("review: RVU26A\n", "2:9"), ("summary: {a: b}\n", "2:10"),
    ("plain_language: text\n", "2:17"), ("specialties: text\n", "2:14")])
def test_a_wrong_type_is_refused_at_its_column(text, place, refuse):
    refuse("code: J7308\n" + text, f"codes/one.yaml:{place}:")


@pytest.mark.parametrize("text, line", [
    ("title: ''\n", 2), ("title:\n", 2), ("title: '   '\n", 2), ("summary: >-\n\nbilling: x\n", 2), ("synonyms: []\n", 2),
    ("synonyms:\n  - ''\n", 3), ("plain_language:\n  - ok\n  -\n", 4), ("questions:\n  - question: ''\n    answer: So.\n", 3),
    ("questions: []\n", 2)])
def test_an_empty_text_is_refused_at_its_line(text, line, refuse):
    refuse("code: J7308\n" + text, f"codes/one.yaml:{line}:")


def test_a_key_that_stands_twice_is_refused_at_its_line(refuse):
    found = refuse(CODE + "title: Other\n", "codes/one.yaml:").err
    assert "title" in found and re.search(r"codes/one\.yaml:[1-4]:\d+:", found), found


@pytest.mark.parametrize("text", [
    "code: J7308\ntitle: 'open\n", "code: J7308\n  title: x\n", "code: [J7308\n", "code: J7308\n\ttitle: x\n", "code: J7308\ntitle: a: b\n",
    "code: J7308\ntitle: *alias\n", "code: J7308\ntitle: @at\n", "%BAD\n---\ncode: J7308\n", "code: J7308\ntitle: {\n"], ids=repr)
def test_YAML_that_cannot_be_read_is_refused_at_its_line_and_column(text, refuse):
    assert re.search(r"codes/one\.yaml:\d+:\d+: error", refuse(text).err)


def test_an_overlay_that_is_not_UTF8_is_refused(refuse):
    refuse(CODE.encode() + b"billing: caf\xe9\n", "codes/one.yaml")


def test_an_unknown_variable_is_refused_at_its_column(refuse):
    found = refuse(
        {"j.yaml": "section: J\nquestions:\n  - question: 'What is {{name}}?'\n    answer: So.\n"}, "j.yaml:3:15:").err
    assert "{{name}}" in found and "{{title}}" in found


def test_an_unknown_variable_of_a_code_overlay_is_refused(refuse):
    refuse(CODE + "questions:\n  - question: 'What?'\n    answer: 'It is {{ name }}.'\n", "codes/one.yaml:6:13:")


@pytest.mark.parametrize("field", ["billing", "documentation", "name"])
def test_a_variable_in_a_text_that_fills_none_is_refused_or_filled(field, publish_overlays, tmp_path):
    """Never is '{{code}}' shown to a reader."""
    result = publish_overlays({"j.yaml": f"section: J\n{field}: 'See {{{{code}}}}.'\n"})
    if result.code == 0:
        for line in Published(tmp_path / "store", result).lines:
            assert b"{{" not in line
    else:
        assert_refused(result, tmp_path / "store", r"j\.yaml:2:", codes=(2,))


def test_a_brace_that_is_never_closed_is_refused(refuse):
    found = refuse(CODE + "questions:\n  - question: 'What is {{ this?'\n    answer: So.\n", "codes/one.yaml:5:15:").err
    assert "never closed" in found


def test_a_section_that_is_never_closed_and_a_partial_are_refused(refuse):
    refuse({"j.yaml": "section: J\nbilling: 'By {{#route}}{{route}}.'\n"}, "j.yaml:2:10:")
    refuse({"j.yaml": "section: J\nbilling: 'By {{>other}}.'\n"}, "j.yaml:2:10:")


def test_templates_are_filled_as_plain_text_by_route_and_section(read):
    documents = read({
        "j.yaml": "section: J\nbilling: '<{{code}}> & \"co\"{{#route}}, {{route}}{{/route}}'\n"
                  "billing_by_route:\n  topical: 'Put on: {{code}}, {{status}} {{global_days}}'\n"
                  "rvu_notes:\n  not_on_fee_schedule: 'Not in {{release}} of {{effective_from}}'\n"}).documents
    assert documents["J7308"]["editorial"]["billing"] == "Put on: J7308, E XXX"
    for code in ("J3398", "J9313"):
        route = documents[code]["route"]
        assert documents[code]["editorial"]["billing"] == f'<{code}> & "co"' + (f", {route}" if route else "")
    absent = [d for c, d in documents.items() if c[0] == "J" and not d["relative_values"]]
    assert all(d["editorial"]["relative_value_note"] == "Not in RVU26A of 2026-01-01" for d in absent)


def test_an_unknown_route_is_refused_at_its_column(refuse):
    found = refuse(
        {"j.yaml": "section: J\nquestions:\n  - question: Why?\n    answer: So.\n    routes:\n      - by air\n"}, "j.yaml:6:9:").err
    assert "by air" in found and "topical" in found


def test_an_unknown_section_is_refused(refuse):
    assert "'JJ'" in refuse({"j.yaml": "section: JJ\nname: x\n"}, "j.yaml:1:").err


def test_an_unknown_reason_is_refused_at_its_column(refuse):
    refuse({"j.yaml": "section: J\nrvu_notes:\n  because: x\n"}, "j.yaml:3:3:")


@pytest.mark.parametrize("text", [
    "range: J9000-J9999\n", "range:\n  first: J9999\n  last: J9000\n", "range:\n  first: J9000\n", "range:\n  first: J9\n  last: J99\n",
    "range:\n  first: J9000\n  last: J9999\n  step: 2\n", "section: J\nrange:\n  first: J9000\n  last: J9999\n", "name: x\n"], ids=repr)
def test_a_category_overlay_without_a_proper_scope_is_refused(text, refuse):
    assert re.search(r"j\.yaml:\d+:\d+: error", refuse({"j.yaml": text if "name" in text else text + "name: x\n"}).err)


def test_a_section_in_two_files_is_refused_naming_both(refuse):
    refuse({"a.yaml": "section: J\nname: x\n", "b.yaml": "section: J\nname: y\n"}, "b.yaml:1:", "a.yaml:1:")


def test_all_problems_of_all_files_are_said_in_one_run(refuse):
    refuse({
        "a.yaml": CODE + "sinonyms: x\n", "b.yaml": "code: J7399\ntitle: x\n", "c.yaml": "code: J3398\ntitle: ''\n"},
        "a.yaml:4:1:", "b.yaml:1:7:", "c.yaml:2:")


@pytest.mark.parametrize("pin", ["sha256:1", "md5:" + "0" * 32, "sha256:" + "G" * 64, "sha256:" + "A" * 64, "0" * 64])
def test_a_pin_that_is_no_digest_is_refused_at_its_column(pin, refuse):
    refuse(CODE + f"review:\n  release: RVU26A\n  descriptor: {pin}\n", "codes/one.yaml:6:15:")


def test_a_refused_overlay_says_the_line_in_a_file_of_many_documents(refuse):
    refuse("code: J3398\ntitle: Luxturna\n---\n" + CODE + "tytle: x\n", "codes/one.yaml:7:1:")


# Texts stay texts.


def test_a_code_of_digits_stays_a_code_with_its_zeros(read):
    published = read("code: 00100\ntitle: Care under anesthesia\n")
    assert published.documents["00100"]["title"] == "Care under anesthesia"
    assert list(row["code"] for row in published.table("editorial")) == ["00100"]


@pytest.mark.parametrize("value", [
    "NO", "yes", "on", "null", "~", "1.30", "1e3", "0x1F", "010", "2026-01-01", "12:30:45", ".inf", "true", "=", "1_000", "+1", "0o17"])
def test_a_text_is_what_the_editor_typed(value, read):
    published = read(f"code: J7308\ntitle: {value}\nsynonyms:\n  - {value}x\n  - {value}\nspecialties:\n  - {value}\n")
    document = published.documents["J7308"]
    assert document["title"] == value
    assert document["editorial"]["specialties"] == [value]


def test_letters_of_any_script_quotes_and_line_ends_are_kept(read):
    published = read('code: J7308\ntitle: "Ünïcode \\"quoted\\", 5 µg – ½ 日本"\nsummary: |-\n  one\n  two\n')
    document = published.documents["J7308"]
    assert document["title"] == 'Ünïcode "quoted", 5 µg – ½ 日本'
    assert document["editorial"]["summary"] == "one\ntwo"
    row, = [row for row in published.table("editorial") if row["code"] == "J7308"]
    assert row["summary"] == "one\ntwo"


def test_many_documents_in_a_file_are_many_overlays(read):
    published = read("code: J7308\ntitle: One\n---\ncode: J3398\ntitle: Two\n---\n---\ncode: 99213\ntitle: Three\n...\n")
    assert [published.documents[code]["title"] for code in ("J7308", "J3398", "99213")] == ["One", "Two", "Three"]


def test_a_lower_case_code_is_its_code(read):
    assert read(CODE.replace("J7308", "j7308")).documents["J7308"]["title"] == "Levulan Kerastick"


def test_windows_line_ends_are_read(read):
    published = read({"one.yaml": (CODE + "billing: |-\n  one\n  two\n").replace("\n", "\r\n")})
    assert published.documents["J7308"]["title"] == "Levulan Kerastick"
    assert published.documents["J7308"]["editorial"]["billing"] == "one\ntwo"


def test_a_byte_order_mark_is_read(read):
    assert read({"one.yaml": "\ufeff" + CODE}).documents["J7308"]["title"] == "Levulan Kerastick"


def test_a_file_of_comments_is_read(read):
    assert read({"a.yaml": "# nothing yet\n", "c.yaml": CODE}).documents["J7308"]["title"] == "Levulan Kerastick"


def test_an_empty_file_is_refused_naming_it(refuse):
    refuse({"a.yaml": CODE, "empty.yaml": ""}, "empty.yaml")


def test_a_synonym_repeated_in_other_letters_is_a_warning_at_its_column(publish_overlays):
    result = publish_overlays({"one.yaml": CODE + "synonyms:\n  - PDT\n  - pdt\n  - levulan kerastick\n"})
    assert_published(result)
    assert "one.yaml:6:5: warning:" in result.err and "one.yaml:7:5: warning:" in result.err


def test_a_single_file_can_be_the_overlays(tmp_path):
    (tmp_path / "one.yaml").write_text(CODE)
    assert_published(run_samples(tmp_path / "store", overlays=tmp_path / "one.yaml"))
    assert Published(tmp_path / "store").documents["J7308"]["title"] == "Levulan Kerastick"


# Precedence.


def test_a_codes_own_text_goes_before_a_ranges_before_a_sections(read):
    files = {
        "section.yaml": "section: J\nname: Section name\nbilling: of the section\ndocumentation: of the section\n",
        "wide.yaml": "range:\n  first: J7000\n  last: J9999\nbilling: of the wide range\n",
        "narrow.yaml": "range:\n  first: J7300\n  last: J7399\nbilling: of the narrow range\n",
        "code.yaml": "code: J7308\nbilling: of the code\n"}
    documents = read(files).documents

    def billing(code):
        return documents[code]["editorial"]["billing"], documents[code]["editorial"]["billing_origin"]

    assert billing("J7308") == ("of the code", "code")
    assert billing("J7306") == ("of the narrow range", "category")
    assert billing("J9313") == ("of the wide range", "category")
    assert billing("J3398") == ("of the section", "category")
    assert documents["J7308"]["editorial"]["documentation"] == "of the section"
    assert documents["J7308"]["section"]["name"] == "Section name"


def test_a_template_is_filled_from_the_code_and_asked_only_where_it_can_be(read):
    documents = read({
        "j.yaml": "section: J\nquestions:\n  - question: 'How is {{title}} ({{ code }}) given?'\n"
                  "    answer: 'As stated: {{route}}. {{descriptor}}'\n    routes: [topical, implant]\n",
        "s.yaml": "section: surgery\nquestions:\n  - question: 'What is {{descriptor}}?'\n    answer: So.\n"}).documents
    question, = documents["J7308"]["editorial"]["faq"]
    assert question["question"] == "How is Aminolevulinic acid HCl topical (J7308) given?"
    assert question["answer"].startswith("As stated: topical. Aminolevulinic acid hcl for topical")
    assert documents["J9313"]["editorial"]["faq"] == []
    assert documents["11042"]["editorial"]["faq"] == [], "a descriptor that may not be shown asks no question"


# Review states.


def digest(text):
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def state(published, code):
    return published.documents[code]["editorial"]["review"]


NOTHING = {"changed_words": None, "use_instead": []}


def test_a_text_reviewed_against_the_present_descriptor_is_current(read, samples):
    pin = digest(samples.documents["J7308"]["long_descriptor"])
    published = read(CODE + f"review:\n  release: RVU25D\n  descriptor: {pin}\n")
    assert state(published, "J7308") == {"state": "current", "against": "RVU25D", "descriptor": pin, **NOTHING}


def test_a_text_reviewed_against_another_descriptor_is_stale_and_listed(read):
    pin = digest("Aminolevulinic acid, as it was worded then")
    published = read(CODE + f"review:\n  release: RVU20A\n  descriptor: {pin}\n")
    assert state(published, "J7308") == {"state": "stale", "against": "RVU20A", "descriptor": pin, **NOTHING}
    assert re.search(r"codes/one\.yaml:\d+:\d+: warning: .*J7308", published.result.err)
    row, = published.table("editorial")
    assert (row["review_state"], row["review_release"], row["review_descriptor"]) == ("stale", "RVU20A", pin)


def test_the_pin_that_a_stale_text_is_told_to_take_makes_it_current(read, publish_overlays, tmp_path):
    published = read(CODE + f"review:\n  release: RVU20A\n  descriptor: {digest('old')}\n")
    pin = re.search(r"sha256:[0-9a-f]{64}", published.result.err).group(0)
    assert_published(publish_overlays({"codes/one.yaml": CODE + f"review:\n  release: RVU26A\n  descriptor: {pin}\n"}))
    assert state(Published(tmp_path / "store"), "J7308")["state"] == "current"


def test_a_text_of_a_code_that_has_ended_is_orphaned_and_listed(read, samples):
    assert samples.documents["C9088"]["hcpcs"]["terminated"] < "2026-01-01"
    published = read("code: C9088\ntitle: Ended\n")
    assert state(published, "C9088")["state"] == "orphaned"
    assert re.search(r"codes/one\.yaml:1:7: warning: .*C9088", published.result.err)


def test_a_text_without_a_review_is_unreviewed(read):
    assert state(read(CODE), "J7308") == {"state": "unreviewed", "against": None, "descriptor": None, **NOTHING}
