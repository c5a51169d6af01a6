"""Parsing all CSV tables of a release: ours, pandas, polars and DuckDB; and in one process beside libcsv alone."""

import functools
import json
import statistics

from .process import aside, measure, middle, refuse, rounds
from .report import Row, Section, seconds, spread, times
from .setting import RIVALS


def run(setting):
    release = setting.release
    if not release.is_real:
        return Section("Parsing", ["**Skipped: CMS's files are not there.**"])
    commands = {
        "ingest": [setting.measure, "parse", release.rvu, release.label],
        **{name: [setting.python, RIVALS / f"parse_{name}.py", release.rvu] for name in ("pandas", "polars", "duckdb")},
    }
    contenders = {
        name: functools.partial(measure, command, setting.folder, f"{name}.json") for name, command in commands.items()
    }
    rivals = list(commands)[1:]
    for name in rivals:
        contenders[f"import {name}"] = functools.partial(
            measure, [setting.python, "-c", f"import {name}"], setting.folder, "import.txt"
        )
    usages = rounds(setting, contenders, "parse")
    answers = aside(compare, setting.folder, list(commands))

    section = Section(f"Parsing the five CSV tables of {release.label}, whole processes")
    section.add_usages({name: usages[name] for name in commands}, "ingest")
    section.lines += [
        f"Answers agree: {answers['rows']:,} rows, {answers['columns']} columns of amounts and marks with equal sums.",
        "Each reads the members PPRRVU, GPCI, ANES, LOCCO and OPPSCAP from CMS's archive; codes are text, "
        "amounts exact.",
        "Ours also recognises each by its content, checks every value's form and domain and the row totals, and joins.",
        "The rivals' times hold their imports: "
        + ", ".join(f"{name} {seconds(middle(usages[f'import {name}'], 'wall'))}" for name in rivals)
        + ".",
        "",
    ]
    for name, goal in (("polars", 3), ("duckdb", 3), ("pandas", 8)):
        section.faster("parse the CSV tables", usages["ingest"], name, usages[name], goal)
    in_process(setting, section)
    return section


def compare(folder, names):
    answers = {name: json.loads((folder / f"{name}.json").read_text())["numbers"] for name in names}
    ours = answers["ingest"]
    refuse(
        [
            f"{column} is {ours.get(column)} in ours and {theirs.get(column)} in {name}'s"
            for name, theirs in answers.items()
            for column in sorted(ours.keys() | theirs.keys())
            if ours.get(column) != theirs.get(column)
        ]
    )
    rows = sum(value for column, value in ours.items() if column.endswith("_rows"))
    return {"rows": rows, "columns": len([column for column in ours if not column.endswith("_rows")])}


def in_process(setting, section):
    release = setting.release
    measure(
        [setting.measure, "tokenise", release.rvu, release.label, max(5, 4 * setting.runs)], setting.folder, "in.json"
    )
    found = json.loads((setting.folder / "in.json").read_text())
    taken = found["seconds"]
    libcsv, unpack, parse, normalise = (taken[part] for part in ("libcsv", "unpack", "parse", "normalise"))
    whole = [sum(parts) for parts in zip(unpack, parse, normalise)]
    usual = {name: statistics.median(values) for name, values in taken.items()}
    ratio = [a / b for a, b in zip(whole, libcsv)]
    section.lines += [
        f"In one process, on one thread, medians of {len(libcsv)} rounds: libcsv alone finds "
        f"{found['numbers']['fields']:,} fields in {seconds(usual['libcsv'])}; ours takes "
        f"{seconds(usual['unpack'])} to inflate, {seconds(usual['parse'])} to parse and {seconds(usual['normalise'])} to normalise: "
        f"{spread(ratio)} times libcsv's time in all, "
        f"{spread([(a - b) / c for a, b, c in zip(whole, unpack, libcsv)])} without inflating, "
        f"{spread([a / b for a, b in zip(parse, libcsv)])} for parsing alone.",
        "",
    ]
    section.figures["in process"] = taken
    for job, ours, ratios, goal in (
        ("parse them in process, one thread", taken["parse"], [a / b for a, b in zip(parse, libcsv)], 1.5),
        ("inflate, parse and normalise them in process, one thread", whole, ratio, None),
    ):
        median = statistics.median(ratios)
        section.rows.append(
            Row(
                job,
                seconds(statistics.median(ours)),
                f"libcsv's tokenising {seconds(usual['libcsv'])}",
                times(median),
                f"≤ {goal}×" if goal else "–",
                median <= goal if goal else None,
            )
        )
