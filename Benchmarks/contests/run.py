"""The whole run with every output, beside the same job in pandas and beside the floor, which only moves the bytes."""

import csv
import hashlib
import json
import sqlite3
import statistics
import subprocess
from decimal import Decimal

from .process import aside, measure, middle, one_core, refuse, rounds
from .report import MB, Row, Section
from .setting import RIVALS

TABLES = {
    "relative_values": ["code", "modifier"],
    "codes": ["code"],
    "modifiers": ["modifier"],
    "localities": ["mac", "locality"],
    "opps_caps": ["code", "modifier", "mac", "locality"],
}
PROVENANCE = {"provenance": ["table", "code", "modifier", "mac", "locality", "file", "line"]}
ENGINES = ["openpyxl", "calamine"]
SUMS = {
    "relative_values": ["work", "pe_nonfacility", "pe_facility", "mp", "total_nonfacility", "total_facility"],
    "localities": ["gpci_work", "gpci_pe", "gpci_mp", "anesthesia_cf"],
    "opps_caps": ["facility", "nonfacility"],
}
LARGEST = 150


def run(setting):
    release, folder = setting.release, setting.folder
    published = setting.published()

    def ingest(store, **more):
        command = [setting.ingest, "run", "--release", release.label, *release.inputs, "--store", setting.fresh(store)]
        return measure(command, folder, **more)

    def floor(store, **more):
        command = [setting.floor, "run", published, setting.fresh(store), release.rvu, release.hcpcs]
        return measure(command, folder, "floor.txt", **more)

    def pandas(out, *workbooks):
        script = [setting.python, RIVALS / "run_pandas.py", *workbooks]
        return measure([*script, release.rvu, release.hcpcs, setting.fresh(out)], folder)

    # The small archives of samples/ have no workbooks.
    engines = ENGINES if release.is_real else []
    plain = "pandas, CSV and TXT alone"
    with_workbooks = {engine: f"pandas, workbooks too ({engine})" for engine in engines}
    contenders = {
        "ingest": lambda: ingest("store"),
        "floor": lambda: floor("floor-store"),
        plain: lambda: pandas("pandas"),
        **{name: lambda e=engine: pandas(e, "--workbooks", e) for engine, name in with_workbooks.items()},
        "ingest, one core": lambda: ingest("one-core", prepare=one_core),
    }
    usages = rounds(setting, contenders, "run")
    revision = folder / "store" / "releases" / release.label / "r1"
    answers = aside(compare, revision, folder / "pandas")
    more = [aside(compare, revision, folder / engine, True) for engine in engines]
    written = aside(compare_floor, revision, folder / "floor-store" / "releases" / "r1", folder / "floor.txt")

    section = Section(f"`ingest run` of {release.label}, every output, whole processes")
    section.add_usages(usages, "ingest")
    section.lines += [
        f"Answers agree with pandas: {answers['cells']:,} cells of every column it writes, column sums, rows of both "
        f"databases, both `codes.ndjson`. The floor wrote the same {written['files']} files, "
        f"{written['bytes'] / MB:.0f} MB, with the hashes that the manifest names.",
        "",
    ]
    for engine, found in zip(engines, more):
        section.lines += [
            f"With workbooks ({engine}) {found['cells']:,} cells agree, those with the file and line of "
            f"{found['rows']['provenance']:,} rows among them, and the hash of every file that was read.",
            "",
        ]
    stages(setting, section)
    section.above_floor("whole run, every output", usages["ingest"], "floor", usages["floor"], 3)
    section.faster("whole run, every output", usages["ingest"], plain, usages[plain], 8)
    for name in with_workbooks.values():
        section.faster("whole run, every output", usages["ingest"], name, usages[name], 8)
    peak = middle(usages["ingest"], "peak") / MB
    section.rows.append(
        Row(
            "peak memory of the run",
            f"{peak:.0f} MB",
            f"{plain} {middle(usages[plain], 'peak') / MB:.0f} MB",
            goal=f"< {LARGEST} MB",
            is_met=peak < LARGEST,
        )
    )
    return section


def stages(setting, section):
    """Medians of each stage, as `ingest run --timings` gives them."""
    release, file = setting.release, setting.folder / "timings.json"
    seen = {}
    for _ in range(setting.runs):
        command = [
            setting.ingest,
            "run",
            "--release",
            release.label,
            *release.inputs,
            "--store",
            setting.fresh("staged"),
        ]
        measure([*command, "--timings", file], setting.folder)
        once = {}
        for entry in json.loads(file.read_text()):
            wall, cpu = once.get(entry["stage"], (0, 0))
            once[entry["stage"]] = (wall + entry["wall_ms"], cpu + entry["cpu_ms"])
        for stage, pair in once.items():
            seen.setdefault(stage, []).append(pair)
    parts = ", ".join(
        f"{stage} {statistics.median(wall for wall, _ in pairs):.0f} ({statistics.median(cpu for _, cpu in pairs):.0f})"
        for stage, pairs in seen.items()
    )
    section.lines += [f"Milliseconds of wall time (CPU) by stage: {parts}.", ""]
    section.figures["stages"] = seen


def read_table(folder, name):
    with open(folder / "tables" / f"{name}.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    return rows[0], rows[1:]


def compare(ingest, pandas, has_provenance=False):
    """Compares the outputs of both programs."""
    problems = []
    summary = {"cells": 0, "rows": {}}
    tables = {**TABLES, **PROVENANCE} if has_provenance else TABLES
    for name, keys in tables.items():
        (left_header, left), (right_header, right) = read_table(ingest, name), read_table(pandas, name)
        summary["rows"][name] = len(left)
        missing = [column for column in right_header if column not in left_header]
        if missing:
            problems.append(f"{name}: ingest does not write {', '.join(missing)}")
            continue
        if len(left) != len(right):
            problems.append(f"{name}: ingest wrote {len(left)} rows, pandas {len(right)}")
        for column in SUMS.get(name, []):
            sums = [
                sum((Decimal(row[header.index(column)]) for row in rows if row[header.index(column)]), Decimal(0))
                for header, rows in ((left_header, left), (right_header, right))
            ]
            if sums[0] != sums[1]:
                problems.append(f"{name}: the sum of {column} is {sums[0]} in ingest's and {sums[1]} in pandas's")
        sides = []
        for header, rows in ((left_header, left), (right_header, right)):
            key = [header.index(column) for column in keys]
            cells = [header.index(column) for column in right_header]
            sides.append({tuple(row[i] for i in key): [row[i] for i in cells] for row in rows})
            if len(sides[-1]) != len(rows):
                problems.append(f"{name}: {len(rows) - len(sides[-1])} keys repeat")
        for key in sorted(sides[0].keys() ^ sides[1].keys()):
            problems.append(f"{name}: {'-'.join(key)} is in {'ingest' if key in sides[0] else 'pandas'}'s only")
        for key, cells in sides[0].items():
            if (others := sides[1].get(key)) is None:
                continue
            summary["cells"] += len(cells)
            if cells == others:
                continue
            for column, one, other in zip(right_header, cells, others):
                if one != other:
                    problems.append(
                        f"{name}: {'-'.join(key)} {column} is {one!r} in ingest's and {other!r} in pandas's"
                    )

    for folder in (ingest, pandas):
        with sqlite3.connect(f"file:{folder / 'dataset.sqlite'}?mode=ro", uri=True) as database:
            for name in [*tables, "search"]:
                count = database.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]
                if count != summary["rows"]["codes" if name == "search" else name]:
                    problems.append(f"{folder.name}/dataset.sqlite: {name} has {count} rows")
        with open(folder / "codes.ndjson", encoding="utf-8") as file:
            codes = [json.loads(line)["code"] for line in file]
        if len(set(codes)) != summary["rows"]["codes"] or len(codes) != len(set(codes)):
            problems.append(f"{folder.name}/codes.ndjson has {len(codes)} documents of {len(set(codes))} codes")
    if has_provenance:
        problems += compare_manifests(ingest, pandas)
    refuse(problems)
    return summary


def compare_manifests(ingest, pandas):
    """Both must have read the same files, and pandas have hashed what it wrote."""
    ours, theirs = (json.loads((folder / "manifest.json").read_text()) for folder in (ingest, pandas))
    left, right = ({entry["path"]: entry["sha256"] for entry in manifest["inputs"]} for manifest in (ours, theirs))
    problems = [f"{path}: not read alike, or by one only" for path in left | right if left.get(path) != right.get(path)]
    hashed = {entry["path"]: entry["sha256"] for entry in theirs["files"]}
    for path in sorted(pandas.rglob("*")):
        name = path.relative_to(pandas).as_posix()
        if path.is_file() and name != "manifest.json":
            if hashlib.sha256(path.read_bytes()).hexdigest() != hashed.get(name):
                problems.append(f"{name}: pandas's manifest has another hash")
    return problems


def compare_floor(ours, floor, talk):
    """The floor must have written the same files, and have hashed them as the manifest does."""
    same = subprocess.run(["diff", "-rq", str(ours), str(floor)], capture_output=True, text=True)
    problems = same.stdout.splitlines()
    hashed = {line.split(" ", 4)[0] for line in talk.read_text().splitlines()}
    files = json.loads((ours / "manifest.json").read_text())["files"]
    problems += [f"{file['path']}: the floor has another hash" for file in files if file["sha256"] not in hashed]
    inputs = json.loads((ours / "manifest.json").read_text())["inputs"]
    problems += [f"{i['path']}: the floor did not read it" for i in inputs if i["sha256"] and i["sha256"] not in hashed]
    refuse(problems)
    return {"files": len(files) + 1, "bytes": sum(file["bytes"] for file in files)}
