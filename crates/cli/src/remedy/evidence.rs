//! What lies beside a release in its repository.

super::group! {
    "Evidence beside a release"
    EvidenceMismatch
    "A manifest that the registry lists as evidence of a release names another one, or lacks the file that its kind has. Somebody attached it to the wrong release, or wants it to pass for evidence of this one."
    ["sha256:2b1c… is listed in oci.example.com/acme/demo as evidence of sha256:9f2c…, and names sha256:71aa…"]
    "`tofu-oci show REF` shows what is listed, with the problem beside it. Whoever publishes deletes it with `tofu-oci delete REPOSITORY@DIGEST` and publishes the version again, which adds what is missing.";
    EvidenceTooLarge
    "A release has more documents beside it than anybody can look at, or one of them is longer than any of its kind; or more of them than a package's manifest takes were to be published with `--profile embedded`."
    ["sha256:2b1c… of oci.example.com/acme/demo has 70000000 bytes, the limit for a file of its kind (SPDX SBOM) is 33554432"]
    "`tofu-oci show REF` shows what is there. Publish fewer or smaller SBOMs, or choose `--profile referrers`, which takes any number of them.";
    EvidenceRefused
    "The registry admits only types that it knows, and those of checksums files and SBOMs are not among them. The packages were sent, and the version has no tag."
    ["oci.example.com/acme/demo takes the packages of the release, and refuses the evidence beside them", "oci.example.com does not accept storing the manifest sha256:2b1c… in oci.example.com/acme/demo: 400 MANIFEST_INVALID: unknown media type"]
    "Publish with `--profile embedded`, or with `--profile auto`, which does so by itself; or ask whoever runs the registry to admit the type that the message names.";
    EvidenceLost
    "The registry confirmed a manifest that refers to the release, and does not list it afterwards. Nobody would find the checksums file or the SBOM."
    ["oci.example.com/acme/demo took evidence of the release and does not list it: the checksums file sha256:2b1c…"]
    "Publish with `--profile embedded`, or with `--profile auto`. A version that has its tag already keeps its digest, so it needs a new version. After a copy, publish a version with `--profile embedded` and copy that.";
}
