"""HCPCS as of a quarter: reports are told apart, corrections are applied in their order with a line each."""

import csv
import io

import pytest

from forms import packed, with_mark, workbook, zipped
from support import HCPCS, Published, assert_published, ingest, run, write_folder, zip_members

LABELS = ["HCPCS/MOD Code", "Action", "Short Description", "Long Description", "Pricing", "Coverage", "BETOS", "TOS",
          "Effective Date", "Comments"]


def corrections(*lines, labels=LABELS):
    """Rows of a correction file from dictionaries by label."""
    return [["Corrections to the January 2026 file"], [], labels, *([line.get(label, "") for label in labels] for line in lines)]


REVISE = {"HCPCS/MOD Code": "J7308", "Action": "Revise coverage", "Coverage": "D", "Comments": "was C"}
PRICE = {"HCPCS/MOD Code": "J7308", "Action": "Revise", "Pricing": 57}
REWORD = {"HCPCS/MOD Code": "J7308", "Action": "Revised long description", "Long Description": "Aminolevulinic acid, in our words"}
ADD = {"HCPCS/MOD Code": "A9901", "Action": "Add", "Short Description": "Made up item",
       "Long Description": "Made-up item for a test", "Pricing": "00", "Coverage": "C", "BETOS": "Z2", "TOS": "9",
       "Effective Date": "01/15/2026"}
REMOVE = {"HCPCS/MOD Code": "   JZ", "Action": "Remove from file"}
TYPING_ERROR = {"HCPCS/MOD Code": "J7308", "Action": "Change effective date", "Effective Date": "01/0/1201"}
UNKNOWN = {"HCPCS/MOD Code": "J7308", "Action": "Ponder", "Coverage": "M"}
CPT = {"HCPCS/MOD Code": "99213", "Action": "Add", "Short Description": "words of others", "Long Description": "words of others"}


@pytest.fixture
def publish_with(sample_members, tmp_path):
    def publish_with(files, name="in"):
        folder = write_folder(tmp_path / name, {**sample_members, **files})
        result = run(tmp_path / f"store-{name}", "RVU26A", [folder])
        assert_published(result)
        return Published(tmp_path / f"store-{name}", result)

    return publish_with


def outcomes(published):
    return [(line["code"], line["outcome"], line["detail"]) for line in published.manifest["corrections"]]


def code(published, name):
    return next((row for row in published.table("codes") if row["code"] == name), None)


def test_without_corrections_there_are_none(sample_baseline):
    assert sample_baseline.manifest["corrections"] == []
    assert "corrections of HCPCS" not in sample_baseline.result.err


def test_every_line_is_applied_and_said(publish_with, sample_baseline, tmp_path):
    published = publish_with({
        "HCPC2026_JAN_ANWEB_Corrections.xlsx": workbook(corrections(REVISE, PRICE, REWORD, ADD, REMOVE))})
    assert outcomes(published) == [
        ("J7308", "applied", "coverage 'C' → 'D'"),
        ("J7308", "applied", f"pricing {code(sample_baseline, 'J7308')['pricing']} → 57"),
        ("J7308", "applied", "long_descriptor reworded"),
        ("A9901", "applied", "added"),
        ("JZ", "applied", "removed"),
    ]
    row = code(published, "J7308")
    assert (row["coverage"], row["pricing"], row["long_descriptor"]) == ("D", "57", "Aminolevulinic acid, in our words")
    assert row["short_descriptor"] == code(sample_baseline, "J7308")["short_descriptor"]
    added = code(published, "A9901")
    assert (added["short_descriptor"], added["types_of_service"], added["added"], added["action"]) == (
        "Made up item", "9", "2026-01-15", "A")
    modifiers = {row["modifier"] for row in sample_baseline.table("modifiers")}
    assert {row["modifier"] for row in published.table("modifiers")} == modifiers - {"JZ"} < modifiers
    report = published.result.err[published.result.err.index("corrections of HCPCS"):]
    lines = report.splitlines()[1:6]
    assert [line.split()[0] for line in lines] == ["J7308", "J7308", "J7308", "A9901", "JZ"]
    assert all(f"Corrections.xlsx:{number}" in line for number, line in enumerate(lines, 4))
    roles = {item["path"]: item["role"] for item in published.manifest["inputs"]}
    assert roles["HCPC2026_JAN_ANWEB_Corrections.xlsx"] == "correction"
    # Where a corrected value comes from is kept, and the revision proves itself.
    places = [(row["file"], row["line"]) for row in published.table("provenance") if (row["table"], row["code"]) == ("codes", "J7308")]
    assert places[1:] == [("HCPC2026_JAN_ANWEB_Corrections.xlsx", str(line)) for line in (4, 5, 6)]
    explained = ingest("explain", "J7308", "--field", "coverage", "--store", published.store)
    assert explained.code == 0 and b"Corrections.xlsx:4" in explained.out, explained
    assert ingest("validate", published.folder).code == 0
    verified = ingest("verify", published.folder, "--input", tmp_path / "in")
    assert verified.code == 0, verified


@pytest.mark.parametrize("form", ["csv", "csv with a mark", "gzip", "zip", "CSV in capitals"])
def test_corrections_come_in_every_form(form, publish_with):
    out = io.StringIO(newline="")
    csv.writer(out).writerows(corrections(REVISE))
    text = out.getvalue().encode("cp1252")
    name = "HCPC2026_JAN_ANWEB_Corrections.csv"
    files = {
        "csv": {name: text}, "csv with a mark": {name: with_mark(text)}, "gzip": {name + ".gz": packed(text)},
        "zip": {"more.zip": zipped({name: text})}, "CSV in capitals": {name.upper(): text}}[form]
    assert outcomes(publish_with(files)) == [("J7308", "applied", "coverage 'C' → 'D'")]


def test_later_versions_go_before_earlier_ones(publish_with):
    def file(coverage):
        return workbook(corrections({**REVISE, "Coverage": coverage}))

    published = publish_with({
        "HCPC2026_JAN_ANWEB_Corrections_V10.xlsx": file("M"), "HCPC2026_JAN_ANWEB_Corrections_V2.xlsx": file("S"),
        "HCPC2026_JAN_ANWEB_Corrections.xlsx": file("D")})
    assert [detail for _, _, detail in outcomes(published)] == [
        "coverage 'C' → 'D'", "coverage 'D' → 'S'", "coverage 'S' → 'M'"]
    assert code(published, "J7308")["coverage"] == "M"


def test_a_HCPCS_file_that_is_a_later_version_than_a_correction_goes_before_it(publish_with, sample_members, tmp_path):
    """CMS corrects v2 and posts v3; whoever still holds the corrections of v2 must not undo what v3 says since."""
    members = {name: data for name, data in sample_members.items() if name != HCPCS}
    for version, outcome, coverage in (("v3", "not_applied", "C"), ("v2", "applied", "D"), ("", "applied", "D")):
        folder = write_folder(tmp_path / f"main{version}", {
            **members, f"HCPC2026_JAN_ANWEB_{version}.txt": sample_members[HCPCS],
            "hcpc2026_jan_anweb_corrections_on_v2.xlsx": workbook(corrections(REVISE))})
        store = tmp_path / f"store{version}"
        assert_published(run(store, "RVU26A", [folder]))
        published = Published(store)
        assert [line[1] for line in outcomes(published)] == [outcome]
        assert code(published, "J7308")["coverage"] == coverage


def test_days_in_names_order_files_too(publish_with):
    published = publish_with({
        "HCPC2026_JAN_Corrections_02012026.xlsx": workbook(corrections({**REVISE, "Coverage": "S"})),
        "HCPC2026_JAN_Corrections_12302025.xlsx": workbook(corrections({**REVISE, "Coverage": "M"}))})
    assert code(published, "J7308")["coverage"] == "S"


def test_what_the_file_has_already_changes_nothing_and_is_said(publish_with, sample_baseline):
    row = code(sample_baseline, "J7308")
    published = publish_with({"HCPC2026_JAN_ANWEB_Corrections.xlsx": workbook(corrections(
        {**REVISE, "Coverage": row["coverage"]}, {"HCPCS/MOD Code": "A9999", "Action": "Remove"}))})
    assert [outcome for _, outcome, _ in outcomes(published)] == ["already_so", "already_so"]
    assert published.manifest["content_hash"] == sample_baseline.manifest["content_hash"]


@pytest.mark.parametrize("line, reason", [
    (TYPING_ERROR, "01/0/1201"), (UNKNOWN, "knows no such action"), (CPT, "no Level II code"),
    ({**ADD, "HCPCS/MOD Code": "D0120"}, "no Level II code"), ({**REVISE, "HCPCS/MOD Code": "A9999"}, "not in the file"),
    ({**ADD, "Long Description": ""}, "needs its descriptions"), ({**REVISE, "HCPCS/MOD Code": ""}, "no Level II code"),
    ({**PRICE, "Pricing": "571"}, "571")])
def test_a_line_that_cannot_be_applied_changes_nothing_and_is_said(line, reason, publish_with, sample_baseline):
    published = publish_with({"HCPC2026_JAN_ANWEB_Corrections.xlsx": workbook(corrections(line))})
    assert [(outcome, reason in detail) for _, outcome, detail in outcomes(published)] == [("not_applied", True)]
    assert published.manifest["content_hash"] == sample_baseline.manifest["content_hash"]
    assert "correction_not_applied" in published.result.err
    assert b"words of others" not in (published.folder / "manifest.json").read_bytes()


def test_corrections_of_another_quarter_are_not_applied_and_that_is_said(publish_with, sample_baseline):
    published = publish_with({"HCPC2025_OCT_ANWEB_Corrections.xlsx": workbook(corrections(REVISE))})
    assert published.manifest["corrections"] == []
    assert "corrections_of_other_quarter" in published.result.err
    assert published.manifest["content_hash"] == sample_baseline.manifest["content_hash"]


def test_corrections_without_the_file_they_correct_are_said(publish_with, sample_members, tmp_path):
    members = {name: data for name, data in sample_members.items() if name != HCPCS}
    folder = write_folder(tmp_path / "alone", {**members, "HCPC2026_JAN_Corrections.xlsx": workbook(corrections(REVISE))})
    result = run(tmp_path / "store", "RVU26A", [folder])
    assert_published(result)
    assert "no HCPCS file to correct" in result.err


def test_a_column_that_is_not_read_is_said(publish_with):
    labels = [*LABELS, "Moon phase"]
    published = publish_with({"HCPC2026_JAN_Corrections.xlsx": workbook(corrections({**REVISE, "Moon phase": "full"}, labels=labels))})
    assert outcomes(published) == [("J7308", "applied", "coverage 'C' → 'D'")]
    assert "MOON PHASE" in published.result.err


def test_a_correction_file_without_a_table_is_said_and_stops_nothing(publish_with, sample_baseline):
    published = publish_with({
        "HCPC2026_JAN_Corrections.txt": b"Dear reader,\r\nthe next file will be right.\r\n",
        "HCPC2026_APR_Corrections.xlsx": workbook([["Dear reader"]]), "HCPC2026_JUL_Corrections.xls": b"\xd0\xcf\x11\xe0"})
    assert published.manifest["content_hash"] == sample_baseline.manifest["content_hash"]
    for name in ("HCPC2026_JAN_Corrections.txt", "HCPC2026_APR_Corrections.xlsx", "HCPC2026_JUL_Corrections.xls"):
        assert any(name in line and "warning" in line for line in published.result.err.splitlines()), name


def test_a_correction_workbook_laid_out_like_the_whole_file_corrects_it(publish_with):
    labels = ["HCPC", "SEQNUM", "RECID", "LONG DESCRIPTION", "SHORT DESCRIPTION", "PRICE1", "COV", "ACTION CD"]
    published = publish_with({"HCPC2026_JAN_Corrections.xlsx": workbook(
        [labels, ["J7308", "0010", "3", "", "", "", "D", "F"]])})
    assert outcomes(published) == [("J7308", "applied", "coverage 'C' → 'D'")]


def test_running_again_with_the_same_corrections_publishes_nothing(publish_with, sample_members, tmp_path):
    published = publish_with({"HCPC2026_JAN_Corrections.xlsx": workbook(corrections(REVISE))})
    again = run(published.store, "RVU26A", [tmp_path / "in"])
    assert again.code == 0 and "nothing changed" in again.err


# What else lies in CMS's HCPCS archives


@pytest.mark.parametrize("year", [2019, 2020])
def test_every_member_of_CMSs_archives_is_listed_as_what_it_is(year, data, tmp_path):
    archive = data / "hcpcs" / f"{year}-annual" / f"{year}-Alpha-Numeric-HCPCS-File.zip"
    result = run(tmp_path / "store", "RVU25D", [data / "rvu25d" / "PPRRVU2025_Oct.csv", archive])
    assert_published(result)
    reasons = {item["path"].split("/")[-1]: item["reason"] for item in Published(tmp_path / "store").manifest["ignored"]}
    reports = [name for name in reasons if "Changes_by" in name or "TRANS" in name.upper()]
    assert len(reports) == 3
    assert all("transaction report" in reasons[name] for name in reports)
    assert "processing notes" in reasons[f"proc_notes_{year}.txt"]
    assert "note" in reasons[f"HCPC{year}_README.txt"]


@pytest.mark.parametrize("year, member", [(2019, "Changes_by_HCPCSCode.prn"), (2019, "HCPC2019_Trans_Alpha.xlsx"),
                                          (2020, "HCPC2020_TRANS_ALPHA_w_disclaimer.xlsx")])
def test_a_transaction_report_is_known_by_its_content_whatever_its_name(year, member, data, tmp_path):
    report = zip_members(data / "hcpcs" / f"{year}-annual" / f"{year}-Alpha-Numeric-HCPCS-File.zip")[member]
    file = tmp_path / ("report." + member.rsplit(".", 1)[1])
    file.write_bytes(report)
    result = run(tmp_path / "store", "RVU25D", [data / "rvu25d" / "PPRRVU2025_Oct.csv", file])
    assert_published(result)
    assert "transaction report" in result.err
