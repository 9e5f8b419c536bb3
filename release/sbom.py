"""Prints the software bill of materials of a program that cargo built: CycloneDX 1.6, the same bytes each time.

usage: sbom.py METADATA TREE CARGO_LOCK BINARY
"""

import datetime
import hashlib
import json
import os
import sys
import tomllib

from linked import Linked


def checksums(lock):
    """The SHA-256 of the archive of each package that came from a registry."""
    with open(lock, "rb") as file:
        entries = tomllib.load(file)["package"]
    return {(e["name"], e["version"]): e["checksum"] for e in entries if "checksum" in e}


def purl(name, version):
    return f"pkg:cargo/{name}@{version.replace('+', '%2B')}"


def component(package, sums):
    address = purl(package["name"], package["version"])
    entry = {
        "type": "library",
        "bom-ref": address,
        "name": package["name"],
        "version": package["version"],
        "purl": address,
    }
    if package["license"]:
        entry["licenses"] = [{"expression": package["license"].replace("/", " OR ")}]
    checksum = sums.get((package["name"], package["version"]))
    if checksum:
        entry["hashes"] = [{"alg": "SHA-256", "content": checksum}]
    return entry


def main(metadata, tree, lock, binary):
    linked = Linked(metadata, tree)
    sums = checksums(lock)
    with open(binary, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    time = datetime.datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), datetime.timezone.utc)
    root = linked.root
    address = purl(root["name"], root["version"])
    program = {
        "type": "application",
        "bom-ref": address,
        "name": "tofu-oci",
        "version": root["version"],
        "purl": address,
        "licenses": [{"expression": root["license"]}],
        "hashes": [{"alg": "SHA-256", "content": digest}],
    }
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ"), "component": program},
        "components": [component(package, sums) for package in linked.packages],
        "dependencies": [
            {"ref": purl(*package), "dependsOn": sorted(purl(*below) for below in linked.edges[package])}
            for package in sorted(linked.edges)
        ],
    }
    print(json.dumps(document, indent=2))


if __name__ == "__main__":
    main(*sys.argv[1:])
