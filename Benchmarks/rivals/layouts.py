"""What every rival has to know of CMS's CSV members of 2025: where the rows begin, and the columns."""

import zipfile

#: Table: (the beginning of the header row, columns in order). A column of amounts has its places.
PPRRVU = (
    b"HCPCS,MOD",
    [
        ("code", None),
        ("modifier", None),
        ("descriptor", None),
        ("status", None),
        ("not_used_flag", None),
        ("work", 2),
        ("pe_nonfacility", 2),
        ("pe_nonfacility_na", None),
        ("pe_facility", 2),
        ("pe_facility_na", None),
        ("mp", 2),
        ("total_nonfacility", 2),
        ("total_facility", 2),
        ("pctc", None),
        ("global_days", None),
        ("pre_op", 2),
        ("intra_op", 2),
        ("post_op", 2),
        ("multiple_procedure", None),
        ("bilateral", None),
        ("assistant_surgeon", None),
        ("co_surgeon", None),
        ("team_surgeon", None),
        ("endoscopic_base", None),
        ("conversion_factor", 4),
        ("supervision", None),
        ("calculation_flag", None),
        ("imaging_family", None),
        ("opps_pe_nonfacility", 2),
        ("opps_pe_facility", 2),
        ("opps_mp", 2),
    ],
)
GPCI = (
    b"Medicare Admin",
    [
        ("mac", None),
        ("state", None),
        ("locality", None),
        ("name", None),
        ("gpci_work", 3),
        ("gpci_pe", 3),
        ("gpci_mp", 3),
    ],
)
ANES = (b"Contractor,", [("mac", None), ("locality", None), ("name", None), ("anesthesia_cf", 2)])
LOCCO = (
    b"Medicare Admin",
    [("mac", None), ("locality", None), ("state", None), ("fee_schedule_area", None), ("counties", None)],
)
OPPSCAP = (
    b"HCPCS,MOD",
    [
        ("code", None),
        ("modifier", None),
        ("status", None),
        ("mac", None),
        ("locality", None),
        ("facility", 2),
        ("nonfacility", 2),
    ],
)
TABLES = {"pprrvu": PPRRVU, "gpci": GPCI, "anes": ANES, "locco": LOCCO, "oppscap": OPPSCAP}

#: Columns that are a mark or nothing: how often each is there is compared.
MARKS = {"modifier": "modifiers", "pe_nonfacility_na": None, "pe_facility_na": None, "not_used_flag": None}


def members(archive):
    """Each table with its columns and the bytes of its rows, without header and what stands above it."""
    with zipfile.ZipFile(archive) as opened:
        for name in opened.namelist():
            table = next((t for t in TABLES if t in name.lower()), None)
            if table is None or not name.lower().endswith(".csv"):
                continue
            header, columns = TABLES[table]
            data = opened.read(name)
            begin = 0 if data.startswith(header) else data.index(b"\n" + header) + 1
            # Windows-1252, and a byte 0x1A where the file ends: kept out of what reads UTF-8 only.
            rows = data[data.index(b"\n", begin) + 1 :].split(b"\x1a", 1)[0]
            yield table, columns, rows if rows.isascii() else rows.decode("cp1252").encode()
