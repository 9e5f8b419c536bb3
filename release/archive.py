"""Packs a directory so that the same files give the same bytes: a .tar.gz, or a .zip for a Windows program.

usage: archive.py TREE OUT PROGRAM
"""

import gzip
import os
import pathlib
import sys
import tarfile
import time
import zipfile


def files(tree):
    """The files below a directory and their names in the archive, sorted."""
    found = (path for path in tree.rglob("*") if path.is_file())
    named = ((path, path.relative_to(tree.parent).as_posix()) for path in found)
    return sorted(named, key=lambda pair: pair[1])


def mode(path, program):
    return 0o755 if path.name == program else 0o644


def tar(tree, place, program, epoch):
    with open(place, "wb") as raw, gzip.GzipFile("", "wb", 9, raw, epoch) as packed:
        with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
            for path, name in files(tree):
                entry = tarfile.TarInfo(name)
                entry.size = path.stat().st_size
                entry.mtime = epoch
                entry.mode = mode(path, program)
                with open(path, "rb") as file:
                    archive.addfile(entry, file)


def zip(tree, place, program, epoch):
    # Zips cannot say a time before 1980.
    when = time.gmtime(max(epoch, 315532800))[:6]
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path, name in files(tree):
            entry = zipfile.ZipInfo(name, when)
            entry.create_system = 3
            entry.external_attr = (0o100000 | mode(path, program)) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes())


def main(tree, out, program):
    tree = pathlib.Path(tree)
    epoch = int(os.environ["SOURCE_DATE_EPOCH"])
    pack, ending = (zip, ".zip") if program.endswith(".exe") else (tar, ".tar.gz")
    place = os.path.join(out, tree.name + ending)
    pack(tree, place, program, epoch)
    print(place)


if __name__ == "__main__":
    main(*sys.argv[1:])
