"""A store in PostgreSQL: tables with release and revision as the first part of every key, and views of what is in effect.

    fee_schedule.TABLE      every revision that was loaded
    fee_schedule.withdrawn  those that must no longer be used, and why
    fee_schedule.newest     the newest revision of each release that was not withdrawn
    fee_schedule.current    the release in effect today: of those that have begun, the one that began last
    current.TABLE           the rows of that release
"""

import contextlib
import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import time
from pathlib import Path

from .dataset import RELEASES, check
from .environment import BAD_DATA, CANNOT_WRITE, UNAVAILABLE, Failure, need_program

SCHEMA, CURRENT = "fee_schedule", "current"
#: Two loads at once wait for each other.
LOCK = 0x1D6E57

PROGRAMS = "/usr/lib/postgresql/*/bin/postgres"


class Server:
    """A PostgreSQL of one's own in a folder: made when it is not there, reached by a socket in that folder and by nothing
    else, stopped at the end."""

    def __init__(self, folder, *settings):
        self.folder = Path(folder).resolve()
        self.settings = settings
        self.programs = need_program(self._find, "PostgreSQL").parent
        # PostgreSQL refuses to run as root.
        self.user = pwd.getpwnam("postgres") if os.geteuid() == 0 else None

    @staticmethod
    def _find():
        found = shutil.which("initdb")
        if found:
            return Path(found).resolve()
        there = sorted(Path("/").glob(PROGRAMS[1:]), key=lambda path: float(path.parts[-3]))
        return there[-1] if there else None

    @property
    def conninfo(self):
        return f"host={self.folder} user=postgres dbname=postgres"

    def __enter__(self):
        data = self.folder / "data"
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self.user:
                os.chown(self.folder, self.user.pw_uid, self.user.pw_gid)
        except OSError as error:
            raise Failure(CANNOT_WRITE, f"{self.folder}: {error.strerror}") from None
        if not (data / "PG_VERSION").exists():
            self._run("initdb", "--pgdata", data, "--username", "postgres", "--auth", "trust", "--encoding", "UTF8",
                      "--locale", "C.UTF-8", "--no-sync")
        self.log = open(self.folder / "log.txt", "ab")
        self.process = subprocess.Popen(
            [self.programs / "postgres", "-D", data, "-k", self.folder, "-c", "listen_addresses=",
             "-c", "unix_socket_permissions=0700", *(part for setting in self.settings for part in ("-c", setting))],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, cwd=self.folder, preexec_fn=ends_with_parent(signal.SIGINT),
            **self._as_user())
        try:
            self._wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        # SIGINT: open connections are ended, what was committed is on disk.
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()

    def _wait(self):
        import psycopg

        for _ in range(600):
            if self.process.poll() is not None:
                break
            with contextlib.suppress(psycopg.OperationalError):
                psycopg.connect(self.conninfo).close()
                return
            time.sleep(0.1)
        said = (self.folder / "log.txt").read_text(errors="replace").strip().splitlines()[-3:]
        raise Failure(UNAVAILABLE, f"PostgreSQL does not start in {self.folder}: {' '.join(said)}")

    def _run(self, program, *arguments):
        done = subprocess.run(
            [self.programs / program, *arguments], capture_output=True, text=True, cwd=self.folder if not self.user else "/",
            **self._as_user())
        if done.returncode != 0:
            said = done.stderr.strip().splitlines()[-1:]
            raise Failure(CANNOT_WRITE, f"{program} cannot make {self.folder}/data: {' '.join(said)}; does the user postgres get "
                                        "there? Name another folder with --server")

    def _as_user(self):
        return {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []} if self.user else {}


def ends_with_parent(how):
    """For a new process: it gets a signal when this one ends, however that comes about. Linux only."""
    if not hasattr(os, "pidfd_open"):
        return None
    libc = ctypes.CDLL(None)
    return lambda: libc.prctl(1, int(how))


def connected(conninfo):
    import psycopg

    try:
        return psycopg.connect(conninfo)
    except psycopg.OperationalError as error:
        raise Failure(UNAVAILABLE, f"the database cannot be reached: {' '.join(str(error).split())}") from None


def load(connection, revision):
    """Loads a revision in one transaction. Returns loaded or unchanged."""
    import psycopg

    try:
        with connection.transaction(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
            if is_there(cursor, revision):
                return "unchanged"
            tables = revision.tables
            for table in tables:
                check(table)
            make_schema(cursor)
            for table in tables:
                make_table(cursor, table)
            facts = revision.facts
            names = [column.name for column in RELEASES.columns]
            cursor.execute(
                f"INSERT INTO {SCHEMA}.releases (release, {', '.join(names)}) VALUES (%s{', %s' * len(names)})",
                [revision.label, *(facts[name] for name in names)])
            for table in tables:
                fill(cursor, table, revision)
        return "loaded"
    except psycopg.Error as error:
        raise Failure(BAD_DATA, f"{revision}: {' '.join(str(error).split())}; nothing of it was loaded") from None


def mark_withdrawn(connection, withdrawn):
    """Takes over what the store says was withdrawn. Returns what is new of it and was loaded."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s)", (f"{SCHEMA}.withdrawn",))
        if cursor.fetchone()[0] is None:
            return []
        marked = []
        for (label, number), reason in sorted(withdrawn.items()):
            cursor.execute(
                f"INSERT INTO {SCHEMA}.withdrawn SELECT release, revision, %s FROM {SCHEMA}.releases "
                "WHERE release = %s AND revision = %s ON CONFLICT DO NOTHING", (reason, label, number))
            marked += [f"{label}-r{number}"] * cursor.rowcount
        return marked


def is_there(cursor, revision):
    cursor.execute("SELECT to_regclass(%s)", (f"{SCHEMA}.releases",))
    if cursor.fetchone()[0] is None:
        return False
    cursor.execute(f"SELECT release, revision, tier, manifest_sha256 FROM {SCHEMA}.releases")
    loaded = cursor.fetchall()
    for label, number, tier, sha256 in loaded:
        if tier != revision.manifest["tier"]:
            raise Failure(BAD_DATA, f"{revision} is of the {revision.manifest['tier']} tier, what is loaded of the {tier} one; "
                                    "name another database")
        if (label, number) == (revision.label, revision.number):
            if sha256 == revision.manifest_sha256:
                return True
            raise Failure(BAD_DATA, f"{revision} is loaded with another content (manifest.json {sha256[:12]}…, here "
                                    f"{revision.manifest_sha256[:12]}…); a revision never changes: which store is the right one?")
    return False


def make_schema(cursor):
    cursor.execute("SELECT to_regnamespace(%s)", (SCHEMA,))
    if cursor.fetchone()[0] is not None:
        return
    cursor.execute(f"CREATE SCHEMA {SCHEMA}")
    comment(cursor, "SCHEMA", SCHEMA, "CMS's Physician Fee Schedule relative values and HCPCS Level II, release by release")
    cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {CURRENT}")
    comment(cursor, "SCHEMA", CURRENT, "The release in effect today, see fee_schedule.current")
    make_table(cursor, RELEASES)
    cursor.execute(f"CREATE TABLE {SCHEMA}.withdrawn (release text, revision integer, reason text NOT NULL, "
                   f"PRIMARY KEY (release, revision), FOREIGN KEY (release, revision) REFERENCES {SCHEMA}.releases)")
    comment(cursor, "TABLE", f"{SCHEMA}.withdrawn", "Revisions that must no longer be used; their rows stay")
    comment(cursor, "COLUMN", f"{SCHEMA}.withdrawn.release", "Label of the release, such as RVU26A")
    comment(cursor, "COLUMN", f"{SCHEMA}.withdrawn.revision", "Revision of the release, from 1")
    comment(cursor, "COLUMN", f"{SCHEMA}.withdrawn.reason", "Why, in the maintainer's words")
    cursor.execute(
        f"CREATE VIEW {SCHEMA}.newest AS SELECT DISTINCT ON (release) * FROM {SCHEMA}.releases r WHERE NOT EXISTS "
        f"(SELECT FROM {SCHEMA}.withdrawn w WHERE w.release = r.release AND w.revision = r.revision) "
        "ORDER BY release, revision DESC")
    comment(cursor, "VIEW", f"{SCHEMA}.newest", "The newest revision of each release that was not withdrawn")
    cursor.execute(f"CREATE VIEW {SCHEMA}.current AS SELECT * FROM {SCHEMA}.newest WHERE effective_from <= CURRENT_DATE "
                   "ORDER BY effective_from DESC, release DESC LIMIT 1")
    comment(cursor, "VIEW", f"{SCHEMA}.current", "The release in effect today: of those that have begun, the one that began last")


def make_table(cursor, table):
    """The table with its keys and comments; a column that an older revision lacked is added."""
    name = f"{SCHEMA}.{quoted(table.name)}"
    cursor.execute("SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped",
                   (f"{SCHEMA}.{table.name}",))
    there = {row[0] for row in cursor.fetchall()}
    added = [column for column in table.columns if column.name not in there]
    if not added:
        return
    if there:
        for column in added:
            cursor.execute(f"ALTER TABLE {name} ADD COLUMN {quoted(column.name)} {type_of(column)}")
    else:
        columns = [f"{quoted(c.name)} {type_of(c)}{' NOT NULL' if c.is_never_null else ''}" for c in table.columns]
        first = ["release text NOT NULL", *([] if table.name == "releases" else ["revision integer NOT NULL"])]
        cursor.execute(f"CREATE TABLE {name} ({', '.join([*first, *columns, *constraints(table)])})")
        comment(cursor, "TABLE", name, table.meaning)
        comment(cursor, "COLUMN", f"{name}.release", "Label of the release, such as RVU26A")
        if table.name != "releases":
            comment(cursor, "COLUMN", f"{name}.revision", "Revision of the release, from 1")
    for column in added:
        comment(cursor, "COLUMN", f"{name}.{quoted(column.name)}", column.meaning)
    if table.name != "releases":
        view = f"{CURRENT}.{quoted(table.name)}"
        cursor.execute(f"CREATE OR REPLACE VIEW {view} AS SELECT t.* FROM {name} t "
                       f"JOIN {SCHEMA}.current c ON c.release = t.release AND c.revision = t.revision")
        comment(cursor, "VIEW", view, f"{table.name} of the release in effect today. {table.meaning}".rstrip())


def constraints(table):
    if table.name == "releases":
        yield "PRIMARY KEY (release, revision)"
        return
    if table.key:
        yield f"PRIMARY KEY (release, revision, {names(table.key)})"
    yield f"FOREIGN KEY (release, revision) REFERENCES {SCHEMA}.releases"
    for columns, other, others in table.references:
        yield (f"FOREIGN KEY (release, revision, {names(columns)}) "
               f"REFERENCES {SCHEMA}.{quoted(other)} (release, revision, {names(others)})")


def fill(cursor, table, revision):
    """The CSV as it is, by COPY; the types are exact, since `check` has refused what they would round."""
    columns = names(column.name for column in table.columns)
    cursor.execute("CREATE TEMP TABLE incoming ({}) ON COMMIT DROP".format(
        ", ".join(f"{quoted(column.name)} {type_of(column)}" for column in table.columns)))
    blank = [quoted(column.name) for column in table.columns if column.is_never_null and column.kind == "text"]
    force = f", FORCE_NOT_NULL ({', '.join(blank)})" if blank else ""
    with open(table.path, "rb") as file:
        with cursor.copy(f"COPY incoming FROM STDIN WITH (FORMAT csv, HEADER true, ENCODING 'UTF8'{force})") as copy:
            while part := file.read(1 << 20):
                copy.write(part)
    cursor.execute(f"INSERT INTO {SCHEMA}.{quoted(table.name)} (release, revision, {columns}) "
                   f"SELECT %s, %s, {columns} FROM incoming", (revision.label, revision.number))
    if cursor.rowcount != table.rows:
        raise Failure(BAD_DATA, f"{table.path}: PostgreSQL reads {cursor.rowcount} rows, manifest.json says {table.rows}")
    cursor.execute("DROP TABLE incoming")
    cursor.execute(f"ANALYZE {SCHEMA}.{quoted(table.name)}")


def comment(cursor, kind, name, text):
    from psycopg import sql

    if text:
        cursor.execute(sql.SQL(f"COMMENT ON {kind} {name} IS {{}}").format(sql.Literal(text)))


def type_of(column):
    return {"VARCHAR": "text"}.get(column.type, column.type)


def names(columns):
    return ", ".join(map(quoted, columns))


def quoted(name):
    return '"' + name.replace('"', '""') + '"'
