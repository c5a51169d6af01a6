"""diff.html in a real browser: it loads nothing, its tables sort and filter, and no text becomes markup."""

import html
import json
import re

import pytest

from pages import Opened
from support import SAMPLE_HCPCS, SAMPLE_RVU, assert_published, ingest, run

# Ends what a text could stand in, and would say so in the page's title if it ran.
HOSTILE = "</script></td><script>document.title='run'</script><img src=x onerror=\"document.title='run'\"> & 'quoted'"


def report(base, head, store, folder):
    result = ingest("diff", base, head, "--store", store, "--report", folder)
    assert result.code == 0, result
    assert (folder / "diff.html").is_file(), result
    return folder


@pytest.fixture(scope="session")
def january(data, tmp_path_factory):
    """The reports of RVU25D to RVU26B: a new year, with thousands of changed rows."""
    folder = tmp_path_factory.mktemp("january")
    store = folder / "store"
    for release, path in (("RVU25D", "rvu25d"), ("RVU26B", "rvu26b")):
        assert_published(run(store, release, [data / path]))
    return report("RVU25D", "RVU26B", store, folder / "report")


@pytest.fixture(scope="session")
def hostile(tmp_path_factory):
    """The reports of a revision whose editor wrote markup."""
    folder = tmp_path_factory.mktemp("hostile")
    overlays = folder / "overlays"
    overlays.mkdir()
    store = folder / "store"
    for summary in ("A drug that light makes active.", HOSTILE):
        (overlays / "one.yaml").write_text(
            f"code: J7308\nsummary: {json.dumps(summary)}\nsynonyms: [{json.dumps(summary)}]\n")
        assert_published(run(store, "RVU26A", [SAMPLE_RVU, SAMPLE_HCPCS], overlays))
    return report("RVU26A-r1", "RVU26A-r2", store, folder / "report")


class Page(Opened):
    """diff.html, opened."""

    def __init__(self, browser, folder, **options):
        self.address = (folder / "diff.html").as_uri()
        super().__init__(browser, self.address, **options)

    @property
    def tables(self):
        return [block.get_attribute("data-table") for block in self.page.query_selector_all("[data-table]")]

    def block(self, table):
        return self.page.locator(f"[data-table='{table}']")

    def rows(self, table):
        """The cells of each row that is shown."""
        return self.page.eval_on_selector(
            f"#{table} tbody", "body => [...body.rows].map(row => [...row.cells].map(cell => cell.textContent))")

    def head(self, table, index):
        return self.block(table).locator("thead th").nth(index)

    def is_number(self, table, index):
        return "n" in (self.head(table, index).get_attribute("class") or "").split()

    def count(self, table):
        return self.block(table).locator(".count").inner_text()

    def assert_quiet(self):
        assert self.complaints == []
        assert self.requests == [self.address]


@pytest.fixture(scope="session", params=["january", "hostile"])
def folder(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def page(browser, folder):
    with Page(browser, folder) as opened:
        yield opened
        opened.assert_quiet()


@pytest.fixture
def january_page(browser, january):
    with Page(browser, january) as opened:
        yield opened
        opened.assert_quiet()


def key(text, is_number):
    """What a cell is sorted by."""
    if not is_number:
        return text
    return int(re.sub(r"[^0-9−]", "", text).replace("−", "-"))


def assert_sorted(page, table, index):
    is_number = page.is_number(table, index)
    cells = [row[index] for row in page.rows(table)]
    filled = [key(cell, is_number) for cell in cells if cell]
    descending = page.head(table, index).get_attribute("aria-sort") == "descending"
    assert filled == sorted(filled, reverse=descending), f"{table}, column {index}"
    # Cells without a value stand last.
    assert cells == [cell for cell in cells if cell] + [cell for cell in cells if not cell]


def test_every_part_of_the_report_is_there_in_order(january_page):
    titles = january_page.page.locator("main h2").all_inner_texts()
    assert titles[0] == "Pass"
    assert titles[1:] == [
        "The two revisions", "Can they be trusted?", "How much changed", "Systemic changes", "Payment",
        "Relative values", "Statuses and indicators", "Added and deleted", "Descriptors", "Level II fields",
        "Drugs", "Editorial work", "Localities", "Schema"]
    links = january_page.page.locator("nav a")
    assert links.all_inner_texts() == titles[1:]
    for link in links.all():
        assert january_page.page.locator(link.get_attribute("href")).count() == 1


def test_the_page_counts_as_the_json_does(january_page, january):
    document = json.loads((january / "diff.json").read_text())
    movers = [change for change in document["payment"]["changes"] if float(change.get("unexplained") or 0) != 0]
    assert january_page.count("movers").startswith(f"{len(movers):,} rows")
    events = [change for change in document["payment"]["changes"] if change["event"] != "revalued"]
    assert january_page.count("events").startswith(f"{len(events):,} rows")
    assert january_page.count("descriptors").startswith(f"{len(document['descriptors']):,} rows")
    added = document["counts"]["rows_added"] + document["counts"]["rows_removed"]
    assert january_page.count("added").startswith(f"{added:,} rows")
    for category in document["categories"]:
        absent = sum(rule["explains"] for rule in document["systemic"]
                     if rule["category"] == category["id"] and rule["origin"] == "absent")
        cells = [row[2:] for row in january_page.rows("counts") if row[1] == category["id"]]
        expected = [f"{category[name]:,}" for name in ("total", "explained", "residual")]
        assert cells == ([expected] if category["total"] > absent else [])


def test_na_flips_are_events_and_no_movers(january_page):
    for code in ("61626", "52648"):
        january_page.block("movers").locator("input").fill(code)
        assert [row for row in january_page.rows("movers") if row[0] == code and row[1] == "Non-facility"] == []
        january_page.block("events").locator("input").fill(code)
        assert ["NA" in row[2] for row in january_page.rows("events")] == [True]


def test_every_table_sorts_by_click(page):
    assert page.tables
    for table in page.tables:
        before = page.rows(table)
        for index in range(len(before[0])):
            button = page.head(table, index).locator("button")
            for expected in (["descending", "ascending"] if page.is_number(table, index) else
                             ["ascending", "descending"]):
                button.click()
                assert page.head(table, index).get_attribute("aria-sort") == expected
                assert_sorted(page, table, index)
            button.click()
            assert page.head(table, index).get_attribute("aria-sort") == "none"
            # Rows written by the script read as those that the program wrote.
            assert page.rows(table) == before, table


def test_every_table_sorts_and_filters_by_keyboard(page):
    for table in page.tables:
        before = page.rows(table)
        page.block(table).locator("input").focus()
        page.page.keyboard.type(before[-1][0])
        assert page.rows(table), table
        assert all(word.lower().replace(",", "") in " ".join(row).lower().replace(",", "")
                   for row in page.rows(table) for word in before[-1][0].split()), table
        page.page.keyboard.press("Control+A")
        page.page.keyboard.press("Delete")
        assert page.rows(table) == before
        # Past the menus and the scrolled region to the first heading.
        for _ in range(page.block(table).locator("select").count() + 2):
            page.page.keyboard.press("Tab")
        assert page.page.evaluate("document.activeElement.closest('th') !== null"), table
        page.page.keyboard.press("Enter")
        assert page.head(table, 0).get_attribute("aria-sort") != "none"
        assert_sorted(page, table, 0)
        outline = page.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", "the focus is seen"


def test_menus_choose_by_keyboard(january_page):
    before = january_page.count("movers")
    menu = january_page.block("movers").locator("select")
    menu.focus()
    options = menu.locator("option").all_inner_texts()
    assert options[0] == "all" and sorted(options[1:]) == ["Facility", "Non-facility"]
    menu.select_option(label="Facility")
    assert {row[1] for row in january_page.rows("movers")} == {"Facility"}
    assert "match" in january_page.count("movers") and january_page.count("movers") != before
    menu.select_option(label="all")
    assert january_page.count("movers") == before


def test_a_large_table_filters_all_its_rows_and_shows_more_on_demand(january_page):
    block = january_page.block("components")
    assert int(block.get_attribute("data-rows")) > 20_000
    assert len(january_page.rows("components")) == 100
    block.get_by_role("button", name="Show 100 more").click()
    assert len(january_page.rows("components")) == 200
    january_page.page.evaluate("""() => {
        const input = document.querySelector("[data-table='components'] input");
        for (const text of ["9", "99", "992", "9921", "99213"]) {
            input.value = text;
            input.dispatchEvent(new Event("input"));
        }
    }""")
    rows = january_page.rows("components")
    assert rows and {row[0] for row in rows} == {"99213"}
    assert january_page.count("components").endswith("rows match")
    assert block.get_by_role("button", name=re.compile("^Show")).is_hidden()
    assert block.locator(".count").get_attribute("role") == "status", "a screen reader hears the count"


def test_a_filter_without_a_match_says_so(january_page):
    january_page.block("movers").locator("input").fill("no such code")
    assert january_page.rows("movers") == []
    assert january_page.count("movers").startswith("0 of")


def test_pictures_are_seen_and_described(january_page):
    pictures = january_page.page.locator("svg")
    assert pictures.count() == 4
    for picture in pictures.all():
        box = picture.bounding_box()
        assert box["width"] > 250 and box["height"] > 100
        names = picture.get_attribute("aria-labelledby").split()
        assert all(january_page.page.locator(f"#{name}").text_content().strip() for name in names)
        bars = [bar.bounding_box() for bar in picture.locator("rect").all()]
        assert sum(bar is not None and bar["width"] > 0 and bar["height"] > 0 for bar in bars) >= 6
        # Nothing sticks out of the picture.
        for text in picture.locator("text").all():
            inner = text.bounding_box()
            assert inner["x"] >= box["x"] - 1 and inner["x"] + inner["width"] <= box["x"] + box["width"] + 1


def luminance(colour):
    channels = [int(number) / 255 for number in re.findall(r"\d+", colour)[:3]]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


CONTRASTS = """() => {
    const ground = (node) => {
        for (; node; node = node.parentElement) {
            const colour = getComputedStyle(node).backgroundColor;
            if (colour !== "rgba(0, 0, 0, 0)") return colour;
        }
    };
    const seen = {};
    for (const node of document.querySelectorAll("main *, nav *, header *, footer *")) {
        if (["title", "desc"].includes(node.localName)) continue;
        if (![...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim())) continue;
        const style = getComputedStyle(node);
        const fill = node.namespaceURI.endsWith("svg") ? style.fill : style.color;
        seen[fill + "|" + ground(node)] ??= node.outerHTML.slice(0, 120);
    }
    return seen;
}"""


def test_dark_and_light_are_both_readable(browser, january):
    grounds = set()
    for scheme in ("light", "dark"):
        with Page(browser, january, color_scheme=scheme) as opened:
            grounds.add(opened.page.evaluate("getComputedStyle(document.body).backgroundColor"))
            for colours, where in opened.page.evaluate(CONTRASTS).items():
                dark, light = sorted(map(luminance, colours.split("|")))
                assert (light + 0.05) / (dark + 0.05) >= 4.5, f"{scheme}: {colours} at {where}"
    assert len(grounds) == 2


def test_a_phone_shows_the_page_without_scrolling_sideways(browser, folder):
    with Page(browser, folder, viewport={"width": 360, "height": 740}) as opened:
        assert opened.page.evaluate("document.documentElement.scrollWidth") <= 360


def test_paper_shows_the_content_without_the_tools(january_page):
    page = january_page.page
    page.emulate_media(media="print")
    for table in january_page.tables:
        assert january_page.block(table).locator("tbody tr").first.is_visible()
        assert january_page.block(table).locator(".count").is_visible()
        assert january_page.block(table).locator("input").is_hidden()
    clipped = "nodes => nodes.filter(node => node.scrollHeight > node.clientHeight + 1).map(node => node.outerHTML)"
    assert page.eval_on_selector_all(".scroll", clipped) == [], "paper does not scroll"
    assert page.locator("svg").first.is_visible()
    assert page.locator("nav").is_hidden()
    assert page.pdf().startswith(b"%PDF")


def test_the_page_is_of_use_without_its_script(browser, january):
    with Page(browser, january, java_script_enabled=False) as opened:
        assert opened.page.locator("#movers tbody tr").count() == 100
        assert opened.page.locator("#movers tbody tr").first.is_visible()
        assert "the first 100 are shown" in opened.count("movers")
        assert opened.page.locator("button, input").count() == 0


def test_a_hostile_text_is_text(browser, hostile):
    source = (hostile / "diff.html").read_text()
    assert "<script>document" not in source and "<img" not in source
    with Page(browser, hostile) as opened:
        shown = [row for row in opened.rows("editorial-changes") if HOSTILE in row[-1]]
        assert len(shown) == 2, "the summary and the synonym"
        opened.block("editorial-changes").locator("input").fill("onerror")
        assert len(opened.rows("editorial-changes")) == 2
        opened.head("editorial-changes", 0).locator("button").click()
        opened.page.wait_for_timeout(100)
        assert opened.page.locator("img").count() == 0
        assert opened.page.title() == html.unescape(re.search("<title>(.*?)</title>", source)[1])
        opened.assert_quiet()


def test_the_same_comparison_gives_the_same_bytes(january, tmp_path):
    again = report("RVU25D", "RVU26B", january.parent / "store", tmp_path / "again")
    assert (again / "diff.html").read_bytes() == (january / "diff.html").read_bytes()
