"""The difference of two whole releases, beside csv-diff, which compares two CSV files by a key."""

import csv
import json
from collections import Counter

from .process import FAILED, aside, measure, refuse, rounds
from .report import Section
from .run import read_table
from .setting import data_folder

#: Two releases with the folders of their files, and the tables that both programs compare.
BASE, HEAD = ("RVU25D", "rvu25d"), ("RVU26B", "rvu26b")
TABLES = ("relative_values", "descriptor_digests")
ROW_KEY = "code-modifier"


def run(setting):
    missing = [str(data_folder() / files) for _, files in (BASE, HEAD) if not (data_folder() / files).is_dir()]
    if missing:
        return Section("`ingest diff`", [f"**Skipped: CMS's files are not in {' and '.join(missing)}.**"])
    folder = setting.folder
    for label, files in (BASE, HEAD):
        command = [
            setting.ingest,
            "run",
            "--release",
            label,
            "--input",
            data_folder() / files,
            "--store",
            folder / "store",
        ]
        measure(command, folder)
    tables = aside(flatten, folder)

    def ingest(answer, *more):
        command = [setting.ingest, "diff", BASE[0], HEAD[0], "--store", folder / "store", *more]
        return measure(command, folder, answer, accepted=(0, FAILED))  # 1 is a verdict, too

    def csv_diff(answer, *more):
        # Told that it is CSV, it need not guess the delimiter: that is faster.
        sides = [folder / f"{label}.csv" for label, _ in (BASE, HEAD)]
        command = [setting.python.parent / "csv-diff", *sides, "--key", ROW_KEY, "--format", "csv", *more]
        return measure(command, folder, answer)

    contenders = {
        "ingest": lambda: ingest("ingest.txt"),
        "csv-diff": lambda: csv_diff("csv-diff.txt"),
        "ingest, JSON": lambda: ingest("ingest.json", "--format", "json"),
        "csv-diff, JSON": lambda: csv_diff("csv-diff.json", "--json"),
        "ingest, reports": lambda: ingest("ingest.txt", "--report", setting.fresh("report")),
    }
    usages = rounds(setting, contenders, "diff")
    answers = aside(compare, folder)

    section = Section(f"`ingest diff` {BASE[0]} → {HEAD[0]}, whole processes")
    section.add_usages(usages, "ingest")
    section.lines += [
        f"Answers agree: {answers['added']:,} rows added, {answers['removed']:,} removed, {answers['changed']:,} of "
        f"{answers['rows_common']:,} changed; {answers['cells']:,} changed cells with the same text before and after, "
        f"{answers['cells_of_added']:,} cells of added rows. csv-diff reads one table of {tables['columns']} columns.",
        "",
    ]
    section.faster("difference of two releases", usages["ingest"], "csv-diff", usages["csv-diff"], 20)
    section.faster("the same as JSON", usages["ingest, JSON"], "csv-diff", usages["csv-diff, JSON"])
    return section


def joined(revision):
    """Every row of PPRRVU with its descriptor's digests, its key in one column. Returns the header and the rows."""
    (header, rows), (digest_header, digests) = (read_table(revision, name) for name in TABLES)
    assert header[:2] == digest_header[:2] == ["code", "modifier"]
    more = {tuple(row[:2]): row[2:] for row in digests}
    none = [""] * len(digest_header[2:])
    return (
        [ROW_KEY, *header[2:], *digest_header[2:]],
        [["-".join(row[:2]), *row[2:], *more.get(tuple(row[:2]), none)] for row in rows],
    )


def flatten(folder):
    """Writes each side as one CSV, without the columns that hold nothing on a side."""
    sides = {label: joined(folder / "store" / "releases" / label / "r1") for label, _ in (BASE, HEAD)}
    columns = list(dict.fromkeys(name for header, _ in sides.values() for name in header))
    filled = [{name for name, cells in zip(header, zip(*rows)) if any(cells)} for header, rows in sides.values()]
    kept = [name for name in columns if all(name in names for names in filled)]
    for label, (header, rows) in sides.items():
        places = [header.index(name) for name in kept]
        with open(folder / f"{label}.csv", "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(kept)
            writer.writerows([row[place] for place in places] for row in rows)
    return {"columns": len(kept) - 1}


def csv_text(value):
    """A value of diff.json as the tables write it; its numbers were read as text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else value


def changes_of_ingest(difference, columns):
    """Keys of added and of removed rows, and all cells that changed or came with a row: row, column, from, to."""
    added, removed, cells = set(), set(), Counter()
    tables = {category["id"]: category["table"] for category in difference["categories"]}
    for change in difference["changes"]:
        if tables[change["category"]] not in TABLES:
            continue
        key = f"{change['code']}-{change['modifier'] or ''}"
        if change["category"] == "rows_removed":
            removed.add(key)
        if change["category"] == "rows_added":
            added.add(key)
        if change.get("field") in columns:
            cells[key, change["field"], csv_text(change["from"]), csv_text(change["to"])] += 1
        for column, value in change.get("row", {}).items():
            if column in columns:
                cells[key, column, None, csv_text(value)] += 1
    return added, removed, cells


def changes_of_csv_diff(difference, columns):
    """The same of csv-diff's answer."""
    cells = Counter(
        (row["key"], column, *pair) for row in difference["changed"] for column, pair in row["changes"].items()
    )
    cells.update((row[ROW_KEY], column, None, row[column]) for row in difference["added"] for column in columns)
    added, removed = ({row[ROW_KEY] for row in difference[event]} for event in ("added", "removed"))
    return added, removed, cells


def compare(folder):
    """Compares the answers of both programs."""
    with open(folder / f"{BASE[0]}.csv", encoding="utf-8", newline="") as file:
        columns = set(next(csv.reader(file))) - {ROW_KEY}
    whole = (folder / "report" / "diff.json").read_bytes()
    ingest = json.loads(whole, parse_float=str, parse_int=str)
    rival = json.loads((folder / "csv-diff.json").read_bytes())

    problems = []
    if (folder / "ingest.json").read_bytes() != whole:
        problems.append("--format json and --report give different JSON")
    if rival["columns_added"] or rival["columns_removed"]:
        problems.append("the CSV files have different columns")
    summary = {"verdict": ingest["verdict"], "rows_common": int(ingest["counts"]["rows_common"])}
    for event in ("added", "removed", "changed"):
        summary[event] = int(ingest["counts"][f"rows_{event}"])
        if summary[event] != len(rival[event]):
            problems.append(f"ingest counts {summary[event]} {event} rows, csv-diff {len(rival[event])}")

    ours, theirs = changes_of_ingest(ingest, columns), changes_of_csv_diff(rival, columns)
    for event, one, other in zip(("added", "removed"), ours, theirs):
        for key in sorted(one ^ other):
            problems.append(f"{key} was {event} in {'ingest' if key in one else 'csv-diff'}'s only")
    for name, only in (("ingest", ours[2] - theirs[2]), ("csv-diff", theirs[2] - ours[2])):
        for key, column, before, after in only:
            problems.append(f"{key} {column}: {before!r} → {after!r} is in {name}'s only")
    summary["cells"] = sum(count for cell, count in ours[2].items() if cell[2] is not None)
    summary["cells_of_added"] = sum(ours[2].values()) - summary["cells"]
    refuse(problems)
    return summary
