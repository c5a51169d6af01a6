#!/usr/bin/env python3
"""The same job as `ingest run`, the way a data engineer would do it with pandas.

    run_pandas.py [--workbooks openpyxl|calamine] RELEASE.zip HCPCS.zip OUT

Reads CMS's Physician Fee Schedule relative value archive and its HCPCS Level II archive: PPRRVU, GPCI, ANES, LOCCO and
OPPSCAP, as CSV and, where the archive has it, as TXT, and the 320-byte HCPCS text file. Checks that totals add up, that
CSV and TXT agree and that keys close; joins; writes

    OUT/tables/relative_values.csv, codes.csv, modifiers.csv, localities.csv, opps_caps.csv
    OUT/codes.ndjson            one document per code
    OUT/dataset.sqlite          the same tables with keys, and a full-text index (FTS5)

With --workbooks the script also reads each table's workbook with pandas.read_excel and that engine, adds up its totals,
compares every field of it with the CSV, and writes

    OUT/tables/provenance.csv   the file and line of each row; in the database too
    OUT/manifest.json           what was read and written, each with its bytes and SHA-256

Codes, modifiers and localities stay strings. Amounts stay the strings that CMS printed; where they are compared or added
they are whole numbers of hundredths (or thousandths). CPT and D-code descriptors are not written.

It exists to be measured against: see Scripts/benchmark. It is written to be quick as well as plain: one read per member,
no row-wise `apply`, slices rather than `read_fwf` (which takes several times as long).
What it leaves out and `ingest` does: see Benchmarks/README.md.
"""

import argparse
import hashlib
import io
import itertools
import json
import re
import sqlite3
import sys
import zipfile
from pathlib import Path

import pandas as pd

# ----------------------------------------------------------------------------------------------------------------------
# Layouts: our name and, for the fixed-width text, the first and last byte (1-based, inclusive).

PPRRVU = {
    "code": (1, 5), "modifier": (6, 7), "descriptor": (8, 57), "status": (58, 58), "not_used_flag": (59, 59),
    "work": (60, 65), "pe_nonfacility": (67, 72), "pe_nonfacility_na": (73, 74), "pe_facility": (76, 81),
    "pe_facility_na": (82, 83), "mp": (85, 89), "total_nonfacility": (91, 96), "total_facility": (97, 102),
    "pctc": (103, 103), "global_days": (104, 106), "pre_op": (107, 109), "intra_op": (110, 112),
    "post_op": (113, 115), "multiple_procedure": (116, 116), "bilateral": (117, 117),
    "assistant_surgeon": (118, 118), "co_surgeon": (119, 119), "team_surgeon": (120, 120),
    "pricing_indicator": (121, 121), "endoscopic_base": (128, 132), "conversion_factor": (133, 140),
    "supervision": (142, 143), "calculation_flag": (144, 144), "imaging_family": (146, 147),
    "opps_pe_nonfacility": (152, 157), "opps_pe_facility": (159, 164), "opps_mp": (166, 171),
}  # fmt: skip
PPRRVU_AMOUNTS = [
    "work", "pe_nonfacility", "pe_facility", "mp", "total_nonfacility", "total_facility", "pre_op", "intra_op",
    "post_op", "opps_pe_nonfacility", "opps_pe_facility", "opps_mp",
]  # fmt: skip
PPRRVU_FLAGS = {"not_used_flag": "+", "pe_nonfacility_na": "NA", "pe_facility_na": "NA"}
RELATIVE_VALUES = [
    "code", "modifier", "status", "priced", "unpriced_reason", "work", "pe_nonfacility", "pe_nonfacility_na",
    "pe_facility", "pe_facility_na", "mp", "total_nonfacility", "total_facility", "not_used_flag", "pctc",
    "global_days", "pre_op", "intra_op", "post_op", "multiple_procedure", "bilateral", "assistant_surgeon",
    "co_surgeon", "team_surgeon", "endoscopic_base", "supervision", "calculation_flag", "imaging_family",
    "opps_pe_nonfacility", "opps_pe_facility", "opps_mp", "pricing_indicator", "in_qpp_file",
]  # fmt: skip

GPCI = {
    "mac": (1, 5), "state": (17, 18), "locality": (25, 26), "name": (30, 121),
    "gpci_work": (122, 126), "gpci_pe": (134, 138), "gpci_mp": (146, 150),
}  # fmt: skip
GPCI_VALUES = ["gpci_work", "gpci_pe", "gpci_mp"]
ANES = {"mac": (1, 5), "locality": (13, 14), "name": (19, 58), "anesthesia_cf": (74, 77)}
LOCCO = {
    "mac": (5, 9), "locality": (17, 18), "state": (23, 45),
    "fee_schedule_area": (46, 143), "counties": (144, 201),
}  # fmt: skip
OPPSCAP = {
    "code": (1, 5), "modifier": (6, 7), "status": (9, 9), "mac": (11, 15), "locality": (18, 19),
    "facility": (20, 28), "nonfacility": (29, 38),
}  # fmt: skip

HCPCS = {
    "code": (1, 5), "record": (11, 11), "long_descriptor": (12, 91), "short_descriptor": (92, 119),
    "pricing": (120, 127), "multiple_pricing": (128, 128), "coverage_issues_manual": (129, 146),
    "carriers_manual": (147, 170), "statute": (171, 180), "lab_certifications": (181, 204),
    "cross_references": (205, 229), "coverage": (230, 230), "asc_group": (231, 232), "asc_date": (233, 240),
    "opps_group": (241, 243), "opps_policy": (244, 244), "opps_date": (245, 252), "processing_note": (253, 256),
    "betos": (257, 259), "types_of_service": (261, 265), "anesthesia_base_units": (266, 268),
    "added": (269, 276), "action_effective": (277, 284), "terminated": (285, 292), "action": (293, 293),
}  # fmt: skip
HCPCS_LISTS = {
    "pricing": 2, "coverage_issues_manual": 6, "carriers_manual": 8, "lab_certifications": 3,
    "cross_references": 5, "types_of_service": 1,
}  # fmt: skip
HCPCS_DATES = ["asc_date", "opps_date", "added", "action_effective", "terminated"]
ADMINISTRATIVE = [
    "coverage", "pricing", "multiple_pricing", "coverage_issues_manual", "carriers_manual", "statute",
    "lab_certifications", "cross_references", "asc_group", "asc_date", "opps_group", "opps_policy", "opps_date",
    "processing_note", "betos", "types_of_service", "anesthesia_base_units", "added", "action_effective",
    "terminated", "action",
]  # fmt: skip

# Why a status is not priced from relative values; A, R and T are, when there are any.
UNPRICED = {
    "B": "bundled", "C": "carrier_priced", "E": "excluded_from_fee_schedule", "I": "not_valid_for_medicare",
    "J": "anesthesia", "M": "measurement_only", "N": "non_covered", "P": "bundled_or_excluded",
    "X": "statutory_exclusion",
}  # fmt: skip
NO_VALUES = {"A": "no_relative_values", "R": "carrier_priced", "T": "no_relative_values"}

# Southern California, which CMS lists in OPPSCAP under the northern contractor too.
SOUTHERN_CALIFORNIA = ["17", "18", "26", "71", "72", "73", "74"]


# ----------------------------------------------------------------------------------------------------------------------
# Reading


class Archive:
    """Members of a ZIP by name. With an engine for workbooks it also keeps what was read and where rows stood."""

    def __init__(self, path, engine=None):
        self.path, self.engine = Path(path), engine
        self.zip = zipfile.ZipFile(path)
        self.names = self.zip.namelist()
        self.inputs, self.provenance = [], []
        if engine:
            self.inputs.append(hashed(self.path, self.path.name))

    def read(self, pattern):
        """The first member whose name matches; None when there is none."""
        for name in self.names:
            if re.match(pattern, name.rsplit("/", 1)[-1], re.IGNORECASE):
                data = self.zip.read(name)
                if self.engine:
                    digest = hashlib.sha256(data).hexdigest()
                    self.inputs.append({"path": f"{self.path.name}/{name}", "bytes": len(data), "sha256": digest})
                return data
        return None

    def text(self, pattern):
        if (data := self.read(pattern)) is None:
            return None
        return data.split(b"\x1a", 1)[0].decode("cp1252", "replace").replace("\xa0", " ")

    def workbook(self, pattern, header_start, columns, amounts=()):
        """Rows of the first sheet below the header; None when there is no such workbook, or none is wanted. Amounts
        stay the numbers that the cells hold."""
        if not self.engine or (data := self.read(pattern)) is None:
            return None
        cells = pd.read_excel(io.BytesIO(data), engine=self.engine, header=None, dtype=object, na_filter=False)
        header = cells[0].astype(str).str.match(header_start, case=False).argmax()
        rows = cells.iloc[header + 1 :, : len(columns)].set_axis(columns, axis=1)
        # The end-of-file byte of CMS's text files came along; openpyxl leaves it in the spelling of the workbook.
        rows = rows[~rows[columns[0]].isin(["\x1a", "_x001A_"])]
        return rows.apply(lambda column: column if column.name in amounts else column.astype(str).str.strip())

    def keep_lines(self, table, rows, keys):
        """Where each row of a table stood: in the member that was read last before."""
        if self.engine:
            lines = rows[[*keys, "line"]].assign(table=table, file=self.inputs[-1]["path"])
            self.provenance.append(lines)


def strip(frame):
    return frame.apply(lambda column: column.str.strip())


def read_csv(text, header_start, columns):
    """Rows below the header that begins with `header_start`, with their lines; rows without a key are spacers and
    footnotes."""
    header = re.search(rf"^{header_start}.*$", text, re.MULTILINE | re.IGNORECASE)
    frame = pd.read_csv(
        io.StringIO(text[header.end() :]), header=None, names=columns, usecols=range(len(columns)), dtype=str,
        keep_default_na=False, na_filter=False,
    )  # fmt: skip
    first = text.count("\n", 0, header.end()) + 2
    return strip(frame).assign(line=range(first, first + len(frame))), header.group()


def read_text(text, layout, is_row):
    """Rows of a fixed-width file."""
    lines = [line for line in text.splitlines() if is_row(line)]
    return pd.DataFrame(
        {name: [line[first - 1 : last].strip() for line in lines] for name, (first, last) in layout.items()}, dtype=str
    )


def pad_locality(frame):
    frame["mac"] = frame["mac"].str.zfill(5)
    frame["locality"] = frame["locality"].str.zfill(2)
    return frame


def scaled(amounts, places):
    """Amounts as whole numbers of the last place: exact for what a table holds."""
    return (pd.to_numeric(amounts) * 10**places).round().astype("int64")


def fixed(amounts, places):
    """Amounts with a fixed number of places, `1` as `1.000`."""
    return pd.to_numeric(amounts).map(f"{{:.{places}f}}".format)


# ----------------------------------------------------------------------------------------------------------------------
# Checking


def require(condition, message):
    if not condition:
        sys.exit(f"check failed: {message}")


def compare(name, csv, witness, keys, decimals=(), places=2, ignoring=(), known=False, form="TXT"):
    """CSV = TXT, or = XLSX, on every field of every row, whatever the order of the rows. `known` differences are
    counted only."""
    left = csv.set_index(keys).sort_index()
    right = witness.set_index(keys).sort_index()
    require(left.index.equals(right.index), f"{name}: CSV and {form} have other keys")
    columns = [column for column in right.columns if column in left.columns and column not in ignoring]
    equal = pd.Series(True, index=left.index)
    for column in columns:
        if column in decimals:
            equal &= scaled(left[column], places) == scaled(right[column], places)
        else:
            equal &= left[column] == right[column]
    print(f"  csv = {form.lower():<6} {name:8} {equal.sum()}/{len(equal)}", file=sys.stderr)
    require(known or equal.all(), f"{name}: CSV and {form} differ in {(~equal).sum()} rows")


def check_totals(name, rows):
    cents = {c: scaled(rows[c], 2) for c in PPRRVU_AMOUNTS[:6]}
    right = (cents["work"] + cents["pe_nonfacility"] + cents["mp"] == cents["total_nonfacility"]) & (
        cents["work"] + cents["pe_facility"] + cents["mp"] == cents["total_facility"]
    )
    print(f"  totals       {name:8} {right.sum()}/{len(right)}", file=sys.stderr)
    require(right.all(), f"{name}: {(~right).sum()} totals do not add up")


# ----------------------------------------------------------------------------------------------------------------------
# The tables


def read_pprrvu(archive, suffix, is_published=True):
    """One PPRRVU file, from its CSV and checked against its other forms. `suffix` tells the two files of 2026 apart."""
    text = archive.text(rf"PPRRVU.*{suffix}\.csv$")
    if text is None:
        return None
    columns = list(PPRRVU)
    if re.search(r"^HCPCS,.*$", text, re.MULTILINE).group().count(",") == 30:
        columns.remove("pricing_indicator")  # before 2026
    rows, _ = read_csv(text, "HCPCS,", columns)
    rows = rows[rows["code"] != ""].reset_index(drop=True)
    if is_published:
        archive.keep_lines("relative_values", rows, ["code", "modifier"])
    require(not rows.duplicated(["code", "modifier"]).any(), "PPRRVU: a key repeats")
    require(rows["conversion_factor"].nunique() == 1, "PPRRVU: the conversion factor changes")
    check_totals("PPRRVU", rows)
    text = archive.text(rf"PPRRVU.*{suffix}\.txt$")
    if text is not None:
        witness = read_text(text, PPRRVU, lambda line: line.strip() and not line.startswith("HDR "))
        check_totals("PPRRVU", witness)
        witness["conversion_factor"] = witness["conversion_factor"].str.lstrip()
        compare("PPRRVU", rows, witness, ["code", "modifier"], PPRRVU_AMOUNTS)
    amounts = [*PPRRVU_AMOUNTS, "conversion_factor"]
    witness = archive.workbook(rf"PPRRVU.*{suffix}\.xlsx$", "HCPCS", columns, amounts)
    if witness is not None:
        check_totals("PPRRVU", witness)
        compare("PPRRVU", rows, witness, ["code", "modifier"], amounts, places=4, form="XLSX")
    return rows


def relative_values(archive):
    rows = read_pprrvu(archive, r"_nonQPP")
    if rows is None:
        rows = read_pprrvu(archive, "")
        rows["pricing_indicator"] = ""
        rows["in_qpp_file"] = ""
    else:
        qpp = read_pprrvu(archive, r"(?<!non)_QPP", is_published=False)
        shared = [c for c in qpp.columns if c not in ("conversion_factor", "pricing_indicator", "line")]
        joined = qpp[shared].merge(rows[shared], how="left", indicator=True)
        require((joined["_merge"] == "both").all(), "the QPP file has a row that the nonQPP file has not")
        keys = pd.MultiIndex.from_frame(qpp[["code", "modifier"]])
        rows["in_qpp_file"] = pd.MultiIndex.from_frame(rows[["code", "modifier"]]).isin(keys)
    for column, mark in PPRRVU_FLAGS.items():
        rows[column] = rows[column] == mark
    has_values = (scaled(rows["total_nonfacility"], 2) != 0) | (scaled(rows["total_facility"], 2) != 0)
    reasons = rows["status"].map(UNPRICED)
    rows["unpriced_reason"] = reasons.where(reasons.notna() | has_values, rows["status"].map(NO_VALUES)).fillna("")
    rows["priced"] = rows["unpriced_reason"] == ""
    return rows.sort_values(["code", "modifier"], ignore_index=True)


def numbered(locco):
    """LOCCO lists the rest of Missouri twice."""
    return locco.assign(twin=locco.groupby(["mac", "locality"]).cumcount())


def localities(archive):
    """GPCI, ANES and LOCCO joined."""
    keys = ["mac", "locality"]
    text = archive.text(r"GPCI\d+\.csv$")
    columns = ["mac", "state", "locality", "name", "gpci_work", "gpci_pe", "gpci_mp"]
    if re.search(r"^Medicare Admin.*$", text, re.MULTILINE).group().count(",") == 7:
        columns.insert(4, "gpci_work_unfloored")
    gpci, _ = read_csv(text, "Medicare Admin", columns)
    gpci = pad_locality(gpci[gpci["locality"] != ""].copy())
    archive.keep_lines("localities", gpci, keys)
    for column in columns[4:]:
        gpci[column] = fixed(gpci[column], 3)
    if (text := archive.text(r"GPCI\d+\.txt$")) is not None:
        witness = read_text(text, GPCI, lambda line: line[:5].isdigit())
        compare("GPCI", gpci, witness, keys, GPCI_VALUES, places=3)
    witness = archive.workbook(r"GPCI\d+\.xlsx$", "Medicare Admin", columns, columns[4:])
    if witness is not None:
        witness = pad_locality(witness[witness["locality"] != ""].copy())
        compare("GPCI", gpci, witness, keys, columns[4:], places=4, form="XLSX")

    text = archive.text(r"ANES\d+\.csv$")
    has_qp = re.search(r"^Contractor.*$", text, re.MULTILINE).group().count(" of ") == 2
    factors = ["anesthesia_cf_qp", "anesthesia_cf"] if has_qp else ["anesthesia_cf"]
    columns = ["mac", "locality", "name", *factors]
    anes, _ = read_csv(text, "Contractor,", columns)
    anes = pad_locality(anes[anes["mac"] != ""].copy())
    archive.keep_lines("localities", anes, keys)
    if (text := archive.text(r"ANES\d+\.txt$")) is not None:
        witness = read_text(text, ANES, lambda line: line[:5].isdigit())
        witness["anesthesia_cf"] = fixed(pd.to_numeric(witness["anesthesia_cf"]) / 100, 2)
        # The TXT cuts the names and leaves the footnote marks out.
        compare("ANES", anes, witness, keys, factors, ignoring=["name"])
    witness = archive.workbook(r"ANES\d+\.xlsx$", "Contractor", columns, factors)
    if witness is not None:
        witness = pad_locality(witness[witness["mac"] != ""].copy())
        unmarked = [f.assign(name=f["name"].str.rstrip("* ")) for f in (anes, witness)]
        compare("ANES", *unmarked, keys, factors, places=4, form="XLSX")

    locco, _ = read_csv(archive.text(r"\d+LOCCO\.csv$"), "Medicare Admin", list(LOCCO))
    locco = pad_locality(locco[locco["locality"] != ""].copy())
    archive.keep_lines("localities", locco, keys)
    if (text := archive.text(r"\d+LOCCO\.txt$")) is not None:
        witness = read_text(text, LOCCO, lambda line: line[4:9].isdigit())
        # The TXT cuts the counties and leaves California's state out.
        compare("LOCCO", *map(numbered, (locco, witness)), [*keys, "twin"], known=True)
    witness = archive.workbook(r"\d+LOCCO\.xlsx$", "Medicare Admin", list(LOCCO))
    if witness is not None:
        witness = pad_locality(witness[witness["locality"] != ""].copy())
        compare("LOCCO", *map(numbered, (locco, witness)), [*keys, "twin"], form="XLSX")
    locco = locco.drop_duplicates(keys)

    joined = gpci.merge(anes[[*keys, *factors]], on=keys, how="outer", validate="one_to_one", indicator="anes")
    joined = joined.merge(
        locco[[*keys, "fee_schedule_area", "counties"]], on=keys, how="outer", validate="one_to_one", indicator="locco"
    )
    closed = (joined["anes"] == "both") & (joined["locco"] == "both")
    print(f"  localities            {closed.sum()}/{len(closed)}", file=sys.stderr)
    require(closed.all(), "GPCI, ANES and LOCCO list different localities")
    joined["alaska_work_floor"] = joined["name"].str.endswith("*") & ~joined["name"].str.endswith("**")
    joined["frontier_pe_floor"] = joined["name"].str.endswith("**")
    joined["name"] = joined["name"].str.rstrip("* ")
    columns = [
        "mac", "locality", "state", "name", "gpci_work", "gpci_work_unfloored", "gpci_pe", "gpci_mp", "anesthesia_cf",
        "anesthesia_cf_qp", "alaska_work_floor", "frontier_pe_floor", "fee_schedule_area", "counties",
    ]  # fmt: skip
    return joined.reindex(columns=columns, fill_value="").sort_values(keys, ignore_index=True)


def opps_caps(archive, values, places):
    keys = ["code", "modifier", "mac", "locality"]
    amounts = ["facility", "nonfacility"]
    columns = ["code", "modifier", "status", "mac", "locality", *amounts]
    caps, _ = read_csv(archive.text(r"OPPSCAP.*\.csv$"), "HCPCS,", columns)
    caps = pad_locality(caps[caps["code"] != ""].copy())
    archive.keep_lines("opps_caps", caps, keys)
    require(not caps.duplicated(keys).any(), "OPPSCAP: a key repeats")
    if (text := archive.text(r"OPPSCAP.*\.txt$")) is not None:
        witness = read_text(text, OPPSCAP, str.strip)
        compare("OPPSCAP", caps, witness, keys, amounts)
    witness = archive.workbook(r"OPPSCAP.*\.xlsx$", "HCPCS", columns, amounts)
    if witness is not None:
        compare("OPPSCAP", caps, pad_locality(witness.copy()), keys, amounts, places=4, form="XLSX")
    wrong = (caps["mac"] == "01112") & caps["locality"].isin(SOUTHERN_CALIFORNIA)
    caps["gpci_mac"] = caps["mac"].mask(wrong, "01182")
    found = caps.merge(places[["mac", "locality"]].rename(columns={"mac": "gpci_mac"}), how="left", indicator=True)
    require((found["_merge"] == "both").all(), "OPPSCAP has a locality that GPCI has not")
    found = caps.merge(values[["code", "modifier", "status"]], how="left", indicator=True)
    require((found["_merge"] == "both").all(), "OPPSCAP has a row that PPRRVU has not")
    for column in amounts:
        caps[column] = fixed(caps[column], 2)
    return caps[["code", "modifier", "mac", "locality", "facility", "nonfacility", "status", "gpci_mac"]].sort_values(
        keys, ignore_index=True
    )


def hcpcs_records(archive):
    """Codes and modifiers, each with its long description assembled from its continuation lines."""
    text = archive.text(r"HCPC\d{2,4}.*ANWEB(?!.*(Correction|Trans|NOC|recordlayout)).*\.txt$")
    is_record = re.compile(r".{5}\d{5}[3478]").match
    lines = read_text(text, HCPCS, is_record)
    if archive.engine:
        lines["line"] = [number for number, line in enumerate(text.splitlines(), 1) if is_record(line)]
    first = lines["record"].isin(["3", "7"])
    # Every line belongs to the first line above it.
    number = first.cumsum()
    segments = lines["long_descriptor"].tolist()
    records = lines[first].copy()
    records["long_descriptor"] = [
        " ".join(" ".join(segments[i] for i in group).split())
        for _, group in itertools.groupby(range(len(lines)), key=number.tolist().__getitem__)
    ]
    records["short_descriptor"] = records["short_descriptor"].str.replace(r" +", " ", regex=True)
    records["statute"] = records["statute"].str.replace(r" +", " ", regex=True)
    # Lists need the blanks that reading took from the left.
    starts = [line for line in text.splitlines() if is_record(line) and line[10] in "37"]
    for column, width in HCPCS_LISTS.items():
        low, high = HCPCS[column]
        places = range(low - 1, high, width)
        records[column] = pd.Series(
            [
                [v for i in places if (v := " ".join(line[i : i + width].split()))] if line[low - 1 : high].strip() else []
                for line in starts
            ],
            index=records.index, dtype=object,
        )  # fmt: skip
    for column in HCPCS_DATES:
        dates = pd.to_datetime(records[column], format="%Y%m%d").dt.strftime("%Y-%m-%d")
        records[column] = dates.fillna("")
    records["anesthesia_base_units"] = records["anesthesia_base_units"].map(lambda units: str(int(units)) if units else "")
    is_modifier = records["record"] == "7"
    records = records.drop(columns="record")
    require(not records[~is_modifier]["code"].duplicated().any(), "HCPCS: a code repeats")
    codes = records[~is_modifier].sort_values("code", ignore_index=True)
    modifiers = records[is_modifier].rename(columns={"code": "modifier"}).sort_values("modifier", ignore_index=True)
    archive.keep_lines("codes", codes, ["code"])
    archive.keep_lines("modifiers", modifiers, ["modifier"])
    return codes, modifiers


def join_codes(values, hcpcs):
    """Every code of either file. HCPCS's short descriptor goes before PPRRVU's."""
    listed = values[["code", "descriptor"]].drop_duplicates("code")
    codes = listed.merge(hcpcs, on="code", how="outer", indicator="side", validate="one_to_one", sort=True)
    letter = codes["code"].str[0]
    codes["system"] = "CPT"
    codes.loc[letter.str.isalpha(), "system"] = "HCPCS"
    codes.loc[letter == "D", "system"] = "CDT"
    own = codes["descriptor"].str.replace(r" +", " ", regex=True)
    codes["short_descriptor"] = codes["short_descriptor"].fillna(own)
    codes.loc[codes["system"] != "HCPCS", ["short_descriptor", "long_descriptor"]] = ""
    only_values = codes["side"] == "left_only"
    shaped = codes["code"].str.fullmatch(r"\d{4}[\dA-Z]|[A-Z]\d{4}")
    absence = codes["system"].map({"CPT": "cpt", "CDT": "cdt", "HCPCS": "not_in_hcpcs_file"})
    absence = absence.mask((codes["system"] == "HCPCS") & ~shaped, "placeholder")
    codes["hcpcs_absence"] = absence.where(only_values, "")
    columns = [
        "code", "system", "short_descriptor", "long_descriptor", *ADMINISTRATIVE, "hcpcs_absence",
    ]  # fmt: skip
    texts = [c for c in columns if c not in HCPCS_LISTS]
    codes[texts] = codes[texts].fillna("")
    return codes[columns]


# ----------------------------------------------------------------------------------------------------------------------
# Writing


def flat(frame):
    """Lists as text, as CSV and SQL need them."""
    lists = [c for c in HCPCS_LISTS if c in frame.columns]
    return frame.assign(**{c: [";".join(v) if isinstance(v, list) else "" for v in frame[c]] for c in lists})


def write_csv(tables, folder):
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in tables.items():
        flags = [c for c in frame.columns if frame[c].dtype == bool]
        frame = frame.assign(**{c: frame[c].map({True: "true", False: "false"}) for c in flags})
        frame.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")


def records(frame):
    """Rows as dictionaries with None for blanks; quicker than `to_dict` on text."""
    columns = [[None if value == "" else value for value in frame[name].tolist()] for name in frame.columns]
    names = list(frame.columns)
    return [dict(zip(names, row)) for row in zip(*columns)]


def write_documents(values, codes, path):
    """codes.ndjson."""
    rows = {
        code: list(group)
        for code, group in itertools.groupby(records(values), key=lambda row: row.pop("code"))
    }
    encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        for code in records(codes):
            administrative = {name: code.pop(name) for name in ADMINISTRATIVE}
            code["relative_values"] = rows.get(code["code"], [])
            # Only a HCPCS record has lists; elsewhere the join left them missing.
            code["hcpcs"] = administrative if isinstance(administrative["pricing"], list) else None
            file.write(encode(code))
            file.write("\n")


def provenance(*archives):
    columns = ["table", "code", "modifier", "mac", "locality", "file", "line"]
    kept = pd.concat([rows for archive in archives for rows in archive.provenance], ignore_index=True)
    return kept.reindex(columns=columns).fillna("").sort_values(columns[:-2], kind="stable", ignore_index=True)


def hashed(path, name):
    with open(path, "rb") as file:
        return {"path": name, "bytes": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def write_manifest(archives, folder):
    written = [folder / "codes.ndjson", folder / "dataset.sqlite", *sorted((folder / "tables").iterdir())]
    manifest = {
        "inputs": [entry for archive in archives for entry in archive.inputs],
        "files": [hashed(path, path.relative_to(folder).as_posix()) for path in written],
    }
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=2), encoding="utf-8")


KEYS = {
    "relative_values": "code, modifier", "codes": "code", "modifiers": "modifier", "localities": "mac, locality",
    "opps_caps": "code, modifier, mac, locality",
}  # fmt: skip
NUMERIC = {
    *PPRRVU_AMOUNTS, *GPCI_VALUES, "gpci_work_unfloored", "anesthesia_cf", "anesthesia_cf_qp", "facility", "nonfacility",
}  # fmt: skip


def write_database(tables, path):
    path.unlink(missing_ok=True)
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA journal_mode = OFF")
        database.execute("PRAGMA synchronous = OFF")
        for name, frame in tables.items():
            keys = KEYS[name].split(", ") if name in KEYS else []
            frame = frame.assign(**{c: frame[c].replace("", None) for c in frame.columns if c not in keys})
            types = {c: "NUMERIC" for c in frame.columns if c in NUMERIC}
            frame.to_sql(name, database, index=False, dtype=types)
            if keys:
                database.execute(f"CREATE UNIQUE INDEX {name}_key ON {name} ({KEYS[name]})")
        database.execute("CREATE INDEX relative_values_status ON relative_values (status)")
        database.execute("CREATE INDEX opps_caps_locality ON opps_caps (gpci_mac, locality)")
        database.execute(
            "CREATE VIRTUAL TABLE search USING fts5(code, short_descriptor, long_descriptor, content='codes', "
            "tokenize='unicode61 remove_diacritics 2')"
        )
        database.execute("INSERT INTO search (search) VALUES ('rebuild')")
        database.execute("INSERT INTO search (search) VALUES ('optimize')")
    database.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workbooks", metavar="ENGINE", choices=["openpyxl", "calamine"], help="openpyxl or calamine")
    for name in ("RELEASE.zip", "HCPCS.zip", "OUT"):
        parser.add_argument(name, type=Path)
    options = vars(parser.parse_args())
    out, engine = options["OUT"], options["workbooks"]
    release, hcpcs_archive = Archive(options["RELEASE.zip"], engine), Archive(options["HCPCS.zip"], engine)
    values = relative_values(release)
    places = localities(release)
    caps = opps_caps(release, values, places)
    hcpcs, modifiers = hcpcs_records(hcpcs_archive)
    codes = join_codes(values, hcpcs)
    values = values[RELATIVE_VALUES]
    modifiers = modifiers[["modifier", "long_descriptor", "short_descriptor", *ADMINISTRATIVE]]
    tables = {
        "relative_values": values, "codes": flat(codes), "modifiers": flat(modifiers), "localities": places,
        "opps_caps": caps,
    }  # fmt: skip
    if engine:
        tables["provenance"] = provenance(release, hcpcs_archive)
    write_csv(tables, out / "tables")
    write_documents(values, codes, out / "codes.ndjson")
    write_database(tables, out / "dataset.sqlite")
    if engine:
        write_manifest([release, hcpcs_archive], out)
    for name, frame in tables.items():
        print(f"  {len(frame):>6} {name}", file=sys.stderr)


if __name__ == "__main__":
    main()
