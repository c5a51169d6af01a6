"""In whatever form a maintainer holds CMS's files, the same files give the same content, and damaged ones are refused."""

import csv
import io
import random

import pytest

from forms import packed, spreadsheet_cell, with_lf, with_mark, workbook, zipped
from support import Published, assert_published, assert_refused, run, write_folder, zip_members


@pytest.fixture(scope="module")
def members(rvu25a_members, rvu25a_inputs):
    """CMS's CSV and TXT files of January 2025, and the HCPCS text and ASP files that the fixture `rvu25a` has."""
    hcpcs = {name: data for name, data in zip_members(rvu25a_inputs[1]).items() if "ANWEB" in name and name.endswith(".txt")}
    asp = {path.name: path.read_bytes() for path in rvu25a_inputs[2].glob("*.csv")}
    for archive in rvu25a_inputs[2].glob("*.zip"):
        asp |= {name: data for name, data in zip_members(archive).items() if name.endswith(".csv")}
    return {**asp, **{name: data for name, data in rvu25a_members.items() if name.endswith((".csv", ".txt"))}, **hcpcs}


FORMS = {
    "loose": lambda members: members,
    "LF": lambda members: {name: with_lf(data) for name, data in members.items()},
    "byte order mark": lambda members: {name: with_mark(data) for name, data in members.items()},
    "byte order mark and LF": lambda members: {name: with_mark(with_lf(data)) for name, data in members.items()},
    "upper case": lambda members: {name.upper(): data for name, data in members.items()},
    "lower case": lambda members: {name.lower(): data for name, data in members.items()},
    "gzip": lambda members: {name + ".gz": packed(data) for name, data in members.items()},
    "zip in zip": lambda members: {"all.zip": zipped({"inner/rvu25a.zip": zipped(members)})},
    "a zip of each in a zip": lambda members: {
        "ALL.ZIP": zipped({name + ".zip": zipped({name: data}) for name, data in members.items()})},
    "gzip in zip in gzip": lambda members: {
        "all.zip.gz": packed(zipped({name + ".GZ": packed(data) for name, data in members.items()}))},
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_the_same_files_gives_the_same_content(form, members, rvu25a, tmp_path):
    result = run(tmp_path / "store", "RVU25A", [write_folder(tmp_path / "in", FORMS[form](members))])
    assert_published(result)
    assert Published(tmp_path / "store").manifest["content_hash"] == rvu25a.manifest["content_hash"]
    # Every witness was heard.
    assert Published(tmp_path / "store").checks["csv_equals_txt"]["checked"] == 18865 + 109 + 109 + 110 + 16100


def test_every_form_can_be_named_by_itself(members, rvu25a, tmp_path):
    given = [FORMS["byte order mark"], FORMS["gzip"], FORMS["upper case"], FORMS["LF"]]
    folder = write_folder(tmp_path / "in", {
        name: data for index, (key, value) in enumerate(sorted(members.items()))
        for name, data in given[index % 4]({key: value}).items()})
    result = run(tmp_path / "store", "RVU25A", sorted(folder.iterdir()))
    assert_published(result)
    assert Published(tmp_path / "store").manifest["content_hash"] == rvu25a.manifest["content_hash"]


def test_the_same_files_packed_twice_are_read_once_and_said(members, rvu25a, tmp_path):
    both = {**members, "all.zip": zipped(members), "again.zip": zipped({"all.zip": zipped(members)})}
    result = run(tmp_path / "store", "RVU25A", [write_folder(tmp_path / "in", both)])
    assert_published(result)
    assert Published(tmp_path / "store").manifest["content_hash"] == rvu25a.manifest["content_hash"]
    assert "the same file as" in result.err


# Workbooks


@pytest.fixture(scope="module")
def csv_alone(publish, rvu25a_members, tmp_path_factory):
    folder = tmp_path_factory.mktemp("csv") / "in"
    return publish("csv-alone", "RVU25A", [
        write_folder(folder, {name: data for name, data in rvu25a_members.items() if name.endswith(".csv")})])


def test_the_release_from_its_workbooks_alone_equals_the_one_from_its_CSV(rvu25a_members, csv_alone, tmp_path):
    books = {name: data for name, data in rvu25a_members.items() if name.endswith(".xlsx")}
    assert len(books) == 5
    result = run(tmp_path / "store", "RVU25A", [write_folder(tmp_path / "in", books)])
    assert_published(result)
    published = Published(tmp_path / "store")
    assert published.manifest["content_hash"] == csv_alone.manifest["content_hash"]
    assert {item["form"] for item in published.manifest["inputs"]} == {"XLSX"}


@pytest.mark.parametrize("form", ["gzip", "zip in zip", "upper case"])
def test_workbooks_may_be_packed_too(form, rvu25a_members, csv_alone, tmp_path):
    books = {name: data for name, data in rvu25a_members.items() if name.endswith(".xlsx")}
    result = run(tmp_path / "store", "RVU25A", [write_folder(tmp_path / "in", FORMS[form](books))])
    assert_published(result)
    assert Published(tmp_path / "store").manifest["content_hash"] == csv_alone.manifest["content_hash"]


def test_a_cell_changed_in_a_workbook_is_reported_and_the_CSV_is_published(rvu25a_members, csv_alone, tmp_path):
    members = {name: data for name, data in rvu25a_members.items() if name.endswith(".csv")}
    rows = [[spreadsheet_cell(field) for field in row] for row in csv.reader(
        io.StringIO(members["GPCI2025.csv"].decode("cp1252"), newline=""))]
    rows[10][4] = 1.234
    members["GPCI2025.xlsx"] = workbook(rows)
    result = run(tmp_path / "store", "RVU25A", [write_folder(tmp_path / "in", members)])
    assert_published(result)
    check = Published(tmp_path / "store").checks["csv_equals_xlsx"]
    assert (check["checked"], check["failed"]) == (109, 1)
    assert "1.234" in result.err
    assert Published(tmp_path / "store").manifest["content_hash"] == csv_alone.manifest["content_hash"]


# Damaged files, and archives that lie

DAMAGED = {
    "GPCI2026_rvu26c_FABRICATED.csv": ("RVU26B", "rvu26b/PPRRVU2026_Apr_nonQPP.txt"),
    "HCPC2025_OCT_ANWEB_excel-sci-notation.csv": ("RVU25D", "rvu25d/PPRRVU2025_Oct.csv"),
    "HCPC2025_OCT_ANWEB_wrong-colspecs.csv": ("RVU25D", "rvu25d/PPRRVU2025_Oct.csv"),
}


def damaged_form(name, data, form):
    if form == "workbook":
        rows = [[spreadsheet_cell(field) for field in row] for row in csv.reader(
            io.StringIO(data.decode("cp1252"), newline=""))]
        return {name.replace(".csv", ".xlsx"): workbook(rows)}
    if form == "workbook of texts":
        return {name.replace(".csv", ".xlsx"): workbook(csv.reader(io.StringIO(data.decode("cp1252"), newline="")))}
    return FORMS[form]({name: data})


@pytest.mark.parametrize("form", [*FORMS, "workbook", "workbook of texts"])
@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_file_is_refused_in_every_form(name, form, data, tmp_path):
    release, pprrvu = DAMAGED[name]
    folder = write_folder(tmp_path / "in", damaged_form(name, (data / "damaged" / name).read_bytes(), form))
    for given in (folder, next(folder.iterdir())):
        result = run(tmp_path / "store", release, [data / pprrvu, given])
        assert_refused(result, tmp_path / "store", "(?i)" + name.split(".")[0])


@pytest.mark.parametrize("form", [*FORMS, "workbook"])
def test_a_PPRRVU_that_lost_only_zeros_is_restored_in_every_form(form, data, publish, rvu25a_members, tmp_path):
    mangled = (data / "damaged" / "gmills.PPRRVU25_JAN1.csv").read_bytes()
    hashes = set()
    for number, members in enumerate((
            {"PPRRVU25_JAN.csv": rvu25a_members["PPRRVU25_JAN.csv"]},
            damaged_form("PPRRVU25_JAN.csv", mangled, form))):
        store = tmp_path / f"store{number}"
        assert_published(run(store, "RVU25A", [write_folder(tmp_path / f"in{number}", members)]))
        hashes.add(Published(store).manifest["content_hash"])
    assert len(hashes) == 1


@pytest.fixture
def refuse(tmp_path, sample_members):
    def refuse(name, data, *places):
        folder = write_folder(tmp_path / "in", {**sample_members, name: data})
        result = run(tmp_path / "store", "RVU26A", [folder], timeout=60)
        assert_refused(result, tmp_path / "store", *places)
        return result

    return refuse


def test_a_gzip_file_that_is_cut_or_changed_is_refused(sample_members, refuse):
    data = packed(sample_members["GPCI2026.csv"])
    for damage in (data[:-1], data[:-8], data[:len(data) // 2], data[:5], data[:-4] + b"\0\0\0\1", data + b"more", b"plain"):
        refuse("LATER.csv.gz", damage, r"LATER\.csv\.gz")


def test_a_gzip_file_never_crashes_the_program(sample_members, refuse, tmp_path):
    whole = packed(sample_members["GPCI2026.csv"])
    for seed in range(40):
        chance = random.Random(seed)
        data = bytearray(whole)
        data[chance.randrange(len(data))] ^= chance.randrange(1, 256)
        folder = write_folder(tmp_path / f"in{seed}", {**sample_members, "GPCI2026.csv.gz": bytes(data)})
        result = run(tmp_path / f"store{seed}", "RVU26A", [folder])
        assert result.code in (0, 2), result


def test_a_gzip_bomb_is_refused(refuse):
    refuse("GPCI2026.csv.gz", packed(b" " * 300_000_000), "no table shrinks")


def test_archives_nested_too_deeply_are_refused(sample_members, refuse):
    data = zipped(sample_members)
    for depth in range(6):
        data = zipped({f"level{depth}.zip": data})
    refuse("deep.zip", data, "one in the other")


def test_a_bomb_in_an_inner_archive_is_refused(refuse):
    refuse("outer.zip", zipped({"inner.zip": zipped({"bomb.csv": b" " * 100_000_000})}), "inner.zip/bomb.csv")


def test_an_archive_that_holds_thousands_of_archives_is_refused(refuse):
    inner = {f"{number}.zip": zipped({f"{number}-{i}.txt": b"x" for i in range(3000)}) for number in range(5)}
    refuse("outer.zip", zipped(inner), "more than 10000 members")


def test_a_damaged_inner_archive_is_refused_naming_it(sample_members, refuse):
    refuse("outer.zip", zipped({"inner.zip": zipped(sample_members)[:-30]}), r"outer\.zip/inner\.zip")


def test_a_workbook_that_is_cut_or_hostile_is_refused(refuse):
    head = b"<worksheet><sheetData>"
    for sheet in (
            b'<row r="1"><c r="A1"><v>1</v></c></row>',  # no end
            b'<row r="1"><c r="A1"><v>1</v></c></row>' * 2 + b'<row r="3"><c r="ZZZ3"><v>1</v></c></row></sheetData>',
            b''.join(b'<row r="%d"><c r="ZZZ%d"><v>1</v></c></row>' % (i, i) for i in range(60_000)) + b"</sheetData>",
            b'<row r="99999999999999999999"><c r="A1"><v>' + b"0" * 100_000 + b"9</v></c></row></sheetData>"):
        book = zipped({"xl/sharedStrings.xml": b"<sst/>", "xl/worksheets/sheet1.xml": head + sheet})
        refuse("GPCI2026.xlsx", book, r"GPCI2026\.xlsx")


def test_a_workbook_that_repeats_one_long_text_is_refused(refuse):
    text = b"<sst><si><t>" + bytes(random.Random(1).choices(b"abcdefghij", k=1_000_000)) + b"</t></si></sst>"
    sheet = b"".join(b'<row r="%d"><c r="A%d" t="s"><v>0</v></c></row>' % (i, i) for i in range(20_000))
    book = zipped({"xl/sharedStrings.xml": text, "xl/worksheets/sheet1.xml": b"<sheetData>" + sheet + b"</sheetData>"})
    refuse("GPCI2026.xlsx", book, "larger than any")


def test_characters_that_CMS_cannot_have_written_are_refused_at_their_line(sample_members, refuse):
    data = with_mark(sample_members["GPCI2026.csv"])
    refuse("GPCI2026.csv", data.replace(b"ALABAMA", "ALABAMA\u4e2d".encode(), 1), r"GPCI2026\.csv:\d+")
    refuse("GPCI2026.csv", data.replace(b"ALABAMA", b"ALABAMA\xff", 1), r"GPCI2026\.csv:\d+")


def test_an_old_binary_workbook_is_ignored_saying_why(data, publish, rvu25a, tmp_path):
    assert "HCPC2020_ANWEB_w_disclaimer.xls " in rvu25a.result.err
    line = next(line for line in rvu25a.result.err.splitlines() if "w_disclaimer.xls " in line)
    assert "old binary kind (.xls), which is not read" in line
