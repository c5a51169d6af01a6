"""HCPCS from its workbook equals HCPCS from its text; every difference between CMS's own two is listed."""

import io
import zipfile
from xml.etree import ElementTree

import pytest

from forms import column_name, workbook, zipped
from support import Published, assert_published, assert_refused, run, write_folder, zip_members

SPREADSHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def sheet_rows(data):
    """The rows of a workbook's first sheet, read with Python's XML parser: texts as text, numbers as numbers."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        shared = ElementTree.fromstring(archive.read("xl/sharedStrings.xml"))
        texts = ["".join(text.text or "" for text in item.iter(SPREADSHEET + "t")) for item in shared]
        sheet = ElementTree.fromstring(archive.read("xl/worksheets/sheet1.xml"))
    rows = []
    for row in sheet.iter(SPREADSHEET + "row"):
        cells = {}
        for cell in row:
            value = cell.find(SPREADSHEET + "v")
            letters = cell.get("r").rstrip("0123456789")
            if value is not None:
                cells[letters] = texts[int(value.text)] if cell.get("t") == "s" else int(value.text)
        rows.append([cells.get(column_name(index), "") for index in range(48)])
    return rows


@pytest.fixture(scope="module")
def october(data):
    return data / "hcpcs" / "2025-oct" / "HCPC2025_OCT_ANWEB_v3.xlsx"


@pytest.fixture(scope="module")
def october_rows(october):
    return sheet_rows(october.read_bytes())


@pytest.fixture(scope="module")
def pprrvu(data):
    return data / "rvu25d" / "PPRRVU2025_Oct.csv"


@pytest.fixture(scope="module")
def from_text(publish, pprrvu, hcpcs_standin, tmp_path_factory):
    folder = write_folder(tmp_path_factory.mktemp("text") / "in", {"HCPC2025_OCT_ANWEB.txt": hcpcs_standin})
    return publish("from-text", "RVU25D", [pprrvu, folder])


@pytest.fixture(scope="module")
def from_workbook(publish, pprrvu, october):
    return publish("from-workbook", "RVU25D", [pprrvu, october])


def test_October_2025_from_its_workbook_equals_the_text_in_every_field_of_8846_records(from_text, from_workbook):
    for published in (from_text, from_workbook):
        hcpcs = [row for row in published.table("codes") if row["action"]]
        assert (len(hcpcs), len(published.table("modifiers"))) == (8463, 383)
    assert from_workbook.manifest["content_hash"] == from_text.manifest["content_hash"]
    assert from_workbook.table("codes") == from_text.table("codes")
    assert from_workbook.table("modifiers") == from_text.table("modifiers")


def test_October_2025_from_its_workbook_says_what_an_independent_reader_reads(from_workbook, october_rows):
    labels, *rows = october_rows
    published = {row["code"]: row for row in from_workbook.table("codes")}
    published |= {row["modifier"]: row for row in from_workbook.table("modifiers")}
    assert len(rows) == 8846

    def words(value):
        return " ".join(str(value).replace("\xa0", " ").split())

    def day(value):
        text = str(value)
        return f"{text[:4]}-{text[4:6]}-{text[6:]}" if text else ""

    for row in rows:
        cell = dict(zip(labels, row))
        record = published[cell["HCPC"].strip()]
        assert record["long_descriptor"] == words(cell["LONG DESCRIPTION"])
        assert record["short_descriptor"] == words(cell["SHORT DESCRIPTION"])
        for column, label, count in (
                ("pricing", "PRICE", 4), ("coverage_issues_manual", "CIM", 3), ("carriers_manual", "MCM", 3),
                ("lab_certifications", "LABCERT", 8), ("cross_references", "XREF", 5), ("types_of_service", "TOS", 5)):
            values = [words(cell[f"{label}{number + 1}"]) for number in range(count)]
            assert record[column] == ";".join(value for value in values if value), (record, column)
        for column, label in (
                ("multiple_pricing", "MULT_PI"), ("statute", "STATUTE"), ("coverage", "COV"), ("asc_group", "ASC_GRP"),
                ("opps_group", "OPPS"), ("opps_policy", "OPPS_PI"), ("processing_note", "PROCNOTE"), ("betos", "BETOS"),
                ("action", "ACTION CD")):
            assert record[column] == words(cell[label]), (record, column)
        for column, label in (
                ("asc_date", "ASC_DT"), ("opps_date", "OPPS_DT"), ("added", "ADD DT"),
                ("action_effective", "ACT EFF DT"), ("terminated", "TERM DT")):
            assert record[column] == day(cell[label]), (record, column)


def test_the_workbook_beside_the_text_is_its_witness(pprrvu, october, hcpcs_standin, from_text, tmp_path):
    folder = write_folder(tmp_path / "in", {"HCPC2025_OCT_ANWEB.txt": hcpcs_standin})
    result = run(tmp_path / "store", "RVU25D", [pprrvu, october, folder])
    assert_published(result)
    published = Published(tmp_path / "store")
    check = published.checks["csv_equals_xlsx"]
    assert (check["checked"], check["matched"]) == (8846, 8846)
    assert published.manifest["content_hash"] == from_text.manifest["content_hash"]
    roles = {item["form"]: item["role"] for item in published.manifest["inputs"] if item["table"] == "hcpcs"}
    assert roles == {"TXT": "primary", "XLSX": "witness"}


def test_2019_text_and_workbook_agree_but_for_the_listed_differences(pprrvu, data, tmp_path):
    archive = data / "hcpcs" / "2019-annual" / "2019-Alpha-Numeric-HCPCS-File.zip"
    result = run(tmp_path / "store", "RVU25D", [pprrvu, archive])
    assert_published(result)
    check = Published(tmp_path / "store").checks["csv_equals_xlsx"]
    assert (check["checked"], check["matched"], check["explained"], check["failed"]) == (6800, 6683, 117, 0)
    assert "hcpcs_workbook_dates_2019 (115)" in result.err and "hcpcs_workbook_types_2019 (2)" in result.err


def test_2019_from_its_workbook_alone_lacks_only_what_the_workbook_lacks(pprrvu, data, tmp_path):
    members = zip_members(data / "hcpcs" / "2019-annual" / "2019-Alpha-Numeric-HCPCS-File.zip")
    rows = {}
    for form in (".txt", ".xlsx"):
        name = "HCPC2019_CONTR_ANWEB" + form
        store = tmp_path / f"store{form}"
        assert_published(run(store, "RVU25D", [pprrvu, write_folder(tmp_path / form, {name: members[name]})]))
        published = Published(store)
        rows[form] = {row["code"]: row for row in published.table("codes") if row["action"]}
        rows[form] |= {row["modifier"]: row for row in published.table("modifiers")}
    assert rows[".txt"].keys() == rows[".xlsx"].keys() and len(rows[".txt"]) == 6800
    differing = {}
    for code, text in rows[".txt"].items():
        for column in text:
            if text[column] != rows[".xlsx"][code][column]:
                differing.setdefault(column, []).append(code)
    assert {column: len(codes) for column, codes in differing.items()} == {"action_effective": 115, "types_of_service": 2}
    assert sorted(differing["types_of_service"]) == ["E0210", "E0776"]
    # G0503 stands on two rows of the workbook and is whole all the same.
    assert rows[".xlsx"]["G0503"]["long_descriptor"].endswith("goals and are prepared for discharge from active treatment")


def test_2020_text_and_workbook_agree_on_every_field(pprrvu, data, tmp_path):
    """CMS shipped this one as .xls alone; saved as XLSX it has its header on the eleventh row."""
    xlrd = pytest.importorskip("xlrd")
    members = zip_members(data / "hcpcs" / "2020-annual" / "2020-Alpha-Numeric-HCPCS-File.zip")
    sheet = xlrd.open_workbook(file_contents=members["HCPC2020_ANWEB_w_disclaimer.xls"]).sheet_by_index(0)
    rows = [[int(cell) if isinstance(cell, float) else cell for cell in sheet.row_values(index)] for index in range(sheet.nrows)]
    assert rows[10][0] == "HCPC"
    folder = write_folder(tmp_path / "in", {
        "HCPC2020_ANWEB_w_disclaimer.txt": members["HCPC2020_ANWEB_w_disclaimer.txt"],
        "HCPC2020_ANWEB_w_disclaimer.xlsx": workbook(rows)})
    result = run(tmp_path / "store", "RVU25D", [pprrvu, folder])
    assert_published(result)
    check = Published(tmp_path / "store").checks["csv_equals_xlsx"]
    assert (check["checked"], check["matched"]) == (7079, 7079)


# The workbook as spreadsheets may rewrite it


def change_to_numbers(rows):
    """Dates, base units, types of service and pricing as numbers, as a row that was edited by hand has them."""
    labels = rows[0]
    numeric = {labels.index(label) for label in (
        "ADD DT", "ACT EFF DT", "TERM DT", "ASC_DT", "ANEST_BU", "TOS1", "TOS2", "PRICE1", "PRICE2", "LABCERT1", "LABCERT2")}
    return [labels, *(
        [int(cell) if index in numeric and str(cell).isdigit() else cell for index, cell in enumerate(row)]
        for row in rows[1:])]


def change_to_spreadsheet_days(rows):
    import datetime
    dates = {rows[0].index(label) for label in ("ADD DT", "ACT EFF DT", "TERM DT", "ASC_DT")}

    def day(value):
        text = str(value)
        return (datetime.date(int(text[:4]), int(text[4:6]), int(text[6:])) - datetime.date(1899, 12, 30)).days

    return [rows[0], *(
        [day(cell) if index in dates and cell else cell for index, cell in enumerate(row)] for row in rows[1:])]


def split_long_texts(rows):
    """Each long text on as many rows as it needs, as CMS did with G0503."""
    long = rows[0].index("LONG DESCRIPTION")
    split = [rows[0]]
    for row in rows[1:]:
        words, texts = row[long].split(" "), [""]
        for word in words:
            if len(texts[-1]) + len(word) > 900:
                texts.append("")
            texts[-1] = (texts[-1] + " " + word).strip()
        split.append([*row[:long], texts[0], *row[long + 1:]])
        for number, text in enumerate(texts[1:], 2):
            split.append([row[0], f"{number:03}0", "4" if row[2] == "3" else "8", text])
    return split


CHANGES = {
    "as it is": lambda rows: rows,
    "header on the eleventh row": lambda rows: [["Disclaimers of 2020"], [], ["*Text of CMS\u2019s"], *[[]] * 7, *rows],
    "numbers": change_to_numbers,
    "spreadsheet days": change_to_spreadsheet_days,
    "split texts": split_long_texts,
    "end-of-file mark": lambda rows: [*rows, ["_x001A_"]],
    "line breaks in cells": lambda rows: [
        [cell.replace(", ", ",\n", 1) if isinstance(cell, str) else cell for cell in row] for row in rows],
    "empty rows at the end": lambda rows: [*rows, [], [""], []],
}


@pytest.mark.parametrize("change", CHANGES)
def test_however_the_workbook_was_saved_it_gives_the_same_content(change, october_rows, pprrvu, from_text, tmp_path):
    folder = write_folder(tmp_path / "in", {"HCPC2025_OCT_ANWEB.xlsx": workbook(CHANGES[change](october_rows))})
    result = run(tmp_path / "store", "RVU25D", [pprrvu, folder])
    assert_published(result)
    assert Published(tmp_path / "store").manifest["content_hash"] == from_text.manifest["content_hash"]


def test_the_table_is_found_on_a_later_sheet(october, pprrvu, from_text, tmp_path):
    with zipfile.ZipFile(october) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["xl/worksheets/sheet2.xml"] = parts["xl/worksheets/sheet1.xml"]
    parts["xl/worksheets/sheet1.xml"] = b'<worksheet><sheetData><row r="1"><c r="A1"><v>1</v></c></row></sheetData></worksheet>'
    folder = write_folder(tmp_path / "in", {"HCPC2025_OCT_ANWEB_v3.xlsx": zipped(parts)})
    assert_published(run(tmp_path / "store", "RVU25D", [pprrvu, folder]))
    assert Published(tmp_path / "store").manifest["content_hash"] == from_text.manifest["content_hash"]


def refused_changes(rows):
    labels = rows[0]

    def at(label, value, row=3000):
        changed = [list(line) for line in rows]
        changed[row][labels.index(label)] = value
        return changed

    return {
        "a date that is none": (at("ADD DT", "20251301"), r":3001"),
        "a record of no kind": (at("RECID", "5"), r":3001"),
        "a continuation of nothing": (at("RECID", "4"), r":3001"),
        "a column less": ([row[:47] for row in rows], "ACTION CD"),
        "a column renamed": (at("COV", "COVERAGE", 0), "COVERAGE"),
        "price columns swapped": (at("PRICE1", "PRICE2", 0), "PRICE"),
        "rows of one section gone": ([row for row in rows if not str(row[0]).startswith("L")], "section L"),
        "a code twice": ([*rows, rows[5000]], str(rows[5000][0])),
        "a price too long": (at("PRICE1", "1313"), r":3001"),
        "columns shifted": ([rows[0], *([row[0], *row[2:]] for row in rows[1:])], r"\.xlsx:\d+:\d+"),
    }


@pytest.mark.parametrize("change", [
    "a date that is none", "a record of no kind", "a continuation of nothing", "a column less", "a column renamed",
    "price columns swapped", "rows of one section gone", "a code twice", "a price too long", "columns shifted"])
def test_a_workbook_that_was_damaged_is_refused(change, october_rows, pprrvu, tmp_path):
    rows, place = refused_changes(october_rows)[change]
    folder = write_folder(tmp_path / "in", {"HCPC2025_OCT_ANWEB.xlsx": workbook(rows)})
    assert_refused(run(tmp_path / "store", "RVU25D", [pprrvu, folder]), tmp_path / "store", r"HCPC2025_OCT_ANWEB\.xlsx", place)


def test_a_workbook_that_differs_from_the_text_in_many_records_stops_the_run(october_rows, hcpcs_standin, pprrvu, tmp_path):
    coverage = october_rows[0].index("COV")
    rows = [list(row) for row in october_rows]
    for row in rows[1000:1200]:
        row[coverage] = "M" if row[coverage] != "M" else "C"
    folder = write_folder(tmp_path / "in", {
        "HCPC2025_OCT_ANWEB.txt": hcpcs_standin, "HCPC2025_OCT_ANWEB.xlsx": workbook(rows)})
    assert_refused(run(tmp_path / "store", "RVU25D", [pprrvu, folder]), tmp_path / "store", "coverage is")
