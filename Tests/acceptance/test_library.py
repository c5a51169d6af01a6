"""The Swift library `FeeSchedule`: what it reads is what was published, and what is said of it holds."""

import csv
import json
import random
import re
import shutil
import sqlite3
import subprocess
from decimal import ROUND_HALF_UP, Decimal

import pytest

from support import INGEST, REPO, SAMPLE_RVU, ingest

BUILT = INGEST.resolve().parent
REREAD = BUILT / "reread"
TRACKER = BUILT / "sample-wrvu-tracker"
CATALOGUE = REPO / "Sources" / "FeeSchedule" / "FeeSchedule.docc"
SAMPLE_APP = REPO / "samples" / "wrvu-tracker"
TABLES = [
    "codes", "relative_values", "descriptor_digests", "modifiers", "localities", "opps_caps", "drug_payment_limits",
    "drug_products", "conversion_factors", "editorial", "editorial_items", "questions"]


def reread(folder, table, *checked):
    done = subprocess.run([REREAD, folder, table, *checked], capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr.decode()
    return [json.loads(line) for line in done.stdout.splitlines()]


def table(folder, name):
    with open(folder / "tables" / f"{name}.csv", newline="", encoding="utf-8") as file:
        return list(csv.reader(file))[1:]


def bundle(published, folder):
    """What an app carries: the database, which may be changed, and the manifest."""
    folder.mkdir()
    for name in ("dataset.sqlite", "manifest.json"):
        shutil.copyfile(published.folder / name, folder / name)
    return folder


@pytest.mark.parametrize("release", ["samples", "rvu25a", "rvu26a", "rvu26b"])
def test_every_value_is_read_out_of_sqlite_as_the_csv_has_it(release, request):
    published = request.getfixturevalue(release)
    read = 0
    for name in TABLES:
        rows = reread(published.folder, name)
        if name == "relative_values":
            rows = [row[:-2] for row in rows]
        assert rows == table(published.folder, name), name
        read += sum(map(len, rows))
    assert read > (1000 if release == "samples" else 1_000_000)


def test_each_relative_value_row_knows_its_line(rvu26a):
    places = {(row[1], row[2]): row[5:7] for row in table(rvu26a.folder, "provenance") if row[0] == "relative_values"}
    rows = reread(rvu26a.folder, "relative_values")
    assert len(rows) == len(places)
    assert all(row[-2:] == places[row[0], row[1]] for row in rows)


def test_lines_are_found_in_whatever_order_the_rows_lie(samples, tmp_path):
    expected = reread(samples.folder, "relative_values")
    folder = bundle(samples, tmp_path / "turned")
    with sqlite3.connect(folder / "dataset.sqlite") as database:
        database.execute("CREATE TABLE turned AS SELECT * FROM provenance ORDER BY rowid DESC")
        database.execute("DELETE FROM provenance")
        database.execute("INSERT INTO provenance SELECT * FROM turned")
        database.execute("DROP TABLE turned")
        database.execute("CREATE TABLE turned AS SELECT * FROM relative_values ORDER BY rowid DESC")
        database.execute("DELETE FROM relative_values")
        database.execute("INSERT INTO relative_values SELECT * FROM turned")
    assert reread(folder, "relative_values") == expected


@pytest.mark.parametrize("stored, text", [
    (0.00005, "0.00005"), (1e-6, "0.000001"), (1.5, "1.5"), (400, "400"), (400.0, "400"), (123456.123456, "123456.123456")])
def test_a_decimal_is_exact_however_sqlite_keeps_it(samples, tmp_path, stored, text):
    folder = bundle(samples, tmp_path / "bundle")
    with sqlite3.connect(folder / "dataset.sqlite") as database:
        assert database.execute("UPDATE drug_products SET package_size = ?", (stored,)).rowcount > 0
    assert {row[6] for row in reread(folder, "drug_products")} == {text}


@pytest.mark.parametrize("stored", [1.305, "1,3", -1, "x", None])
def test_what_is_no_rvu_is_refused_and_never_rounded(samples, tmp_path, stored):
    folder = bundle(samples, tmp_path / "bundle")
    with sqlite3.connect(folder / "dataset.sqlite") as database:
        database.execute("CREATE TABLE loose AS SELECT * FROM relative_values")
        database.execute("DROP TABLE relative_values")
        database.execute("ALTER TABLE loose RENAME TO relative_values")
        database.execute("UPDATE relative_values SET work = ? WHERE code = '99213'", (stored,))
    done = subprocess.run([REREAD, folder, "relative_values"], capture_output=True, timeout=60)
    assert done.returncode == 2 and b"relative_values.work" in done.stderr and done.stdout == b""


# The example app


def test_a_database_that_a_delta_brought_there_is_read_as_the_newer_release_and_proven_by_its_content(
        rvu25d, rvu26b, tmp_path):
    app = bundle(rvu25d, tmp_path / "app")
    database = app / "dataset.sqlite"
    result = ingest("delta", rvu25d.folder, rvu26b.folder, "--out", tmp_path / "delta")
    assert result.code == 0, result
    result = ingest("update", "--dataset", database, "--delta", tmp_path / "delta")
    assert result.code == 0, result

    def refused():
        done = subprocess.run([REREAD, app, "codes", "checked"], capture_output=True, timeout=120)
        assert done.returncode == 2 and b"dataset.sqlite" in done.stderr, done.stderr
        return True

    assert refused(), "the older release's manifest was taken for the newer one's"
    shutil.copyfile(rvu26b.folder / "manifest.json", app / "manifest.json")
    assert database.read_bytes() != (rvu26b.folder / "dataset.sqlite").read_bytes()
    for name in TABLES:
        assert reread(app, name, "checked") == reread(rvu26b.folder, name), name
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE relative_values SET work = work + 0.01 WHERE code = '99213'")
    assert refused()


def cents(amount):
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)


def expected_months(published, services, mac, number):
    """wRVU and payment by month, from the CSV tables with Python's decimals."""
    rows = {(row["code"], row["modifier"]): row for row in published.table("relative_values")}
    place = next(row for row in published.table("localities") if (row["mac"], row["locality"]) == (mac, number))
    work, pe, mp = (Decimal(place[f"gpci_{name}"]) for name in ("work", "pe", "mp"))
    factor = Decimal(str(published.manifest["conversion_factors"]["non_qp"]))
    months = {}
    for day, code, modifier, units in services:
        row = rows[code, modifier]
        value = {name: Decimal(text) for name, text in row.items() if re.fullmatch(r"\d+\.\d\d", text or "")}
        sum_of_units, rvus, paid = months.get(day[:7], (0, Decimal(0), Decimal(0)))
        if row["priced"] == "true" and row["pe_nonfacility_na"] == "false":
            fee = cents((value["work"] * work + value["pe_nonfacility"] * pe + value["mp"] * mp) * factor)
            if any(value[name] for name in ("opps_pe_nonfacility", "opps_pe_facility", "opps_mp")):
                cap = (value["work"] * work + value["opps_pe_nonfacility"] * pe + value["opps_mp"] * mp) * factor
                fee = min(fee, cents(cap))
            paid += fee * units
        months[day[:7]] = (sum_of_units + units, rvus + value["work"] * units, paid)
    return months


def tracker(*arguments):
    done = subprocess.run([TRACKER, *map(str, arguments)], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def test_the_example_counts_wrvus_and_payment_to_the_cent(rvu26a, tmp_path):
    choice = random.Random(8)
    rows = rvu26a.table("relative_values")
    capped = [row for row in rows if row["opps_mp"] not in ("0.00", "")]
    services = []
    for index in range(600):
        row = choice.choice(capped if index % 3 == 0 else rows)
        day = f"2026-{choice.randint(1, 3):02}-{choice.randint(1, 28):02}"
        services.append((day, row["code"], row["modifier"], choice.randint(1, 9)))
    file = tmp_path / "services.txt"
    file.write_text("".join((",", "\t")[index % 2].join(map(str, line)) + "\n" for index, line in enumerate(services)))
    code, out, said = tracker(rvu26a.store, "01112-05", file)
    assert code == 0, said
    lines = [line.split("\t") for line in out.splitlines()]
    assert lines[0] == ["month", "units", "wRVU", "payment"]
    found = {month: (int(units), Decimal(rvus), Decimal(paid)) for month, units, rvus, paid in lines[1:]}
    assert found == expected_months(rvu26a, services, "01112", "05")
    assert len(found) == 3 and all(paid > 0 for _, _, paid in found.values())
    assert f"from {rvu26a.manifest['release']['label']}-r1: " in said and rvu26a.manifest["license"] in said


def test_the_example_says_what_it_cannot_count(samples, tmp_path):
    file = tmp_path / "services.csv"
    file.write_text("2026-01-05,99213,,2\n2031-01-01,99213,,1\n2026-01-05,99213,26,1\n2026-01-05,J7308,,1\n")
    code, out, said = tracker(samples.store, "01112-05", file)
    assert code == 0 and out.splitlines()[1].startswith("2026-01\t3\t2.60\t")
    assert "line 2, 99213: no release of the store holds on 2031-01-01" in said
    assert "line 3, 99213-26: RVU26A-r1 has no such row" in said
    assert "line 4, J7308: no payment: " in said


@pytest.mark.parametrize("line", ["2026-02-30,99213,,1", "2026-01-05,9921,,1", "2026-01-05,99213,1", "2026-01-05,99213,,0", "x"])
def test_the_example_stops_at_a_line_that_it_cannot_read(samples, tmp_path, line):
    file = tmp_path / "services.csv"
    file.write_text(f"2026-01-05,99213,,1\n{line}\n")
    code, out, said = tracker(samples.store, "01112-05", file)
    assert code == 2 and out == "" and "line 2: expected a day" in said


def test_the_example_refuses_a_dataset_that_was_changed(samples, tmp_path):
    store = tmp_path / "store"
    shutil.copytree(samples.store, store)
    changed = next(store.glob("releases/*/r1/tables/localities.csv"))
    data = bytearray(changed.read_bytes())
    data[-3] ^= 1
    changed.write_bytes(data)
    file = tmp_path / "services.csv"
    file.write_text("2026-01-05,99213,,1\n")
    code, out, said = tracker(store, "01112-05", file)
    assert code == 1 and out == "" and "tables/localities.csv" in said


# What the library is made of


@pytest.fixture(scope="module")
def targets():
    done = subprocess.run(
        ["swift", "package", "describe", "--type", "json"], cwd=REPO, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    package = json.loads(done.stdout)
    return package, {target["name"]: target for target in package["targets"]}


def closure(name, targets):
    found, todo = set(), [name]
    while todo:
        target = todo.pop()
        if target not in found:
            found.add(target)
            todo += targets[target].get("target_dependencies", [])
    return found


def test_the_library_needs_no_c_library_of_the_pipeline_and_nothing_that_apple_lacks(targets):
    package, targets = targets
    product = next(product for product in package["products"] if product["name"] == "FeeSchedule")
    assert "library" in product["type"]
    modules = set().union(*(closure(name, targets) for name in product["targets"]))
    assert "FeeSchedule" in modules and len(modules) < 12
    assert {targets[name]["type"] for name in modules} == {"library"}
    assert {targets[name]["module_type"] for name in modules} == {"SwiftTarget"}, "no C target, no system library"
    packages = {product for name in modules for product in targets[name].get("product_dependencies", [])}
    assert packages <= {"GRDB", "GRDBSQLite", "Crypto"}
    # On Linux a part of Foundation is a module of its own. Synchronization comes with the systems that Package.swift names.
    known = modules | packages | {"Foundation", "FoundationNetworking", "Synchronization"}
    for name in modules:
        for file in (REPO / targets[name]["path"]).rglob("*.swift"):
            if ".docc" not in str(file):
                for imported in re.findall(
                        r"^\s*(?:@\w+ )*(?:\w+ )?import (?:(?:struct|enum|protocol|typealias|class|func) )?(\w+)",
                        file.read_text(), re.MULTILINE):
                    assert imported in known, f"{file.name} imports {imported}"
    # The check can fail: what the pipeline is made of would not pass.
    pipeline = closure("Pipeline", targets)
    assert {"CLibcsv", "CZlib", "CLibcurl"} <= pipeline
    assert {targets[name]["module_type"] for name in pipeline} != {"SwiftTarget"}


def test_sqlite_is_written_read_and_brought_up_to_date_by_a_module_each():
    importing = {
        file.parent.name for file in (REPO / "Sources").rglob("*.swift")
        if ".docc" not in str(file) and re.search(r"^\s*(?:\w+ )?import GRDB\b", file.read_text(), re.MULTILINE)}
    assert importing == {"Emit", "FeeSchedule", "Delta"}


def test_the_example_is_a_package_of_its_own(tmp_path):
    """Its manifest names the product as an app would; the same sources are built with this package."""
    done = subprocess.run(
        ["swift", "package", "--package-path", SAMPLE_APP, "--scratch-path", tmp_path / ".build-describe", "describe",
         "--type", "json"], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    package = json.loads(done.stdout)
    target = next(target for target in package["targets"] if target["name"] == "wrvu-tracker")
    assert target["product_dependencies"] == ["FeeSchedule"]
    assert sorted(target["sources"]) == sorted(file.name for file in (SAMPLE_APP / "Sources").iterdir())


# Documentation


def module_flags():
    checkouts = next(folder / "checkouts" for folder in BUILT.parents if (folder / "checkouts").is_dir())
    # GRDB's own headers of the system's SQLite.
    modulemap = checkouts / "GRDB.swift" / "Sources" / "GRDBSQLite" / "module.modulemap"
    return ["-I", BUILT / "Modules", "-Xcc", f"-fmodule-map-file={modulemap}"]


def test_the_documentation_builds_without_a_warning(tmp_path):
    target = json.loads(subprocess.run(
        ["swiftc", "-print-target-info"], capture_output=True, check=True).stdout)["target"]["triple"]
    graphs = tmp_path / "graphs"
    graphs.mkdir()
    done = subprocess.run(
        ["swift-symbolgraph-extract", "-module-name", "FeeSchedule", "-target", target, *module_flags(),
         "-minimum-access-level", "public", "-experimental-allowed-reexported-modules=Model,Payment,JSON",
         "-output-dir", graphs], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    symbols = json.loads((graphs / "FeeSchedule.symbols.json").read_text())["symbols"]
    names = {symbol["pathComponents"][0] for symbol in symbols}
    assert {"Dataset", "Manifest", "RVU", "RelativeValue", "Quote"} <= names, "what is re-exported is documented too"

    done = subprocess.run(
        ["docc", "convert", CATALOGUE, "--additional-symbol-graph-dir", graphs, "--fallback-display-name", "FeeSchedule",
         "--fallback-bundle-identifier", "FeeSchedule", "--output-path", tmp_path / "out", "--warnings-as-errors"],
        capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    data = tmp_path / "out" / "data"
    for page in ("documentation/feeschedule", "documentation/feeschedule/gettingstarted", "tutorials/feeschedule/wrvutracker"):
        assert (data / f"{page}.json").is_file(), page


def test_every_public_declaration_of_the_library_says_what_it_is():
    """Of ours: what conformances and enumerations bring along is documented with them."""
    for file in (REPO / "Sources" / "FeeSchedule").glob("*.swift"):
        lines = file.read_text().splitlines()
        for number, line in enumerate(lines):
            if re.match(r"\s*public (static )?(func|struct|enum|init\(folder|init\(latest)", line):
                before = [text.strip() for text in lines[:number] if text.strip()]
                assert before[-1].startswith("///"), f"{file.name}:{number + 1}"


def test_the_code_of_the_tutorial_compiles_step_by_step_and_ends_as_the_example(tmp_path):
    tutorial = (CATALOGUE / "Tutorials" / "WRVUTracker.tutorial").read_text()
    steps = re.findall(r'@Code\(name: "([^"]+)", file: "([^"]+)"\)', tutorial)
    assert len(steps) >= 6
    resources = {file.name for file in (CATALOGUE / "Resources").glob("*.swift")}
    assert resources == {file for _, file in steps}, "every step is shown, and every file is a step"
    project = tmp_path / "project"
    project.mkdir()
    for name, file in steps:
        shutil.copyfile(CATALOGUE / "Resources" / file, project / name)
        done = subprocess.run(
            ["swiftc", "-typecheck", "-swift-version", "6", "-warnings-as-errors", *module_flags(),
             *sorted(project.glob("*.swift"))], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, f"{file}\n{done.stderr}"
    example = {file.name: file.read_text() for file in (SAMPLE_APP / "Sources").iterdir()}
    assert {file.name: file.read_text() for file in project.iterdir()} == example


def test_an_app_imports_one_module(tmp_path):
    """Whatever the public interface is made of comes with `import FeeSchedule`, also where member imports are checked."""
    (tmp_path / "main.swift").write_text('''
import FeeSchedule
import Foundation

let dataset = try Dataset(folder: URL(fileURLWithPath: "x"))
let locality: Locality = try dataset.locality(named: "Ohio")
let row: RelativeValue? = try dataset.relativeValue(of: "99213")
let sum: RVU = (row?.work ?? .zero) + RVU(units: 5) * 3 - .zero
let quote: Quote? = try dataset.payment(of: "99213", in: locality, setting: .facility, track: .qp)
let paid: Money? = quote?.payment.money
let drug: DrugFacts? = try dataset.drug("J0001")
let day: CalendarDate? = CalendarDate(iso: "2026-01-01")
let name: Code? = Code("99213")
print(sum, sum > .zero, paid as Any, drug?.brandNames ?? [], day as Any, name as Any, locality.key, dataset.name)
do { _ = try dataset.code("x") } catch { print(error.message, error.kind) }
''')
    for feature in ([], ["-enable-upcoming-feature", "MemberImportVisibility"]):
        done = subprocess.run(
            ["swiftc", "-typecheck", "-swift-version", "6", "-warnings-as-errors", *feature, *module_flags(),
             tmp_path / "main.swift"], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
