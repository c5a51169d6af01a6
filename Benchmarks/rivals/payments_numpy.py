#!/usr/bin/env python3
"""All payment amounts of a published release with NumPy: payments_numpy.py REVISION ROUNDS [OUT.csv]

Reads tables/relative_values.csv, localities.csv and conversion_factors.csv, computes fee, OPPS cap and payment of every
payable row in every locality and setting, half up to the cent, on all cores, and prints counts and sums in cents with
the seconds of each round as JSON. With OUT.csv each round also writes what `ingest run --payments` writes, with polars.

Amounts are whole numbers in float64: every product stays below 2^53, so all of it is exact, and BLAS and SIMD do the
work, which they do not for int64.
"""

import csv
import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

BLOCK = 512


def units(rows, column, places):
    return np.array([round(float(row[column] or 0) * 10**places) for row in rows], dtype="float64")


def read(folder, name):
    with open(os.path.join(folder, "tables", f"{name}.csv"), encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


class Release:
    def __init__(self, folder):
        rows = read(folder, "relative_values")
        self.professional = {row["code"]: row for row in rows if row["modifier"] == "26"}
        self.rows = [row for row in rows if row["priced"] == "true"]
        self.localities = [row for row in read(folder, "localities") if row["gpci_work"]]
        (factor,) = [
            r for r in read(folder, "conversion_factors") if (r["service"], r["track"]) == ("physician", "non_qp")
        ]
        self.factor = float(round(float(factor["conversion_factor"]) * 10_000))
        self.gpcis = np.array([units(self.localities, column, 3) for column in ("gpci_work", "gpci_pe", "gpci_mp")])
        mp, opps_mp = units(self.rows, "mp", 2), units(self.rows, "opps_mp", 2)
        work = units(self.rows, "work", 2)
        # A status C global row shows no work, and its cap includes that of its 26 row.
        borrowed = [
            self.professional.get(r["code"], r) if r["status"] == "C" and not r["modifier"] else r for r in self.rows
        ]
        cap_work = units(borrowed, "work", 2)
        settings = ("nonfacility", "facility")
        self.fees = [np.stack([work, units(self.rows, f"pe_{s}", 2), mp], axis=1) for s in settings]
        self.caps = [np.stack([cap_work, units(self.rows, f"opps_pe_{s}", 2), opps_mp], axis=1) for s in settings]
        self.has_cap = (self.caps[0][:, 1] != 0) | (self.caps[1][:, 1] != 0) | (opps_mp != 0)
        self.is_na = [np.array([row[f"pe_{s}_na"] == "true" for row in self.rows]) for s in settings]

    def amounts(self, values):
        """Rows × localities, in cents."""
        weighted = values @ self.gpcis
        weighted *= self.factor
        weighted += 5_000_000
        weighted /= 10_000_000
        return np.floor(weighted, out=weighted)

    def block(self, start):
        """Of both settings: fees, caps and payments of some rows; the caps of those rows only that have one."""
        part = slice(start, start + BLOCK)
        capped = np.flatnonzero(self.has_cap[part])
        result = []
        for setting in (0, 1):
            fee = self.amounts(self.fees[setting][part])
            cap = self.amounts(self.caps[setting][part][capped])
            payment = fee
            if len(capped):
                payment = fee.copy()
                payment[capped] = np.minimum(fee[capped], cap)
            result.append((fee, cap, payment, self.is_na[setting][part], capped))
        return result

    def sums(self, start):
        found = np.zeros(5)
        for fee, cap, payment, is_na, _ in self.block(start):
            found += [fee.size, is_na.sum() * fee.shape[1], fee[~is_na].sum(), cap.sum(), payment[~is_na].sum()]
        return found

    @property
    def starts(self):
        return range(0, len(self.rows), BLOCK)


def write(release, blocks, path):
    import polars as pl

    places = len(release.localities)
    shape = (len(release.rows), places, 2)
    fee, cap, payment = (np.full(shape, np.nan) for _ in range(3))
    for start, block in zip(release.starts, blocks):
        for setting, (fees, caps, payments, is_na, capped) in enumerate(block):
            here = slice(start, start + len(fees))
            fee[here, :, setting] = np.where(is_na[:, None], np.nan, fees)
            payment[here, :, setting] = np.where(is_na[:, None], np.nan, payments)
            cap[start + capped, :, setting] = caps
    keys = pl.DataFrame({"code": [r["code"] for r in release.rows], "modifier": [r["modifier"] for r in release.rows]})
    areas = pl.DataFrame({k: [r[k] for r in release.localities] for k in ("mac", "locality")})
    variants = pl.DataFrame({"setting": ["nonfacility", "facility"], "track": ["non_qp", "non_qp"]})
    frame = keys.join(areas, how="cross", maintain_order="left_right").join(
        variants, how="cross", maintain_order="left_right"
    )
    frame = (
        frame.with_columns(
            *(
                pl.Series(name, values.reshape(-1) / 100, nan_to_null=True)
                for name, values in (("fee", fee), ("cap", cap), ("payment", payment))
            )
        )
        .with_columns(pl.when(pl.col("fee").is_null()).then(pl.lit("not_applicable_in_setting")).alias("reason"))
        .with_columns(pl.when(pl.col("modifier") != "").then(pl.col("modifier")).alias("modifier"))
    )
    frame.write_csv(path, float_precision=2)


def main():
    release = Release(sys.argv[1])
    path = sys.argv[3] if len(sys.argv) > 3 else None
    seconds = []
    with ThreadPoolExecutor(os.process_cpu_count() if hasattr(os, "process_cpu_count") else os.cpu_count()) as pool:
        for _ in range(int(sys.argv[2])):
            start = time.perf_counter()
            if path:
                write(release, list(pool.map(release.block, release.starts)), path)
            else:
                found = sum(pool.map(release.sums, release.starts))
            seconds.append(time.perf_counter() - start)
    numbers = {} if path else dict(zip(("amounts", "not_applicable", "fee", "cap", "payment"), map(int, found)))
    print(json.dumps({"numbers": numbers, "seconds": {"write" if path else "compute": seconds}}))


main()
