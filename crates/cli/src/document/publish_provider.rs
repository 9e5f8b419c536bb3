use serde::Serialize;

use super::{Document, Field};

/// A digest for examples.
pub(super) const DIGEST: &str =
    "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
/// A hash for examples.
pub(super) const H1: &str = "h1:Dd7yx0bPZ1kMjkZM5bHMZX2QF9WCc0iq1cBuPbC1bqo=";

/// What publishing a provider came to.
#[derive(Debug, Serialize)]
pub(crate) struct ReleaseDocument {
    pub(crate) version: u8,
    pub(crate) release: ReleaseEntry,
}

/// A release.
#[derive(Debug, Serialize)]
pub(crate) struct ReleaseEntry {
    pub(crate) reference: String,
    pub(crate) pinned: String,
    pub(crate) version: String,
    pub(crate) tag: String,
    pub(crate) digest: String,
    pub(crate) outcome: &'static str,
    pub(crate) profile: &'static str,
    pub(crate) replaced: Option<String>,
    pub(crate) packages: Vec<PackageEntry>,
    pub(crate) attachments: Vec<AttachmentEntry>,
    pub(crate) bytes: u64,
    pub(crate) to_sign: Option<ToSignEntry>,
}

/// A signature that would be made.
#[derive(Debug, Serialize)]
pub(crate) struct ToSignEntry {
    pub(crate) list: String,
    pub(crate) filename: String,
    pub(crate) key: String,
}

/// A package of a release.
#[derive(Debug, Serialize)]
pub(crate) struct PackageEntry {
    pub(crate) platform: String,
    pub(crate) filename: String,
    pub(crate) digest: String,
    pub(crate) size: u64,
    pub(crate) h1: String,
    pub(crate) put: Option<&'static str>,
}

/// Something beside the packages.
#[derive(Debug, Serialize)]
pub(crate) struct AttachmentEntry {
    pub(crate) kind: &'static str,
    pub(crate) platform: Option<String>,
    pub(crate) filenames: Vec<String>,
    pub(crate) digest: String,
    pub(crate) put: Option<&'static str>,
}

impl Document for ReleaseDocument {
    const COMMAND: &'static str = "publish provider";
    const FIELDS: &'static [Field] = &[
        ("version", "number", "1"),
        ("release", "object", "the release"),
        ("release.reference", "string", "repository and tag"),
        ("release.pinned", "string", "repository and digest"),
        ("release.version", "string", "version"),
        ("release.tag", "string", "tag of the version: `+` is `_`"),
        ("release.digest", "string", "digest of the index"),
        (
            "release.outcome",
            "string",
            "`published`; `completed` where only something beside it was added; `unchanged`; `planned` by `--dry-run`",
        ),
        (
            "release.profile",
            "string",
            "where the files beside the packages are: `referrers`, `embedded`, or `plain` where nothing is kept",
        ),
        (
            "release.replaced",
            "string|null",
            "digest that the tag stood for before `--force` moved it",
        ),
        ("release.packages", "array", "packages, by platform"),
        (
            "release.packages[].platform",
            "string",
            "platform: `OS_ARCH`",
        ),
        ("release.packages[].filename", "string", "name of the zip"),
        ("release.packages[].digest", "string", "digest of the zip"),
        (
            "release.packages[].size",
            "number",
            "length of the zip, in bytes",
        ),
        (
            "release.packages[].h1",
            "string",
            "hash of the unpacked package",
        ),
        (
            "release.packages[].put",
            "string|null",
            "`uploaded`, `present` or `mounted`; null where nothing was to be sent",
        ),
        (
            "release.attachments",
            "array",
            "what is kept beside the packages",
        ),
        (
            "release.attachments[].kind",
            "string",
            "`checksums file`, `registry manifest`, `SPDX SBOM`, …",
        ),
        (
            "release.attachments[].platform",
            "string|null",
            "platform that it is about; null for the whole release",
        ),
        ("release.attachments[].filenames", "array", "its files"),
        (
            "release.attachments[].filenames[]",
            "string",
            "name of a file",
        ),
        (
            "release.attachments[].digest",
            "string",
            "digest of its manifest; of its first file, with the profile `embedded`",
        ),
        (
            "release.attachments[].put",
            "string|null",
            "as for packages",
        ),
        (
            "release.bytes",
            "number",
            "bytes of files that were sent; with `--dry-run`, that at most would be",
        ),
        (
            "release.to_sign",
            "object|null",
            "what `--dry-run` leaves to be signed; null otherwise. Digests and bytes are reckoned without the signature: the digest of the checksums file's attachment, and with the profile `embedded` that of the index, will be others",
        ),
        (
            "release.to_sign.list",
            "string",
            "the checksums file that would be signed",
        ),
        (
            "release.to_sign.filename",
            "string",
            "name that the signature would get",
        ),
        ("release.to_sign.key", "string", "key that would sign"),
    ];

    fn example() -> Self {
        Self {
            version: 1,
            release: ReleaseEntry {
                reference: "dir:./registry//acme/demo:1.2.3".to_owned(),
                pinned: format!("dir:./registry//acme/demo@{DIGEST}"),
                version: "1.2.3".to_owned(),
                tag: "1.2.3".to_owned(),
                digest: DIGEST.to_owned(),
                outcome: "published",
                profile: "referrers",
                replaced: None,
                packages: vec![PackageEntry {
                    platform: "linux_amd64".to_owned(),
                    filename: "terraform-provider-demo_1.2.3_linux_amd64.zip".to_owned(),
                    digest: DIGEST.to_owned(),
                    size: 1_742_080,
                    h1: H1.to_owned(),
                    put: Some("uploaded"),
                }],
                attachments: vec![AttachmentEntry {
                    kind: "checksums file",
                    platform: None,
                    filenames: vec!["terraform-provider-demo_1.2.3_SHA256SUMS".to_owned()],
                    digest: DIGEST.to_owned(),
                    put: Some("uploaded"),
                }],
                bytes: 1_742_243,
                to_sign: Some(ToSignEntry {
                    list: "terraform-provider-demo_1.2.3_SHA256SUMS".to_owned(),
                    filename: "terraform-provider-demo_1.2.3_SHA256SUMS.sig".to_owned(),
                    key: "8F099C1B95579FCA".to_owned(),
                }),
            },
        }
    }
}
