"""The forms in which a maintainer may hold CMS's files: workbooks, packed, nested, saved again."""

import gzip
import io
import zipfile
from xml.sax.saxutils import escape


def column_name(index):
    """The letters of a spreadsheet's column, from 0."""
    name = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        name = chr(65 + rest) + name
    return name


def workbook(rows, sheet="sheet1", others=None):
    """A workbook as spreadsheets write it: texts shared, numbers as numbers, empty cells left out."""
    texts = {}
    lines = []
    for number, row in enumerate(rows, 1):
        cells = []
        for index, value in enumerate(row):
            place = f'r="{column_name(index)}{number}"'
            if value is None or value == "":
                continue
            if isinstance(value, str):
                cells.append(f'<c {place} t="s"><v>{texts.setdefault(value, len(texts))}</v></c>')
            else:
                cells.append(f"<c {place}><v>{value}</v></c>")
        lines.append(f'<row r="{number}">{"".join(cells)}</row>')
    shared = "".join(f'<si><t xml:space="preserve">{escape(text)}</t></si>' for text in texts)
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in {
            **(others or {}),
            "[Content_Types].xml": head + "<Types/>",
            "xl/workbook.xml": head + "<workbook/>",
            "xl/sharedStrings.xml": f"{head}<sst>{shared}</sst>",
            f"xl/worksheets/{sheet}.xml": f'{head}<worksheet><sheetData>{"".join(lines)}</sheetData></worksheet>',
        }.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def spreadsheet_cell(text):
    """What a spreadsheet makes of a CSV's field when it opens it."""
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        return text


def with_mark(data):
    """A text of CMS's as an editor saves it: UTF-8 with a byte order mark."""
    return b"\xef\xbb\xbf" + data.decode("cp1252").encode("utf-8")


def with_lf(data):
    return data.replace(b"\r\n", b"\n")


def zipped(members, compression=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), data, compression)
    return out.getvalue()


def packed(data):
    return gzip.compress(data, mtime=0)
