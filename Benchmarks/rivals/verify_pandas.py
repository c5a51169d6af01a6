#!/usr/bin/env python3
"""Recomputes what follows from CMS's other tables, with pandas and NumPy: verify_pandas.py RELEASE.zip

Row totals and CSV = TXT of PPRRVU, GPCI, ANES, LOCCO and OPPSCAP, the same localities everywhere, every OPPS cap and
every anesthesia factor from PPRRVU × GPCI, half up to the cent in int64. Prints how many of each came out as CMS has them.
"""

import json
import re
import sys

import numpy as np
from run_pandas import Archive, localities, opps_caps, relative_values, scaled

#: Shares of work, PE and MP in the anesthesia factor of 2025, in thousandths.
SHARES = (769, 166, 65)


def half_up(values, divisor):
    return (values + divisor // 2) // divisor


def capped(rows, caps, places, factor):
    """How many caps are as published, in both settings."""
    cents = {c: scaled(rows[c], 2) for c in ("work", "opps_pe_nonfacility", "opps_pe_facility", "opps_mp")}
    values = rows[["code", "modifier", "status"]].assign(**cents)
    # A status C global row shows no work, and its cap includes that of its 26 row.
    professional = values[values["modifier"] == "26"].set_index("code")["work"]
    borrows = (values["status"] == "C") & (values["modifier"] == "")
    values["work"] = (
        values["work"].mask(borrows, values["code"].map(professional).fillna(values["work"])).astype("int64")
    )
    areas = places[["mac", "locality"]].rename(columns={"mac": "gpci_mac"})
    areas = areas.assign(**{c: scaled(places[c], 3) for c in ("gpci_work", "gpci_pe", "gpci_mp")})
    joined = caps.merge(values.drop(columns="status"), on=["code", "modifier"]).merge(
        areas, on=["gpci_mac", "locality"]
    )
    base = joined["work"] * joined["gpci_work"] + joined["opps_mp"] * joined["gpci_mp"]
    right = np.ones(len(joined), dtype=bool)
    for setting in ("facility", "nonfacility"):
        amount = half_up((base + joined[f"opps_pe_{setting}"] * joined["gpci_pe"]) * factor, 10_000_000)
        right &= (amount == scaled(joined[setting], 2)).to_numpy()
    return int(right.sum())


def anesthesia(places, national):
    """How many anesthesia factors are as published."""
    index = sum(share * scaled(places[c], 3) for share, c in zip(SHARES, ("gpci_work", "gpci_pe", "gpci_mp")))
    return int((half_up(index * national, 10_000_000_000) == scaled(places["anesthesia_cf"], 2)).sum())


def main():
    archive = Archive(sys.argv[1])
    rows = relative_values(archive)
    places = localities(archive)
    caps = opps_caps(archive, rows, places)
    heading = re.search(r"CF of ([\d.]+)", archive.text(r"ANES\d+\.csv$")).group(1)
    national = round(float(heading) * 1_000_000)
    factor = round(float(rows["conversion_factor"].iloc[0]) * 10_000)
    print(
        json.dumps(
            {
                "row_totals": 2 * len(rows),
                "locality_keys": len(places),
                "oppscap": capped(rows, caps, places, factor),
                "anesthesia": anesthesia(places, national),
            }
        )
    )


main()
