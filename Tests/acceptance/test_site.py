"""`ingest site`: every fact on a page is the dataset's, every code has a page, and a reader finds it without a network."""

import html
import json
import posixpath
import re
import shutil
from decimal import Decimal
from urllib.parse import unquote, urldefrag, urlsplit

import pytest

from pages import Opened, read_page, squeezed
from support import (
    SAMPLE_HCPCS, SAMPLE_OVERLAYS, SAMPLE_RVU, Published, assert_published, files_below, ingest, run, run_arguments)

HOSTILE = "</script></p><script>document.title='run'</script><img src=x onerror=\"document.title='run'\"> & 'quoted' {{code}}"
NAMED = ["J7308", "J3398", "J7306", "J9313", "99213"]


def build(published, folder, *extra):
    result = ingest("site", "--out", folder, "--store", published.store, *extra)
    assert result.code == 0, result
    return result


@pytest.fixture(scope="session")
def sample_site(samples, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sample-site") / "site"
    build(samples, folder)
    return folder


@pytest.fixture(scope="session")
def whole_site(rvu26a, tmp_path_factory):
    """Every code of a whole release."""
    folder = tmp_path_factory.mktemp("whole-site") / "site"
    build(rvu26a, folder)
    return folder


@pytest.fixture(scope="session", params=["samples", "rvu26a"])
def site(request):
    """(what is published, its site)"""
    name = {"samples": "sample_site", "rvu26a": "whole_site"}[request.param]
    return request.getfixturevalue(request.param), request.getfixturevalue(name)


def meanings(published):
    return {(row["indicator"], row["value"]): row["meaning"] for row in published.table("indicator_values")}


# Facts.


def looked_at(published):
    """Every code of the samples; of a whole release those with texts of their own and every ninth."""
    for place, (code, document) in enumerate(published.documents.items()):
        if len(published.documents) < 1000 or place % 9 == 0 or (document["editorial"] or {}).get("review"):
            yield code, document


def money(text):
    return f"${Decimal(text):,}"


def expected_values(row, known):
    """A row's table as a reader who knows the dataset would write it."""
    def value(setting, field):
        return f"{row[field]} NA" if row[f"pe_{setting}_na"] else row[field]

    modifier = row["modifier"] or ""
    meaning = known["modifier", modifier]
    lines = [
        ["", "Non-facility", "Facility"],
        ["Work RVU", row["work"], row["work"]],
        ["Practice expense RVU", value("nonfacility", "pe_nonfacility"), value("facility", "pe_facility")],
        ["Malpractice RVU", row["mp"], row["mp"]],
        ["Total RVU", row["total_nonfacility"], row["total_facility"]],
    ]
    for track in ("non_qp", "qp"):
        paid = (row["national_payment"] or {}).get(track)
        if paid:
            lines.append([known["national_payment", track]] + [
                "NA" if paid[setting] is None else money(paid[setting]) for setting in ("nonfacility", "facility")])
    return (f"{modifier}: {meaning}" if modifier else meaning), lines


def test_the_values_and_payments_of_every_code_are_those_of_the_dataset(site):
    published, folder = site
    known = meanings(published)
    for code, document in published.documents.items():
        page = read_page(folder / "codes" / f"{code}.html")
        valued = [row for row in document["relative_values"] if Decimal(row["total_nonfacility"]) or Decimal(row["total_facility"])]
        expected = [expected_values(row, known) for row in valued]
        tables = [[[squeezed(cell) for cell in line] for line in table] for table in page.tables.get("relative-values", [])]
        assert tables == [lines for _, lines in expected], code
        text = page.text("relative-values")
        for caption, _ in expected:
            assert caption in text, code
        if not document["relative_values"]:
            assert known["relative_values_absence", document["relative_values_absence"]] in text, code
        for index, row in enumerate(document["relative_values"]):
            assert f"Status {row['status']}. {known['status', row['status']]}" in text, code
            note = (document["editorial"] or {}).get("relative_value_note") if index == 0 else None
            if row["unpriced_reason"]:
                assert squeezed(note or known["unpriced_reason", row["unpriced_reason"]]) in text, code


def test_names_texts_and_questions_of_every_code_are_those_of_the_dataset(site):
    published, folder = site
    for code, document in looked_at(published):
        page = read_page(folder / "codes" / f"{code}.html")
        title = document["title"] or ""
        assert squeezed(page.heading) == f"{code} {title}".strip(), code
        editorial = document["editorial"] or {}
        assert page.names.get("names", [])[:len(editorial.get("synonyms", []))] == editorial.get("synonyms", []), code
        assert page.names.get("specialties", []) == editorial.get("specialties", []), code
        for part, text in [
                ("description", editorial.get("summary")), ("clinical-context", editorial.get("clinical_context")),
                ("plain-language", " ".join(editorial.get("plain_language", []))), ("billing", editorial.get("billing")),
                ("documentation", editorial.get("documentation"))]:
            if text:
                assert squeezed(text) in page.text(part), (code, part)
            elif part != "description":
                assert part not in page.ids, (code, part)
        questions = [text for entry in editorial.get("faq", []) for text in (entry["question"], entry["answer"])]
        assert page.text("questions").removeprefix("Questions ") == squeezed(" ".join(questions)), code
        facts = page.facts.get("description", {})
        for field, term in [("long_descriptor", "Long descriptor (CMS)"), ("short_descriptor", "Short descriptor (CMS)")]:
            assert facts.get(term, [None]) == [document[field]], code
        where = [entry for entry in document["provenance"]["relative_values"]]
        assert page.facts["sources"].get("Relative values", []) == [f"{at['file']}, line {at['line']}" for at in where], code


def test_the_hcpcs_record_is_there_with_the_meaning_of_every_value(site):
    published, folder = site
    known = meanings(published)
    seen = 0
    for code, document in looked_at(published):
        if not document["hcpcs"]:
            continue
        facts = [value for values in read_page(folder / "codes" / f"{code}.html").facts["record"].values() for value in values]
        expected = []
        for field, value in document["hcpcs"].items():
            for one in value if isinstance(value, list) else [value]:
                if one is None or (field == "anesthesia_base_units" and one == "0"):
                    continue
                meaning = known.get((field, one))
                expected.append(f"{one} {meaning}" if meaning else one)
        assert facts == expected, code
        seen += 1
    assert seen > 10


def test_drug_payment_and_products_are_those_of_the_dataset(site):
    published, folder = site
    seen = 0
    for code, document in published.documents.items():
        drug = document["drug"]
        if drug is None:
            continue
        page = read_page(folder / "codes" / f"{code}.html")
        facts = page.facts["drug"]
        if drug["payment_limit"] is not None:
            assert facts["Payment limit"] == [f"{money(drug['payment_limit'])} per {drug['dosage']}"], code
            assert facts["Coinsurance"] == [f"{drug['coinsurance']} %"], code
        window = drug["effective"]
        assert facts["Quarter"] == [f"{drug['quarter']}, {window['from']} to {window['to']}"], code
        assert page.names.get("names", [])[-len(drug["brand_names"]) or 999:] == drug["brand_names"], code
        products = [line[:2] for table in page.tables.get("drug", []) for line in table[1:]]
        assert products == [[product["ndc"], squeezed(product["labeler"])] for product in drug["products"]], code
        seen += 1
    assert seen >= 4


@pytest.mark.parametrize("digit,state", [("6", "current"), ("0", "stale")])
def test_stale_texts_stand_under_a_notice_that_says_so(digit, state, tmp_path):
    overlays = tmp_path / "overlays"
    overlays.mkdir()
    text = (SAMPLE_OVERLAYS / "codes" / "J7308.yaml").read_text()
    (overlays / "J7308.yaml").write_text(text.replace("sha256:6", f"sha256:{digit}"))
    result = run(tmp_path / "store", "RVU26A", [SAMPLE_RVU, SAMPLE_HCPCS], overlays)
    assert_published(result)
    published = Published(tmp_path / "store", result)
    build(published, tmp_path / "site", "--only", "J7308")
    assert published.documents["J7308"]["editorial"]["review"]["state"] == state
    page = (tmp_path / "site" / "codes" / "J7308.html").read_text()
    notice = html.escape(meanings(published)["review_state", "stale"])
    assert (notice in page) == (state == "stale") and "Levulan" in page


def test_structured_data_says_what_the_page_says(site):
    published, folder = site
    for code, document in looked_at(published):
        (data,) = read_page(folder / "codes" / f"{code}.html").structured_data
        assert data["@context"] == "https://schema.org"
        page, *questions = data["@graph"]
        assert page["@type"] == "MedicalWebPage" and "url" not in page
        about = page["about"]
        assert about["@type"] == "MedicalCode" and about["codeValue"] == code
        assert about["codingSystem"] == document["system"] and about.get("name") == document["title"]
        faq = (document["editorial"] or {}).get("faq", [])
        assert [entry["@type"] for entry in questions] == (["FAQPage"] if faq else [])
        for entry in questions:
            assert [(one["name"], one["acceptedAnswer"]["text"]) for one in entry["mainEntity"]] == [
                (one["question"], one["answer"]) for one in faq], code


def test_a_code_without_an_official_descriptor_says_why(whole_site, rvu26a):
    known = meanings(rvu26a)
    for code, system in (("99213", "CPT"), ("D0120", "CDT")):
        assert known["system", system] in read_page(whole_site / "codes" / f"{code}.html").text("")
    assert known["system", "HCPCS"] in read_page(whole_site / "codes" / "J7308.html").facts["sources"]["Code system"]


# The whole.


def test_there_is_a_page_for_every_code_and_every_link_leads_somewhere(site):
    published, folder = site
    assert {path.stem for path in (folder / "codes").iterdir()} == set(published.documents)
    sources = {
        path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*.html") if path.name != "diff.html"}
    ids = {name: re.findall(r' id="([^"]*)"', source) for name, source in sources.items()}
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    linked = set()
    for name, source in sources.items():
        assert len(ids[name]) == len(set(ids[name])), name
        for link in map(html.unescape, re.findall(r' (?:href|src|action)="([^"]*)"', source)):
            target, fragment = urldefrag(link)
            parts = urlsplit(target)
            assert not parts.scheme and not parts.netloc, (name, link)
            path = posixpath.normpath(posixpath.join(posixpath.dirname(name), unquote(parts.path))) if parts.path else name
            assert path in files, (name, link)
            if fragment and path in ids:
                assert fragment in ids[path], (name, link)
            if name.startswith("sections/") and path.startswith("codes/"):
                linked.add(path)
    assert linked == {f"codes/{code}.html" for code in published.documents}, "every code is reached without the search"
    assert {"certificate.html", "diff.html", "dictionary.html"} <= set(re.findall(r'href="([^"]*)"', sources["index.html"]))


def test_the_same_revision_gives_the_same_bytes(samples, sample_site, tmp_path):
    build(samples, tmp_path / "again")
    assert files_below(tmp_path / "again") == files_below(sample_site)


def test_a_second_build_replaces_the_first(samples, tmp_path):
    folder = tmp_path / "site"
    build(samples, folder)
    (folder / "codes" / "J7308.html").write_text("stale")
    (folder / "codes" / "X9999.html").write_text("gone")
    build(samples, folder)
    assert "stale" != (folder / "codes" / "J7308.html").read_text()
    assert not (folder / "codes" / "X9999.html").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["site"], "nothing is left beside it"


@pytest.mark.parametrize("foreign", ["thesis.txt", "codes/thesis.txt", ".git/config", "site/index.html"])
def test_a_folder_with_anything_else_in_it_is_not_touched(foreign, samples, tmp_path):
    folder = tmp_path / "site"
    build(samples, folder)
    (folder / foreign).parent.mkdir(exist_ok=True)
    (folder / foreign).write_text("mine")
    before = files_below(folder)
    for extra in ([], ["--only", "J7308"]):
        result = ingest("site", "--out", folder, "--store", samples.store, *extra)
        assert result.code == 73 and foreign.split("/")[0] in result.err and "The site was not written" in result.err, result
        assert files_below(folder) == before and result.out == b""


def test_a_folder_that_no_site_was_in_is_not_touched(samples, tmp_path):
    (tmp_path / "index.html").write_text("mine")
    result = ingest("site", "--out", tmp_path, "--store", samples.store)
    assert result.code == 73 and files_below(tmp_path) == {"index.html": b"mine"}, result


def test_only_writes_one_page_as_the_whole_site_has_it(samples, sample_site, tmp_path):
    result = build(samples, tmp_path / "one", "--only", "j7308")
    assert result.out.decode().strip().endswith("codes/J7308.html")
    written = files_below(tmp_path / "one")
    assert written["codes/J7308.html"] == (sample_site / "codes" / "J7308.html").read_bytes()
    assert [path for path in written if path.endswith(".html")] == ["codes/J7308.html"]
    missing = ingest("site", "--out", tmp_path / "none", "--store", samples.store, "--only", "X0000")
    assert missing.code == 2 and "X0000" in missing.err and not (tmp_path / "none").exists(), missing


def test_an_address_is_in_a_page_only_where_it_was_given(samples, sample_site, tmp_path):
    build(samples, tmp_path / "site", "--base-url", "https://example.org/codes")
    source = (tmp_path / "site" / "codes" / "J7308.html").read_text()
    assert '<link rel="canonical" href="https://example.org/codes/codes/J7308.html">' in source
    assert source.count("https://example.org/codes/codes/J7308.html") == 4
    for path in sample_site.rglob("*.html"):
        found = set(re.findall(r"https?://[^\"'<> ]+", path.read_text()))
        assert path.name == "diff.html" or found <= {"https://schema.org"}, path
    assert ingest("site", "--out", tmp_path / "bad", "--store", samples.store, "--base-url", "codes").code == 64


def test_json_says_what_was_written(samples, tmp_path):
    result = json.loads(build(samples, tmp_path / "site", "--format", "json").out)
    assert result["revision"] == "RVU26A-r1" and result["path"].endswith("site/index.html")
    assert result["pages"] == len(list((tmp_path / "site").rglob("*.html")))


# History.


def test_the_history_has_a_line_for_each_release_up_to_the_one_shown(data, rvu26a_inputs, tmp_path):
    store = tmp_path / "store"
    for release, inputs in (("RVU25D", [data / "rvu25d"]), ("RVU26A", rvu26a_inputs), ("RVU26B", [data / "rvu26b"])):
        assert_published(ingest(*run_arguments(store, release, inputs), "--policy", open_policy(tmp_path)))
    for release, count in (("RVU26A", 2), ("RVU26B", 3)):
        for code in ("99213", "J7308", "G2211"):
            result = ingest("site", "--out", tmp_path / release, "--store", store, "--release", release, "--only", code)
            assert result.code == 0, result
            (table,) = read_page(tmp_path / release / "codes" / f"{code}.html").tables["history"]
            told = json.loads(
                ingest("history", code, "--store", store, "--format", "json").out, parse_float=str)["releases"][:count]
            for line, entry in zip(reversed(table[1:]), told, strict=True):
                assert line[:2] == [entry["revision"], entry["effective_from"]]
                row = entry["row"]
                assert line[2:6] == [row["status"], row["work"], row["total_nonfacility"], row["total_facility"]]
                assert line[6:8] == [
                    "none" if entry["payment"][setting] is None else money(entry["payment"][setting])
                    for setting in ("nonfacility", "facility")]


def open_policy(folder):
    path = folder / "open.yaml"
    path.write_text("limits: {}\n")
    return path


# Hostile and licensed text.


def test_a_hostile_text_is_text(browser, tmp_path):
    overlays = tmp_path / "overlays"
    shutil.copytree(SAMPLE_OVERLAYS, overlays)
    text = json.dumps(HOSTILE.replace("{{code}}", ""))
    (overlays / "codes" / "J7308.yaml").write_text(
        f"code: J7308\ntitle: {text}\nsummary: {text}\nsynonyms: [{text}]\nplain_language: [{text}]\nclinical_context: {text}\n"
        f"specialties: [{text}]\nbilling: {text}\nquestions:\n  - question: {text}\n    answer: {text}\n")
    assert_published(run(tmp_path / "store", "RVU26A", [SAMPLE_RVU, SAMPLE_HCPCS], overlays))
    folder = tmp_path / "site"
    build(Published(tmp_path / "store"), folder)
    for path in folder.rglob("*"):
        if path.suffix == ".html":
            assert "<script>document" not in path.read_text() and "<img" not in path.read_text(), path
    with Opened(browser, (folder / "codes" / "J7308.html").as_uri()) as opened:
        assert opened.page.title().startswith("J7308 </script>")
        assert opened.page.locator("img").count() == 0
        opened.assert_quiet(folder)
    with Opened(browser, (folder / "index.html").as_uri()) as opened:
        opened.page.locator("#q").fill("onerror")
        assert opened.page.locator("#results li").count() == 1
        assert opened.page.locator("img").count() == 0 and opened.page.title() == "Codes of RVU26A"
        opened.assert_quiet(folder)


# The browser.


@pytest.mark.parametrize("code", NAMED)
@pytest.mark.parametrize("width, height", [(320, 640), (390, 844), (1280, 900)])
def test_pages_fit_every_width_and_load_nothing_from_elsewhere(code, width, height, browser, whole_site):
    for path in (f"codes/{code}.html", "index.html", "sections/J.html", "certificate.html"):
        with Opened(browser, (whole_site / path).as_uri(), viewport={"width": width, "height": height}) as opened:
            assert opened.page.evaluate("document.documentElement.scrollWidth") <= width, path
            assert opened.page.evaluate("getComputedStyle(document.querySelector('h1')).fontFamily").startswith("system-ui")
            opened.assert_quiet(whole_site)


@pytest.mark.parametrize("typed, first", [
    ("J7308", "J7308"), ("j7308", "J7308"), ("99213", "99213"), ("levulan", "J7308"), ("kerastick lev", "J7308"),
    ("needle skin cells lamp", "J7308"), ("J730", "J7300"), ("level 3 follow-up", "99213")])
def test_a_code_is_found_by_its_code_its_brand_and_plain_words(typed, first, browser, whole_site):
    with Opened(browser, (whole_site / "index.html").as_uri()) as opened:
        opened.page.locator("#q").press_sequentially(typed)
        assert opened.page.locator("#results a .code").first.inner_text() == first
        assert "code" in opened.page.locator("#found").inner_text()
        opened.page.keyboard.press("Enter")
        opened.page.wait_for_url(f"**/codes/{first}.html")
        opened.assert_quiet(whole_site)


def test_results_are_walked_by_keyboard(browser, whole_site):
    with Opened(browser, (whole_site / "index.html").as_uri()) as opened:
        page = opened.page
        page.keyboard.press("/")
        page.keyboard.type("aminolevulinic")
        codes = page.locator("#results a .code").all_inner_texts()
        assert {"J7308", "J7345"} <= set(codes)
        focused = "document.activeElement.querySelector('.code')?.textContent ?? document.activeElement.id"
        page.keyboard.press("ArrowDown")
        assert page.evaluate(focused) == codes[0]
        page.keyboard.press("ArrowDown")
        assert page.evaluate(focused) == codes[1]
        page.keyboard.press("ArrowUp")
        page.keyboard.press("ArrowUp")
        assert page.evaluate(focused) == "q"
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"


def test_every_code_is_found_by_itself(browser, whole_site, rvu26a):
    """Every 97th code, typed whole, comes first."""
    with Opened(browser, (whole_site / "index.html").as_uri()) as opened:
        for code in sorted(rvu26a.documents)[::97]:
            opened.page.locator("#q").fill(code)
            assert opened.page.locator("#results a .code").first.inner_text() == code


def test_nothing_found_is_said_and_an_empty_field_shows_the_sections(browser, whole_site):
    with Opened(browser, (whole_site / "index.html").as_uri()) as opened:
        page = opened.page
        page.locator("#q").fill("no such thing anywhere")
        assert "No code" in page.locator("#found").inner_text() and page.locator("#sections").is_hidden()
        page.locator("#q").fill("")
        assert page.locator("#sections").is_visible() and page.locator("#results li").count() == 0


def test_a_page_leads_to_the_search(browser, whole_site):
    with Opened(browser, (whole_site / "codes" / "99213.html").as_uri()) as opened:
        opened.page.locator("#find").fill("levulan")
        opened.page.keyboard.press("Enter")
        opened.page.wait_for_url("**/index.html?q=levulan")
        assert opened.page.locator("#results a .code").first.inner_text() == "J7308"
        opened.assert_quiet(whole_site)


def test_without_a_script_the_sections_lead_to_every_code(browser, whole_site):
    with Opened(browser, (whole_site / "index.html").as_uri(), java_script_enabled=False) as opened:
        assert opened.page.locator("#sections a").first.is_visible()
        assert opened.page.locator("noscript").count() == 1


def test_the_search_index_is_small(whole_site):
    (index,) = (whole_site / "assets").glob("search.*.js")
    assert index.stat().st_size < 2_500_000


def test_a_table_wider_than_the_page_is_scrolled_by_keyboard(browser, whole_site):
    with Opened(browser, (whole_site / "codes" / "99213.html").as_uri(), viewport={"width": 320, "height": 640}) as opened:
        for box in opened.page.locator(".scroll").all():
            assert box.get_attribute("tabindex") == "0" and box.get_attribute("aria-label")


def test_paper_shows_the_content_without_the_tools(browser, whole_site):
    with Opened(browser, (whole_site / "codes" / "99213.html").as_uri()) as opened:
        opened.page.emulate_media(media="print")
        assert opened.page.locator("#relative-values table").is_visible()
        assert opened.page.locator("header form").is_hidden() and opened.page.locator(".parts").is_hidden()
