"""CMS's releases of January and October 2025 under the label of another quarter: what a backfill is measured with.

A file that says which release it is of says the other one afterwards: the titles, the year in the headings of GPCI, the
conversion factor on every row, and the OPPS caps, recomputed with that factor. Everything else stays as CMS has it.
"""

import csv
import io
import re
import zipfile

from .setting import ROOT, archive, data_folder

MONTHS = {"January": "Jan", "April": "Apr", "July": "Jul", "October": "Oct"}
OWN_FACTOR = "32.3465"


def labels(count):
    """The first labels of the catalogue that have CMS's columns of 2025, oldest first: label, year, month, factor."""
    with open(ROOT / "Schemas" / "values" / "releases.csv", encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if re.fullmatch(r"RVU2[0-5][A-D]", row["label"])]
    return [(r["label"], r["effective_from"][:4], r["title_month"], r["conversion_factor"]) for r in rows[:count]]


def sources():
    """The members of both releases, in turn the first and the second; `None` when CMS's files are not there."""
    first, second = archive("rvu25a"), data_folder() / "rvu25d"
    if not first or not second.is_dir():
        return None
    with zipfile.ZipFile(first) as opened:
        members = {name: opened.read(name) for name in opened.namelist() if name.lower().endswith((".csv", ".txt"))}
    others = {path.name: path.read_bytes() for path in second.iterdir() if path.suffix.lower() in (".csv", ".txt")}
    # Left out, as a maintainer may: ANES, which follows from the national factor in its heading, and LOCCO's TXT, whose
    # differences from its CSV are known of 2025 only.
    return [
        {name: data for name, data in files.items() if not re.fullmatch("ANES.*|.*LOCCO.txt", name)}
        for files in (members, others)
    ]


def rows_of(data):
    return list(csv.reader(io.StringIO(data.split(b"\x1a")[0].decode("cp1252"), newline="")))


def hundredths(text):
    return round(float(text) * 100)


def caps(members):
    """OPPSCAP's rows with what their amounts are made of, in hundred-thousandths of a dollar before the factor."""
    by_name = {name[:4].upper(): rows_of(data) for name, data in members.items() if name.lower().endswith(".csv")}
    values = {(row[0], row[1]): row for row in by_name["PPRR"] if len(row[0]) == 5 and row[5][:1].isdigit()}
    indices = {
        row[0].zfill(5) + row[2].zfill(2): [round(float(v) * 1000) for v in row[4:7]]
        for row in by_name["GPCI"]
        if row[0][:1].isdigit()
    }
    # Southern California, which CMS lists in OPPSCAP under the northern contractor too.
    indices = {"01112" + key[5:]: index for key, index in indices.items() if key.startswith("01182")} | indices
    made = []
    for row in by_name["OPPS"][1:]:
        if not row[0]:
            continue
        value = values[row[0], row[1]]
        work = values[row[0], "26"][5] if value[3] == "C" and row[1] == "" else value[5]
        w, p, m = indices[row[3] + row[4]]
        base = hundredths(work) * w + hundredths(value[30]) * m
        made.append((row, base + hundredths(value[29]) * p, base + hundredths(value[28]) * p))
    return made


def relabelled(members, made, year, month, factor):
    """The members of an archive of the other release."""
    out = {}
    units = int(factor.replace(".", ""))

    def amount(weighted):
        cents = (weighted * units + 5_000_000) // 10_000_000
        return f"{cents // 100}.{cents % 100:02}"

    caps_csv = (
        b"HCPCS,MOD,PROCSTAT,CARRIER,LOCALITY,FACILITY PRICE,NON-FACILTY PRICE\r\n"
        + "".join(
            f"{','.join(row[:5])},{amount(facility)},{amount(nonfacility)}\r\n" for row, facility, nonfacility in made
        ).encode()
    )
    caps_text = "".join(
        f"{r[0]:5}{r[1]:2} {r[2]:1} {r[3]:5}  {r[4]:2}{amount(facility):>9}{amount(nonfacility):>10}\r\n"
        for r, facility, nonfacility in made
    ).encode()
    for name, data in members.items():
        end = name[-4:].lower()
        kind = name[:4].upper()
        if kind == "OPPS":
            out[f"OPPSCAP_{MONTHS[month]}{end}"] = caps_csv if end == ".csv" else caps_text
        elif kind == "PPRR":
            head = re.sub(rb"2025( National .* File )(January|October)", rf"{year}\1{month}".encode(), data[:2000])
            # Behind a comma or a blank, so that no relative value is meant.
            data = re.sub(rb"(?<=[, ])" + re.escape(OWN_FACTOR.encode()), factor.encode(), head + data[2000:])
            out[f"PPRRVU{year[2:]}_{MONTHS[month].upper()}{end}"] = data
        elif kind == "GPCI":
            out[f"GPCI{year}{end}"] = data.replace(b"2025", year.encode())
        elif "LOCCO" in name.upper():
            out[f"{year[2:]}LOCCO{end}"] = data.replace(b"2025", year.encode(), 1)
    return out


def write(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as out:
        for name, data in members.items():
            out.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)


def write_archives(folder, count):
    """An archive for each label, oldest first. Returns label and file name of each."""
    files = sources()
    made = [caps(members) for members in files]
    written = []
    for number, (label, year, month, factor) in enumerate(labels(count)):
        turn = number % 2
        write(folder / f"{label.lower()}.zip", relabelled(files[turn], made[turn], year, month, factor))
        written.append([label, f"{label.lower()}.zip"])
    return written
