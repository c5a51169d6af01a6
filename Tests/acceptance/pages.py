"""A site's pages in a real browser, and their text read without one."""

import html
import json
import re
import shutil
from html.parser import HTMLParser

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None)


def open_browser():
    """Chromium as a fixture's generator, or a skipped test."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("there is no Chromium to open pages with")
    with playwright.sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


class Opened:
    """A page of a folder, opened; notes what the browser complains of and what it wants to load."""

    def __init__(self, browser, address, **options):
        self.complaints = []
        self.requests = []
        self.context = browser.new_context(**options)
        self.page = self.context.new_page()
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(address)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.context.close()

    def assert_quiet(self, folder):
        """Nothing was complained of, and nothing but the site's own files was asked for."""
        assert self.complaints == []
        assert [url for url in self.requests if not url.startswith(folder.as_uri())] == []


class Reader(HTMLParser):
    """A page's parts by the id of their section: headings, paragraphs, facts, tables; and its links and data."""

    def __init__(self, source):
        super().__init__(convert_charrefs=True)
        self.links, self.ids, self.scripts = [], [], []
        self.tables, self.facts, self.texts, self.names = {}, {}, {}, {}
        self.section, self.stack, self.title, self.heading = "", [], "", ""
        self.term = None
        self.feed(source)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if "id" in attributes:
            self.ids.append(attributes["id"])
        if tag in ("a", "link", "script"):
            self.links += [attributes[name] for name in ("href", "src") if name in attributes]
        if tag == "section":
            self.section = attributes["id"]
        if tag == "table":
            self.tables.setdefault(self.section, []).append([])
        if tag == "tr":
            self.tables[self.section][-1].append([])
        if tag in ("th", "td") and self.tables.get(self.section):
            self.tables[self.section][-1][-1].append("")
        if tag == "dt":
            self.term = ""
        if tag == "dd":
            self.facts.setdefault(self.section, {}).setdefault(self.term, []).append("")
        if tag == "li" and attributes.get("class") is None and self.section:
            self.names.setdefault(self.section, []).append("")
        if tag not in ("meta", "link", "input", "br"):
            self.stack.append((tag, attributes))

    def handle_endtag(self, tag):
        while self.stack and self.stack.pop()[0] != tag:
            pass

    def handle_data(self, data):
        tags = [tag for tag, _ in self.stack]
        if not tags:
            return
        if tags[-1] == "script":
            self.scripts.append((self.stack[-1][1], data))
            return
        if "title" in tags:
            self.title += data
        if "h1" in tags:
            self.heading += data
        if "th" in tags or "td" in tags:
            self.tables[self.section][-1][-1][-1] += data
        elif "dt" in tags:
            self.term += data
        elif "dd" in tags:
            self.facts[self.section][self.term][-1] += data
        elif "li" in tags and self.section:
            if self.names.get(self.section):
                self.names[self.section][-1] += data
        elif "main" in tags and data.strip():
            self.texts.setdefault(self.section, []).append(data)

    def text(self, section):
        return re.sub(r"\s+", " ", " ".join(self.texts.get(section, []))).strip()

    @property
    def structured_data(self):
        return [json.loads(data) for attributes, data in self.scripts if attributes.get("type") == "application/ld+json"]


def read_page(path):
    return Reader(path.read_text(encoding="utf-8"))


def squeezed(text):
    return re.sub(r"\s+", " ", text).strip()


__all__ = ["CHROMIUM", "Opened", "Reader", "html", "open_browser", "read_page", "squeezed"]
