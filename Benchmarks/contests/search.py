"""A published dataset from cold: a new process opens the database and searches, or shows a code."""

import os
import sys
from pathlib import Path

from .process import aside, measure, middle, refuse, rounds
from .report import Row, Section, seconds
from .setting import RIVALS

WORDS = "wheelchair cushion"
DROP = Path("/proc/sys/vm/drop_caches")
SHOWN = 0.030


def run(setting):
    folder = setting.folder
    revision = setting.published()
    store = revision.parent.parent.parent
    words = WORDS if setting.release.is_real else "aminolevulinic"
    code = "99213" if setting.release.is_real else "J7308"
    can_drop = not setting.is_quick and os.access(DROP, os.W_OK)

    def cold(command, answer):
        """After the system has forgotten what it read of any file."""

        def once():
            os.sync()
            DROP.write_text("1")
            return measure(command, folder, answer)

        return once

    def warm(command, answer):
        return lambda: measure(command, folder, answer)

    python = sys.executable
    commands = {
        "ingest search": [setting.ingest, "search", words, "--store", store],
        "sqlite3": [python, RIVALS / "search_sqlite.py", revision / "dataset.sqlite", words + "*"],
        "ingest show": [setting.ingest, "show", code, "--store", store],
        "ingest --version": [setting.ingest, "--version"],
    }
    usages = rounds(setting, {name: warm(command, f"{name}.txt") for name, command in commands.items()}, "search")
    if can_drop:
        # By themselves: what follows a dropped cache in the same round would have to read from the disk, too.
        forgetful = {
            f"{name}, disk cold": cold(commands[name], f"{name}.txt") for name in ("ingest show", "ingest --version")
        }
        usages |= rounds(setting, forgetful, "search, disk cold")
    found = aside(compare, folder, code)

    section = Section("Opening a published dataset: each a new process")
    section.add_usages(usages, "ingest search")
    section.lines += [
        f"Answers agree: `{words}` finds the same {found} codes in the same order, with Python's sqlite3 as "
        f"an app would ask; `ingest show {code}` prints that code. "
        + (
            "Disk cold: the system's cache of files was dropped before."
            if can_drop
            else "Disk cold is not measured here: dropping the system's cache of files takes root, and no --quick."
        ),
        "",
    ]
    section.faster("search the published database", usages["ingest search"], "Python's sqlite3", usages["sqlite3"])
    for suffix, what in (("", "a new process"), (", disk cold", "disk cold")):
        if shown := usages.get(f"ingest show{suffix}"):
            wall = middle(shown, "wall")
            empty = middle(usages[f"ingest --version{suffix}"], "wall")
            section.rows.append(
                Row(
                    f"`ingest show`, {what}",
                    seconds(wall),
                    f"`--version` {seconds(empty)}",
                    goal=f"< {seconds(SHOWN)}",
                    is_met=wall < SHOWN,
                )
            )
    section.figures["codes"] = found
    return section


def compare(folder, code):
    ours = [line.split()[0] for line in (folder / "ingest search.txt").read_text().splitlines()]
    theirs = (folder / "sqlite3.txt").read_text().split()
    problems = [] if ours == theirs and ours else [f"ingest search finds {ours}, sqlite3 {theirs}"]
    if not (folder / "ingest show.txt").read_text().startswith(code):
        problems.append(f"ingest show does not begin with {code}")
    refuse(problems)
    return len(ours)
