"""A published store, read by its own description: which revisions there are, and the type of every column.

A column's type is that of the revision's datapackage.json, its decimal places those of Schemas/dataset/tables.csv.
Nothing is concluded from the values: each is checked against its type, in full, before an engine sees it.
"""

import csv
import functools
import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

from .environment import BAD_DATA, ROOT, UNAVAILABLE, USAGE, Failure, say

#: Digits of a decimal with fixed places, and the type of one whose places CMS does not fix (package sizes, national
#: anesthesia factors): up to six.
DIGITS = 12
WIDE_DIGITS, WIDE_PLACES = 18, 6

#: A comment lists as many values of a column with their meanings.
LISTED = 40

KINDS = {"string": "text", "list": "text", "number": "decimal", "integer": "integer", "boolean": "boolean", "date": "date"}
LABEL = re.compile(r"([A-Z0-9]+)(?:-r(\d+))?")


@dataclass(frozen=True)
class Column:
    name: str
    kind: str
    """text, decimal, integer, boolean or date; a list is text with ; between its items, as the CSV has it."""
    places: int | None
    is_required: bool
    is_key: bool
    meaning: str

    @property
    def type(self):
        """The type's name in DuckDB, Spark and PostgreSQL alike."""
        if self.kind == "decimal":
            return f"DECIMAL({WIDE_DIGITS},{WIDE_PLACES})" if self.places is None else f"DECIMAL({DIGITS},{self.places})"
        return {"integer": "INTEGER", "boolean": "BOOLEAN", "date": "DATE", "text": "VARCHAR"}[self.kind]

    @property
    def is_never_null(self):
        """A key's text is the empty string where it is blank, such as the modifier of a global row."""
        return self.is_required or self.is_key

    @functools.cached_property
    def form(self):
        """What a value has to look like so that the type holds it without rounding; `None` for text."""
        if self.kind == "decimal":
            whole = DIGITS - self.places if self.places is not None else WIDE_DIGITS - WIDE_PLACES
            end = rf"\.\d{{{self.places}}}" if self.places else rf"(\.\d{{1,{WIDE_PLACES}}})?" if self.places is None else ""
            return re.compile(rf"-?(0|[1-9]\d{{0,{whole - 1}}}){end}")
        forms = {"integer": r"-?(0|[1-9]\d{0,8})", "boolean": "true|false", "date": DATE}
        return re.compile(forms[self.kind]) if self.kind in forms else None


DATE = r"(?!0000)\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)|02-(?:0[1-9]|1\d|2\d))"


@dataclass(frozen=True)
class Table:
    name: str
    columns: tuple
    key: tuple
    references: tuple
    """(columns, other table, its columns)"""
    path: Path | None = None
    sha256: str = ""
    rows: int = 0
    meaning: str = ""


@dataclass(frozen=True)
class Revision:
    """A published revision: its folder, manifest and description."""

    label: str
    number: int
    folder: Path

    def __str__(self):
        return f"{self.label}-r{self.number}"

    @functools.cached_property
    def manifest_bytes(self):
        return read(self.folder / "manifest.json")

    @functools.cached_property
    def manifest(self):
        manifest = parsed(self.manifest_bytes, self.folder / "manifest.json")
        release = manifest["release"]
        if (release["label"], release["revision"]) != (self.label, self.number):
            raise Failure(BAD_DATA, f"{self.folder / 'manifest.json'}: is of {release['label']}-r{release['revision']}, "
                                    f"its folder of {self}; look for what was moved (ingest validate)")
        return manifest

    @property
    def manifest_sha256(self):
        return hashlib.sha256(self.manifest_bytes).hexdigest()

    @property
    def facts(self):
        """The columns of the table `releases`, text or whole numbers."""
        manifest = self.manifest
        return {
            "revision": self.number, "effective_from": manifest["release"]["effective"]["from"],
            "effective_to": manifest["release"]["effective"]["to"], "released": manifest["release"]["released"],
            "tier": manifest["tier"], "schema_version": manifest["schema_version"],
            "content_hash": manifest["content_hash"], "manifest_sha256": self.manifest_sha256,
        }

    @functools.cached_property
    def tables(self):
        """Every table that the revision has, in the order of its datapackage.json."""
        files = {file["path"]: file for file in self.manifest["files"]}
        package = self.folder / "datapackage.json"
        described = read(package)
        check_hash(described, files.get("datapackage.json", {}).get("sha256"), package)
        return tuple(
            table_of(resource, files, self.folder) for resource in parsed(described, package)["resources"])


#: What the manifest says of the release, as a table of its own.
RELEASES = Table(
    "releases",
    tuple(
        Column(name, kind, None, is_required, name == "revision", meaning)
        for name, kind, is_required, meaning in (
            ("revision", "integer", True, "Revision of the release, from 1"),
            ("effective_from", "date", True, "First day for which the release holds"),
            ("effective_to", "date", False, "Last day for which the release holds"),
            ("released", "date", False, "Day that CMS prints on it"),
            ("tier", "text", True, "public, or licensed with CPT and CDT descriptors"),
            ("schema_version", "text", True, "Version of the dataset's shape"),
            ("content_hash", "text", True, "Hash of what was published"),
            ("manifest_sha256", "text", True, "SHA-256 of the revision's manifest.json"),
        )
    ),
    ("revision",),
    (),
    meaning="The releases that are here, each with its revision and the days for which it holds",
)


@functools.cache
def dictionary():
    """Schemas/dataset/tables.csv by table and column."""
    with open(ROOT / "Schemas" / "dataset" / "tables.csv", encoding="utf-8", newline="") as file:
        return {(row["table"], row["column"]): row for row in csv.DictReader(file)}


def column_of(table, field, key):
    name = field["name"]
    known = dictionary().get((table, name), {})
    kind = KINDS.get(field["type"])
    if kind is None:
        raise Failure(BAD_DATA, f"datapackage.json: {table}.{name} has the type {field['type']}, which no engine is given")
    listed = KINDS.get(known.get("type"), known.get("type"))
    if known and listed != kind:
        raise Failure(BAD_DATA, f"datapackage.json: {table}.{name} is {kind}, and {listed} in Schemas/dataset/tables.csv; "
                                "take the scripts of the version that published it")
    places = known.get("places") or field.get("places")
    places = int(places) if kind == "decimal" and places else None
    return Column(name, kind, places, bool(field.get("constraints", {}).get("required")), name in key, comment(field))


def comment(field):
    """What the revision's own dictionary says of a column: meaning, unit and source, and what its values mean."""
    values = field.get("categories") or field.get("values") or []
    meanings = [f"{value['value']} = {value['label']}" for value in values]
    if len(meanings) > LISTED:
        meanings = [f"{len(meanings)} values, which indicator_values or datapackage.json explain"]
    return "\n".join([field.get("description", ""), *meanings]).strip()


def table_of(resource, files, folder):
    name, schema, path = resource["name"], resource["schema"], resource["path"]
    key = tuple(schema.get("primaryKey", ()))
    file = files.get(path)
    if file is None:
        raise Failure(BAD_DATA, f"{folder / 'manifest.json'}: does not list {path}, which datapackage.json describes")
    references = tuple(
        (tuple(one["fields"]), one["reference"]["resource"], tuple(one["reference"]["fields"]))
        for one in schema.get("foreignKeys", ()))
    columns = tuple(column_of(name, field, key) for field in schema["fields"])
    return Table(name, columns, key, references, folder / path, file["sha256"], file["rows"], resource.get("description", ""))


def payments_table():
    """The table `payments` as Schemas/dataset/tables.csv describes it: for revisions published without it."""
    rows = [row for (table, _), row in dictionary().items() if table == "payments"]
    key = tuple(row["column"] for row in rows if row["key"] == "yes")
    types = {"string": "string", "decimal": "number"}
    fields = [{"name": row["column"], "type": types[row["type"]], "constraints": {"required": row["required"] == "yes"}}
              for row in rows]
    return Table("payments", tuple(column_of("payments", field, key) for field in fields), key, ())


def revisions(store, wanted=()):
    """The newest revision of each release that was not withdrawn, or those that are asked for (RVU26A, RVU26A-r1), oldest
    effective first."""
    folder = Path(store) / "releases"
    if not folder.is_dir():
        raise Failure(UNAVAILABLE, f"{folder} is not there; publish with `ingest run --store {store}`, or name another --store")
    there, gone = {}, withdrawn(store)
    for path in folder.glob("*/r*"):
        if re.fullmatch(r"r[1-9]\d*", path.name) and (path / "manifest.json").is_file():
            there.setdefault(path.parent.name, {})[int(path.name[1:])] = path
    good = {label: [n for n in numbers if (label, n) not in gone] for label, numbers in there.items()}
    chosen = {}
    for text in wanted or [label for label in there if good[label]]:
        match = LABEL.fullmatch(text)
        label, number = (match.group(1), match.group(2)) if match else (text, None)
        number = int(number) if number else max(good.get(label, ()), default=None)
        if number not in there.get(label, {}):
            known = ", ".join(f"{name}-r{n}" for name in sorted(good) for n in sorted(good[name])) or "none"
            raise Failure(USAGE, f"{text} is not in {store}, or was withdrawn; there: {known}")
        if chosen.setdefault(label, number) != number:
            raise Failure(USAGE, f"--release asks for two revisions of {label}; take one")
        if (label, number) in gone:
            say(f"warning: {label}-r{number} was withdrawn: {gone[label, number]}")
    if not there:
        raise Failure(UNAVAILABLE, f"{store} has no published release; publish with `ingest run --store {store}`")
    found = [Revision(label, number, there[label][number]) for label, number in chosen.items()]
    return sorted(found, key=lambda one: (one.manifest["release"]["effective"]["from"], one.label))


def withdrawn(store):
    """The reason of each withdrawal, by release and revision: withdrawn.json of the store."""
    path = Path(store) / "withdrawn.json"
    if not path.exists():
        return {}
    try:
        found = {}
        for one in parsed(read(path), path)["revisions"]:
            label, number = LABEL.fullmatch(one["revision"]).groups()
            found[label, int(number)] = one["reason"]
        return found
    except (KeyError, TypeError, AttributeError, ValueError):
        raise Failure(BAD_DATA, f"{path}: does not say which revisions were withdrawn; restore it from a copy") from None


def read(path):
    try:
        return path.read_bytes()
    except OSError as error:
        raise Failure(UNAVAILABLE, f"{path} cannot be read: {error.strerror}") from None


def parsed(data, path):
    try:
        return json.loads(data)
    except ValueError as error:
        raise Failure(BAD_DATA, f"{path}: is no JSON ({error}); publish the revision again") from None


def check_hash(data, expected, path):
    if hashlib.sha256(data).hexdigest() != expected:
        raise damaged(path)


def damaged(path):
    return Failure(BAD_DATA, f"{path}: its SHA-256 is not the one in manifest.json: changed or cut since it was published; "
                             "see `ingest validate`, and take the folder from where it was published")


def check(table):
    """Reads a table's file through: the manifest's hash first, then number of rows and the form of every value."""
    try:
        with open(table.path, "rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != table.sha256:
                raise damaged(table.path)
        with open(table.path, encoding="utf-8", newline="") as file:
            rows = check_rows(table, csv.reader(file, strict=True))
    except OSError as error:
        raise Failure(UNAVAILABLE, f"{table.path} cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise Failure(BAD_DATA, f"{table.path}: {error}") from None
    if rows != table.rows:
        raise Failure(BAD_DATA, f"{table.path}: {rows} rows, and {table.rows} in manifest.json")


def check_rows(table, reader):
    names = [column.name for column in table.columns]
    header = next(reader, [])
    if header != names:
        raise Failure(BAD_DATA, f"{table.path}:1: has the columns {','.join(header)}; datapackage.json {','.join(names)}")
    # A value that was looked at needs no second look: a column has few different ones.
    seen = [{""} if not column.is_required else set() for column in table.columns]
    looked = [(number, seen[number]) for number, column in enumerate(table.columns) if column.form or column.is_required]
    width, count = len(names), 0
    for row in reader:
        count += 1
        if len(row) != width:
            raise Failure(BAD_DATA, f"{table.path}:{reader.line_num}: has {len(row)} fields, expected {width}")
        for number, good in looked:
            value = row[number]
            if value not in good:
                check_value(table, table.columns[number], value, reader.line_num)
                good.add(value)
    return count


def check_value(table, column, value, line):
    if not value:
        raise Failure(BAD_DATA, f"{table.path}:{line}: {column.name} is empty and has to have a value")
    if column.form and not column.form.fullmatch(value):
        raise Failure(BAD_DATA, f"{table.path}:{line}: {column.name} is {value!r}, which {column.type} does not hold exactly; "
                                "is the revision of another version? Nothing was rounded, nothing written")

