"""Questions in SQL that DuckDB and Spark answer alike: a file each, with its parameters as comments.

    -- :code text = 99213 -- HCPCS code
    -- :mix table (code text, units integer) = mix.csv -- services and how often they are given

`:code` in the SQL stands for the value as a literal, `:mix` for the rows of the CSV file. A default's file lies beside
the question.
"""

import csv
import datetime
import io
import re
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from .environment import BAD_DATA, UNAVAILABLE, USAGE, Failure

PARAMETER = re.compile(r"-- :(\w+) (text|integer|decimal|date|table)(?: \((.*)\))?(?: = (\S*))? -- (.+)")
#: `::` is a cast in DuckDB alone, and no parameter.
USE = re.compile(r"(?<![:\w]):([a-z]\w*)")
FORMS = {
    # Quotes and backslashes are not the same in both engines' literals, and no code or label has any.
    "text": re.compile(r"[\w .,/()-]*"), "integer": re.compile(r"-?\d{1,9}"),
    "decimal": re.compile(r"-?\d{1,8}(\.\d{1,4})?"), "date": re.compile(r"\d{4}-\d\d-\d\d"),
}
ROWS = 10_000


@dataclass(frozen=True)
class Parameter:
    name: str
    kind: str
    columns: tuple
    default: str | None
    meaning: str


@dataclass
class Question:
    path: Path
    text: str
    title: str
    parameters: dict = field(default_factory=dict)

    @property
    def name(self):
        return self.path.stem

    @property
    def statement(self):
        """The text without its comments, which stand on lines of their own."""
        return "\n".join(line for line in self.text.splitlines() if not line.lstrip().startswith("--")).strip().rstrip(";")

    def sql(self, given=None):
        """The statement with every parameter's value in its place."""
        given = given or {}
        values = {}
        for name, parameter in self.parameters.items():
            value = given.get(name, parameter.default)
            if value is None:
                raise Failure(USAGE, f"{self.path}: needs --set {name}=…, {parameter.meaning}")
            if parameter.kind == "table":
                path = Path(value) if name in given else self.path.parent / value
                values[name] = rows_literal(parameter, path)
            else:
                values[name] = literal(parameter.kind, value, f"--set {name}")
        unknown = set(USE.findall(self.statement)) - set(values)
        if unknown:
            raise Failure(BAD_DATA, f"{self.path}: uses :{sorted(unknown)[0]}, which no comment declares")
        return USE.sub(lambda match: values[match.group(1)], self.statement)

    def tables(self, there):
        """Those of the tables that the statement names."""
        words = set(re.findall(r"\w+", self.statement))
        return [table for table in there if table in words]


def read(path):
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise Failure(UNAVAILABLE, f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise Failure(BAD_DATA, f"{path}: is no UTF-8 text") from None
    first = text.splitlines()[0] if text else ""
    question = Question(path, text, first.removeprefix("--").strip())
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("-- :"):
            match = PARAMETER.fullmatch(line)
            if not match or (match.group(2) == "table") != bool(match.group(3)):
                raise Failure(BAD_DATA, f"{path}:{number}: expected `-- :NAME text|integer|decimal|date = DEFAULT -- MEANING` "
                                        "or `-- :NAME table (COLUMN TYPE, …) = FILE -- MEANING`")
            name, kind, columns, default, meaning = match.groups()
            columns = tuple(tuple(one.split()) for one in (columns or "").split(",") if one.strip())
            for column in columns:
                if len(column) != 2 or column[1] not in FORMS:
                    raise Failure(BAD_DATA, f"{path}:{number}: {' '.join(column)} is no COLUMN TYPE")
            question.parameters[name] = Parameter(name, kind, columns, default, meaning)
    return question


def literal(kind, value, where):
    if not FORMS[kind].fullmatch(value):
        raise Failure(USAGE, f"{where}: {value!r} is no {kind}")
    if kind == "date":
        try:
            datetime.date.fromisoformat(value)
        except ValueError:
            raise Failure(USAGE, f"{where}: {value} is no day of the calendar") from None
    return {"text": f"'{value}'", "integer": value, "decimal": f"CAST('{value}' AS DECIMAL(12,4))",
            "date": f"CAST('{value}' AS DATE)"}[kind]


def rows_literal(parameter, path):
    """A CSV file's rows as VALUES, each with its type: the same in every engine, nothing for them to guess."""
    names = [name for name, _ in parameter.columns]
    try:
        with open(path, encoding="utf-8", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = next(reader, [])
            if header != names:
                raise Failure(BAD_DATA, f"{path}:1: has the columns {','.join(header)}, expected {','.join(names)}")
            rows = []
            for row in reader:
                if len(row) != len(names):
                    raise Failure(BAD_DATA, f"{path}:{reader.line_num}: has {len(row)} fields, expected {len(names)}")
                rows.append([literal(kind, value, f"{path}:{reader.line_num}: {name}")
                             for (name, kind), value in zip(parameter.columns, row)])
    except OSError as error:
        raise Failure(UNAVAILABLE, f"{path} cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise Failure(BAD_DATA, f"{path}: {error}") from None
    if not 0 < len(rows) <= ROWS:
        raise Failure(BAD_DATA, f"{path}: has {len(rows)} rows, expected 1 to {ROWS:,}")
    values = ", ".join(f"({', '.join(row)})" for row in rows)
    return f"(SELECT * FROM (VALUES {values}) AS listed({', '.join(names)}))"


def canonical(names, rows, where):
    """The answer as CSV: LF, decimals with all their places, no exponent, empty for NULL."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([[text(value, where) for value in row] for row in rows])
    return out.getvalue()


def text(value, where):
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        return value.isoformat()
    if isinstance(value, (int, str)):
        return str(value)
    raise Failure(BAD_DATA, f"{where}: the answer has {value!r}, a {type(value).__name__}; cast it to DECIMAL, which is exact")
