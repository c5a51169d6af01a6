"""Whole processes, measured by the operating system's own account of them."""

import json
import os
import statistics
import subprocess
import sys
import time
import traceback
from pathlib import Path

FAILED, USAGE, UNAVAILABLE = 1, 64, 69

# How many seconds a short round of all contenders takes at most, and how many of them are run for one long round.
SHORT_ROUND = 5
SHORT_ROUNDS = 3


def say(text):
    print(f"benchmark: {text}", file=sys.stderr, flush=True)


def stop(code, text):
    say(text)
    sys.exit(code)


class AnswersDiffer(Exception):
    """Two programs came to different answers; says where."""

    def __init__(self, problems):
        super().__init__(problems)
        self.problems = problems


def refuse(problems):
    """Ends the contest when there is any problem."""
    if problems:
        raise AnswersDiffer(problems)


class Usage:
    """What one process took: seconds and bytes."""

    def __init__(self, wall, usage):
        self.wall = wall
        self.cpu = usage.ru_utime + usage.ru_stime
        self.peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def one_core():
    """Keeps the process to a single core, where the system can."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def measure(command, folder, answer="answer.txt", accepted=(0,), prepare=None, **more):
    """Runs a process to its end, its standard output into the file `answer` of the folder. This process stays small:
    Linux counts a parent's memory into its child's peak."""
    log = folder / "talk.txt"
    with open(log, "wb") as talk, open(folder / answer, "wb") as data:
        start = time.perf_counter()
        process = subprocess.Popen(
            [str(part) for part in command], stdout=data, stderr=talk, preexec_fn=prepare, **more
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in accepted:
        print(log.read_text(errors="replace"), file=sys.stderr)
        stop(FAILED, f"{Path(str(command[0])).name} failed with exit code {process.returncode}")
    return Usage(wall, usage)


def rounds(setting, contenders, title):
    """Runs every contender once a round, in turn, after a warm-up. Returns the usages of each.

    Short rounds are run three times as often: a machine that changes its speed within seconds says little in five.
    """

    def one(label):
        usages = {name: run() for name, run in contenders.items()}
        times = ", ".join(f"{name} {usage.wall:.3f} s" for name, usage in usages.items())
        say(f"{title} {label}: {times}")
        return usages

    warm_up = one("warm-up")
    is_short = sum(usage.wall for usage in warm_up.values()) < SHORT_ROUND
    count = setting.runs * (SHORT_ROUNDS if is_short and not setting.is_quick else 1)
    taken = [one(f"{number}/{count}") for number in range(1, count + 1)]
    return {name: [usages[name] for usages in taken] for name in contenders}


def aside(function, *arguments):
    """What a function returns (JSON) when it runs in a process of its own, see `measure`."""
    receiving, sending = os.pipe()
    child = os.fork()
    if child == 0:
        code = FAILED
        try:
            os.close(receiving)
            with os.fdopen(sending, "w") as out:
                json.dump(function(*arguments), out)
            code = 0
        except AnswersDiffer as error:
            for problem in error.problems[:20]:
                say(f"  {problem}")
            if len(error.problems) > 20:
                say(f"  … and {len(error.problems) - 20} more")
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    os.close(sending)
    with os.fdopen(receiving) as answer:
        text = answer.read()
    _, status = os.waitpid(child, 0)
    if status != 0:
        stop(FAILED, "the answers differ")
    return json.loads(text)


def middle(usages, attribute):
    return statistics.median(getattr(usage, attribute) for usage in usages)


def ratios(dividends, divisors, attribute="wall"):
    """Of each pair of runs; one number is taken once for all runs."""
    return [getattr(a, attribute) / getattr(b, attribute) for a, b in zip(dividends, divisors)]
