"""What a contest found: a section of Markdown, and rows of the table that README.md shows."""

import re
import statistics
from dataclasses import dataclass, field
from pathlib import Path

from .process import middle, ratios

MB = 1e6
BEGIN, END = "<!-- benchmark:begin -->", "<!-- benchmark:end -->"
HEADER = ["| job | ingest | beside | ratio | goal | met |", "|---|---:|---:|---:|---:|:---:|"]
ROW = re.compile(r"\| [^|]+ \| [^|]+ \| [^|]+ \| [^|]+ \| [^|]+ \| (yes|\*\*no\*\*|–) \|")


@dataclass
class Row:
    """A line of the README's table."""

    job: str
    ours: str
    rival: str
    ratio: str = "–"
    goal: str = "–"
    is_met: bool | None = None

    def __str__(self):
        met = {True: "yes", False: "**no**", None: "–"}[self.is_met]
        return f"| {self.job} | {self.ours} | {self.rival} | {self.ratio} | {self.goal} | {met} |"


@dataclass
class Section:
    """What one contest found. `figures` is what `--keep` writes as JSON, `page` a file that shows the lines too."""

    title: str
    lines: list = field(default_factory=list)
    rows: list = field(default_factory=list)
    figures: dict = field(default_factory=dict)
    page: Path | None = None

    def markdown(self):
        return "\n".join([f"### {self.title}", "", *self.lines, ""])

    def add_usages(self, contenders, ours):
        """A table of all contenders beside ours."""
        self.lines += [
            f"| | wall | CPU, user + system | peak memory | wall ÷ {ours} | CPU ÷ {ours} |",
            "|---|---:|---:|---:|---:|---:|",
        ]
        for name, usages in contenders.items():
            cells = (
                ["–", "–"]
                if name == ours
                else [spread(ratios(usages, contenders[ours], attribute)) for attribute in ("wall", "cpu")]
            )
            cells = [
                seconds(middle(usages, "wall")),
                seconds(middle(usages, "cpu")),
                f"{middle(usages, 'peak') / MB:.0f} MB",
                *cells,
            ]
            self.lines.append(f"| {name} | {' | '.join(cells)} |")
            self.figures[name] = {part: [getattr(u, part) for u in usages] for part in ("wall", "cpu", "peak")}
        self.lines.append("")

    def faster(self, job, ours, name, theirs, at_least=None):
        """A row: how many times the wall time of `ours` a rival takes."""
        ratio = statistics.median(ratios(theirs, ours))
        goal = (f"≥ {at_least}×", ratio >= at_least) if at_least else ()
        self._row(job, ours, name, theirs, ratio, *goal)

    def above_floor(self, job, ours, name, theirs, at_most):
        """A row: how many times the wall time of the floor `ours` takes."""
        ratio = statistics.median(ratios(ours, theirs))
        self._row(job, ours, name, theirs, ratio, f"≤ {at_most}×", ratio <= at_most)

    def _row(self, job, ours, name, theirs, ratio, *goal):
        rival = f"{name} {seconds(middle(theirs, 'wall'))}"
        self.rows.append(Row(job, seconds(middle(ours, "wall")), rival, times(ratio), *goal))


def seconds(value):
    return f"{value:.2f} s" if value >= 1 else f"{value * 1000:.0f} ms" if value >= 0.01 else f"{value * 1000:.1f} ms"


def times(ratio):
    return f"{ratio:.1f}×"


def spread(values):
    return f"{statistics.median(values):.2f} ({min(values):.2f}–{max(values):.2f})"


def table(sections, preface):
    """The block of README.md: when and where, and every row."""
    rows = [str(row) for section in sections for row in section.rows]
    return "\n".join([BEGIN, preface, "", *HEADER, *rows, END])


def block_of(readme):
    """The block as README.md has it; `None` when there is none."""
    found = re.search(re.escape(BEGIN) + ".*?" + re.escape(END), readme, re.DOTALL)
    return found.group(0) if found else None


def page_with(text, section, preface):
    """The text of the section's page with what was measured in place of what stood there."""
    block = "\n".join([BEGIN, preface, "", *section.lines, END])
    old = block_of(text)
    return text.replace(old, block) if old else text.rstrip("\n") + "\n\n" + block + "\n"
