"""Prints the software bill of materials of a program that cargo built: CycloneDX 1.6, the same bytes each time.

usage: sbom.py METADATA CARGO_LOCK BINARY
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


def purl(package):
    return f"pkg:cargo/{package['name']}@{package['version'].replace('+', '%2B')}"


def component(package, sums):
    entry = {
        "type": "library",
        "bom-ref": purl(package),
        "name": package["name"],
        "version": package["version"],
        "purl": purl(package),
    }
    if package["license"]:
        entry["licenses"] = [{"expression": package["license"].replace("/", " OR ")}]
    checksum = sums.get((package["name"], package["version"]))
    if checksum:
        entry["hashes"] = [{"alg": "SHA-256", "content": checksum}]
    return entry


def main(metadata, lock, binary):
    linked = Linked(metadata)
    sums = checksums(lock)
    with open(binary, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    time = datetime.datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), datetime.timezone.utc)
    root = linked.root
    program = {
        "type": "application",
        "bom-ref": purl(root),
        "name": "tofu-oci",
        "version": root["version"],
        "purl": purl(root),
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
            {"ref": ref, "dependsOn": below}
            for ref, below in sorted(
                (purl(linked.by_id[id]), sorted(purl(linked.by_id[dep]) for dep in deps))
                for id, deps in linked.edges.items()
            )
        ],
    }
    print(json.dumps(document, indent=2))


if __name__ == "__main__":
    main(*sys.argv[1:])
