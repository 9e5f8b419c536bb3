"""Prints the licences of the packages in a program, with the texts that lie in their archives.

usage: notices.py METADATA
"""

import pathlib
import sys

from linked import Linked

NAMES = ("license", "licence", "copying", "notice", "unlicense")


def texts(package):
    """The licence files of a package, sorted by name."""
    directory = pathlib.Path(package["manifest_path"]).parent
    files = (file for file in directory.iterdir() if file.is_file())
    for file in sorted(file for file in files if file.name.lower().startswith(NAMES)):
        yield file.name, file.read_text(encoding="utf-8", errors="replace").strip()


def main(metadata):
    out = ["tofu-oci contains these packages, each under its own licence."]
    for package in Linked(metadata).packages:
        # Our own are under LICENSE.
        if package["source"] is None:
            continue
        licence = package["license"] or "see below"
        out.append(f"{'=' * 80}\n{package['name']} {package['version']}: {licence}")
        out.extend(f"--- {name}\n\n{text}" for name, text in texts(package))
    sys.stdout.buffer.write(("\n\n".join(out) + "\n").encode())


if __name__ == "__main__":
    main(*sys.argv[1:])
