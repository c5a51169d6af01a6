"""The data dictionary: its forms say the same as Schemas/, and it explains every code value that a release has."""

import json
import os
import re
import sqlite3

import pytest

from pages import Opened
from support import REPO, SCHEMAS, Published, environment, ingest, read_table, run_samples
from test_site_accessibility import VIEWPORTS, axe, errors, violations  # noqa: F401

COMMITTED = {
    "markdown": SCHEMAS / "DICTIONARY.md",
    "docc": REPO / "Sources" / "FeeSchedule" / "FeeSchedule.docc" / "DataDictionary.md",
}
RELEASES = ["samples", "rvu25a", "rvu25d", "rvu26b", "rvu26a"]

# Columns with few values that are no codes: texts, references to CMS's manuals and to the law, keys of other tables.
TEXTS = {
    "codes": ["coverage_issues_manual", "carriers_manual", "statute", "cross_references", "processing_note", "section_name",
              "category_name", "opps_group"],
    "modifiers": ["coverage_issues_manual", "carriers_manual", "statute", "cross_references", "processing_note", "opps_group"],
    "localities": ["mac", "locality", "name", "fee_schedule_area", "counties"],
    "opps_caps": ["code", "mac", "locality", "gpci_mac"],
    "relative_values": ["endoscopic_base"],
    "category_texts": ["scope", "item", "text"],
    "indicator_values": ["indicator"],
    "drug_payment_limits": ["quarter", "notes"],
    "drug_products": ["quarter"],
    "editorial": ["code", "title", "summary", "clinical_context", "billing", "documentation", "review_release",
                  "review_descriptor"],
    "editorial_items": ["code", "text"],
    "questions": ["code", "question", "answer"],
    "payments": ["code", "mac", "locality"],
    "provenance": ["modifier", "mac", "locality", "file"],
}


def printed(form, *tables, **options):
    result = ingest("dictionary", "--format", form, *tables, **options)
    assert (result.code, result.err) == (0, ""), result
    return result.out


@pytest.fixture(scope="module")
def columns():
    """The rows of tables.csv by (table, column)."""
    return {(row["table"], row["column"]): row for row in read_table(SCHEMAS / "dataset" / "tables.csv")}


@pytest.fixture(scope="module")
def dictionary():
    return json.loads(printed("json"))


@pytest.fixture(scope="module")
def lists(dictionary):
    return {values["name"]: {item["value"]: item["meaning"] for item in values["values"]} for values in dictionary["values"]}


@pytest.fixture(scope="module")
def with_payments(tmp_path_factory):
    store = tmp_path_factory.mktemp("payments") / "store"
    result = run_samples(store, "--payments")
    assert result.code == 0, result
    return Published(store, result)


# The content.


@pytest.mark.parametrize("form", COMMITTED)
def test_the_committed_page_is_what_the_program_prints(form):
    now = printed(form)
    if os.environ.get("INGEST_RECORD"):
        COMMITTED[form].parent.mkdir(parents=True, exist_ok=True)
        COMMITTED[form].write_bytes(now)
        pytest.fail(f"recorded {COMMITTED[form].name}; look at the difference and run again")
    assert COMMITTED[form].read_bytes() == now, "record it with INGEST_RECORD=1"


def test_it_says_what_the_tables_of_schemas_say(columns, dictionary):
    found = {}
    for table in dictionary["tables"]:
        for column in table["columns"]:
            found[table["name"], column["name"]] = {
                "table": table["name"], "column": column["name"], "type": column["type"],
                "places": "" if column["places"] is None else str(column["places"]),
                "required": "yes" if column["required"] else "no", "key": "yes" if column["name"] in table["key"] else "no",
                "references": "|".join(column["references"]), "unit": column["unit"], "source": column["source"],
                "since": column["since"], "values": "|".join(column["values"]), "meaning": column["meaning"]}
    assert found == columns and list(found) == list(columns)
    described = read_table(SCHEMAS / "dataset" / "descriptions.csv")
    assert [(row["table"], row["row"], row["order"], row["empty"], row["tier"], row["since"]) for row in described] == [
        (table["name"], table["row"], table["order"], table["empty"], table["tiers"], table["since"])
        for table in dictionary["tables"]]


def values_of(published, table, column, kind):
    for row in published.table(table):
        if row[column]:
            yield from row[column].split(";") if kind == "list" else [row[column]]


@pytest.mark.parametrize("release", [*RELEASES, "with_payments"])
def test_every_code_value_of_a_release_has_a_meaning(release, request, columns, lists):
    published = request.getfixturevalue(release)
    missing = set()
    for (table, column), row in columns.items():
        if row["values"] and table in published.table_names:
            known = {value for name in row["values"].split("|") for value in lists[name]}
            missing |= {(table, column, value) for value in set(values_of(published, table, column, row["type"])) - known}
    assert missing == set()


@pytest.mark.parametrize("release, tables", [
    ("rvu26a", lambda published: published.table_names), ("with_payments", lambda _: ["payments"])], ids=["rvu26a", "payments"])
def test_a_column_of_few_values_is_coded_or_known_to_be_text(release, tables, request, columns):
    published = request.getfixturevalue(release)
    unexplained = []
    for (table, column), row in columns.items():
        if table not in tables(published):
            continue
        if row["type"] in ("string", "list") and not row["values"] and column not in TEXTS.get(table, []):
            values = set(values_of(published, table, column, row["type"]))
            if 0 < len(values) < 0.2 * len(published.table(table)) and len(values) <= 60:
                unexplained.append((table, column, sorted(values)[:5]))
    assert unexplained == []


def test_the_dataset_and_the_dictionary_explain_a_value_alike(samples, columns, lists):
    explained = {(row["indicator"], row["value"]): row["meaning"] for row in samples.table("indicator_values")}
    named = {name for row in columns.values() for name in row["values"].split("|")}
    shared = {(name, value): meaning for name in named & lists.keys() for value, meaning in lists[name].items()
              if name in {indicator for indicator, _ in explained}}
    assert len(shared) > 300
    assert {key: explained.get(key) for key in shared} == shared


def test_a_part_of_it_holds_the_tables_that_are_named_and_their_values_alone(dictionary):
    part = json.loads(printed("json", "localities", "conversion_factors"))
    assert [table["name"] for table in part["tables"]] == ["localities", "conversion_factors"]
    assert [values["name"] for values in part["values"]] == ["state", "service", "track"]
    assert all(table in dictionary["tables"] for table in part["tables"])


def test_a_table_that_is_not_there_is_a_matter_of_usage():
    result = ingest("dictionary", "locality")
    assert result.code == 64 and "no table locality" in result.err and "localities" in result.err, result
    assert result.out == b""


# SQL.


def test_comment_statements_run_in_an_engine_and_say_what_schemas_say(columns):
    duckdb = pytest.importorskip("duckdb", reason="duckdb is not installed")
    database = duckdb.connect()
    tables = {}
    for table, column in columns:
        tables.setdefault(table, []).append(column)
    for table, names in tables.items():
        database.execute(f'CREATE TABLE "{table}" ({", ".join(f"{chr(34)}{name}{chr(34)} VARCHAR" for name in names)})')
    for _ in range(2):
        database.execute(printed("sql-comments").decode())
    found = dict(((table, column), comment) for table, column, comment in database.execute(
        "SELECT table_name, column_name, comment FROM duckdb_columns() WHERE NOT internal").fetchall())
    assert found.keys() == columns.keys()
    for key, row in columns.items():
        assert found[key].startswith(row["meaning"]) and f"Since {row['since']}." in found[key], key
    assert "\nA = Active code" in found["relative_values", "status"]
    assert "WHERE indicator = 'betos'" in found["codes", "betos"]
    described = {row["table"]: row["row"] for row in read_table(SCHEMAS / "dataset" / "descriptions.csv")}
    comments = dict(database.execute("SELECT table_name, comment FROM duckdb_tables() WHERE NOT internal").fetchall())
    assert all(comments[table].startswith(row) for table, row in described.items()) and comments.keys() == described.keys()


@pytest.mark.parametrize("release", ["samples", "rvu26a"])
def test_the_database_explains_its_own_columns(release, request, columns):
    published = request.getfixturevalue(release)
    with sqlite3.connect(published.database) as database:
        schema = dict(database.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'table'"))
        for (table, column), row in columns.items():
            if table == "payments":
                continue
            comment = re.search(rf'((?:    -- .*\n)+)    "{column}" ', schema[table]).group(1)
            assert row["meaning"] in comment and f"Since {row['since']}." in comment, (table, column)
        assert "    -- A = Active code" in schema["relative_values"]
        asked = re.search(r"values: (SELECT .* WHERE indicator = 'betos')", schema["codes"]).group(1)
        assert ("O1E", "Other drugs") in database.execute(asked).fetchall()


# The data package.


def test_the_data_package_says_the_same(samples, columns, lists):
    package = json.loads((samples.folder / "datapackage.json").read_text())
    described = {row["table"]: row for row in read_table(SCHEMAS / "dataset" / "descriptions.csv")}
    for resource in package["resources"]:
        assert resource["description"].startswith(described[resource["name"]]["row"])
        assert resource["since"] == described[resource["name"]]["since"]
        for field in resource["schema"]["fields"]:
            row = columns[resource["name"], field["name"]]
            assert field["description"].startswith(row["meaning"]), field
            assert (field.get("unit", ""), field.get("source", ""), field["since"], str(field.get("places", ""))) == (
                row["unit"], row["source"], row["since"], row["places"]), field
            found = {item["value"]: item["label"] for item in field.get("categories", field.get("values", []))}
            assert found == {value: meaning for name in filter(None, row["values"].split("|"))
                             for value, meaning in lists[name].items() if value}, field


def test_categories_are_all_that_a_field_may_have(rvu26a):
    """The standard has it so; a list that CMS may add to, or a field of several values, has none."""
    fields = {(resource["name"], field["name"]): field
              for resource in json.loads((rvu26a.folder / "datapackage.json").read_text())["resources"]
              for field in resource["schema"]["fields"]}
    categorical = {key for key, field in fields.items() if "categories" in field}
    assert ("relative_values", "status") in categorical and ("editorial", "review_state") in categorical
    assert not categorical & {("codes", "betos"), ("codes", "pricing"), ("codes", "category"), ("modifiers", "coverage")}
    for table, column in categorical:
        known = {item["value"] for item in fields[table, column]["categories"]}
        assert {row[column] for row in rvu26a.table(table)} - {""} <= known, (table, column)


# The page.


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    path = tmp_path_factory.mktemp("dictionary") / "dictionary.html"
    path.write_bytes(printed("html"))
    return path


def test_every_column_and_list_has_an_anchor_and_every_link_leads_to_one(page, columns, lists):
    source = page.read_text(encoding="utf-8")
    ids = re.findall(r' id="([^"]*)"', source)
    assert len(ids) == len(set(ids))
    assert {f"{table}.{column}" for table, column in columns} | {f"values-{name}" for name in lists} <= set(ids)
    links = re.findall(r' href="([^"]*)"', source)
    assert links and all(link[0] == "#" and link[1:] in ids for link in links)
    for (table, column), row in columns.items():
        for target in filter(None, row["references"].split("|")):
            entry = re.search(rf'<div id="{table}\.{column}">.*?</div>', source, re.DOTALL).group(0)
            assert f'href="#{target}"' in entry, (table, column)


def test_the_page_says_the_meaning_of_every_column_and_value(page, columns, lists, browser):
    with Opened(browser, page.as_uri()) as opened:
        for (table, column), row in columns.items():
            text = opened.page.locator(f'[id="{table}.{column}"]').inner_text()
            for part in (row["meaning"], row["source"], row["unit"], f"since {row['since']}"):
                assert part in text, (table, column, part)
        text = opened.page.locator("#code-values").inner_text()
        for name, values in lists.items():
            assert all(meaning in text for meaning in values.values()), name


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", VIEWPORTS)
def test_axe_finds_nothing_in_the_dictionary(scheme, viewport, browser, axe, page):  # noqa: F811
    with Opened(browser, page.as_uri() + "#relative_values.status", viewport=VIEWPORTS[viewport], color_scheme=scheme) as opened:
        assert violations(axe, opened.page) == []


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_the_page_fits_every_width_and_loads_nothing(width, browser, page):
    with Opened(browser, page.as_uri(), viewport={"width": width, "height": 844}) as opened:
        assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
        assert opened.page.evaluate("getComputedStyle(document.querySelector('h1')).fontFamily").startswith("system-ui")
        opened.assert_quiet(page.parent)
        assert opened.requests == [page.as_uri()]


def test_the_HTML_of_the_dictionary_has_no_error_and_its_headings_go_down_by_one(page):
    source = page.read_text(encoding="utf-8")
    assert errors(source) == []
    levels = [int(level) for level in re.findall(r"<h(\d)", source)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in zip(levels, levels[1:]))


# The forms.


def anchors(markdown, reader):
    """The anchors that GitHub and DocC make from headings."""
    headings = re.findall(r"^#+ (.*)$", markdown, re.MULTILINE)
    if reader == "docc":
        return {re.sub(r"[:_]", "", heading).replace(" ", "-") for heading in headings}
    return {re.sub(r"[^\w -]", "", heading).replace(" ", "-").lower() for heading in headings}


@pytest.mark.parametrize("form", COMMITTED)
def test_every_link_of_the_markdown_leads_to_a_heading(form, columns):
    markdown = printed(form).decode()
    links = re.findall(r"\]\((?:doc:)?#([^)]*)\)", markdown)
    assert len(links) > 100 and set(links) <= anchors(markdown, form)
    rows = re.findall(r"^\| `(\w+)` \| (?:string|boolean|integer|decimal|date|list)", markdown, re.MULTILINE)
    assert rows == [column for _, column in columns]
    for line in markdown.splitlines():
        assert not line.startswith("|") or len(re.findall(r"(?<!\\)\|", line)) in (3, 5, 7), line


def test_every_form_is_the_same_on_any_machine_and_in_any_place(tmp_path):
    for form in ("markdown", "docc", "html", "json", "sql-comments"):
        here = printed(form)
        there = printed(form, cwd=tmp_path, env=environment(LANG="tr_TR.UTF-8", LC_ALL="C", HOME=str(tmp_path), TZ="Asia/Tokyo"))
        assert here == there and here.endswith(b"\n"), form
        assert str(REPO).encode() not in here
