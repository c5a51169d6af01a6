"""The dataset proves itself: scores, listed defects, mis-paired files, allowances, the certificate repeated."""

import csv
import io
import json
import re
import subprocess
import sys
import zipfile
from decimal import Decimal

import pytest

from decimal_engine import Engine
from support import INGEST, SCHEMAS, Published, assert_published, environment, files_below, ingest, run_arguments


def score(published, check):
    found = published.checks[check]
    return found["checked"], found["matched"], found["explained"], found["failed"]


def test_every_published_cap_is_recomputed(rvu25a, rvu25d, rvu26a):
    for published in (rvu25a, rvu25d):
        assert score(published, "oppscap") == (16100, 15260, 840, 0)
    assert score(rvu26a, "oppscap") == (14824, 14824, 0, 0)


def test_every_anesthesia_factor_is_rebuilt(rvu25a, rvu25d, rvu26a):
    assert score(rvu25a, "anesthesia") == score(rvu25d, "anesthesia") == (109, 109, 0, 0)
    assert score(rvu26a, "anesthesia") == (218, 218, 0, 0)


@pytest.fixture(scope="module")
def payment_file(data):
    return data / "pfrev25c" / "PFREV25C.txt"


@pytest.fixture(scope="module")
def proven(data, payment_file, tmp_path_factory):
    store = tmp_path_factory.mktemp("proven") / "store"
    result = ingest(*run_arguments(store, "RVU25D", [data / "rvu25d"]), "--payment-file", payment_file)
    assert_published(result)
    return Published(store, result)


def test_CMSs_payment_file_is_recomputed_in_both_settings(proven):
    assert score(proven, "payment_file") == (109, 109, 0, 0)


def test_a_payment_file_is_read_from_archives_inside_archives(data, payment_file, tmp_path):
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("PFREV25C.txt", payment_file.read_bytes())
    outer = tmp_path / "pfrev25c.zip"
    with zipfile.ZipFile(outer, "w") as archive:
        archive.writestr("pfrev25c_nonQP.zip", inner.getvalue())
    result = ingest(*run_arguments(tmp_path / "store", "RVU25D", [data / "rvu25d"]), "--payment-file", outer)
    assert_published(result)
    assert score(Published(tmp_path / "store", result), "payment_file") == (109, 109, 0, 0)


def test_a_changed_cent_in_the_payment_file_is_caught_at_its_line(data, payment_file, tmp_path):
    lines = payment_file.read_bytes().split(b"\r\n")
    lines[41] = lines[41][:43] + (b"0" if lines[41][43:44] != b"0" else b"1") + lines[41][44:]
    changed = tmp_path / "PFREV25C.txt"
    changed.write_bytes(b"\r\n".join(lines))
    result = ingest(*run_arguments(tmp_path / "store", "RVU25D", [data / "rvu25d"]), "--payment-file", changed)
    assert result.code == 1 and "PFREV25C.txt:42: error: 76145" in result.err, result


def test_a_payment_file_of_a_million_rows_streams_in_little_memory(data, tmp_path):
    files = {path.name: path.read_bytes() for path in (data / "rvu25d").glob("*.csv")}
    engine = Engine(files["PPRRVU2025_Oct.csv"], files["GPCI2025.csv"])
    # As in CMS's file: rows without values for the OPPS amounts and therapy, so that the lines are quickly made.
    keys = [
        key for key in engine.payable()
        if engine.cap(key, "facility", ("15202", "00"), Decimal(1)) is None and engine.rows[key]["mult"] != "5"][:900]
    factor, count = Decimal("32.3465"), 0
    lines = []
    for mac, number in engine.gpcis:
        for key in keys:
            amounts = [engine.fee(key, setting, (mac, number), factor) for setting in ("nonfacility", "facility")]
            lines.append(
                f'"2025","{mac}","{number}","{key[0]}","{key[1] or "  "}","{amounts[0]:010.2f}","{amounts[1]:010.2f}"," ",'
                f'"9","{engine.rows[key]["status"]}","0","0000000.00","0000000.00","9","0000000.00","0000000.00"\r\n')
    path = tmp_path / "PFALL25.txt"
    with open(path, "w", newline="") as file:
        while count < 1_000_000:
            file.writelines(lines)
            count += len(lines)
    store = tmp_path / "store"
    command = [INGEST, *run_arguments(store, "RVU25D", [data / "rvu25d"]), "--payment-file", path]
    # A process counts its parent's memory into its own peak, so a small one starts it and measures.
    measure = (
        "import resource, subprocess, sys; "
        "code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode; "
        "print(code, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)")
    out = subprocess.run(
        [sys.executable, "-c", measure, *map(str, command)], env=environment(), capture_output=True, check=True).stdout
    code, kilobytes = map(int, out.split())
    assert code == 0 and score(Published(store), "payment_file") == (count, count, 0, 0)
    assert path.stat().st_size > 130_000_000 and kilobytes < 120_000


def test_every_listed_defect_still_occurs_in_the_file_it_is_listed_for(rvu25a, rvu25d, rvu26b):
    with open(SCHEMAS / "values" / "known-defects.csv", newline="") as file:
        listed = list(csv.DictReader(file))

    def occurs(defect, label):
        for part in defect["releases"].split():
            first, _, last = part.partition("-")
            if part == label or ("-" in part and first <= label and (not last or label <= last)):
                return True
        return False

    for label, published in (("RVU25A", rvu25a), ("RVU25D", rvu25d), ("RVU26B", rvu26b)):
        met = {item["id"] for item in json.loads((published.folder / "verification.json").read_text())["defects"]}
        read = {item["table"] for item in published.manifest["inputs"]}
        expected = {
            defect["id"] for defect in listed
            if occurs(defect, label) and not (defect["id"].startswith(("locco", "workbook")) and "locco" not in read)
            and not (defect["id"].startswith("asp_") and "asp_crosswalk" not in read)}
        assert met == expected, label


def csv_edit(content, change):
    """Changes the cells of a CSV; `change` gets each row and may change it in place."""
    rows = list(csv.reader(io.StringIO(content.decode("cp1252"), newline="")))
    for row in rows:
        change(row)
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode("cp1252")


@pytest.fixture()
def release(data, tmp_path):
    """RVU25D's CSV files in a folder of their own, to be changed."""
    folder = tmp_path / "in"
    folder.mkdir()
    for path in (data / "rvu25d").glob("*.csv"):
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


def refused(folder, tmp_path, *extra):
    store = tmp_path / "store"
    result = ingest(*run_arguments(store, "RVU25D", [folder]), *extra)
    assert result.code == 1, result
    assert not (store / "latest.json").exists() and not list(store.glob("releases/*/r*"))
    return result.err


def test_GPCI_of_another_year_is_named(release, data, tmp_path):
    """Disguised as 2025: with its own title and labels it is refused before anything is recomputed."""

    def disguise(row):
        if len(row) == 8:
            del row[4]
        row[:] = [cell.replace("2026", "2025") for cell in row]

    members = zipfile.ZipFile(data / "rvu26a-standin" / "rvu26a.zip")
    (release / "GPCI2025.csv").write_bytes(csv_edit(members.read("GPCI2026.csv"), disguise))
    assert "GPCI is probably of another release" in refused(release, tmp_path)


def test_OPPSCAP_of_another_conversion_factor_is_named_with_its_release(release, tmp_path):
    engine = Engine((release / "PPRRVU2025_Oct.csv").read_bytes(), (release / "GPCI2025.csv").read_bytes())

    def price(row):
        if len(row) == 7 and row[3].isdigit():
            locality = (row[3], row[4])
            if locality not in engine.gpcis:
                locality = ("01182", row[4])
            row[5] = row[6] = str(engine.cap((row[0], row[1]), "facility", locality, Decimal("33.2875")))

    path = release / "OPPSCAP_Oct.csv"
    path.write_bytes(csv_edit(path.read_bytes(), price))
    err = refused(release, tmp_path)
    assert "conversion factor 33.2875" in err and "RVU24AR" in err


def change_row(path, code, modifier, columns):
    def change(row):
        if row[:2] == [code, modifier]:
            for column, difference in columns.items():
                row[column] = str(Decimal(row[column]) + Decimal(difference))

    path.write_bytes(csv_edit(path.read_bytes(), change))


def test_one_RVU_changed_by_a_hundredth_is_caught(release, tmp_path):
    path = release / "PPRRVU2025_Oct.csv"
    original = path.read_bytes()
    change_row(path, "99213", "", {5: "0.01"})
    assert re.search(r"PPRRVU2025_Oct\.csv:\d+:12: error: 99213: work 1\.31 \+ PE 1\.35 \+ MP 0\.10 = 2\.76", refused(release, tmp_path))
    path.write_bytes(original)
    # With its totals changed alike: the 26 and TC rows no longer add up.
    change_row(path, "71046", "26", {5: "0.01", 11: "0.01", 12: "0.01"})
    assert "71046 breaks the rule" in refused(release, tmp_path)
    path.write_bytes(original)
    # A value for the OPPS cap, which stands in no total.
    change_row(path, "74170", "TC", {28: "0.01", 29: "0.01"})
    assert "Only 74170-TC differs" in refused(release, tmp_path)


def test_one_GPCI_changed_by_a_thousandth_is_caught(release, tmp_path):
    def change(row):
        if row[0] == "15202":
            row[5] = str(Decimal(row[5]) + Decimal("0.004"))

    path = release / "GPCI2025.csv"
    path.write_bytes(csv_edit(path.read_bytes(), change))
    err = refused(release, tmp_path)
    assert "Only 15202-00 differs" in err and "[oppscap]" in err
    # The scores are shown, with a mark at what failed.
    assert re.search(r"^✗ oppscap +15960/16100 ", err, re.MULTILINE), err
    assert re.search(r"^  row_totals +19090/19090 ", err, re.MULTILINE), err


@pytest.mark.parametrize("name", ["GPCI2025.csv", "ANES2025.csv", "25LOCCO.csv"])
def test_a_dropped_locality_is_caught_where_the_others_have_it(name, release, tmp_path):
    lines = (release / name).read_bytes().split(b"\r\n")
    kept = [line for line in lines if b"15202" not in line]
    assert len(kept) == len(lines) - 1
    (release / name).write_bytes(b"\r\n".join(kept))
    assert "the locality 15202-00 is in" in refused(release, tmp_path)


def test_a_failure_may_be_allowed_with_a_reason_that_stays(release, tmp_path):
    change_row(release / "PPRRVU2025_Oct.csv", "74170", "TC", {28: "0.01", 29: "0.01"})
    refused(release, tmp_path, "--allow", "anesthesia", "--reason", "the wrong check")
    store = tmp_path / "store"
    reason = "CMS has confirmed the value by telephone"
    result = ingest(*run_arguments(store, "RVU25D", [release]), "--allow", "oppscap", "--reason", reason)
    assert_published(result)
    published = Published(store, result)
    assert published.checks["oppscap"]["failed"] > 0 and published.checks["oppscap"]["allowed"] == reason
    certificate = json.loads((published.folder / "verification.json").read_text())
    assert certificate["verdict"] == "published_with_allowed_failures"
    assert reason in (published.folder / "verification.md").read_text() and reason in result.err


@pytest.mark.parametrize("options", [["--allow", "oppscap"], ["--allow", "oppscapp", "--reason", "a typing error"]])
def test_an_allowance_needs_a_reason_and_a_check_that_exists(options, release, tmp_path):
    assert ingest(*run_arguments(tmp_path / "store", "RVU25D", [release]), *options).code == 64


def test_the_certificate_can_be_repeated_from_its_sources(proven, data, payment_file):
    repeated = ingest("verify", proven.folder, "--input", data / "rvu25d", "--payment-file", payment_file)
    assert repeated.code == 0, repeated
    assert b"equal: verification.json" in repeated.out and b"equal: tables/relative_values.csv" in repeated.out


def test_repeating_finds_other_sources_and_a_changed_publication(proven, data, payment_file, release, tmp_path):
    missing = ingest("verify", proven.folder, "--input", data / "rvu25d")
    assert missing.code == 1 and "PFREV25C.txt" in missing.err, missing
    locco = release / "25LOCCO.csv"
    locco.write_bytes(locco.read_bytes().replace(b"KERN", b"KURN"))
    other = ingest("verify", proven.folder, "--input", release, "--payment-file", payment_file)
    assert other.code == 1 and "25LOCCO.csv" in other.err and "localities.csv" in other.err, other
    for path, content in files_below(proven.store).items():
        (tmp_path / "copy" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "copy" / path).write_bytes(content)
    folder = tmp_path / "copy" / "releases" / "RVU25D" / "r1"
    manifest = (folder / "manifest.json").read_text()
    table = next(file for file in proven.manifest["files"] if file["path"] == "tables/opps_caps.csv")
    (folder / "manifest.json").write_text(manifest.replace(table["sha256"], "0" * 64))
    tampered = ingest("verify", folder, "--input", data / "rvu25d", "--payment-file", payment_file)
    assert tampered.code == 1 and "tables/opps_caps.csv" in tampered.err, tampered


def test_action_codes_are_compared_with_the_quarter_before(publish, data, rvu26a_inputs, tmp_path):
    """The stand-in list is that of October under January's name: where October is in the store, its flags lie."""
    october = tmp_path / "HCPC2025_OCT_ANWEB.txt"
    with zipfile.ZipFile(rvu26a_inputs[1]) as archive:
        october.write_bytes(archive.read("HCPC2026_JAN_ANWEB.txt"))
    store = tmp_path / "store"
    assert_published(ingest(*run_arguments(store, "RVU25D", [data / "rvu25d", october])))
    result = ingest(*run_arguments(store, "RVU26A", rvu26a_inputs))
    assert_published(result)
    found = Published(store, result, "releases/RVU26A/r1").checks["hcpcs_actions"]
    assert found["checked"] == 99 and found["failed"] == 99 and "[hcpcs_actions]" in result.err
