//! The codes of failures. Scripts compare them, so they do not change.

/// How a program that ends with a failure ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exit {
    /// Something could not be done.
    Failed,
    /// The command line is not one that can be carried out.
    Usage,
    /// Something was checked and refused.
    Refused,
}

impl Exit {
    /// The exit status.
    pub(crate) fn status(self) -> u8 {
        match self {
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Refused => 3,
        }
    }
}

macro_rules! codes {
    ($($name:ident $text:literal $exit:ident $meaning:literal;)*) => {
        /// The kind of a failure.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Code {
            $(#[doc = $meaning] $name,)*
        }

        impl Code {
            /// Every code, in the order of the reference.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// As it is printed.
            pub(crate) fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }

            /// How the program ends.
            pub(crate) fn exit(self) -> Exit {
                match self {
                    $(Self::$name => Exit::$exit,)*
                }
            }

            /// What happened, for the reference.
            pub(crate) fn meaning(self) -> &'static str {
                match self {
                    $(Self::$name => $meaning,)*
                }
            }
        }
    };
}

codes! {
    // The command line
    Usage "usage" Usage "The command line cannot be understood, or its parts contradict each other.";
    InvalidAnnotation "invalid-annotation" Usage "An annotation is not `KEY=VALUE`, or its key is reserved.";

    // Words
    InvalidDigest "invalid-digest" Failed "A text is not a digest.";
    InvalidTag "invalid-tag" Failed "A text is not a tag.";
    InvalidRepositoryName "invalid-repository-name" Failed "A text is not the name of a repository.";
    InvalidRegistryHost "invalid-registry-host" Failed "A text is not the host of a registry.";
    InvalidReference "invalid-reference" Failed "A text is not the reference of a manifest.";
    InvalidAddress "invalid-address" Failed "A text is not the address of a repository.";
    InvalidMediaType "invalid-media-type" Failed "A text is not a media type.";
    InvalidPlatform "invalid-platform" Failed "A text is not a platform such as `linux_amd64`.";
    InvalidVersion "invalid-version" Failed "A text is not a version in its canonical form.";
    InvalidVersionConstraint "invalid-version-constraint" Failed "A text is not a version constraint.";
    InvalidHostname "invalid-hostname" Failed "A text is not a host name.";
    InvalidProviderAddress "invalid-provider-address" Failed "A text is not a provider source address.";
    InvalidProviderPattern "invalid-provider-pattern" Failed "A text is not a provider source address with wildcards.";
    InvalidHash "invalid-hash" Failed "A text is not a package hash.";
    InvalidModuleSource "invalid-module-source" Failed "A text is not the source of a module.";
    InvalidModuleAddress "invalid-module-address" Failed "A text is not a module registry address.";
    InvalidTemplate "invalid-template" Failed "A text is not a repository template, or gives no repository for an address.";
    InvalidPackageFilename "invalid-package-filename" Failed "A text is not the file name of a provider package.";
    InvalidTimestamp "invalid-timestamp" Failed "A text is not a time.";

    // Files
    FileNotFound "file-not-found" Failed "A file or directory is not there.";
    PermissionDenied "permission-denied" Failed "A file or directory may not be read or written.";
    DiskFull "disk-full" Failed "There is no space left for what is to be written.";
    FileExists "file-exists" Failed "A file is in the way.";
    Io "io" Failed "A file operation failed.";
    Output "output" Failed "The result could not be written to standard output.";
    Interrupted "interrupted" Failed "A worker stopped before its work was done.";

    // Repositories
    RepositoryNotFound "repository-not-found" Failed "There is no repository at this place.";
    TagNotFound "tag-not-found" Failed "The repository has no such tag.";
    ManifestNotFound "manifest-not-found" Failed "The repository has no such manifest.";
    BlobNotFound "blob-not-found" Failed "The repository has no such blob.";
    UploadNotFound "upload-not-found" Failed "The repository has no such upload.";
    Busy "busy" Failed "Somebody else is using it at the moment.";
    DigestMismatch "digest-mismatch" Refused "Content is not what its digest says.";
    SizeMismatch "size-mismatch" Refused "Content is longer or shorter than its descriptor says.";
    UnsupportedDigest "unsupported-digest" Failed "A digest has an algorithm that cannot be checked.";
    VersionExists "version-exists" Refused "The tag names other content already, and published versions do not change.";
    VersionPublished "version-published" Refused "A published version would be deleted, and nobody agreed to that.";
    TagMoved "tag-moved" Failed "Somebody else moved the tag in the meantime.";
    ContentMissing "content-missing" Failed "A manifest lists content that is not there.";
    Referenced "referenced" Refused "Content that is still listed by a manifest may not be deleted.";
    ManifestInvalid "manifest-invalid" Refused "A manifest is too large, damaged, or not one.";
    GraphTooLarge "graph-too-large" Refused "Manifests nest too deeply, or there are too many of them.";
    LayoutDamaged "layout-damaged" Failed "A file of an image layout is damaged.";
    CacheDamaged "cache-damaged" Refused "A package in the cache is not what it was.";
    DamageFound "damage-found" Refused "A check found content that is lost or damaged.";
    ReservedName "reserved-name" Usage "The name of a repository collides with the files of image layouts.";
    NetworkFileSystem "network-file-system" Failed "The directory lies on a network file system, where locks and renames cannot be relied on.";

    // Registries
    Offline "offline" Failed "Something that only a registry has is needed, and nothing may go over the network.";
    RegistryUnreachable "registry-unreachable" Failed "The registry cannot be reached.";
    TlsFailed "tls-failed" Failed "The TLS connection failed; mostly the certificate is not trusted.";
    PlainHttp "plain-http" Failed "The registry speaks plain HTTP, which was not allowed for it.";
    PlainCredential "plain-credential" Failed "A credential would have had to travel in the clear.";
    RegistryTimeout "registry-timeout" Failed "The registry did not answer in time.";
    AccessDenied "access-denied" Failed "The registry wants a credential, or another one.";
    CredentialUnusable "credential-unusable" Failed "A credential is configured and cannot be used.";
    LoginRefused "login-refused" Failed "The way in which the registry asks for a credential is not followed.";
    RateLimited "rate-limited" Failed "The registry limits requests, and asks to wait for too long.";
    RegistryRefused "registry-refused" Failed "The registry does not accept a request.";
    RegistryFailed "registry-failed" Failed "The registry failed, after several tries.";
    RegistryUnsupported "registry-unsupported" Failed "The registry does not support what it was asked for.";
    RegistryInvalid "registry-invalid" Failed "The registry gives an answer that is none, or sends us where we do not go.";
    NetworkConfiguration "network-configuration" Usage "Certificates or a proxy cannot be used as they are configured.";
    CertificateFile "certificate-file" Usage "A file of certificates cannot be read.";
    // Servers
    ListenFailed "listen-failed" Failed "The address to listen on cannot be had.";
    AccessInvalid "access-invalid" Usage "The rules about who may read and write cannot be applied, or are not safe.";
    TlsInvalid "tls-invalid" Failed "Certificates or keys cannot be used.";

    // Artifacts
    NotAProvider "not-a-provider" Failed "What the tag names is not a provider.";
    NotAModule "not-a-module" Failed "What the tag names is not a module package.";
    NotAPackage "not-a-package" Failed "What the address names is neither a provider nor a module.";
    UnsafeFilename "unsafe-filename" Refused "A file name from a repository leads elsewhere, or two files have one name.";
    ArtifactInvalid "artifact-invalid" Refused "An index or manifest breaks the rules of its kind, so that clients would refuse it.";
    PlatformMissing "platform-missing" Failed "The release has no package for the platform.";
    PackageMismatch "package-mismatch" Refused "A manifest says something else about a package than the package itself.";

    // Releases and modules that are to be published
    NoPackages "no-packages" Failed "There is no provider package where it was looked for.";
    ReleaseInvalid "release-invalid" Failed "The files are not those of one release: several providers or versions, or one file twice.";
    ReleaseFileInvalid "release-file-invalid" Failed "A file beside the packages, such as an SBOM or the registry manifest, cannot be used.";
    ModuleInvalid "module-invalid" Failed "A module directory cannot be packed.";

    // Zips and packages
    NotAZip "not-a-zip" Refused "The file is not a zip.";
    ZipTruncated "zip-truncated" Refused "The end of the zip is missing.";
    ZipEmpty "zip-empty" Refused "The zip has no entries.";
    ZipDamaged "zip-damaged" Refused "The structure of the zip or the data of an entry is damaged, or contradicts itself.";
    ZipTooLarge "zip-too-large" Refused "The zip has more entries, unpacks to more bytes, or expands further than any package does.";
    ZipUnsafeName "zip-unsafe-name" Refused "The name of an entry leads out of the package, or is not safe to unpack or to show.";
    ZipDuplicateName "zip-duplicate-name" Refused "Two entries have one name, or one that some file systems take for the executable's.";
    ZipLink "zip-link" Refused "The zip holds a link.";
    ZipSpecialFile "zip-special-file" Refused "The zip holds a pipe, a device or a socket.";
    ZipEncrypted "zip-encrypted" Refused "An entry of the zip is encrypted.";
    ZipMethod "zip-method" Refused "An entry of the zip is packed by a method other than store and deflate.";
    ZipUnreadable "zip-unreadable" Failed "The zip could not be read.";
    ZipUnwritable "zip-unwritable" Failed "The module could not be packed.";
    ExecutableMissing "executable-missing" Refused "The package of a provider has no executable that clients would run.";
    ExecutableMismatch "executable-mismatch" Refused "The executable of a package is for another machine, empty, or not named as its platform needs it.";
    UnpackFailed "unpack-failed" Failed "A package could not be unpacked.";

    // Proof
    ChecksumsInvalid "checksums-invalid" Refused "Clients could not read the checksums file.";
    ChecksumsMismatch "checksums-mismatch" Refused "The checksums file does not name a package, or has another hash for it.";
    SignatureInvalid "signature-invalid" Refused "A signature or key file is not one that clients accept.";
    EvidenceMismatch "evidence-mismatch" Refused "Something is listed as evidence of a release and names another one, or is not what it says it is.";
    EvidenceTooLarge "evidence-too-large" Refused "There is more evidence of a release, or a longer file of it, than is read or written.";
    EvidenceRefused "evidence-refused" Failed "The registry takes packages, and refuses the evidence beside them.";
    EvidenceLost "evidence-lost" Failed "The registry took evidence, and does not list it afterwards.";
    SignatureRefused "signature-refused" Refused "A signature was checked, and does not count: the file was changed, or the key was revoked, had expired or is not one for signing.";
    SignatureLimit "signature-limit" Refused "To check the signatures of a release and their keys takes more work than is done for one.";
    SigningFailed "signing-failed" Failed "The checksums file could not be signed.";
    ProofMissing "proof-missing" Refused "A policy asks for a proof of the package, and none that counts was found.";
    ChecksumsDisagree "checksums-disagree" Refused "Two signed checksums files have two digests for one file.";
    PrivateKey "private-key" Refused "A key file holds a private key, which must not be published.";
    HashMissing "hash-missing" Failed "The lock file has no hash that an installed package can be compared with.";
    PackageMissing "package-missing" Failed "The lock file names a package, and it is not installed.";
    LockMismatch "lock-mismatch" Refused "A package matches none of the hashes in the lock file.";
    HashMismatch "hash-mismatch" Refused "Somebody vouched for another hash than the package has.";

    // Configurations
    Configuration "configuration" Failed "The configuration has an error.";
    CliConfiguration "cli-configuration" Failed "The CLI configuration has an error. Nothing of it is used then, not even what is right.";
    MethodUnsupported "method-unsupported" Usage "A provider would come from an installation method that is not supported.";
    LockFile "lock-file" Failed "The lock file has an error.";
    ModuleRecords "module-records" Failed "`modules.json` has an error.";
    ModuleDepth "module-depth" Failed "Module calls nest too deeply; perhaps a module calls itself.";
    ModuleEscapes "module-escapes" Refused "A local module source leads out of the package that the calling module is in.";
    ModuleNotFound "module-not-found" Failed "The directory or package of a module is not there.";
    ModuleSourceKind "module-source-kind" Failed "A module has a source of a kind that is not fetched.";
    ModuleLockFile "module-lock-file" Failed "The module lock file has an error.";
    ModuleLockIncomplete "module-lock-incomplete" Refused "The module lock file would have to change, and may not.";
    ModuleLockMismatch "module-lock-mismatch" Refused "A module package does not have the hash in the module lock file.";
    ModuleMoved "module-moved" Refused "A tag stands for another module package than the one that is locked, which is gone.";
    PluginCacheConflict "plugin-cache-conflict" Refused "The plugin cache of the clients has something else than the package that was fetched.";
    ProviderNotFound "provider-not-found" Failed "There is no such provider, or not this version of it.";
    ProviderCollision "provider-collision" Usage "The template gives two providers the same repository.";
    ProviderUnmapped "provider-unmapped" Usage "The template gives no repository for a provider, or there is no template.";
    NoVersion "no-version" Failed "No version satisfies everybody who asks for the provider.";
    LockedVersion "locked-version" Failed "The locked version does not satisfy the configuration any more.";
    LockedVersionGone "locked-version-gone" Failed "The locked version is no longer there.";
    LinkFailed "link-failed" Failed "Files cannot get from the package cache into the working directory in the way that was asked for.";
    LockIncomplete "lock-incomplete" Refused "The lock file would have to change, and may not.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_words() {
        let mut seen = std::collections::BTreeSet::new();
        for code in Code::ALL {
            let text = code.as_str();
            assert!(seen.insert(text), "{text} twice");
            assert!(
                text.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'),
                "{text}"
            );
            assert!(code.meaning().ends_with('.'), "{text}");
        }
    }
}
