"""All payment amounts of a release: computed, beside NumPy, and written as CSV, beside NumPy and polars."""

import json
import statistics

from .process import aside, measure, refuse, rounds
from .report import Row, Section, times
from .setting import RIVALS

COMPUTED, WRITTEN = 20e6, 3e6


def run(setting):
    release, folder = setting.release, setting.folder
    if not release.is_real:
        return Section("Payments", ["**Skipped: CMS's files are not there.**"])
    revision = setting.published()
    inner = 5 if setting.is_quick else 20
    rival = [setting.python, RIVALS / "payments_numpy.py", revision]
    out = folder / "rival.csv"
    taken = {"ingest": [], "numpy": [], "polars": []}

    def timed(name, command, part):
        def once():
            usage = measure(command, folder, f"{name}.json")
            found = json.loads((folder / f"{name}.json").read_text())
            taken[name].append(statistics.median(found["seconds"][part]))
            return usage

        return once

    def ingest(store, *more):
        command = [setting.ingest, "run", "--release", release.label, *release.inputs, "--store", setting.fresh(store)]
        return measure([*command, *more], folder)

    contenders = {
        "ingest": timed("ingest", [setting.measure, "payments", release.rvu, release.label, inner], "compute"),
        "numpy": timed("numpy", [*rival, inner], "compute"),
        "plain": lambda: ingest("plain"),
        "paid": lambda: ingest("paid", "--payments"),
        "polars": timed("polars", [*rival, 2, out], "write"),
    }
    usages = rounds(setting, contenders, "payments")
    paid = folder / "paid" / "releases" / release.label / "r1"
    answers = aside(compare, folder, paid / "tables" / "payments.csv", out)
    rows = answers["amounts"]
    # The warm-up is the first of what the processes say of themselves.
    taken = {name: values[1:] for name, values in taken.items()}
    written = [max(b.wall - a.wall, 1e-3) for a, b in zip(usages["plain"], usages["paid"])]

    section = Section(f"Payments of {release.label}: {rows:,} rows")
    section.lines += [
        f"Answers agree: count and sums of fees, caps and payments, {answers['not_applicable']:,} without one; the two "
        f"files are the same {answers['bytes'] / 1e6:.0f} MB, byte for byte. Computing is timed inside each process, "
        f"{inner} rounds, on all cores, from values in memory. Writing is what `--payments` adds to a run; NumPy with "
        "polars is timed inside its process. "
        f"Peak memory with `--payments`: {max(u.peak for u in usages['paid']) / 1e6:.0f} MB.",
        "",
    ]
    section.figures = {"rows": rows, "seconds": {**taken, "written": written}}
    for job, ours, name, theirs, goal in (
        ("all payments computed", taken["ingest"], "NumPy", taken["numpy"], COMPUTED),
        ("all payments computed and written", written, "NumPy and polars", taken["polars"], WRITTEN),
    ):
        speed = rows / statistics.median(ours)
        ratio = statistics.median(b / a for a, b in zip(ours, theirs))
        section.rows.append(
            Row(
                job,
                f"{speed / 1e6:.1f} M/s",
                f"{name} {rows / statistics.median(theirs) / 1e6:.1f} M/s",
                times(ratio),
                f"≥ {goal / 1e6:.0f} M/s",
                speed >= goal,
            )
        )
    return section


def compare(folder, ours, theirs):
    sums, others = (json.loads((folder / f"{name}.json").read_text())["numbers"] for name in ("ingest", "numpy"))
    problems = [
        f"{name} is {sums[name]} in ours, {value} in NumPy's" for name, value in others.items() if sums[name] != value
    ]
    if ours.read_bytes() != theirs.read_bytes():
        for number, (one, other) in enumerate(zip(ours.open("rb"), theirs.open("rb")), 1):
            if one != other:
                problems.append(f"payments.csv:{number} is {one!r} in ours, {other!r} in the rival's")
                break
        else:
            problems.append("one payments.csv goes on where the other ends")
    refuse(problems)
    return {**sums, "bytes": ours.stat().st_size}
