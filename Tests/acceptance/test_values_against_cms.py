"""Every value equals what an independent reader gets from CMS's own file."""

import csv
import io
import sqlite3
from decimal import Decimal

import pytest

from support import header_index, rows_of, zip_members

# The 31 columns of PPRRVU of 2015 to 2025 in CMS's order, and how each is published.
PPRRVU_31 = [
    ("code", "text"), ("modifier", "text"), ("descriptor", "descriptor"), ("status", "text"), ("not_used_flag", "+"),
    ("work", "2"), ("pe_nonfacility", "2"), ("pe_nonfacility_na", "NA"), ("pe_facility", "2"), ("pe_facility_na", "NA"),
    ("mp", "2"), ("total_nonfacility", "2"), ("total_facility", "2"), ("pctc", "text"), ("global_days", "text"),
    ("pre_op", "2"), ("intra_op", "2"), ("post_op", "2"), ("multiple_procedure", "text"), ("bilateral", "text"),
    ("assistant_surgeon", "text"), ("co_surgeon", "text"), ("team_surgeon", "text"), ("endoscopic_base", "text"),
    ("conversion_factor", "factor"), ("supervision", "text"), ("calculation_flag", "text"), ("imaging_family", "text"),
    ("opps_pe_nonfacility", "2"), ("opps_pe_facility", "2"), ("opps_mp", "2"),
]
PPRRVU_32 = PPRRVU_31[:23] + [("pricing_indicator", "text")] + PPRRVU_31[23:]


def spaced(text):
    """A text with no-break spaces as spaces, and runs of spaces as one."""
    return " ".join(text.replace("\xa0", " ").split())


def pprrvu_rows(data, width):
    """CMS's rows behind the header, up to its end-of-file mark."""
    rows = rows_of(data.split(b"\x1a")[0])
    body = [row for row in rows[header_index(rows, "HCPCS") + 1:] if any(cell.strip() for cell in row)]
    assert {len(row) for row in body} == {width}
    return body


def published_pprrvu(published):
    """Every published row's values by key, with its code's short descriptor and the conversion factor."""
    descriptors = {row["code"]: row["short_descriptor"] for row in published.table("codes")}
    factor = {(row["service"], row["track"]): row["conversion_factor"] for row in published.table("conversion_factors")}
    rows = {}
    for row in published.table("relative_values"):
        key = row["code"], row["modifier"]
        assert key not in rows, f"{key} twice"
        rows[key] = {**row, "descriptor": descriptors[row["code"]], "conversion_factor": factor["physician", "non_qp"]}
    return rows


def expected_cell(kind, cell):
    cell = cell.strip()
    if kind in ("+", "NA"):
        assert cell in ("", kind), cell
        return "true" if cell else "false"
    if kind == "2":
        return f"{Decimal(cell):.2f}"
    return spaced(cell)


def differences(published, cms_rows, columns, exempt=lambda code, name: False):
    found = published_pprrvu(published)
    wrong = []
    for row in cms_rows:
        ours = found.pop((row[0].strip(), row[1].strip()), None)
        if ours is None:
            wrong.append((row[0], row[1], "not published"))
            continue
        for (name, kind), cell in zip(columns, row):
            if exempt(row[0], name):
                continue
            if kind == "factor":
                equal = Decimal(ours[name]) == Decimal(cell)
            else:
                equal = ours[name] == expected_cell(kind, cell)
            if not equal:
                wrong.append((row[0], row[1], name, ours[name], cell))
    wrong += [(key, "published and not in CMS's file") for key in found]
    return wrong


def test_every_field_of_every_RVU25D_row_equals_what_pythons_csv_reads(rvu25d_licensed, data):
    rows = pprrvu_rows((data / "rvu25d" / "PPRRVU2025_Oct.csv").read_bytes(), 31)
    assert len(rows) == 19090
    wrong = differences(rvu25d_licensed, rows, PPRRVU_31)
    assert wrong == [], f"{len(wrong)} differ, such as {wrong[:10]}"


def test_every_field_of_every_RVU25A_row_equals_what_pythons_csv_reads(rvu25a_licensed, rvu25a_members):
    rows = pprrvu_rows(rvu25a_members["PPRRVU25_JAN.csv"], 31)
    assert len(rows) == 18865
    # Where the HCPCS file has the code its own short descriptor is published.
    level_ii = {row["code"] for row in rvu25a_licensed.table("codes") if row["hcpcs_absence"] == ""}
    wrong = differences(
        rvu25a_licensed, rows, PPRRVU_31, lambda code, name: name == "descriptor" and code in level_ii)
    assert wrong == [], f"{len(wrong)} differ, such as {wrong[:10]}"


def test_every_field_of_every_RVU26A_row_equals_what_pythons_csv_reads(rvu26a, rvu26a_inputs):
    members = zip_members(rvu26a_inputs[0])
    rows = pprrvu_rows(next(data for name, data in members.items() if name.endswith("nonQPP.csv")), 32)
    assert len(rows) == 19277
    wrong = differences(rvu26a, rows, PPRRVU_32, lambda code, name: name == "descriptor")
    assert wrong == [], f"{len(wrong)} differ, such as {wrong[:10]}"


def test_the_public_tier_says_the_same_numbers_as_the_licensed_tier(rvu25d, rvu25d_licensed):
    for name in rvu25d.table_names:
        public, licensed = rvu25d.table(name), rvu25d_licensed.table(name)
        if name == "indicator_values":
            # Whether a system's descriptors are here is what the tiers differ in.
            public, licensed = ([row for row in rows if row["indicator"] != "system"] for rows in (public, licensed))
        if name != "codes":
            assert public == licensed, name


def test_each_rows_conversion_factor_is_the_one_published(rvu25a, rvu25d, rvu26a):
    for published in (rvu25a, rvu25d):
        factors = {(r["service"], r["track"]): Decimal(r["conversion_factor"]) for r in published.table("conversion_factors")}
        assert factors == {("physician", "non_qp"): Decimal("32.3465"), ("anesthesia", "non_qp"): Decimal("20.3178")}
    factors = {(r["service"], r["track"]): Decimal(r["conversion_factor"]) for r in rvu26a.table("conversion_factors")}
    assert factors == {
        ("physician", "non_qp"): Decimal("33.4009"), ("physician", "qp"): Decimal("33.5675"),
        ("anesthesia", "non_qp"): Decimal("20.49754"), ("anesthesia", "qp"): Decimal("20.599835"),
    }


# Localities.


def locality_key(mac, number):
    return mac.strip().zfill(5), number.strip().zfill(2)


def table_behind_header(data, first_label):
    """The header and the rows whose first cell is a contractor's number."""
    rows = rows_of(data.split(b"\x1a")[0])
    start = header_index(rows, first_label)
    return rows[start], [row for row in rows[start + 1:] if row and row[0].strip().isdigit()]


def check_localities(published, gpci, anes, locco):
    ours = {(row["mac"], row["locality"]): row for row in published.table("localities")}
    assert len(ours) == len(published.table("localities")) == 109

    header, rows = table_behind_header(gpci, "Medicare Admin")
    assert len(rows) == 109
    has_both = len(header) == 8
    for row in rows:
        our = ours[locality_key(row[0], row[2])]
        assert our["state"] == row[1].strip()
        assert our["name"] == row[3].strip().rstrip("*").rstrip(), row
        assert our["alaska_work_floor"] == ("true" if row[3].strip().endswith("*") and not row[3].strip().endswith("**") else "false")
        assert our["frontier_pe_floor"] == ("true" if row[3].strip().endswith("**") else "false")
        numbers = [Decimal(cell) for cell in row[4:]]
        columns = (["gpci_work_unfloored"] if has_both else []) + ["gpci_work", "gpci_pe", "gpci_mp"]
        assert [Decimal(our[name]) for name in columns] == numbers, row
        assert has_both or our["gpci_work_unfloored"] == "", row

    header, rows = table_behind_header(anes, "Contractor")
    assert len(rows) == 109
    for row in rows:
        our = ours[locality_key(row[0], row[1])]
        if len(header) == 5:
            assert (our["anesthesia_cf_qp"], our["anesthesia_cf"]) == tuple(f"{Decimal(cell):.2f}" for cell in row[3:]), row
        else:
            assert (our["anesthesia_cf"], our["anesthesia_cf_qp"]) == (f"{Decimal(row[3].strip()):.2f}", ""), row

    _, rows = table_behind_header(locco, "Medicare Admin")
    assert len(rows) == 110 and len({locality_key(row[0], row[1]) for row in rows}) == 109
    for row in rows:
        our = ours[locality_key(row[0], row[1])]
        assert (our["fee_schedule_area"], our["counties"]) == (row[3].strip(), row[4].strip()), row


def test_every_locality_of_2025_equals_GPCI_ANES_and_LOCCO(rvu25d, data):
    folder = data / "rvu25d"
    check_localities(
        rvu25d, *((folder / name).read_bytes() for name in ("GPCI2025.csv", "ANES2025.csv", "25LOCCO.csv")))


def test_every_locality_of_the_2025_archive_equals_GPCI_ANES_and_LOCCO(rvu25a, rvu25a_members):
    check_localities(rvu25a, *(rvu25a_members[name] for name in ("GPCI2025.csv", "ANES2025.csv", "25LOCCO.csv")))


def test_every_locality_of_2026_equals_GPCI_ANES_and_LOCCO(rvu26a, rvu26a_inputs):
    members = zip_members(rvu26a_inputs[0])
    check_localities(rvu26a, *(members[name] for name in ("GPCI2026.csv", "ANES2026.csv", "26LOCCO.csv")))


def test_every_locality_of_the_samples_equals_GPCI_ANES_and_LOCCO(samples, sample_members):
    check_localities(samples, *(sample_members[name] for name in ("GPCI2026.csv", "ANES2026.csv", "26LOCCO.csv")))


# OPPSCAP.


def check_caps(published, data, count):
    rows = [row for row in rows_of(data.split(b"\x1a")[0])[1:] if any(cell.strip() for cell in row)]
    assert len(rows) == count
    expected = {
        (r[0].strip(), r[1].strip(), r[3].strip(), r[4].strip()): (r[2].strip(), Decimal(r[5]), Decimal(r[6])) for r in rows
    }
    assert len(expected) == count
    ours = {
        (r["code"], r["modifier"], r["mac"], r["locality"]): (r["status"], Decimal(r["facility"]), Decimal(r["nonfacility"]))
        for r in published.table("opps_caps")
    }
    assert ours == expected


def test_every_OPPS_cap_of_RVU25D_equals_CMSs_CSV(rvu25d, data):
    check_caps(rvu25d, (data / "rvu25d" / "OPPSCAP_Oct.csv").read_bytes(), 16100)


def test_every_OPPS_cap_of_RVU25A_equals_CMSs_CSV(rvu25a, rvu25a_members):
    check_caps(rvu25a, rvu25a_members["OPPSCAP_JAN.csv"], 16100)


def test_every_OPPS_cap_of_RVU26A_equals_the_CSV(rvu26a, rvu26a_inputs):
    check_caps(rvu26a, zip_members(rvu26a_inputs[0])["OPPSCAP_Jan.csv"], len(rvu26a.table("opps_caps")))


# HCPCS: CMS's record layout, positions counted from 1 as CMS prints them.

HCPCS_FIELDS = {
    "short_descriptor": (92, 119), "multiple_pricing": (128, 128), "statute": (171, 180), "coverage": (230, 230),
    "asc_group": (231, 232), "asc_date": (233, 240), "opps_group": (241, 243), "opps_policy": (244, 244),
    "opps_date": (245, 252), "processing_note": (253, 256), "betos": (257, 259), "anesthesia_base_units": (266, 268),
    "added": (269, 276), "action_effective": (277, 284), "terminated": (285, 292), "action": (293, 293),
}
HCPCS_LISTS = {
    "pricing": (120, 4, 2), "coverage_issues_manual": (129, 3, 6), "carriers_manual": (147, 3, 8),
    "lab_certifications": (181, 8, 3), "cross_references": (205, 5, 5), "types_of_service": (261, 5, 1),
}


def hcpcs_records(data):
    """Codes and modifiers of CMS's 320-byte text file, each with its fields."""
    codes, modifiers, current = {}, {}, None
    for line in data.split(b"\x1a")[0].decode("cp1252").splitlines():
        if len(line) < 12 or not line[5:10].isdigit() or line[10] not in "3478":
            continue
        segment = line[11:91].strip()
        if line[10] in "48":
            assert current["code"] == line[:5].strip()
            current["long_descriptor"].append(segment)
            continue
        line = line.ljust(320)
        current = {"code": line[:5].strip(), "long_descriptor": [segment]}
        for name, (first, last) in HCPCS_FIELDS.items():
            current[name] = spaced(line[first - 1:last])
        for name, (first, count, width) in HCPCS_LISTS.items():
            values = [line[first - 1 + i * width:first - 1 + (i + 1) * width].strip() for i in range(count)]
            current[name] = ";".join(spaced(value) for value in values if value)
        for name in ("asc_date", "opps_date", "added", "action_effective", "terminated"):
            if current[name]:
                current[name] = f"{current[name][:4]}-{current[name][4:6]}-{current[name][6:]}"
        if current["anesthesia_base_units"]:
            current["anesthesia_base_units"] = str(int(current["anesthesia_base_units"]))
        (codes if line[10] == "3" else modifiers)[current["code"]] = current
    for record in [*codes.values(), *modifiers.values()]:
        record["long_descriptor"] = spaced(" ".join(record["long_descriptor"]))
    return codes, modifiers


def check_hcpcs(published, data):
    codes, modifiers = hcpcs_records(data)
    ours = {row["code"]: row for row in published.table("codes") if row["hcpcs_absence"] == ""}
    assert set(ours) == set(codes)
    wrong = [
        (code, name, ours[code][name], value)
        for code, record in codes.items() for name, value in record.items() if ours[code][name] != value]
    assert wrong == [], f"{len(wrong)} differ, such as {wrong[:10]}"
    ours = {row["modifier"]: row for row in published.table("modifiers")}
    assert set(ours) == set(modifiers)
    wrong = [
        (code, name, ours[code][name], value)
        for code, record in modifiers.items() for name, value in record.items()
        if name != "code" and ours[code][name] != value]
    assert wrong == [], f"{len(wrong)} differ, such as {wrong[:10]}"
    return len(codes), len(modifiers)


def test_every_field_of_every_HCPCS_record_equals_an_independent_reading(rvu26a, hcpcs_standin):
    assert check_hcpcs(rvu26a, hcpcs_standin) == (8463, 383)


def test_every_field_of_every_HCPCS_2020_record_equals_an_independent_reading(rvu25a, rvu25a_inputs):
    members = zip_members(rvu25a_inputs[1])
    data = next(data for name, data in members.items() if "ANWEB" in name.upper() and name.lower().endswith(".txt") and "TRANS" not in name)
    assert check_hcpcs(rvu25a, data)[1] == 369


def test_every_field_of_every_sample_HCPCS_record_equals_an_independent_reading(samples, sample_members):
    assert check_hcpcs(samples, sample_members["HCPC2026_JAN_ANWEB.txt"]) == (34, 13)


def test_the_samples_relative_values_equal_what_pythons_csv_reads(samples, sample_members):
    rows = pprrvu_rows(sample_members["PPRRVU2026_Jan_nonQPP.csv"], 32)
    assert len(rows) == 77
    assert differences(samples, rows, PPRRVU_32, lambda code, name: name == "descriptor") == []


# The emitted forms say the same.

BOOLEANS = ("pe_nonfacility_na", "pe_facility_na", "not_used_flag", "priced", "in_qpp_file")
LISTS = tuple(HCPCS_LISTS)


def as_field(value):
    """A JSON value as a CSV field."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ";".join(value)
    return value


@pytest.mark.parametrize("release", ["samples", "rvu25a", "rvu25d", "rvu26a"])
def test_every_documents_facts_are_those_of_the_tables(release, request):
    published = request.getfixturevalue(release)
    rows = {}
    for row in published.table("relative_values"):
        rows.setdefault(row["code"], []).append(row)
    editorial = {row["code"]: row for row in published.table("editorial")}
    items = {}
    for row in published.table("editorial_items"):
        items.setdefault((row["code"], row["kind"]), []).append(row["text"])
    codes = published.table("codes")
    assert [row["code"] for row in codes] == [line[9:14].decode() for line in published.lines]
    for row in codes:
        document = published.documents[row["code"]]
        for name in ("code", "system", "title", "title_origin", "suggested_title", "suggested_title_origin",
                     "short_descriptor", "long_descriptor", "route", "hcpcs_absence", "relative_values_absence"):
            assert as_field(document[name]) == row[name], (row["code"], name)
        for name in ("section", "category"):
            label = document[name] or {"id": None, "name": None}
            assert (as_field(label["id"]), as_field(label["name"])) == (row[name], row[f"{name}_name"]), row["code"]
        for name in [*HCPCS_FIELDS, *HCPCS_LISTS]:
            if name == "short_descriptor":
                continue
            value = document["hcpcs"][name] if document["hcpcs"] else None
            assert as_field(value) == row[name], (row["code"], name)
        values = [
            {"code": row["code"], **{name: as_field(value) for name, value in item.items() if name != "national_payment"}}
            for item in document["relative_values"]]
        assert values == rows.get(row["code"], []), row["code"]
        own = editorial.get(row["code"])
        assert (own is not None) == bool(document["editorial"] and document["editorial"]["review"]), row["code"]
        if own:
            texts = document["editorial"]
            assert texts["summary"] == own["summary"] and texts["clinical_context"] == own["clinical_context"]
            assert texts["synonyms"] == items.get((row["code"], "synonym"), [])
            assert texts["plain_language"] == items.get((row["code"], "plain_language"), [])
            assert texts["specialties"] == items.get((row["code"], "specialty"), [])


@pytest.mark.parametrize("release", ["samples", "rvu25a", "rvu25d", "rvu26b", "rvu26a"])
def test_the_database_says_row_by_row_what_the_tables_say(release, request):
    published = request.getfixturevalue(release)
    with sqlite3.connect(f"file:{published.database}?mode=ro", uri=True) as database:
        names = {name for (name,) in database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'search%' AND name NOT LIKE 'sqlite%'")}
        assert names == set(published.table_names)
        for name in published.table_names:
            cursor = database.execute(f'SELECT * FROM "{name}" ORDER BY rowid')
            columns = [column[0] for column in cursor.description]
            rows = published.table(name)
            with open(published.folder / "tables" / f"{name}.csv", newline="") as file:
                assert next(csv.reader(file)) == columns, name
            count = 0
            for row, values in zip(rows, cursor, strict=True):
                count += 1
                for column, value in zip(columns, values):
                    text = row[column]
                    if value is None or value == "":
                        equal = text == ""
                    elif text in ("true", "false"):
                        equal = value == text or value == (1 if text == "true" else 0)
                    elif isinstance(value, (int, float)):
                        equal = Decimal(repr(value)) == Decimal(text)
                    else:
                        equal = value == text
                    assert equal, (name, count, column, value, text)


def test_codes_and_keys_with_zeros_in_front_are_text_in_the_database(samples):
    with sqlite3.connect(samples.database) as database:
        assert database.execute("SELECT typeof(code), code FROM codes WHERE code = '00100'").fetchall() == [("text", "00100")]
        assert database.execute("SELECT DISTINCT typeof(mac), typeof(locality) FROM localities").fetchall() == [("text", "text")]
        assert database.execute("SELECT count(*) FROM localities WHERE mac = '02102' AND locality = '01'").fetchone() == (1,)


@pytest.mark.parametrize("release", ["samples", "rvu25a", "rvu26a"])
def test_each_rows_provenance_points_at_the_line_that_holds_it(release, request):
    published = request.getfixturevalue(release)
    if release == "samples":
        from support import SAMPLE_INPUTS as inputs
    else:
        inputs = request.getfixturevalue(f"{release}_inputs")
    files = [file for path in inputs for file in (sorted(path.iterdir()) if path.is_dir() else [path])]
    lines = {path.name: path.read_bytes().split(b"\n") for path in files if path.suffix == ".csv"}
    lines |= {
        f"{path.name}/{name}": data.split(b"\n")
        for path in files if path.suffix == ".zip"
        for name, data in zip_members(path).items() if name.lower().endswith((".csv", ".txt"))}
    seen = set()
    for row in published.table("provenance"):
        if row["file"].endswith((".yaml", ".yml")):
            continue
        line = lines[row["file"]][int(row["line"]) - 1].decode("cp1252")
        seen.add(row["table"])
        if row["code"]:
            assert line.startswith(row["code"]), row
        elif row["table"] == "modifiers":
            assert line[:5].strip() == row["modifier"], row
        else:
            assert line.lstrip().startswith(row["mac"].lstrip("0")) or line.lstrip().startswith(row["mac"]), row
    assert {"relative_values", "codes", "modifiers", "localities", "opps_caps"} <= seen


def test_tables_are_comma_LF_UTF8_with_a_header_and_minimal_quotes(samples):
    for name in samples.table_names:
        data = (samples.folder / "tables" / f"{name}.csv").read_bytes()
        assert b"\r" not in data and data.endswith(b"\n") and not data.startswith(b"\xef\xbb\xbf"), name
        rows = list(csv.reader(io.StringIO(data.decode("utf-8"), newline=""), strict=True))
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows(rows)
        assert out.getvalue().encode() == data, f"{name} is not what Python's csv writes"


def test_every_amount_keeps_its_places(rvu26a):
    for row in rvu26a.table("relative_values"):
        for name, kind in PPRRVU_32:
            if kind == "2":
                assert len(row[name].partition(".")[2]) == 2, row
    for row in rvu26a.table("localities"):
        assert all(len(row[name].partition(".")[2]) == 3 for name in ("gpci_work", "gpci_work_unfloored", "gpci_pe", "gpci_mp"))
