"""Payment limits and products of drugs are those of CMS's ASP files, to the last digit; without the files there are none."""

import csv
import io
import json
import re
import sqlite3
from decimal import Decimal

import jsonschema
import pytest

from cms_server import Server, file
from diff_support import assert_adds_up, assert_complete, read_diff, releases, write_policy  # noqa: F401
from fetching import HCPCS26A, QUICK, RVU26A, fetch, no_proxy
from forms import spreadsheet_cell, workbook
from support import (
    SAMPLE_DRUGS, SAMPLE_HCPCS, SAMPLE_RVU, SCHEMAS, Published, assert_published, assert_refused, csv_bytes, header_index,
    ingest, run, run_samples, sha256, write_folder, zip_members)

LIMITS = "section 508 version of January 2026 Medicare Part B Payment Limit File 121725.csv"
CROSSWALK = "section 508 version of January 2026 ASP NDC-HCPCS Crosswalk 121725.csv"
LIMIT_FIELDS = {
    "code": "HCPCS Code", "payment_limit": "Payment Limit", "dosage": "HCPCS Code Dosage",
    "coinsurance": "Co-insurance Percentage", "vaccine_awp_percent": "Vaccine AWP%", "vaccine_limit": "Vaccine Limit",
    "blood_awp_percent": "Blood AWP%", "blood_limit": "Blood limit", "clotting_factor": "Clotting Factor", "notes": "Notes"}
PRODUCT_FIELDS = {
    "ndc": "NDC2", "labeler": "LABELER NAME", "drug_name": "Drug Name", "dosage": "HCPCS dosage", "package_size": "PKG SIZE",
    "package_quantity": "PKG QTY", "billing_units": "BILLUNITS", "billing_units_per_package": "BILLUNITSPKG"}


def records(data):
    """CMS's rows as dictionaries by label, and the line on which each begins."""
    reader = csv.reader(io.StringIO(data.decode("cp1252"), newline=""))
    found, labels, line = [], None, 1
    for row in reader:
        cells = [" ".join(cell.replace("\xa0", " ").split()) for cell in row]
        if labels is None:
            labels = cells if "Short Description" in cells else None
        elif any(cells):
            found.append((line, dict(zip(labels, cells))))
        line = reader.line_num + 1
    return found


def canonical(decimal):
    """A decimal without the zeros that say nothing."""
    text = f"{Decimal(decimal):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def expected_limit(row):
    cells = {name: row[label] for name, label in LIMIT_FIELDS.items()}
    cells["payment_limit"] = cells["payment_limit"].replace("N/A", "")
    cells["clotting_factor"] = {"1": "true", "": "false"}[cells["clotting_factor"]]
    return cells


def expected_product(row):
    cells = {name: row[label] for name, label in PRODUCT_FIELDS.items()}
    cells["code"] = next(value for label, value in row.items() if re.fullmatch(r"_\d{4}_CODE", label))
    for name in ("package_size", "package_quantity", "billing_units", "billing_units_per_package"):
        cells[name] = canonical(cells[name])
    return cells


@pytest.fixture(scope="module")
def sources(data):
    """Both files of both quarters as bytes, by the path that the dataset gives them."""
    first = data / "asp" / "2025-q1"
    (archive,) = first.glob("*.zip")
    found = {"2025Q1": {f"{archive.name}/{name}": content for name, content in zip_members(archive).items() if name.endswith(".csv")}}
    found["2025Q1"].update({path.name: path.read_bytes() for path in first.glob("*.csv")})
    found["2026Q1"] = {path.name: path.read_bytes() for path in (data / "asp" / "2026-q1").glob("*.csv")}
    return {
        quarter: {("products" if "Crosswalk" in path else "limits"): (path, content) for path, content in files.items()}
        for quarter, files in found.items()}


QUARTERS = [("rvu25a", "2025Q1", 877, 7172), ("rvu26a", "2026Q1", 877, 7125)]


# What CMS says is what is published.


@pytest.mark.parametrize("release, quarter, limits, products", QUARTERS)
def test_every_payment_limit_and_every_field_of_it_is_CMSs(release, quarter, limits, products, sources, request):
    published = request.getfixturevalue(release)
    expected = [expected_limit(row) for _, row in records(sources[quarter]["limits"][1])]
    found = [{name: row[name] for name in LIMIT_FIELDS} for row in published.table("drug_payment_limits")]
    assert len(found) == limits and found == sorted(expected, key=lambda row: row["code"])
    assert {row["quarter"] for row in published.table("drug_payment_limits")} == {quarter}


@pytest.mark.parametrize("release, quarter, limits, products", QUARTERS)
def test_every_product_and_every_field_of_it_is_CMSs(release, quarter, limits, products, sources, request):
    published = request.getfixturevalue(release)
    expected = [expected_product(row) for _, row in records(sources[quarter]["products"][1])]
    found = [{name: row[name] for name in ("code", *PRODUCT_FIELDS)} for row in published.table("drug_products")]
    key = lambda row: (row["code"], row["ndc"])
    assert len(found) == products and sorted(found, key=key) == sorted(expected, key=key)
    assert [key(row) for row in found] == sorted(key(row) for row in found)
    assert {row["quarter"] for row in published.table("drug_products")} == {quarter}


@pytest.mark.parametrize("release, quarter, limits, products", QUARTERS)
def test_every_row_names_its_file_and_the_line_on_which_it_begins(release, quarter, limits, products, sources, request):
    published = request.getfixturevalue(release)
    found = {"drug_payment_limits": [], "drug_products": []}
    for row in published.table("provenance"):
        if row["table"] in found:
            found[row["table"]].append((row["code"], row["ndc"], row["file"], int(row["line"])))
    path, content = sources[quarter]["limits"]
    assert found["drug_payment_limits"] == sorted((row["HCPCS Code"], "", path, line) for line, row in records(content))
    path, content = sources[quarter]["products"]
    assert sorted(found["drug_products"]) == sorted(
        (cells["code"], cells["ndc"], path, line) for line, row in records(content) for cells in [expected_product(row)])


@pytest.mark.parametrize("release, quarter, limits, products", QUARTERS)
def test_a_code_document_has_what_the_tables_have_of_its_code(release, quarter, limits, products, request):
    published = request.getfixturevalue(release)
    by_code = {}
    for row in published.table("drug_products"):
        by_code.setdefault(row["code"], []).append(row)
    limit_of = {row["code"]: row for row in published.table("drug_payment_limits")}
    listed = by_code.keys() | limit_of.keys()
    year, days = quarter[:4], ("01-01", "03-31")
    for code, document in published.documents.items():
        drug = document["drug"]
        assert (drug is not None) == (code in listed), code
        if drug is None:
            assert "drug_payment_limit" not in document["provenance"]
            continue
        assert drug["quarter"] == quarter
        assert drug["effective"] == {"from": f"{year}-{days[0]}", "to": f"{year}-{days[1]}"}
        limit = limit_of.get(code)
        for name in ("payment_limit", "coinsurance", "vaccine_awp_percent", "vaccine_limit", "blood_awp_percent", "blood_limit", "notes"):
            assert (drug[name] or "") == (limit[name] if limit else ""), (code, name)
        assert drug["clotting_factor"] is (limit["clotting_factor"] == "true" if limit else None)
        own = by_code.get(code, [])
        assert drug["dosage"] == (limit or own[0])["dosage"]
        assert drug["products"] == [{name: row[name] for name in PRODUCT_FIELDS} for row in own]
        for name, column in (("brand_names", "drug_name"), ("labelers", "labeler")):
            assert {text.lower() for text in drug[name]} == {row[column].lower() for row in own}
            assert len({text.lower() for text in drug[name]}) == len(drug[name])
            assert drug[name] == sorted(drug[name], key=str.lower) and set(drug[name]) <= {row[column] for row in own}
        assert (document["provenance"]["drug_payment_limit"] is None) == (limit is None)
        assert [row["ndc"] for row in document["provenance"]["drug_products"]] == [row["ndc"] for row in own]


@pytest.mark.parametrize("release", ["rvu25a", "rvu26a"])
def test_codes_that_no_list_has_are_counted_and_stay_in_the_tables(release, request):
    published = request.getfixturevalue(release)
    listed = {row["code"] for table in ("drug_payment_limits", "drug_products") for row in published.table(table)}
    unknown = listed - published.documents.keys()
    said = [entry for entry in published.manifest["diagnostics"] if entry["id"] == "asp_code_unknown"]
    assert sum(entry["count"] for entry in said) == len(unknown)


def test_the_database_has_both_tables_with_keys(rvu26a):
    with sqlite3.connect(f"file:{rvu26a.database}?mode=ro", uri=True) as database:
        assert database.execute("SELECT count(*) FROM drug_payment_limits").fetchone() == (877,)
        assert database.execute("SELECT count(*) FROM drug_products").fetchone() == (7125,)
        keys = {
            table: [row[1] for row in database.execute(f"PRAGMA table_info({table})") if row[5]]
            for table in ("drug_payment_limits", "drug_products")}
        assert keys == {"drug_payment_limits": ["code"], "drug_products": ["code", "ndc"]}
        row = database.execute("SELECT payment_limit, dosage FROM drug_payment_limits WHERE code = 'J7308'").fetchone()
        assert (str(row[0]), row[1]) == ("389.829", "354 MG")


def test_the_certificate_scores_the_rules_of_both_files(rvu25a, rvu26a):
    expected = {
        "rvu25a": {
            "asp_units": (7172, 7127, 31, 14), "asp_dosage": (7172, 7041, 0, 131), "asp_special_limit": (32, 32, 0, 0),
            "asp_coinsurance": (877, 877, 0, 0), "asp_products_priced": (842, 842, 0, 0), "asp_limits_sold": (845, 842, 0, 3),
            "ndc_shape": (6478, 6478, 0, 0)},
        "rvu26a": {
            "asp_units": (7125, 7076, 30, 19), "asp_dosage": (7124, 7002, 0, 122), "asp_special_limit": (31, 31, 0, 0),
            "asp_coinsurance": (877, 877, 0, 0), "asp_products_priced": (843, 842, 0, 1), "asp_limits_sold": (846, 842, 0, 4),
            "ndc_shape": (7124, 7124, 0, 0)}}
    for published, scores in ((rvu25a, expected["rvu25a"]), (rvu26a, expected["rvu26a"])):
        found = {
            id: tuple(published.checks[id][name] for name in ("checked", "matched", "explained", "failed")) for id in scores}
        assert found == scores


# Whom it serves.


def test_a_brand_name_finds_its_code_without_overlays(rvu25a, samples):
    for published in (rvu25a, samples):
        assert ingest("search", "Levulan", "--store", published.store).out.decode().startswith("J7308")
    assert "J9271" in ingest("search", "keytruda", "--store", rvu25a.store).out.decode()


def test_show_prints_the_drug_facts_and_its_JSON_has_them(samples):
    shown = ingest("show", "J7308", "--store", samples.store).out.decode()
    for words in ("Drug, 2026Q1", "$389.829 per 354 MG", "20.000 percent", "Levulan Kerastick", "67308-0101-06"):
        assert words in shown
    document = json.loads(ingest("show", "J7308", "--store", samples.store, "--format", "json").out)
    jsonschema.validate(document, json.loads((SCHEMAS / "code.schema.json").read_text()))
    assert document["drug"]["payment_limit"] == 389.829 and document["drug"]["brand_names"] == ["Levulan Kerastick"]
    explained = ingest("explain", "J7308", "--field", "payment_limit", "--store", samples.store).out.decode()
    assert "389.829" in explained and f"{SAMPLE_DRUGS.name}/{LIMITS}:" in explained


# Files that are not there, of another quarter, or in other clothes.


def test_without_the_files_there_are_no_facts_and_empty_tables(tmp_path):
    result = run(tmp_path / "store", "RVU26A", [SAMPLE_RVU, SAMPLE_HCPCS])
    assert_published(result)
    published = Published(tmp_path / "store", result)
    assert {document["drug"] for document in published.documents.values()} == {None}
    assert published.table("drug_payment_limits") == published.table("drug_products") == []
    assert published.manifest["missing_inputs"] == ["asp_payment_limits", "asp_crosswalk"]
    assert not any(id.startswith("asp_") for id in published.checks)
    assert "missing: ASP payment limits, ASP NDC-HCPCS crosswalk" in result.err


def members(name=None, change=None):
    """The sample's two ASP files, one of them changed."""
    found = dict(zip_members(SAMPLE_DRUGS))
    if name:
        found[name] = change(found[name])
    return found


def run_with(tmp_path, files, *extra):
    folder = write_folder(tmp_path / "asp", files)
    return run_samples(tmp_path / "store", *extra, inputs=(SAMPLE_RVU, SAMPLE_HCPCS, folder))


def test_loose_files_give_what_the_archive_gives(samples, tmp_path):
    assert_published(run_with(tmp_path, members()))
    published = Published(tmp_path / "store")
    for table in ("drug_payment_limits", "drug_products"):
        assert published.table(table) == samples.table(table)


@pytest.mark.parametrize("width", [10, 11, 12, 136, 252, 300])
def test_any_number_of_empty_columns_gives_the_same(width, samples, tmp_path):
    def widened(data):
        rows = list(csv.reader(io.StringIO(data.decode("cp1252"), newline="")))
        used = max(len("".join(f"{bool(cell):d}" for cell in row).rstrip("0")) for row in rows)
        return csv_bytes([(row + [""] * width)[:max(width, used)] for row in rows])

    assert_published(run_with(tmp_path, {name: widened(data) for name, data in members().items()}))
    for table in ("drug_payment_limits", "drug_products"):
        assert Published(tmp_path / "store").table(table) == samples.table(table)


def test_a_workbook_is_read_alone_and_is_a_witness_beside_the_CSV(samples, tmp_path):
    books = {}
    for name, data in members().items():
        rows = list(csv.reader(io.StringIO(data.decode("cp1252"), newline="")))
        books[name.replace(".csv", ".xlsx")] = workbook([[spreadsheet_cell(cell) for cell in row] for row in rows])
    (tmp_path / "alone").mkdir()
    assert_published(run_with(tmp_path / "alone", books))
    for table in ("drug_payment_limits", "drug_products"):
        assert Published(tmp_path / "alone" / "store").table(table) == samples.table(table)
    assert_published(run_with(tmp_path, {**books, **members()}))
    published = Published(tmp_path / "store")
    assert (published.checks["csv_equals_xlsx"]["checked"], published.checks["csv_equals_xlsx"]["matched"]) == (27, 27)
    roles = {entry["path"]: entry["role"] for entry in published.manifest["inputs"]}
    assert {roles[name] for name in books} == {"witness"}


def test_a_file_of_another_quarter_is_used_and_said(tmp_path):
    change = lambda data: data.replace(b"January 1, 2026 through March 31, 2026", b"October 1, 2025 through December 31, 2025")
    result = run_with(tmp_path, members(CROSSWALK, change))
    assert_published(result)
    assert re.search(r"warning: the ASP NDC-HCPCS crosswalk file is of 2025Q4, the release of January 2026", result.err)
    published = Published(tmp_path / "store")
    assert {row["quarter"] for row in published.table("drug_products")} == {"2025Q4"}
    assert {row["quarter"] for row in published.table("drug_payment_limits")} == {"2026Q1"}
    assert "asp_quarter" in {entry["id"] for entry in published.manifest["diagnostics"]}


def test_two_postings_of_one_file_are_refused(tmp_path):
    files = members()
    files["section 508 version of January 2026 Medicare Part B Payment Limit File updated 030726.csv"] = files[LIMITS].replace(
        b"389.829", b"379.829")
    assert_refused(run_with(tmp_path, files), tmp_path / "store", "table_twice", "ASP payment limits")


def test_the_old_workbook_beside_the_CSV_is_ignored_with_a_reason(rvu25a):
    (entry,) = [entry for entry in rvu25a.manifest["ignored"] if "ASP Pricing File" in entry["path"]]
    assert entry["path"].endswith(".xls") and "not read" in entry["reason"]


# Damage is refused or reported.


def edit(data, first_label, change):
    rows = list(csv.reader(io.StringIO(data.decode("cp1252"), newline="")))
    start = header_index(rows, first_label)
    change(rows[start], rows[start + 1:])
    return csv_bytes(rows)


def shifted(row, by):
    width = len(row)
    row[:] = ([""] * by + row)[:width] if by > 0 else row[-by:] + [""] * -by


@pytest.mark.parametrize("name, label, used, by", [(LIMITS, "HCPCS Code", 11, 1), (LIMITS, "HCPCS Code", 11, -1), (CROSSWALK, "_2026", 10, 1), (CROSSWALK, "_2026", 10, -1)])
def test_a_row_moved_by_a_column_is_refused_at_its_line(name, label, used, by, tmp_path):
    result = run_with(tmp_path, members(name, lambda data: edit(data, label, lambda header, rows: shifted(rows[1], by))))
    assert_refused(result, tmp_path / "store", re.escape(f"{name}:11"))


@pytest.mark.parametrize("name, label, column", [(name, label, column) for name, label, used in ((LIMITS, "HCPCS Code", 11), (CROSSWALK, "_2026", 10)) for column in range(used)])
def test_a_label_with_another_name_is_refused(name, label, column, tmp_path):
    def change(header, rows):
        header[column] = "Something else"

    assert_refused(run_with(tmp_path, members(name, lambda data: edit(data, label, change))), tmp_path / "store", re.escape(name))


@pytest.mark.parametrize("name, label, used", [(LIMITS, "HCPCS Code", 11), (CROSSWALK, "_2026", 10)])
def test_two_columns_that_change_places_are_refused(name, label, used, tmp_path):
    for left in range(used - 1):
        def change(header, rows):
            for row in [header, *rows]:
                row[left], row[left + 1] = row[left + 1], row[left]

        folder = tmp_path / str(left)
        folder.mkdir()
        assert_refused(run_with(folder, members(name, lambda data: edit(data, label, change))), folder / "store", re.escape(name))


def test_the_two_files_under_each_others_names_are_refused(tmp_path):
    files = members()
    files[LIMITS], files[CROSSWALK] = files[CROSSWALK], files[LIMITS]
    assert_refused(run_with(tmp_path, files), tmp_path / "store", "name_and_content_disagree")


@pytest.mark.parametrize("name", [LIMITS, CROSSWALK])
def test_a_file_cut_within_a_line_is_refused(name, tmp_path):
    assert_refused(run_with(tmp_path, members(name, lambda data: data[:-40])), tmp_path / "store", re.escape(name))


@pytest.mark.parametrize("kind, check", [("limits", "asp_products_priced"), ("products", "asp_limits_sold")])
def test_a_real_file_cut_between_lines_is_refused(kind, check, sources, rvu26a_inputs, tmp_path):
    files = {path: content for path, content in sources["2026Q1"].values()}
    path, content = sources["2026Q1"][kind]
    lines = content.splitlines(keepends=True)
    files[path] = b"".join(lines[:len(lines) * 9 // 10])
    result = run(tmp_path / "store", "RVU26A", [*rvu26a_inputs[:2], write_folder(tmp_path / "asp", files)])
    assert_refused(result, tmp_path / "store", rf"\[{check}\]")


@pytest.mark.parametrize("damaged", ["67308-0101-6", "67308-101-06", "7308-0101-06", "67308010106", "6730801016"])
def test_a_zero_dropped_from_an_NDC_is_reported(damaged, tmp_path):
    result = run_with(tmp_path, members(CROSSWALK, lambda data: data.replace(b"67308-0101-06", damaged.encode())))
    assert_published(result)
    assert re.search(rf"{re.escape(CROSSWALK)}:10: warning: {damaged} of J7308 .*\[ndc_shape\]", result.err)
    assert Published(tmp_path / "store").checks["ndc_shape"]["failed"] == 1


def test_zeros_dropped_from_all_NDCs_are_refused(sources, rvu26a_inputs, tmp_path):
    files = {path: content for path, content in sources["2026Q1"].values()}
    path, content = sources["2026Q1"]["products"]
    files[path] = re.sub(rb",0+(\d+-\d{4}-\d\d),", rb",\1,", content)
    result = run(tmp_path / "store", "RVU26A", [*rvu26a_inputs[:2], write_folder(tmp_path / "asp", files)])
    assert_refused(result, tmp_path / "store", r"\[ndc_shape\]")


def test_a_price_of_a_spreadsheet_is_refused(tmp_path):
    for number, price in enumerate([b"389.8290000001", b"3.9E+02", b"$389.829", b"389,829", b"-389.829"]):
        folder = tmp_path / str(number)
        folder.mkdir()
        result = run_with(folder, members(LIMITS, lambda data: data.replace(b"389.829", b'"' + price + b'"')))
        assert_refused(result, folder / "store", re.escape(f"{LIMITS}:10:4"))


# The difference.


def test_a_re_post_is_a_difference_of_its_changed_cells_alone(tmp_path):
    store = tmp_path / "store"
    for number, price in enumerate([b"389.829", b"379.829"]):
        files = members(LIMITS, lambda data: data.replace(b"389.829", price))
        folder = write_folder(tmp_path / f"in{number}", files)
        assert_published(run_samples(store, inputs=(SAMPLE_RVU, SAMPLE_HCPCS, folder)))
    base, head = (Published(store, revision=f"releases/RVU26A/{name}") for name in ("r1", "r2"))
    read = read_diff((head.folder / "diff.json").read_bytes())
    (change,) = read["changes"]
    assert (change["category"], change["code"], change["from"], change["to"], change["change"], change["percent"]) == (
        "payment_limit_changed", "J7308", "389.829", "379.829", "-10.000", "-2.57")
    assert_complete(read, base, head)
    report = (head.folder / "diff.md").read_text()
    assert "| J7308 | Levulan Kerastick | $389.829 | $379.829 | −2.6 % |" in report


@pytest.mark.parametrize("first, second", [((), (SAMPLE_DRUGS,)), ((SAMPLE_DRUGS,), ())])
def test_files_that_one_side_lacks_are_absent_and_not_thousands_of_changes(first, second, tmp_path):
    store = tmp_path / "store"
    for drugs in (first, second):
        assert_published(run_samples(store, "--policy", write_policy(tmp_path / "open.yaml"), inputs=(SAMPLE_RVU, SAMPLE_HCPCS, *drugs)))
    base, head = (Published(store, revision=f"releases/RVU26A/{name}") for name in ("r1", "r2"))
    read = read_diff((head.folder / "diff.json").read_bytes())
    assert_complete(read, base, head)
    assert_adds_up(read, base, head)
    drugs = [category for category in read["categories"] if category["group"] == "drug"]
    assert {category["table"] for category in drugs} == {"drug_payment_limits", "drug_products"}
    assert all(category["residual"] == 0 for category in read["categories"]), read["categories"]
    report = (head.folder / "diff.md").read_text()
    assert "was made without ASP payment limits" in report and "## Drugs" not in report


def test_a_year_of_drugs_does_not_drown_the_report(releases, tmp_path):
    """1,300 products come and 1,400 go from January 2025 to January 2026."""
    result = ingest(
        "diff", "RVU25A-r1", "RVU26A-r1", "--store", releases.store, "--policy", releases.policy, "--report", tmp_path)
    assert result.code == 0, result
    report = (tmp_path / "diff.md").read_text()
    section = report[report.index("## Drugs"):].split("\n## ")[0]
    assert len(report.encode()) <= 60_000 and len(section.splitlines()) < 60
    read = releases.diff("RVU25A-r1", "RVU26A-r1")
    assert read["counts"]["drug_products_added"] == 1336 and read["counts"]["drug_products_removed"] == 1383
    rules = {rule["id"]: rule["explains"] for rule in read["systemic"]}
    assert rules["payment_limits_of_a_quarter"] == 768 and rules["drug_products_of_a_quarter"] == 5789


# An archive that was fetched.


ASP26A = "/files/zip/january-2026-medicare-part-b-payment-limit-files.zip"


@pytest.fixture
def server():
    with Server() as server:
        server.routes = {
            RVU26A: file(SAMPLE_RVU.read_bytes()), HCPCS26A: file(SAMPLE_HCPCS.read_bytes()), ASP26A: file(SAMPLE_DRUGS.read_bytes())}
        yield server


def run_pinned(store, server, *extra):
    return ingest("run", "--release", "RVU26A", "--store", store, "--mirror", server.url, *QUICK, *extra, env=no_proxy())


def test_a_run_uses_the_drug_prices_that_were_fetched_and_never_fetches_them(server, tmp_path):
    store = tmp_path / "store"
    assert_published(run_pinned(store, server, "--accept-repost"))
    assert ASP26A not in server.paths()
    assert Published(store).table("drug_products") == []
    fetched = fetch(store, server, "--accept-license", "ama", release="RVU26A", sources=("asp",))
    assert fetched.code == 0, fetched
    server.forget()
    for extra in ((), ("--offline",)):
        assert_published(run_pinned(store, server, *extra))
        assert server.paths() == []
        assert len(Published(store).table("drug_products")) == 23
        hashes = [entry["sha256"] for entry in Published(store).manifest["inputs"] if entry["role"] == "archive"]
        assert sha256(SAMPLE_DRUGS.read_bytes()) in hashes


def test_a_fetched_archive_that_is_damaged_stops_the_run(server, tmp_path):
    store = tmp_path / "store"
    assert fetch(store, server, "--accept-license", "ama", release="RVU26A", sources=("asp",)).code == 0
    (kept,) = (store / "sources" / "sha256").glob("*/*.zip")
    kept.write_bytes(b"PK\x03\x04 no more")
    result = run_pinned(store, server, "--accept-repost")
    assert result.code == 69 and "offline_damaged" in result.err and "--source asp" in result.err, result
