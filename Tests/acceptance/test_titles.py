"""Suggested titles: names that are made from CMS's own descriptors, and nothing that CMS did not say."""

import csv
import os
import re
from pathlib import Path

import pytest

from support import DATA, SAMPLE_OVERLAYS, SCHEMAS, ingest, read_table

GOLDEN = Path(__file__).with_name("titles.txt")
LONGEST = 120
# Word forms that say what a sign or an abbreviation of Latin says.
SPELLED = {"such", "as", "that", "is"}
CODES = """
A0426 A0998 A4271 A4311 A4363 A4417 A4435 A4595 A5501 A6232 A6441 A9276 A9516 B4150 B4164 C1816 C5271 C7529 C9092
E0110 E0483 E0601 E2502 G0101 G0120 G0402 G0438 G0463 G2010 G2137 G2193 G2211 G6035 G8510 G8697 G9318 G9871 H0044
J0178 J0585 J0878 J1748 J3490 J7192 J7210 J7296 J7306 J7308 J7345 J7626 J9259 J9313 K0020 K0743 K0829 L0643 L1902 L1990
L3806 L5540 M0064 M1007 M1213 M1267 P9038 Q2036 Q2050 Q4012 Q4217 Q5115 Q9986 R0075 S5161 S9441 T2041 V2203 V5150
""".split()


def words(text):
    return re.findall(r"[a-z0-9]+(?:\.\d+)?", text.lower())


@pytest.fixture(scope="session")
def expansions():
    """Every word that the table of abbreviations can put in the place of another."""
    with open(SCHEMAS / "values" / "abbreviations.csv", encoding="utf-8", newline="") as file:
        return {word for row in csv.DictReader(file) for word in words(row["expansion"])}


@pytest.fixture(scope="session", params=["rvu26a", "rvu25a", "rvu25a_licensed", "rvu26b"])
def titled(request):
    """The codes of a whole release; RVU26B has no HCPCS file, so that PPRRVU's short descriptors are all there is."""
    return request.getfixturevalue(request.param).table("codes")


def suggested(rows):
    rows = [row for row in rows if row["suggested_title"]]
    assert len(rows) > 400
    return rows


def failing(rows, promise):
    return [(row["code"], row["suggested_title"]) for row in rows if not promise(row["suggested_title"])][:10]


def test_every_Level_II_code_has_a_suggestion_and_no_other_code_has(titled):
    for row in titled:
        has_text = row["short_descriptor"] or row["long_descriptor"]
        assert bool(row["suggested_title"]) == bool(row["system"] == "HCPCS" and has_text), row["code"]
        assert bool(row["suggested_title_origin"]) == bool(row["suggested_title"]), row["code"]
        assert row["code"][0].isalpha() and row["code"][0] != "D" or not row["suggested_title"], row["code"]


def test_punctuation_is_whole(titled):
    rows = suggested(titled)
    assert not failing(rows, lambda text: not re.search(r"\.\.|\.,|,,|, ,|;,|\(\s|\(\)|\(,|  ", text))
    assert not failing(rows, lambda text: not re.search(r"\s[,;:)]|\s\.(?!\d)", text))
    assert not failing(rows, lambda text: text.count("(") == text.count(")"))
    assert not failing(rows, lambda text: not re.search(r"[,;:/(&-]$|(?<!\.[A-Z])(?<!etc)\.$", text))
    assert not failing(rows, lambda text: re.match(r'"?[A-Z0-9]', text))
    assert not failing(rows, lambda text: text == text.strip() and len(text) <= LONGEST)
    assert not failing(rows, lambda text: text != text.upper() or max(map(len, words(text))) < 6)


def test_nothing_ends_in_the_air(titled):
    assert not failing(suggested(titled), lambda text: words(text)[-1] not in ("and", "or", "of", "for", "with", "the", "by"))


def test_strengths_keep_their_symbols(titled):
    for row in suggested(titled):
        if row["code"][0] != "J":
            continue
        source = words(row["short_descriptor"] + " " + row["long_descriptor"])
        for unit in ("milligrams", "micrograms", "milliliters"):
            assert unit not in words(row["suggested_title"]) or unit in source, row["code"]
    assert not failing(suggested(titled), lambda text: not re.search(r"\b\d+(mg|mcg|ml|mm)\b", text))


def test_nothing_is_invented(titled, expansions):
    """Each word is one of the descriptors, or what the table puts in the place of one."""
    for row in suggested(titled):
        source = set(words(row["short_descriptor"] + " " + row["long_descriptor"]))
        digits = {part for word in source for part in re.findall(r"\d+(?:\.\d+)?|[a-z]+", word) + re.findall(r"\d\w*", word)}
        strange = [
            word for word in words(row["suggested_title"])
            if word not in source and word not in digits and word not in expansions and word not in SPELLED]
        assert not strange, (row["code"], row["suggested_title"], strange)


def without_group(text, opening):
    """The text without the parenthesis that begins with `opening`, or without its end where nothing closes it."""
    found = re.search(opening, text, re.I)
    if not found:
        return text
    depth = 0
    for index in range(found.start(), len(text)):
        depth += {"(": 1, ")": -1}.get(text[index], 0)
        if depth == 0 and text[index] == ")":
            return without_group(text[:found.start()] + text[index + 1:], opening)
    return text[:found.start()]


def letters(text):
    """Letters and digits alone, without what e.g. and i.e. are written as."""
    return re.sub(r"\b(such as|that is|e\.g|eg|i\.e|ie)\b|[^a-z0-9]", "", text.lower())


def test_a_suggestion_from_the_long_descriptor_leaves_out_instructions_and_examples_only(titled):
    checked = 0
    for row in suggested(titled):
        if row["suggested_title_origin"] != "long_descriptor":
            continue
        checked += 1
        long = row["long_descriptor"]
        whole = re.sub(r"\blist separately.*", "", without_group(long, r"\(\s*list separately"), flags=re.I)
        made = row["suggested_title"]
        if long[0] in "<>":
            made = re.sub(r"^(At least|At most|Over|Under) ", "", made)
        bare = without_group(whole, r"\(\s*e\.?g\b")
        assert letters(made) in (letters(whole), letters(bare)), (row["code"], made, long[:200])
    assert checked == 0 or checked > 3000


def test_titles_are_suggested_ones_where_editors_have_none(rvu26a):
    origins = set()
    for code, document in rvu26a.documents.items():
        own = read_overlay_title(code)
        if own:
            assert (document["title_origin"], document["title"]) == ("editors", own), code
        elif document["system"] == "HCPCS":
            assert (document["title_origin"], document["title"]) == ("suggested", document["suggested_title"]), code
        else:
            assert (document["title_origin"], document["title"]) == (None, None), code
        origins.add(document["title_origin"])
    assert origins == {"editors", "suggested", None}


def read_overlay_title(code):
    path = SAMPLE_OVERLAYS / "codes" / f"{code}.yaml"
    found = re.search(r"^title: (.+)$", path.read_text(), re.M) if path.is_file() else None
    return found[1].strip("'\"") if found else None


def test_in_the_licensed_tier_the_owners_text_is_a_descriptor_never_a_suggestion(rvu25a_licensed):
    rows = [row for row in rvu25a_licensed.table("codes") if row["short_descriptor"]]
    origins = {(row["system"], row["title_origin"]) for row in rows}
    assert origins == {("HCPCS", "suggested"), ("CPT", "descriptor"), ("CDT", "descriptor")}


def test_titles_read_as_the_golden_says(rvu26a):
    made = "".join(
        f"{code}  {rvu26a.documents[code]['suggested_title']}\n"
        f"       {rvu26a.documents[code]['short_descriptor']}\n" for code in CODES if code in rvu26a.documents)
    if os.environ.get("INGEST_RECORD"):
        GOLDEN.write_text(made)
    assert made.count("\n") > 110
    assert made == GOLDEN.read_text(), "record it with INGEST_RECORD=1"


def test_a_suggested_title_is_shown_as_one(rvu26a):
    shown = [ingest("show", code, "--store", rvu26a.store).out.decode().splitlines()[0] for code in ("J7296", "J7308", "99213")]
    assert shown[0].endswith("(suggested)") and not shown[1].endswith("(suggested)") and not shown[2].endswith("(suggested)")
