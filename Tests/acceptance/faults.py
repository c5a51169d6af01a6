"""Runs of the program in which one call of the system fails, or the process dies at it; and a model of a disk that loses
its power.

The calls come from failing_calls.c, which stands between the program and the C library. A call is named by what it does, the
path, and which one of that path it is, so that the same one is met again however threads take turns.
"""

import collections
import concurrent.futures
import functools
import os
import random
import re
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from support import environment, ingest

HERE = Path(__file__).resolve().parent

# The ways in which each call can fail. The others only look, or hand back.
FAILURES = {
    "open-to-write": ["ENOSPC", "EACCES", "EROFS", "EINTR", "EMFILE"],
    "write": ["ENOSPC", "EIO", "EINTR", "short"],
    "pwrite": ["ENOSPC", "EIO", "EINTR", "short"],
    "ftruncate": ["EIO"],
    "fsync": ["EIO", "ENOSPC", "EINTR"],
    "close": ["EIO", "EINTR"],
    "rename": ["ENOSPC", "EIO", "EACCES", "EROFS"],
    "link": ["EIO"],
    "mkdir": ["ENOSPC", "EIO", "EACCES", "EROFS"],
    "unlink": ["EIO", "EACCES", "EROFS"],
    "rmdir": ["EIO", "EACCES", "EROFS"],
    "chmod": ["EACCES", "EROFS"],
    "flock": ["EINTR", "ENOLCK", "EIO"],
    "fcntl-lock": ["EIO", "ENOLCK"],
    "open": ["EIO", "EACCES", "EINTR", "EMFILE"],
    "opendir": ["EIO", "EACCES", "EMFILE"],
    "read": ["EIO", "EINTR", "short"],
    "pread": ["EIO", "short"],
    "mmap": ["ENOMEM"],
    "stat": ["EIO", "EACCES"],
}
# What changes the store: a process can be killed before or behind each, and a disk can be full or read-only from it on.
CHANGES = {"open-to-write", "write", "pwrite", "ftruncate", "fsync", "rename", "link", "mkdir", "unlink", "rmdir", "chmod"}


@functools.cache
def library():
    """The compiled failing_calls.c."""
    folder = tempfile.TemporaryDirectory(prefix="failing-calls-")
    built = Path(folder.name) / "failing_calls.so"
    subprocess.run(
        ["cc", "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o", built, HERE / "failing_calls.c", "-ldl", "-pthread"],
        check=True)
    library.folder = folder  # removed when the process ends
    return built


def run_watched(root, arguments, *, target=None, how=None, lasting=False, log=None, clock=None, env=None):
    """Runs the program with its calls below `root` watched, and one of them disturbed."""
    changes = {"LD_PRELOAD": str(library()), "FAILING_ROOT": str(root)}
    if target:
        changes |= {"FAILING_TARGET": " ".join(map(str, target)), "FAILING_HOW": how}
    if lasting:
        changes["FAILING_LASTING"] = "1"
    if log:
        changes["FAILING_LOG"] = str(log)
    if clock:
        changes["FAILING_CLOCK"] = str(clock)
    return ingest(*arguments, env={**(env or environment()), **changes})


@dataclass
class Call:
    """A line of the log of calls."""

    name: str
    path: str
    second: str
    descriptor: int
    result: int
    offset: int
    data: bytes

    @classmethod
    def of(cls, line):
        name, path, second, descriptor, result, offset, data = line.rstrip("\n").split("\t")
        return cls(
            name, path, second, int(descriptor), int(result), int(offset), b"" if data == "-" else bytes.fromhex(data))


def calls_of(log):
    with open(log, encoding="utf-8") as file:
        return [Call.of(line) for line in file]


def targets(calls):
    """Each call as it is named to be disturbed."""
    seen = collections.Counter()
    for call in calls:
        seen[call.name, call.path] += 1
        yield call.name, call.path, seen[call.name, call.path]


def some_of(calls, names, chance, most=5):
    """The calls of these names to disturb. Of many equal ones, on one file or on the files of one folder, at most as many as
    stated: the first, the last and others between."""
    groups = collections.defaultdict(list)
    for target in targets(calls):
        if target[0] in names:
            groups[target[0], re.sub(r"/(tables|codes|sections|assets)/[\w.]+", r"/\1/*", target[1])].append(target)
    some = []
    for group in groups.values():
        picked = {0, len(group) - 1, *(chance.randrange(len(group)) for _ in range(most - 2))}
        some += [target for number, target in enumerate(group) if number in picked]
    return some


def in_parallel(work, cases):
    """`work` of each case, on two cores; the cases wait for another process nearly all the time."""
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        return list(pool.map(work, cases))


# A disk that loses its power.


@dataclass
class File:
    content: bytearray = field(default_factory=bytearray)
    durable: bytes = b""
    # Since it was last on disk for good: (offset, bytes), or a length to which it was cut.
    pending: list = field(default_factory=list)


@dataclass
class Folder:
    entries: dict = field(default_factory=dict)


@dataclass
class Change:
    """What one call did to names: entries taken away and given, in one step. `folders` make it durable."""

    taken: list
    given: list
    folders: list


class Disk:
    """What a disk may hold after the power fails, by what the program asked of it.

    Bytes of a file are there for good once the file was synchronised; a name, once the folder that holds it was. Before
    that each is there, is not, or (bytes) is there in part, in any combination: no file system keeps less, journaling
    ones more. A rename takes one name away and gives another in one step. Only folders that stood before count as there.
    """

    def __init__(self, before):
        """`before` is a folder of the real disk, taken as durable."""
        self.root = Folder()
        self.descriptors = {}
        self.changes = []
        self._read(before, self.root)
        self.durable = self._copy_names(self.root)

    def _read(self, path, folder):
        for entry in sorted(Path(path).iterdir()):
            if entry.is_dir():
                folder.entries[entry.name] = Folder()
                self._read(entry, folder.entries[entry.name])
            else:
                data = entry.read_bytes()
                folder.entries[entry.name] = File(bytearray(data), data)

    def _copy_names(self, folder):
        """The names below `folder` as they are now, by folder."""
        names = {id(folder): (folder, dict(folder.entries))}
        for entry in folder.entries.values():
            if isinstance(entry, Folder):
                names |= self._copy_names(entry)
        return names

    def _find(self, path):
        at = self.root
        for part in path.split("/") if path != "." else []:
            at = at.entries.get(part) if isinstance(at, Folder) else None
        return at

    def _place(self, path):
        folder, _, name = path.rpartition("/")
        return self._find(folder or "."), name

    def _change(self, taken, given, folders):
        for folder, name in taken:
            folder.entries.pop(name, None)
        for folder, name, entry in given:
            folder.entries[name] = entry
        self.changes.append(Change(taken, given, folders))

    def apply(self, call):
        """Does what a call of the log did. Calls that failed did nothing."""
        if call.result < 0:
            return
        if call.name in ("open-to-write", "open"):
            entry = self._find(call.path)
            if entry is None:
                folder, name = self._place(call.path)
                entry = File()
                self._change([], [(folder, name, entry)], [folder])
            elif call.offset & os.O_TRUNC and isinstance(entry, File):
                entry.content.clear()
                entry.pending.append(0)
            self.descriptors[call.descriptor] = entry
        elif call.name in ("write", "pwrite"):
            file = self.descriptors[call.descriptor]
            file.content.extend(bytes(max(0, call.offset - len(file.content))))
            file.content[call.offset:call.offset + len(call.data)] = call.data
            file.pending.append((call.offset, call.data))
        elif call.name == "ftruncate":
            file = self.descriptors[call.descriptor]
            del file.content[call.offset:]
            file.content.extend(bytes(call.offset - len(file.content)))
            file.pending.append(call.offset)
        elif call.name == "fsync":
            entry = self.descriptors[call.descriptor]
            if isinstance(entry, File):
                entry.durable = bytes(entry.content)
                entry.pending = []
            else:
                self._settle(entry)
        elif call.name == "mkdir":
            folder, name = self._place(call.path)
            made = Folder()
            self.durable[id(made)] = (made, {})
            self._change([], [(folder, name, made)], [folder])
        elif call.name == "rename":
            (source, old), (target, new) = self._place(call.path), self._place(call.second)
            # Where the disk has the new name for good, the old one is gone in the same step.
            self._change([(source, old)], [(target, new, source.entries[old])], [target])
        elif call.name in ("unlink", "rmdir"):
            folder, name = self._place(call.path)
            self._change([(folder, name)], [], [folder])
        elif call.name in ("fopen-to-write", "mmap-to-write", "link", "symlink"):
            raise AssertionError(f"the model of the disk does not know {call.name} of {call.path}")

    def _settle(self, folder):
        """A folder is synchronised: what changed its names is there for good."""
        left = []
        for change in self.changes:
            if any(folder is one for one in change.folders):
                self._write(self.durable, change)
                # A name that is taken away for good was given before, and is not given again.
                left = [other for other in left if not self._gives(other, change.taken)]
            else:
                left.append(change)
        self.changes = left

    @staticmethod
    def _gives(change, names):
        return any(folder is taken and name == gone for folder, name, _ in change.given for taken, gone in names)

    @staticmethod
    def _write(names, change):
        for folder, name in change.taken:
            names.setdefault(id(folder), (folder, {}))[1].pop(name, None)
        for folder, name, entry in change.given:
            names.setdefault(id(folder), (folder, {}))[1][name] = entry

    def states(self, seeds):
        """What may be left: nothing that was not synchronised, every name but no such bytes, and some of each."""
        yield self._state(lambda change: False, lambda file: file.durable)
        yield self._state(lambda change: True, lambda file: file.durable)
        for seed in seeds:
            chance = random.Random(seed)
            yield self._state(lambda change: chance.random() < 0.5, lambda file: self._torn(file, chance))

    def _state(self, has, content):
        names = {key: (folder, dict(entries)) for key, (folder, entries) in self.durable.items()}
        for change in self.changes:
            if has(change):
                self._write(names, change)
        found = {}

        def collect(folder, path):
            for name, entry in sorted(names.get(id(folder), (folder, {}))[1].items()):
                if isinstance(entry, Folder):
                    found[f"{path}{name}/"] = None
                    collect(entry, f"{path}{name}/")
                else:
                    found[path + name] = bytes(content(entry))

        collect(self.root, "")
        return found

    @staticmethod
    def _torn(file, chance):
        """Some of what was not synchronised, each write whole, in part, as zeros, or not at all."""
        content = bytearray(file.durable)
        for change in file.pending:
            way = chance.choice(["whole", "part", "zeros", "none"])
            if way == "none":
                continue
            if isinstance(change, int):
                del content[change:]
                continue
            offset, data = change
            data = bytes(len(data)) if way == "zeros" else data[:chance.randrange(len(data) + 1)] if way == "part" else data
            content.extend(bytes(max(0, offset - len(content))))
            content[offset:offset + len(data)] = data
        return content


def materialise(state, folder):
    """Writes a state of the disk."""
    folder.mkdir(parents=True)
    for path, data in state.items():
        if data is None:
            (folder / path).mkdir(parents=True, exist_ok=True)
        else:
            (folder / path).write_bytes(data)


