"""Which packages end up in the program: those reached from tofu-oci-cli by normal dependencies."""

import json

PROGRAM = "tofu-oci-cli"


class Linked:
    """What `cargo metadata --filter-platform TARGET` says of the program."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            metadata = json.load(file)
        packages = {package["id"]: package for package in metadata["packages"]}
        nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
        root = next(id for id, package in packages.items() if package["name"] == PROGRAM)
        self.root = packages[root]
        self.edges = {}
        waiting = [root]
        while waiting:
            id = waiting.pop()
            if id in self.edges:
                continue
            self.edges[id] = sorted(
                dep["pkg"]
                for dep in nodes[id]["deps"]
                # A build script or a macro runs while building; a test's dependency not at all. What they need is
                # not in the program.
                if any(kind["kind"] is None for kind in dep["dep_kinds"])
                and not is_macro(packages[dep["pkg"]])
            )
            waiting.extend(self.edges[id])
        reached = [packages[id] for id in self.edges if id != root]
        self.packages = sorted(reached, key=lambda package: (package["name"], package["version"]))
        self.by_id = packages


def is_macro(package):
    """Whether a package is a procedural macro, which only the compiler runs."""
    return any("proc-macro" in target["kind"] for target in package["targets"])
