#!/usr/bin/env python3
"""Reads every overlay of a folder with PyYAML's fastest loader (libyaml) and looks for doubled words, on all cores:
lint_pyyaml.py FOLDER. Prints the files and how many have one. A lower bound of a linter: it knows no code, no schema.
"""

import json
import os
import re
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import yaml

DOUBLED = re.compile(r"\b(\w+)\s+\1\b")


def texts(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)


def doubled(path):
    # As text: 00100 stays 00100.
    with open(path, "rb") as file:
        documents = list(yaml.load_all(file, Loader=yaml.CBaseLoader))
    return len(documents), sum(len(DOUBLED.findall(text)) for document in documents for text in texts(document))


def main():
    files = sorted(map(str, Path(sys.argv[1]).rglob("*.yaml")))
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        found = list(pool.map(doubled, files, chunksize=100))
    print(json.dumps({"documents": sum(n for n, _ in found), "doubled": sum(d for _, d in found)}))


if __name__ == "__main__":
    main()
