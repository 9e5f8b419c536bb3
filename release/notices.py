"""Prints the licences of the packages in a program, each text once with the packages that it is for.

usage: notices.py METADATA TREE
"""

import pathlib
import sys

from linked import Linked

NAMES = ("license", "licence", "copying", "notice", "unlicense")
LINE = "=" * 80


def texts(package):
    """The texts that lie in the archive of a package."""
    directory = pathlib.Path(package["manifest_path"]).parent
    files = (file for file in directory.iterdir() if file.is_file())
    for file in sorted(file for file in files if file.name.lower().startswith(NAMES)):
        text = file.read_text(encoding="utf-8", errors="replace")
        yield "\n".join(line.rstrip() for line in text.strip().splitlines())


def main(metadata, tree):
    names = []
    holders = {}
    for package in Linked(metadata, tree).packages:
        # Our own are under LICENSE.
        if package["source"] is None:
            continue
        name = f"{package['name']} {package['version']}"
        names.append(f"{name}: {package['license'] or 'see below'}")
        for text in texts(package):
            holders.setdefault(text, []).append(name)
    out = ["tofu-oci contains these packages, each under its own licence:", "\n".join(names)]
    for text, packages in holders.items():
        out.append(f"{LINE}\n{', '.join(packages)}\n{LINE}\n\n{text}")
    sys.stdout.buffer.write(("\n\n".join(out) + "\n").encode())


if __name__ == "__main__":
    main(*sys.argv[1:])
