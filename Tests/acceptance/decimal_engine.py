"""Payment by CMS's rules in plain `decimal`, from CMS's own CSV files: a second opinion on the program's amounts.

Written from the rules alone; it shares nothing with the program. Every product and sum is exact, and there is one
rounding, half up to the cent, at the end.
"""

import csv
import io
from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")


def cents(amount):
    return amount.quantize(CENT, ROUND_HALF_UP)


def rows_of(content):
    return list(csv.reader(io.StringIO(content.decode("cp1252"), newline="")))


class Engine:
    """The relative values of a PPRRVU CSV and the indices of a GPCI CSV."""

    def __init__(self, pprrvu, gpci):
        rows = rows_of(pprrvu)
        start = next(index for index, row in enumerate(rows) if row and row[0] == "HCPCS") + 1
        shift = 1 if len(rows[start]) == 32 else 0
        self.rows = {}
        for row in rows[start:]:
            if not row or len(row[0].strip("\x1a")) != 5:
                continue
            self.rows[row[0], row[1]] = {
                "status": row[3], "work": Decimal(row[5]), "mp": Decimal(row[10]), "mult": row[18],
                "pe": {"nonfacility": Decimal(row[6]), "facility": Decimal(row[8])},
                "na": {"nonfacility": row[7] == "NA", "facility": row[9] == "NA"},
                "total": Decimal(row[11]) + Decimal(row[12]),
                "opps_pe": {"nonfacility": Decimal(row[28 + shift]), "facility": Decimal(row[29 + shift])},
                "opps_mp": Decimal(row[30 + shift]), "cf": Decimal(row[24 + shift]),
            }
        self.gpcis = {}
        header = next(row for row in rows_of(gpci) if row and row[0].startswith("Medicare Admin"))
        work = next(i for i, label in enumerate(header) if "PW GPCI" in label and "without" not in label)
        for row in rows_of(gpci):
            if row and row[0].isdigit():
                key = (row[0].zfill(5), row[2].zfill(2))
                self.gpcis[key] = tuple(Decimal(value) for value in (row[work], row[work + 1], row[work + 2]))

    def payable(self):
        return [key for key, row in self.rows.items() if row["status"] in "ART" and row["total"] > 0]

    def _amount(self, locality, work, pe, mp, factor):
        w, p, m = self.gpcis[locality]
        return cents((work * w + pe * p + mp * m) * factor)

    def fee(self, key, setting, locality, factor):
        row = self.rows[key]
        return self._amount(locality, row["work"], row["pe"][setting], row["mp"], factor)

    def cap(self, key, setting, locality, factor):
        row = self.rows[key]
        if not (row["opps_pe"]["nonfacility"] or row["opps_pe"]["facility"] or row["opps_mp"]):
            return None
        work = row["work"]
        if row["status"] == "C" and key[1] == "":
            work = self.rows[key[0], "26"]["work"]
        return self._amount(locality, work, row["opps_pe"][setting], row["opps_mp"], factor)

    def payment(self, key, setting, locality, factor):
        fee, cap = self.fee(key, setting, locality, factor), self.cap(key, setting, locality, factor)
        return fee if cap is None else min(fee, cap)

    def therapy(self, key, setting, locality, factor):
        row = self.rows[key]
        return self._amount(locality, row["work"], row["pe"][setting] / 2, row["mp"], factor)
