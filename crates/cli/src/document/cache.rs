use serde::Serialize;

use super::{Document, Field};

/// Where the cache is.
#[derive(Debug, Serialize)]
pub(crate) struct CacheDirDocument {
    pub(crate) version: u8,
    pub(crate) path: String,
}

/// What is in the cache.
#[derive(Debug, Serialize)]
pub(crate) struct CacheListDocument {
    pub(crate) version: u8,
    pub(crate) path: String,
    pub(crate) exists: bool,
    pub(crate) packages: Vec<CachePackageEntry>,
    pub(crate) size: u64,
}

/// A package in the cache.
#[derive(Debug, Serialize)]
pub(crate) struct CachePackageEntry {
    pub(crate) digest: String,
    pub(crate) source: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) platform: Option<String>,
    pub(crate) size: u64,
    pub(crate) last_used: Option<String>,
    pub(crate) stamped: bool,
    pub(crate) in_use: bool,
}

/// What reading the cache gave.
#[derive(Debug, Serialize)]
pub(crate) struct CacheVerifyDocument {
    pub(crate) version: u8,
    pub(crate) path: String,
    pub(crate) packages: Vec<VerifiedPackageEntry>,
}

/// A package that was read.
#[derive(Debug, Serialize)]
pub(crate) struct VerifiedPackageEntry {
    pub(crate) digest: String,
    pub(crate) source: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) platform: Option<String>,
    pub(crate) verdict: &'static str,
    pub(crate) reason: Option<String>,
    pub(crate) quarantine: Option<String>,
}

/// What was removed from the cache.
#[derive(Debug, Serialize)]
pub(crate) struct CachePruneDocument {
    pub(crate) version: u8,
    pub(crate) path: String,
    pub(crate) dry_run: bool,
    pub(crate) removed: Vec<PrunedPackageEntry>,
    pub(crate) removed_size: u64,
    pub(crate) kept: u64,
    pub(crate) kept_size: u64,
    pub(crate) quarantined: u64,
    pub(crate) quarantined_size: u64,
}

/// A package that was removed.
#[derive(Debug, Serialize)]
pub(crate) struct PrunedPackageEntry {
    pub(crate) digest: String,
    pub(crate) source: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) platform: Option<String>,
    pub(crate) size: u64,
    pub(crate) quarantined: bool,
}

const DIGEST: &str = "sha256:9d4dda1b1d7de9b5c1b6ad6d2b2e6a87bd0f1d4f7fd5f8dd5a1f4c2d6a7e8f90";

fn name() -> [Option<String>; 3] {
    ["registry.opentofu.org/acme/demo", "1.2.3", "linux_amd64"].map(|text| Some(text.to_owned()))
}

impl Document for CacheDirDocument {
    const COMMAND: &'static str = "cache dir";
    const FIELDS: &'static [Field] = &[
        ("version", "number", "1"),
        (
            "path",
            "string",
            "the directory of the cache; it may not be there yet",
        ),
    ];

    fn example() -> Self {
        Self {
            version: 1,
            path: "/home/me/.cache/tofu-oci".to_owned(),
        }
    }
}

impl Document for CacheListDocument {
    const COMMAND: &'static str = "cache list";
    const FIELDS: &'static [Field] = &[
        ("version", "number", "1"),
        ("path", "string", "the directory of the cache"),
        (
            "exists",
            "boolean",
            "whether it is there; without it there are no packages",
        ),
        (
            "packages",
            "array",
            "the packages, by source, version and platform",
        ),
        ("packages[].digest", "string", "digest of the package's zip"),
        (
            "packages[].source",
            "string|null",
            "source address that the package says it has; null where that cannot be read",
        ),
        ("packages[].version", "string|null", "its version"),
        ("packages[].platform", "string|null", "its platform"),
        ("packages[].size", "number", "bytes of its files"),
        (
            "packages[].last_used",
            "string|null",
            "when it was last used, to the day",
        ),
        (
            "packages[].stamped",
            "boolean",
            "whether it is used without being hashed",
        ),
        (
            "packages[].in_use",
            "boolean",
            "whether working directories have hard links to it",
        ),
        ("size", "number", "bytes of all packages"),
    ];

    fn example() -> Self {
        let [source, version, platform] = name();
        Self {
            version: 1,
            path: "/home/me/.cache/tofu-oci".to_owned(),
            exists: true,
            packages: vec![CachePackageEntry {
                digest: DIGEST.to_owned(),
                source,
                version,
                platform,
                size: 22_817_024,
                last_used: Some("2026-11-24T08:30:00Z".to_owned()),
                stamped: true,
                in_use: true,
            }],
            size: 22_817_024,
        }
    }
}

impl Document for CacheVerifyDocument {
    const COMMAND: &'static str = "cache verify";
    const FIELDS: &'static [Field] = &[
        ("version", "number", "1"),
        ("path", "string", "the directory of the cache"),
        ("packages", "array", "the packages, by digest"),
        ("packages[].digest", "string", "digest of the package's zip"),
        (
            "packages[].source",
            "string|null",
            "source address that the package says it has; null where that cannot be read",
        ),
        ("packages[].version", "string|null", "its version"),
        ("packages[].platform", "string|null", "its platform"),
        (
            "packages[].verdict",
            "string",
            "`sound`; `unproven` where nothing was computed here to compare with; `damaged`; `busy` where somebody works on it",
        ),
        (
            "packages[].reason",
            "string|null",
            "what is wrong with a damaged package",
        ),
        (
            "packages[].quarantine",
            "string|null",
            "where a damaged package is now; null where it could not be put aside",
        ),
    ];

    fn example() -> Self {
        let [source, version, platform] = name();
        Self {
            version: 1,
            path: "/home/me/.cache/tofu-oci".to_owned(),
            packages: vec![VerifiedPackageEntry {
                digest: DIGEST.to_owned(),
                source,
                version,
                platform,
                verdict: "sound",
                reason: None,
                quarantine: None,
            }],
        }
    }
}

impl Document for CachePruneDocument {
    const COMMAND: &'static str = "cache prune";
    const FIELDS: &'static [Field] = &[
        ("version", "number", "1"),
        ("path", "string", "the directory of the cache"),
        ("dry_run", "boolean", "whether this is only the plan"),
        (
            "removed",
            "array",
            "the packages that are removed, or with `--dry-run` to be removed, by digest",
        ),
        ("removed[].digest", "string", "digest of the package's zip"),
        (
            "removed[].source",
            "string|null",
            "source address that the package said it had; null where that could not be read",
        ),
        ("removed[].version", "string|null", "its version"),
        ("removed[].platform", "string|null", "its platform"),
        ("removed[].size", "number", "bytes of its files"),
        (
            "removed[].quarantined",
            "boolean",
            "whether it was in the quarantine, where nobody uses it",
        ),
        ("removed_size", "number", "bytes of all of them"),
        ("kept", "number", "how many packages stay"),
        ("kept_size", "number", "bytes of those"),
        (
            "quarantined",
            "number",
            "how many packages stay in the quarantine",
        ),
        ("quarantined_size", "number", "bytes of those"),
    ];

    fn example() -> Self {
        let [source, version, platform] = name();
        Self {
            version: 1,
            path: "/home/me/.cache/tofu-oci".to_owned(),
            dry_run: false,
            removed: vec![PrunedPackageEntry {
                digest: DIGEST.to_owned(),
                source,
                version,
                platform,
                size: 22_817_024,
                quarantined: false,
            }],
            removed_size: 22_817_024,
            kept: 3,
            kept_size: 310_405_120,
            quarantined: 0,
            quarantined_size: 0,
        }
    }
}
