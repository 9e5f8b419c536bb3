"""Which packages end up in the program: what cargo says it links, without build scripts, macros and tests."""

import json
import re

LINE = re.compile(r"(?P<depth>\d+)(?P<name>\S+) v(?P<version>\S+)")


class Linked:
    """The packages of a `cargo tree --edges normal,no-proc-macro --prefix depth`.

    `cargo metadata` alone would name packages, too, that only features which are off would bring in; it tells what the
    tree does not: licences and places.
    """

    def __init__(self, metadata, tree):
        with open(metadata, encoding="utf-8") as file:
            known = {(p["name"], p["version"]): p for p in json.load(file)["packages"]}
        self.edges = {}
        path = []
        with open(tree, encoding="utf-8") as file:
            for line in file:
                found = LINE.match(line)
                if not found:
                    continue
                package = (found["name"], found["version"])
                self.edges.setdefault(package, set())
                path[int(found["depth"]) :] = [package]
                if len(path) > 1:
                    self.edges[path[-2]].add(package)
        self.root = known[next(iter(self.edges))]
        self.packages = [known[key] for key in sorted(self.edges) if known[key] is not self.root]
