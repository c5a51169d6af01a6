"""Every payment of a release in SQL, for revisions that were published without tables/payments.csv.

round(work · GPCI + PE · GPCI + MP · GPCI) · conversion factor), half up to the cent, once, at the end; no more than the
OPPS imaging cap, which is made in the same way. All of it in whole numbers: hundredths (RVU) × thousandths (GPCI) ×
ten-thousandths (conversion factor) are billionths of a dollar, far inside 64 bits.
"""

import csv
from dataclasses import replace

from .environment import BAD_DATA, ROOT, Failure
from .dataset import payments_table

#: The product's units that make a cent.
CENT = 10_000_000


def work_floor_applies(day):
    with open(ROOT / "Schemas" / "values" / "work-floor.csv", encoding="utf-8", newline="") as file:
        return any(row["from"] <= day <= row["to"] for row in csv.DictReader(file))


def can_be_computed(revision):
    """Without GPCI there is nothing to pay by."""
    return revision.manifest["counts"]["localities"] > 0


def compute(database, revision):
    """Makes the table `payments` from the others, which are loaded, in the order that `ingest run --payments` has."""
    floored = "gpci_work"
    if not work_floor_applies(revision.manifest["release"]["effective"]["from"]):
        floored = "coalesce(gpci_work_unfloored, gpci_work)"
    (inexact,) = database.execute(
        "SELECT count(*) FROM conversion_factors WHERE service = 'physician' "
        "AND conversion_factor <> CAST(conversion_factor AS DECIMAL(12,4))").fetchone()
    if inexact:
        raise Failure(BAD_DATA, f"{revision.folder / 'tables/conversion_factors.csv'}: a physician's conversion factor has "
                                "more than four decimal places, which the payment arithmetic here has no room for")
    table = payments_table()
    database.execute(SQL.format(floored=floored, cent=CENT, half=CENT // 2))
    (rows,) = database.execute("SELECT count(*) FROM payments").fetchone()
    return replace(table, path=revision.folder / "tables" / "payments.csv", rows=rows)


SQL = """
CREATE TABLE payments AS
WITH priced AS (
    SELECT r.code, r.modifier, r.pe_nonfacility_na, r.pe_facility_na,
        CAST(r.work * 100 AS BIGINT) AS work,
        -- A status C global row shows no work, and its cap includes that of its 26 row.
        CAST(coalesce(CASE WHEN r.status = 'C' AND r.modifier = '' THEN professional.work END, r.work) * 100 AS BIGINT)
            AS cap_work,
        CAST(r.pe_nonfacility * 100 AS BIGINT) AS pe_nonfacility, CAST(r.pe_facility * 100 AS BIGINT) AS pe_facility,
        CAST(r.mp * 100 AS BIGINT) AS mp,
        CAST(r.opps_pe_nonfacility * 100 AS BIGINT) AS opps_pe_nonfacility,
        CAST(r.opps_pe_facility * 100 AS BIGINT) AS opps_pe_facility, CAST(r.opps_mp * 100 AS BIGINT) AS opps_mp,
        r.opps_pe_nonfacility <> 0 OR r.opps_pe_facility <> 0 OR r.opps_mp <> 0 AS has_cap
    FROM relative_values r
    LEFT JOIN relative_values professional
        ON professional.code = r.code AND professional.modifier = '26' AND r.modifier = ''
    WHERE r.priced
), place AS (
    SELECT mac, locality, CAST({floored} * 1000 AS BIGINT) AS gpci_work, CAST(gpci_pe * 1000 AS BIGINT) AS gpci_pe,
        CAST(gpci_mp * 1000 AS BIGINT) AS gpci_mp
    FROM localities
    WHERE gpci_work IS NOT NULL AND gpci_pe IS NOT NULL AND gpci_mp IS NOT NULL
), factor AS (
    SELECT track, CAST(conversion_factor * 10000 AS BIGINT) AS factor
    FROM conversion_factors WHERE service = 'physician'
), amount AS (
    SELECT code, modifier, mac, locality, setting, track,
        CASE WHEN NOT is_na
            THEN ((work * gpci_work + pe * gpci_pe + mp * gpci_mp) * factor + {half}) // {cent} END AS fee,
        CASE WHEN has_cap
            THEN ((cap_work * gpci_work + opps_pe * gpci_pe + opps_mp * gpci_mp) * factor + {half}) // {cent} END AS cap
    FROM (
        SELECT priced.*, place.*, factor.*, setting.setting, setting.position,
            CASE setting.setting WHEN 'nonfacility' THEN pe_nonfacility ELSE pe_facility END AS pe,
            CASE setting.setting WHEN 'nonfacility' THEN opps_pe_nonfacility ELSE opps_pe_facility END AS opps_pe,
            CASE setting.setting WHEN 'nonfacility' THEN pe_nonfacility_na ELSE pe_facility_na END AS is_na
        FROM priced CROSS JOIN place CROSS JOIN factor
        CROSS JOIN (VALUES ('nonfacility', 1), ('facility', 2)) AS setting(setting, position)
    )
    ORDER BY code, modifier, mac, locality, position, track
)
SELECT code, modifier, mac, locality, setting, track,
    CAST(CAST(fee AS DECIMAL(12,0)) * 0.01 AS DECIMAL(12,2)) AS fee,
    CAST(CAST(cap AS DECIMAL(12,0)) * 0.01 AS DECIMAL(12,2)) AS cap,
    CAST(CAST(CASE WHEN fee IS NOT NULL THEN least(fee, coalesce(cap, fee)) END AS DECIMAL(12,0)) * 0.01 AS DECIMAL(12,2))
        AS payment,
    CASE WHEN fee IS NULL THEN 'not_applicable_in_setting' END AS reason
FROM amount
"""
