"""The site for everyone: axe finds nothing in light and dark on a phone and at a desk, and the HTML has no error."""

import re

import pytest

from pages import Opened
from test_site import NAMED, sample_site, whole_site  # noqa: F401

VIEWPORTS = {"phone": {"width": 390, "height": 844}, "desk": {"width": 1280, "height": 900}}
# One of each kind of page: a drug, a visit, imaging with three rows, anesthesia, dental, a code that no file explains.
CODES = [*NAMED, "78815", "00100", "D0120", "G2211", "A9270"]


@pytest.fixture(scope="session")
def axe():
    return pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed").Axe()


def violations(axe, page):
    found = axe.run(page).response
    assert found["passes"], "axe looked at nothing"
    return [(rule["id"], [node["html"][:200] for node in rule["nodes"]]) for rule in found["violations"]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", VIEWPORTS)
def test_axe_finds_nothing(scheme, viewport, browser, axe, whole_site):  # noqa: F811
    paths = [f"codes/{code}.html" for code in CODES] + ["index.html", "certificate.html", "sections/P.html", "sections/anesthesia.html"]
    for path in paths:
        with Opened(browser, (whole_site / path).as_uri(), viewport=VIEWPORTS[viewport], color_scheme=scheme) as opened:
            for summary in opened.page.locator("summary").all():
                summary.click()
            if path == "index.html":
                opened.page.locator("#q").fill("levulan")
            assert violations(axe, opened.page) == [], path


def test_axe_notices_what_is_wrong(browser, axe, whole_site):  # noqa: F811
    with Opened(browser, (whole_site / "codes" / "99213.html").as_uri()) as opened:
        opened.page.evaluate("document.querySelector('h1').style.color = '#ddd'; document.documentElement.lang = ''")
        assert {"color-contrast", "html-has-lang"} <= {rule for rule, _ in violations(axe, opened.page)}


def errors(source):
    html5lib = pytest.importorskip("html5lib", reason="html5lib is not installed")
    parser = html5lib.HTMLParser(strict=False)
    parser.parse(source)
    return [(place, code) for place, code, _ in parser.errors]


def test_the_HTML_of_every_page_of_the_samples_has_no_error(sample_site):  # noqa: F811
    for path in sorted(sample_site.rglob("*.html")):
        assert errors(path.read_text(encoding="utf-8")) == [], path


def test_the_HTML_of_many_pages_of_a_whole_release_has_no_error(whole_site):  # noqa: F811
    paths = sorted((whole_site / "codes").iterdir())[::200] + sorted(whole_site.glob("sections/[A-H]*.html"))
    for path in [*paths, whole_site / "index.html", whole_site / "certificate.html"]:
        assert errors(path.read_text(encoding="utf-8")) == [], path


def test_the_checker_notices_what_is_wrong(sample_site):  # noqa: F811
    source = (sample_site / "codes" / "J7308.html").read_text()
    assert errors(source.replace("</section>", "", 1)) and errors(source.replace("<h1>", "<h1 id=a id=b>"))


@pytest.mark.parametrize("code", CODES)
def test_headings_go_down_by_one_and_landmarks_are_there(code, browser, whole_site):  # noqa: F811
    with Opened(browser, (whole_site / "codes" / f"{code}.html").as_uri()) as opened:
        levels = opened.page.eval_on_selector_all("h1, h2, h3, h4", "nodes => nodes.map(node => Number(node.localName[1]))")
        assert levels[0] == 1 and levels.count(1) == 1
        assert all(after <= before + 1 for before, after in zip(levels, levels[1:])), levels
        for landmark in ("header", "main", "footer", "nav", "[role=search]"):
            assert opened.page.locator(landmark).count() >= 1, landmark
        opened.page.keyboard.press("Tab")
        assert opened.page.evaluate("document.activeElement.className") == "skip"
        opened.page.keyboard.press("Enter")
        assert opened.page.evaluate("document.activeElement.id") == "main"
        assert re.fullmatch(r"[a-z]{2}", opened.page.locator("html").get_attribute("lang"))
