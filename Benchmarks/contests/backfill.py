"""Twenty-four releases into one store, one after the other: time and memory must not grow with what is there."""

import json
import os
import shutil
import statistics

from .process import aside, measure, ratios, refuse
from .relabelled import sources, write_archives
from .report import MB, Row, Section, seconds
from .setting import archive

RELEASES = 24
#: What the copies lack of a release's own past, and is no defect of theirs.
ALLOWED = ["facility_na", "locality_keys"]
BARS = "▁▂▃▄▅▆▇█"
#: How much more the last third may take without growing.
MARGIN = 1.15


def run(setting):
    count = 6 if setting.is_quick else RELEASES
    if sources() is None:
        return Section("Backfill", ["**Skipped: CMS's files are not there.**"])
    releases = aside(write_archives, setting.folder, count)
    hcpcs = archive("hcpcs", "2020-annual")
    store, small = setting.folder / "store", setting.folder / "small-store"

    def publish(label, name, where):
        command = [setting.ingest, "run", "--release", label, "--input", setting.folder / name, "--store", where]
        command += ["--input", hcpcs] if hcpcs else []
        for check in ALLOWED:
            command += ["--allow", check, "--reason", "a release made for the benchmark"]
        return measure(command, setting.folder)

    usages, beside = [], []
    for number, (label, name) in enumerate(releases):
        usages.append(publish(label, name, store))
        if number >= count - third(count):
            aside(link_release, store, setting.fresh("small-store"), releases[number - 1][0])
            beside.append(publish(label, name, small))
    answers = aside(compare, store, [label for label, _ in releases])

    section = Section(f"Backfill of {count} releases into one store, one after the other")
    section.lines += ["| | first | median | last | each, oldest first |", "|---|---:|---:|---:|---|"]
    for name, attribute, show in (
        ("wall", "wall", seconds),
        ("CPU", "cpu", seconds),
        ("peak memory", "peak", lambda b: f"{b / MB:.0f} MB"),
    ):
        values = [getattr(usage, attribute) for usage in usages]
        section.figures[attribute] = values
        cells = [show(values[0]), show(statistics.median(values)), show(values[-1]), f"`{bars(values)}`"]
        section.lines.append(f"| {name} | {' | '.join(cells)} |")
    section.lines += [
        "",
        f"{answers['rows']:,} rows in all; each differs from the one before as its source does. The releases are CMS's "
        "RVU25A and RVU25D in turn under older labels, with their titles, conversion factors and OPPS caps. "
        "The first has nothing to be compared with. Bars go from nothing to the largest.",
        "",
    ]
    total = sum(usage.wall for usage in usages)
    job = f"backfill of {count} releases"
    # Side by side, so that a machine whose speed changes changes both.
    growth = statistics.median(ratios(usages[-len(beside) :], beside, "cpu"))
    peaks = grown([usage.peak for usage in usages])
    each = f"{seconds(statistics.median(u.wall for u in usages))} each"
    section.rows += [
        Row(
            f"{job}, CPU time",
            f"{seconds(total)} wall, {each}",
            f"its last third ÷ the same in a store of one {seconds(statistics.median(u.wall for u in beside))}",
            f"{growth:.2f}×",
            f"≤ {MARGIN}×",
            growth <= MARGIN,
        ),
        Row(
            f"{job}, peak memory",
            f"{max(u.peak for u in usages) / MB:.0f} MB at most",
            "its last third ÷ first third",
            f"{peaks:.2f}×",
            f"≤ {MARGIN}×",
            peaks <= MARGIN,
        ),
    ]
    return section


def grown(values):
    """The last third beside the first, medians; the very first release, which is compared with nothing, left out."""
    some = third(len(values))
    return statistics.median(values[-some:]) / statistics.median(values[1 : 1 + some])


def third(count):
    return max(1, (count - 1) // 3)


def link_release(store, small, label):
    """A store that has one release: the files of another's, which never change."""
    shutil.copytree(store / "releases" / label, small / "releases" / label, copy_function=os.link)


def bars(values):
    top = max(values)
    return "".join(BARS[round(value / top * (len(BARS) - 1))] for value in values)


def compare(store, labels):
    """Every release is there with its source's rows, and its difference is that of the two sources."""
    problems, rows = [], 0
    expected = {0: (18865, 1, 226), 1: (19090, 226, 1)}
    for number, label in enumerate(labels):
        revision = store / "releases" / label / "r1"
        files = {file["path"]: file for file in json.loads((revision / "manifest.json").read_text())["files"]}
        count, added, removed = expected[number % 2]
        found = files["tables/relative_values.csv"]["rows"]
        rows += found
        if found != count:
            problems.append(f"{label} has {found} rows, its source {count}")
        counts = json.loads((revision / "diff.json").read_text())["counts"]
        if number and (counts["rows_added"], counts["rows_removed"]) != (added, removed):
            problems.append(
                f"{label}: {counts['rows_added']} rows added and {counts['rows_removed']} removed; "
                f"its source has {added} and {removed}"
            )
    refuse(problems)
    return {"rows": rows}
