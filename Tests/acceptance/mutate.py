#!/usr/bin/env python3
"""Damages real releases in many ways, runs each, and says whether the program was taken in.

    Scripts/mutate --seed 1 --count 1000            a thousand mutations
    Scripts/mutate --seed 1 --number 417 --keep     one of them again, with its files kept

What must be true of every mutation:

1. The program ends by itself, within a minute, with an exit code for bad data or with 0.
2. A refusal names a file of the release, says that nothing was published, and leaves nothing.
3. What is published is the content of the undamaged release: the same content hash. Where it is not, each cell that differs
   is justified by one of these, and nothing else:
   - *said*: the file is gone from the release, or is no longer found in it, a warning that the undamaged run does not give
     says so, and the cells are empty that came from it;
   - *unproven*: the value stands in one file only and follows from nothing else in the release. The columns of which that
     is true are listed in UNPROVEN with the reason. It has to be the file's own: the row is that of a changed line, and
     a changed number stands in that line.
   Everything else is a *wrong number*: a check is missing.

A table of which two forms are read (CSV, TXT, XLSX) has no unproven column: the forms are each other's witnesses. Where a
mutation changes all forms alike, the file says the new value everywhere, and the columns of UNPROVEN_ALIKE may change.

The files hold descriptors of the AMA's and the ADA's: nothing of them is printed but file names, lines, codes and numbers.
"""

import argparse
import collections
import concurrent.futures
import csv
import io
import json
import os
import random
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path

from support import DATA, SCHEMAS, Published, assert_clean, environment, ingest, read_table, revisions, write_zip, zip_members

HCPCS_TEXT = "the HCPCS file says it alone, and nothing follows from it"
UNPROVEN = {
    # PPRRVU as one file: work, PE, MP and totals prove each other, the conversion factor is the catalogue's.
    "PPRRVU": {
        "relative_values": {
            column: "PPRRVU in one form: an indicator that other indicators allow"
            for column in (
                "status", "priced", "unpriced_reason", "not_used_flag", "pctc", "global_days", "pre_op", "intra_op", "post_op",
                "multiple_procedure", "bilateral", "assistant_surgeon", "co_surgeon", "team_surgeon", "endoscopic_base",
                "supervision", "calculation_flag", "imaging_family", "pe_nonfacility_na", "pe_facility_na")}
        | {column: "PPRRVU without OPPSCAP: PE and MP for OPPS are used nowhere else"
           for column in ("opps_pe_nonfacility", "opps_pe_facility", "opps_mp")}
        | {None: "PPRRVU in one form: nothing else lists the codes"},
        # The check code_order leaves the places between two neighbours.
        "codes": {None: "PPRRVU in one form: nothing else lists the codes"} | dict.fromkeys(("short_descriptor", "title", "suggested_title", "suggested_title_origin", "title_origin",
                                "relative_values_absence"), "PPRRVU in one form: a descriptor"),
        "descriptor_digests": dict.fromkeys(("digest", "words_digest", None), "PPRRVU in one form: a descriptor"),
    },
    "GPCI": {"localities": {
        **dict.fromkeys(("state", "name"), "a locality's name stands in GPCI alone"),
        **dict.fromkeys(("gpci_work", "gpci_work_unfloored", "gpci_pe", "gpci_mp", "alaska_work_floor", "frontier_pe_floor"),
                        "GPCI without ANES and OPPSCAP: nothing is computed from it"),
        None: "GPCI without ANES, LOCCO and OPPSCAP: nothing else lists the localities"}},
    "ANES": {},
    "LOCCO": {"localities": dict.fromkeys(("fee_schedule_area", "counties", "state", "name"), "LOCCO says it alone")},
    "OPPSCAP": {},
    "HCPCS": {
        "codes": {column: HCPCS_TEXT for column in (
            "title", "title_origin", "suggested_title", "suggested_title_origin", "short_descriptor", "long_descriptor", "coverage",
            "pricing", "multiple_pricing", "coverage_issues_manual", "carriers_manual", "statute", "lab_certifications",
            "cross_references", "asc_group", "asc_date", "opps_group", "opps_policy", "opps_date", "processing_note", "betos",
            "types_of_service", "anesthesia_base_units", "added", "action_effective", "terminated", "action", "category",
            "category_name", "route", "relative_values_absence", "hcpcs_absence")},
        "modifiers": {None: HCPCS_TEXT, "*": HCPCS_TEXT},
        "descriptor_digests": dict.fromkeys(("digest", "words_digest"), HCPCS_TEXT),
    },
    "LIMITS": {"drug_payment_limits": {"*": "a payment limit stands in the ASP file alone"}},
    "CROSSWALK": {"drug_products": {"*": "a product stands in the crosswalk alone"}},
}
# Behind GPCI, what its ANES and OPPSCAP prove.
PROVEN_GPCI = {"gpci_work", "gpci_pe", "gpci_mp"}
# The same change in every form of PPRRVU: what nothing else follows from.
UNPROVEN_ALIKE = UNPROVEN["PPRRVU"]["relative_values"]
NUMBERS = re.compile(rb"\d*\.\d+|\d+")
FAMILIES = [
    ("PPRRVU", r"PPRRVU"), ("GPCI", r"GPCI"), ("ANES", r"ANES"), ("LOCCO", r"LOCCO"), ("OPPSCAP", r"OPPSCAP"),
    ("CROSSWALK", r"Crosswalk"), ("LIMITS", r"Payment Limit|pricing"), ("HCPCS", r"HCPC")]
TABLE_FAMILY = {"localities": {"GPCI", "ANES", "LOCCO"}, "opps_caps": {"OPPSCAP"}}
TIMEOUT = 60


def family(name):
    return next((key for key, pattern in FAMILIES if re.search(pattern, name, re.IGNORECASE)), None)


@dataclass
class Base:
    """An undamaged release: its label, its members by name, and what it publishes."""

    label: str
    members: dict
    weight: int
    is_archive: bool = False
    folder: Path = None
    published: Published = None
    said: set = field(default_factory=set)


def bases(folder, names=None):
    """The releases to damage, each published once."""
    rvu25a = {name: data for name, data in zip_members(DATA / "rvu25a" / "rvu25a-updated-01_10_2025.zip").items()}
    plain25a = {name: data for name, data in rvu25a.items() if not name.endswith(".pdf")}
    rvu26a = zip_members(DATA / "rvu26a-standin" / "rvu26a.zip")
    hcpcs = zip_members(DATA / "hcpcs" / "2026-jan-standin" / "january-2026-alpha-numeric-hcpcs-file.zip")
    asp = {path.name: path.read_bytes() for path in (DATA / "asp" / "2026-q1").iterdir()}

    def loose(name):
        return {path.name: path.read_bytes() for path in sorted((DATA / name).iterdir()) if path.is_file()}

    # RVU26A leaves out the second forms, so that each table but PPRRVU stands alone; its HCPCS and ASP do in any case.
    all_bases = {
        "RVU25A": Base("RVU25A", plain25a, 3),
        "RVU25A.zip": Base("RVU25A", plain25a, 2, is_archive=True),
        "RVU25D": Base("RVU25D", loose("rvu25d"), 3),
        "RVU26B": Base("RVU26B", loose("rvu26b"), 3),
        "RVU26A": Base("RVU26A", {**rvu26a, **hcpcs, **asp}, 4),
    }
    chosen = {name: base for name, base in all_bases.items() if not names or name in names or base.label in names}
    for name, base in chosen.items():
        base.folder = folder / name / "members"
        base.folder.mkdir(parents=True)
        for member, data in base.members.items():
            (base.folder / member).write_bytes(data)
        source = base.folder
        if base.is_archive:
            source = write_zip(folder / name / "release.zip", base.members)
        result = ingest(*arguments(folder / name / "store", base, source), timeout=300)
        assert result.code == 0, f"the undamaged {name} is refused\n{result}"
        base.published = Published(folder / name / "store")
        base.said = set(result.err.splitlines())
    return chosen


def arguments(store, base, source):
    return ["run", "--release", base.label, "--store", store, "--input", source]


# Damage. Each function takes chance and bytes and gives bytes; None where there is nothing to damage in that way.


def lines_of(data):
    return data.splitlines(keepends=True)


def some_line(chance, lines):
    return chance.randrange(len(lines))


def of_lines(change):
    def damage(chance, data):
        lines = lines_of(data)
        if len(lines) < 3:
            return None
        change(chance, lines)
        return b"".join(lines)

    return damage


def drop_rows(chance, lines):
    at, count = some_line(chance, lines), chance.choice([1, 1, 1, 2, 20])
    del lines[at:at + count]


def repeat_row(chance, lines):
    at = some_line(chance, lines)
    lines.insert(chance.choice([at, some_line(chance, lines)]), lines[at])


def swap_rows(chance, lines):
    left, right = some_line(chance, lines), some_line(chance, lines)
    lines[left], lines[right] = lines[right], lines[left]


def shuffle_rows(chance, lines):
    body = lines[12:]
    chance.shuffle(body)
    lines[12:] = body


def join_rows(chance, lines):
    at = some_line(chance, lines)
    lines[at] = lines[at].rstrip(b"\r\n")


def cut(chance, data):
    return data[:chance.randrange(len(data))]


def cut_at_line(chance, data):
    lines = lines_of(data)
    return b"".join(lines[:chance.choice([len(lines) - 1, len(lines) - 2, chance.randrange(1, len(lines))])])


def flip(chance, data):
    data = bytearray(data)
    for _ in range(chance.choice([1, 1, 1, 2, 8])):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return bytes(data)


def insert(chance, data):
    at = chance.randrange(len(data))
    return data[:at] + chance.choice([b"0", b" ", b",", b"A", b"9", b".", b"\xa0", b'"', b"\0", b"\n", b"\x1a", b"\xc3"]) + data[at:]


def remove(chance, data):
    at = chance.randrange(len(data))
    return data[:at] + data[at + chance.choice([1, 1, 1, 4, 512]):]


def blank(chance, data):
    at, count = chance.randrange(len(data)), chance.choice([16, 512, 4096])
    return data[:at] + bytes([chance.choice([0, 0x20])]) * min(count, len(data) - at) + data[at + count:]


def line_end(end):
    return lambda chance, data: data.replace(b"\r\n", b"\n").replace(b"\n", end)


def utf16(chance, data):
    return data.decode("cp1252", "replace").encode(chance.choice(["utf-16", "utf-16-be", "utf-16-le"]))


def byte_order_mark(chance, data):
    return b"\xef\xbb\xbf" + data


def to_utf8(chance, data):
    return data.decode("latin-1").encode("utf-8")


def trailing(chance, data):
    return data + chance.choice([b"\x1a", b"\r\n\r\n", b"\0" * 100, b",,,,\r\n", b"<!-- end -->", data[-200:]])


def header(chance, data):
    """A label of the first lines is misspelt, or two labels change places."""
    lines = lines_of(data)
    at = chance.randrange(min(11, len(lines)))
    words = re.findall(rb"[A-Za-z]{2,}", lines[at])
    if not words:
        return None
    left, right = chance.choice(words), chance.choice(words)
    if left == right:
        lines[at] = lines[at].replace(left, left[:-1] + b"X", 1)
    else:
        lines[at] = lines[at].replace(left, b"\0", 1).replace(right, left, 1).replace(b"\0", right, 1)
    return b"".join(lines)


def in_line(change):
    """Changes one line that holds a number, somewhere behind the header."""

    def damage(chance, data):
        lines = lines_of(data)
        for _ in range(50):
            at = chance.randrange(len(lines))
            changed = change(chance, lines[at])
            if changed is not None and changed != lines[at]:
                lines[at] = changed
                return b"".join(lines)
        return None

    return damage


def pick(chance, pattern, line):
    found = list(re.finditer(pattern, line))
    return chance.choice(found) if found else None


def digit(chance, line):
    found = pick(chance, rb"\d", line)
    return found and line[:found.start()] + str((int(found[0]) + chance.randrange(1, 10)) % 10).encode() + line[found.end():]


def digits_exchanged(chance, line):
    found = pick(chance, rb"(?=(\d\d))", line)
    return found and line[:found.start()] + line[found.start() + 1:found.start() + 2] + line[found.start():found.start() + 1] \
        + line[found.start() + 2:]


def zero_lost(chance, line):
    found = pick(chance, rb"(?<![0-9.])0(?=[0-9])|(?<=[0-9])0(?![0-9.])|(?<=[0-9])0(?=\.)", line)
    return found and line[:found.start()] + line[found.end():]


def point_moved(chance, line):
    found = pick(chance, rb"\d+\.\d+", line)
    if not found:
        return None
    digits, at = found[0].replace(b".", b""), found[0].index(b".") + chance.choice([-1, 1])
    return line[:found.start()] + digits[:max(at, 0)] + b"." + digits[max(at, 0):] + line[found.end():]


def sign(chance, line):
    found = pick(chance, rb"\d*\.\d+", line)
    if not found:
        return None
    at = found.start()
    # In fixed-width text a sign takes a blank's place.
    return line[:at - 1] + b"-" + line[at:] if at and line[at - 1:at] == b" " else line[:at] + b"-" + line[at:]


def amount_doubled(chance, line):
    found = pick(chance, rb"[1-9]\d*\.\d+", line)
    if not found:
        return None
    value = f"{float(found[0]) * 2:.{len(found[0]) - found[0].index(b'.') - 1}f}".encode()
    return line[:found.start()] + value + line[found.end():] if len(value) == len(found[0]) else None


def letter(chance, line):
    found = pick(chance, rb"(?<=[,\s])[A-Z](?=[,\s])", line)
    return found and line[:found.start()] + bytes([chance.choice(b"ABCDEGIJMNPRTXQ")]) + line[found.end():]


def of_cells(change):
    """Changes one row of a CSV, or the same columns in all of them."""

    def damage(chance, data):
        if b"," not in data[:2000]:
            return None
        lines = lines_of(data)
        rows = [line.rstrip(b"\r\n").split(b",") for line in lines]
        width = collections.Counter(map(len, rows)).most_common(1)[0][0]
        body = [number for number, row in enumerate(rows) if len(row) == width]
        chosen = body[chance.randrange(len(body)):][:1] if chance.random() < 0.5 else body
        # Under labels that stay, or with them.
        if len(chosen) > 1 and chance.random() < 0.5:
            chosen = chosen[1:]
        left, right = chance.randrange(width), chance.randrange(width)
        for number in chosen:
            change(rows[number], left, right)
            lines[number] = b",".join(rows[number]) + b"\r\n"
        return b"".join(lines)

    return damage


def cells_swapped(row, left, right):
    row[left], row[right] = row[right], row[left]


def cell_dropped(row, left, right):
    del row[left]


def cell_repeated(row, left, right):
    row.insert(left, row[left])


def cells_shifted(row, left, right):
    del row[left]
    row.append(b"")


def cell_emptied(row, left, right):
    row[left] = b""


def cell_copied(row, left, right):
    row[left] = row[right]


BYTES = {
    "byte flipped": flip, "byte inserted": insert, "bytes removed": remove, "block blanked": blank, "file cut": cut,
    "file cut between lines": cut_at_line, "garbage behind": trailing}
TEXT = {
    "rows dropped": of_lines(drop_rows), "row repeated": of_lines(repeat_row), "rows swapped": of_lines(swap_rows),
    "rows shuffled": of_lines(shuffle_rows), "rows joined": of_lines(join_rows), "LF ends": line_end(b"\n"), "CR ends": line_end(b"\r"),
    "UTF-16": utf16, "byte order mark": byte_order_mark, "UTF-8": to_utf8, "header changed": header}
CELLS = {
    "digit changed": in_line(digit), "digits exchanged": in_line(digits_exchanged), "zero lost": in_line(zero_lost),
    "point moved": in_line(point_moved), "sign added": in_line(sign), "amount doubled": in_line(amount_doubled),
    "letter changed": in_line(letter), "columns swapped": of_cells(cells_swapped), "column dropped": of_cells(cell_dropped),
    "column repeated": of_cells(cell_repeated), "columns shifted": of_cells(cells_shifted), "column emptied": of_cells(cell_emptied),
    "column copied": of_cells(cell_copied)}


def in_workbook(chance, data):
    """Changes a number, a shared text or a row within a workbook's parts, and packs it again."""
    parts = {}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = chance.choice([name for name in parts if "sheet1.xml" in name or "sharedStrings" in name])
    part = parts[name]
    way = chance.choice(["value", "row", "cell"])
    if way == "value":
        found = pick(chance, rb"<(?:v|t)>([^<]*\d)</", part)
        if not found:
            return None
        value = digit(chance, found[1])
        part = part[:found.start(1)] + value + part[found.end(1):]
    else:
        found = pick(chance, rb"<row .*?</row>" if way == "row" else rb"<c [^>]*?(?:/>|>.*?</c>)", part)
        if not found:
            return None
        part = part[:found.start()] + part[found.end():]
    parts[name] = part
    folder = tempfile.mkdtemp()
    try:
        return write_zip(Path(folder) / "x.xlsx", parts).read_bytes()
    finally:
        shutil.rmtree(folder)


def directory_entries(archive):
    """Where each entry of the central directory begins."""
    return [found.start() for found in re.finditer(rb"PK\x01\x02", archive)]


def in_archive(chance, archive, way):
    """Damages an archive's own structure."""
    entries = directory_entries(archive)
    at = chance.choice(entries)
    local = struct.unpack_from("<I", archive, at + 42)[0]
    data = bytearray(archive)
    if way == "CRC lied about":
        struct.pack_into("<I", data, chance.choice([at + 16, local + 14]), chance.getrandbits(32))
    elif way == "size lied about":
        struct.pack_into("<I", data, chance.choice([at + 20, at + 24, local + 18, local + 22]), chance.choice([0, 1, 2**31, chance.getrandbits(22)]))
    elif way == "offset lied about":
        struct.pack_into("<I", data, at + 42, chance.choice([0, chance.randrange(len(data)), 2**32 - 1]))
    elif way == "method changed":
        struct.pack_into("<H", data, chance.choice([at + 10, local + 8]), chance.choice([0, 1, 9, 12, 99]))
    elif way == "flags changed":
        struct.pack_into("<H", data, chance.choice([at + 8, local + 6]), chance.choice([1, 8, 0x2000]))
    elif way == "name changed":
        length = struct.unpack_from("<H", data, at + 28)[0]
        data[at + 46 + chance.randrange(length)] ^= chance.choice([1, 2, 0x20, 0x80])
    elif way == "entry dropped":
        length = 46 + sum(struct.unpack_from("<HHH", data, at + 28))
        del data[at:at + length]
    else:
        return BYTES[way](chance, archive)
    return bytes(data)


ARCHIVE = [
    "CRC lied about", "size lied about", "offset lied about", "method changed", "flags changed", "name changed", "entry dropped",
    "byte flipped", "byte inserted", "bytes removed", "block blanked", "file cut", "garbage behind"]
FILES = ["member dropped", "member renamed", "members swapped", "member doubled", "another quarter's member", "another quarter's table"]
OTHERS = {"RVU25A": ["RVU25D", "RVU26A"], "RVU25D": ["RVU25A", "RVU26A"], "RVU26B": ["RVU26A", "RVU25D"], "RVU26A": ["RVU26B", "RVU25A"]}


@dataclass
class Mutation:
    base: str
    kind: str
    about: str
    # Members by name as they are now; None for those that are gone.
    members: dict
    archive: bytes = None
    is_alike: bool = False


def other_members(all_bases, base, chance):
    for label in chance.sample(OTHERS[base.label], 2):
        for other in all_bases.values():
            if other.label == label:
                return other.members
    return {}


def mutation(all_bases, seed, number):
    """The mutation with this number; the same for the same seed."""
    chance = random.Random(f"{seed}/{number}")
    while True:
        name = chance.choices(list(all_bases), [base.weight for base in all_bases.values()])[0]
        made = attempt(all_bases, name, chance)
        if made:
            return made


def attempt(all_bases, name, chance):
    base = all_bases[name]
    if base.is_archive:
        kind = chance.choice(ARCHIVE)
        archive = in_archive(chance, (base.folder.parent / "release.zip").read_bytes(), kind)
        return Mutation(name, f"archive: {kind}", kind, {}, archive)
    names = sorted(base.members)
    # PPRRVU most of all; the others by their number.
    pprrvu = [member for member in names if family(member) == "PPRRVU"]
    member = chance.choice(pprrvu if chance.random() < 0.4 else names)
    data = base.members[member]
    level = chance.choices(["bytes", "text", "cells", "files", "alike"], [3, 3, 5, 2, 1])[0]
    if level == "files":
        return file_mutation(all_bases, base, name, member, chance)
    if level == "alike":
        return alike_mutation(base, name, chance)
    if member.lower().endswith((".xlsx", ".xls")) and level != "bytes":
        changed, kind = in_workbook(chance, data), "workbook changed"
    else:
        kind = chance.choice(list({"bytes": BYTES, "text": TEXT, "cells": CELLS}[level]))
        changed = {**BYTES, **TEXT, **CELLS}[kind](chance, data)
    if changed is None or changed == data:
        return None
    return Mutation(name, f"{level}: {kind}", f"{member}: {kind}", {member: changed})


def file_mutation(all_bases, base, name, member, chance):
    kind = chance.choice(FILES)
    data = base.members[member]
    about = f"{member}: {kind}"
    if kind == "member dropped":
        return Mutation(name, f"files: {kind}", about, {member: None})
    if kind == "member renamed":
        stem, dot, ending = member.rpartition(".")
        new = chance.choice([f"{stem}_old.{ending}", f"x{member[3:]}", f"{stem}.dat", member.swapcase(), f"copy of {member}"])
        return Mutation(name, f"files: {kind}", f"{about} to {new}", {member: None, new: data})
    if kind == "member doubled":
        stem, dot, ending = member.rpartition(".")
        return Mutation(name, f"files: {kind}", about, {f"{stem} (1).{ending}": data})
    if kind == "members swapped":
        other = chance.choice(sorted(base.members))
        if other == member:
            return None
        return Mutation(name, f"files: {kind}", f"{about} with {other}", {member: base.members[other], other: data})
    others = other_members(all_bases, base, chance)
    ending = member.rpartition(".")[2]

    def match(wanted):
        return next((other for other in sorted(others) if family(other) == family(wanted) and other.endswith(wanted.rpartition(".")[2])
                     and ("_QPP" in other) == ("_QPP" in wanted)), None)

    if kind == "another quarter's member":
        other = match(member)
        if not other or others[other] == data:
            return None
        return Mutation(name, f"files: {kind}", f"{about}, {other}", {member: others[other]})
    # All forms of a table at once; forms that the other quarter has not are taken away.
    forms = [form for form in base.members if family(form) == family(member)]
    replaced = {form: others[match(form)] if match(form) else None for form in forms}
    if not any(replaced.values()) or all(replaced[form] == base.members[form] for form in forms):
        return None
    return Mutation(name, f"files: {kind}", f"{about} in all forms", replaced, is_alike=True)


def alike_mutation(base, name, chance):
    """One number of PPRRVU, changed in CSV and TXT alike; workbooks are taken away."""
    pairs = [(member, member[:-4] + ".txt") for member in base.members if family(member) == "PPRRVU" and member.endswith(".csv")]
    if not pairs:
        return None
    replaced = {member: None for member in base.members if family(member) == "PPRRVU" and member.endswith(".xlsx")}
    csv_name, txt_name = pairs[0]
    lines = {form: lines_of(base.members[form]) for form in (csv_name, txt_name)}
    for _ in range(200):
        at = chance.randrange(12, len(lines[csv_name]))
        line = lines[csv_name][at]
        found = pick(chance, rb"(?<=,)\d+\.\d\d(?=,)", line)
        key = line[:5]
        rows = [number for number, text in enumerate(lines[txt_name]) if text[:5] == key]
        if not found or len(rows) != 1 or line.count(found[0]) != 1 or lines[txt_name][rows[0]].count(found[0]) != 1:
            continue
        value = chance.choice([digit, digits_exchanged])(chance, found[0])
        if not value or value == found[0]:
            continue
        lines[csv_name][at] = line.replace(found[0], value)
        lines[txt_name][rows[0]] = lines[txt_name][rows[0]].replace(found[0], value)
        replaced |= {form: b"".join(lines[form]) for form in lines}
        # The rows of the QPP file repeat those of the other: without them nothing but PPRRVU's own rules speaks.
        replaced |= {member: None for member in base.members if "_QPP" in member}
        return Mutation(
            name, "alike: number changed in all forms", f"{key.decode()}: {found[0].decode()} became {value.decode()} in CSV and TXT",
            replaced, is_alike=True)
    return None


# Judgement.


class Wrong(Exception):
    """The program was taken in, or did what it must never do."""


def keys_of_tables():
    keys = collections.defaultdict(list)
    for row in csv.DictReader(open(SCHEMAS / "dataset" / "tables.csv", newline="", encoding="utf-8")):
        if row["key"] == "yes":
            keys[row["table"]].append(row["column"])
    return keys


KEYS = keys_of_tables()


def differences(changed, before):
    """(table, key, column, before, after) of every cell that differs; column None for a row that came or went."""
    found = []
    for name in sorted({*before.table_names, *changed.table_names} - {"provenance"}):
        left, right = ((side.folder / "tables" / f"{name}.csv") for side in (before, changed))
        old, new = (path.read_bytes() if path.exists() else b"" for path in (left, right))
        if old == new:
            continue
        sides = []
        for path in (left, right):
            rows = read_table(path) if path.exists() else []
            sides.append({tuple(row[key] for key in KEYS[name]) or tuple(row.values()): row for row in rows})
        found += [(name, key, None, "row", None) for key in sides[0].keys() - sides[1].keys()]
        found += [(name, key, None, None, "row") for key in sides[1].keys() - sides[0].keys()]
        for key in sides[0].keys() & sides[1].keys():
            found += [
                (name, key, column, value, sides[1][key].get(column)) for column, value in sides[0][key].items()
                if sides[1][key].get(column) != value]
    return found


def changed_lines(base, made):
    """The lines that stand in a changed member and not in the undamaged one, or the other way round."""
    lines = []
    for member, data in made.members.items():
        old = set(re.split(rb"\r\n|\r|\n", base.members.get(member) or b""))
        new = set(re.split(rb"\r\n|\r|\n", data or b""))
        lines += old ^ new
    return lines


def judge(base, made, result, store):
    """The outcome: refused, same content, said, or unproven with its columns.

    Raises Wrong."""
    if result.code not in (0, 1, 2, 69):
        raise Wrong(f"ended with {result.code}")
    if re.search(r"Fatal error|Stack dump|NS\w+ErrorDomain", result.err):
        raise Wrong("an error of the program's own")
    names = {*base.members, *made.members, "release.zip"}
    if result.code != 0:
        if revisions(store) or (store / "latest.json").exists():
            raise Wrong("refused, and published all the same")
        if store.exists():
            assert_clean(store)
        if "Nothing was published" not in result.err or result.out:
            raise Wrong("a refusal that does not say that nothing was published")
        # What is not there is named by what it is.
        if not any(name.lower() in result.err.lower() for name in {*names, *(family(member) or "" for member in made.members)} - {""}):
            raise Wrong("a refusal that names no file")
        return "refused", []
    published = Published(store)
    if published.manifest["content_hash"] == base.published.manifest["content_hash"]:
        return "same content", []
    found = differences(published, base.published)
    warnings = [
        line for line in result.err.splitlines()
        if line not in base.said and re.search(r"(warning|note):|^missing: ", line)]
    families = {family(member) for member in made.members} if made.members else {None}
    lines = changed_lines(base, made)
    texts = {word for line in lines for word in re.findall(rb"[A-Z0-9]+", line)}
    numbers = {float(number) for line in lines for number in NUMBERS.findall(line)}
    unproven = collections.Counter()
    outcome = "unproven"
    present = [
        member for member in {**base.members, **made.members}
        if made.members.get(member, base.members.get(member)) is not None]
    for table, key, column, before, after in found:
        about = f"{table} {' '.join(key)[:40]} {column}: {short(before)} became {short(after)}"
        # Gone, and said to be.
        if warnings and after in ("", None) and column not in KEYS[table] and is_absence(table, families, present, made):
            outcome = "said"
            continue
        if warnings and column and column.endswith("absence") and is_absence(table, families, present, made):
            continue
        allowed = {}
        forms = 0
        for one in families - {None}:
            forms = max(forms, len({member for member in present if family(member) == one}))
            allowed |= UNPROVEN.get(one, {}).get(table, {})
        if made.is_alike and table == "relative_values":
            allowed, forms = UNPROVEN_ALIKE, 1
        if column in PROVEN_GPCI and any(family(member) in ("ANES", "OPPSCAP") for member in present):
            allowed = {}
        if table == "localities" and column is None and any(family(member) in ("ANES", "LOCCO", "OPPSCAP") for member in present):
            allowed = {}
        if forms > 1 and not made.is_alike or not (column in allowed or "*" in allowed or None in allowed and column is None):
            raise Wrong(f"{about} ({len(found)} cells differ)")
        name = key[0].encode()
        if not made.is_alike and name not in texts and not any(name in text for text in texts):
            raise Wrong(f"{about}, and no line of it was changed")
        if column and after and re.fullmatch(r"\d*\.\d+", after) and float(after) not in numbers:
            raise Wrong(f"{about}, which no changed line says")
        unproven[f"{'/'.join(sorted(map(str, families)))} {table}.{column or 'row'}"] += 1
    return outcome, sorted(unproven)


def is_absence(table, families, present, made):
    """Whether a family of files that feeds the table is no longer among the members, or none of them is what it was."""
    return any(
        not any(family(member) == one and member not in made.members for member in present)
        for one in families - {None})


def short(text):
    """Numbers and codes as they are; of a text only its length, since it may be a licensed descriptor."""
    return text if text is None or re.fullmatch(r"[\w.\- ]{0,12}", text) else f"a text of {len(text)} characters"


def try_one(all_bases, seed, number, folder, keep=False):
    """One mutation: (number, kind, outcome, about, what was unproven)."""
    made = mutation(all_bases, seed, number)
    base = all_bases[made.base]
    place = folder / f"mutation-{number}"
    source = place / "in"
    source.mkdir(parents=True)
    if made.archive is not None:
        source = place / "in" / "release.zip"
        source.write_bytes(made.archive)
    else:
        for member in base.members:
            if member not in made.members:
                (source / member).symlink_to(base.folder / member)
        for member, data in made.members.items():
            if data is not None:
                (source / member).write_bytes(data)
    store = place / "store"
    try:
        result = ingest(*arguments(store, base, source), env=environment(NO_COLOR="1"), timeout=TIMEOUT)
        outcome, unproven = judge(base, made, result, store)
    except subprocess.TimeoutExpired:
        outcome, unproven = "WRONG", [f"no end after {TIMEOUT} s"]
    except (Wrong, AssertionError) as problem:
        outcome, unproven = "WRONG", [str(problem)]
    if not keep:
        shutil.rmtree(place)
    return number, made.base, made.kind, outcome, made.about, unproven


def try_all(all_bases, seed, numbers, folder, jobs, each=lambda done: None):
    """Every mutation's outcome, in their order."""
    with concurrent.futures.ThreadPoolExecutor(max_workers=jobs) as pool:
        done = []
        for outcome in pool.map(lambda number: try_one(all_bases, seed, number, folder), numbers):
            each(outcome)
            done.append(outcome)
        return done


def summary(done):
    """Counts by kind and outcome, then what was unproven."""
    outcomes = ["refused", "same content", "said", "unproven", "WRONG"]
    counts = collections.Counter((kind, outcome) for _, _, kind, outcome, _, _ in done)
    kinds = sorted({kind for kind, _ in counts})
    rows = [["", *outcomes]] + [[kind, *(counts[kind, outcome] or "" for outcome in outcomes)] for kind in kinds]
    rows.append(["in all", *(sum(counts[kind, outcome] for kind in kinds) for outcome in outcomes)])
    width = max(len(row[0]) for row in rows)
    text = "\n".join(row[0].ljust(width) + "".join(str(cell).rjust(14) for cell in row[1:]) for row in rows)
    unproven = collections.Counter(name for _, _, _, outcome, _, names in done if outcome == "unproven" for name in names)
    if unproven:
        text += "\n\nunproven: the value is the file's own, and nothing follows from it"
        text += "".join(f"\n{count:6} {name}" for name, count in sorted(unproven.items()))
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--number", type=int, help="only the mutation with this number")
    parser.add_argument("--release", action="append", help="only this one: RVU25A, RVU25A.zip, RVU25D, RVU26B or RVU26A")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--keep", action="store_true", help="keep the damaged files of --number and say where")
    options = parser.parse_args()
    if not DATA.is_dir():
        sys.exit(f"CMS's files are not in {DATA}; name their folder with INGEST_DATA=")
    folder = Path(tempfile.mkdtemp(prefix="mutate-"))
    try:
        all_bases = bases(folder, options.release)
        if options.number is not None:
            done = [try_one(all_bases, options.seed, options.number, folder, options.keep)]
            print(json.dumps(done[0]))
        else:
            def each(outcome):
                number, base, kind, result, about, problems = outcome
                if result == "WRONG":
                    print(f"WRONG {base} {about}: {problems[0]}\n  again: Scripts/mutate --seed {options.seed} --number {number} --keep"
                          + "".join(f" --release {name}" for name in options.release or []), flush=True)
                elif sys.stderr.isatty():
                    print(f"\r{number + 1}/{options.count}", end="", file=sys.stderr)

            done = try_all(all_bases, options.seed, range(options.count), folder, options.jobs, each)
            print(summary(done))
        sys.exit(1 if any(outcome[3] == "WRONG" for outcome in done) else 0)
    finally:
        if options.keep and options.number is not None:
            print(f"kept in {folder}")
        else:
            shutil.rmtree(folder)


if __name__ == "__main__":
    os.nice(10)
    main()
