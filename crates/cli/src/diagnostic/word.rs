//! Words that do not parse.

use tofu_oci::types::{Noun, ParseError};

use super::{Advice, Code, Diagnostic, Failure};

impl From<ParseError> for Failure {
    fn from(error: ParseError) -> Self {
        let advice = advice(&error);
        Diagnostic::of(&error, advice).into()
    }
}

pub(super) fn advice(error: &ParseError) -> Advice {
    match error.noun {
        Noun::Digest => Advice::new(Code::InvalidDigest),
        Noun::Tag => Advice::new(Code::InvalidTag)
            .hint("tags have at most 128 letters, digits, `_`, `.` and `-`, and do not begin with `.` or `-`"),
        Noun::RepositoryName => Advice::new(Code::InvalidRepositoryName)
            .hint("names have lower-case letters, digits, and `.`, `_`, `-`, `/` between them"),
        Noun::RegistryHost => Advice::new(Code::InvalidRegistryHost),
        Noun::Reference => Advice::new(Code::InvalidReference),
        Noun::Address => Advice::new(Code::InvalidAddress),
        Noun::MediaType => Advice::new(Code::InvalidMediaType),
        Noun::Annotation => Advice::new(Code::InvalidAnnotation)
            .hint("write --annotation KEY=VALUE; keys that the program sets itself are reserved"),
        Noun::Platform => Advice::new(Code::InvalidPlatform),
        Noun::Version => Advice::new(Code::InvalidVersion)
            .hint("versions are written as 1.2.3, 1.2.3-beta.1 or 1.2.3+build.5, without a `v`"),
        Noun::VersionConstraint => Advice::new(Code::InvalidVersionConstraint),
        Noun::Hostname => Advice::new(Code::InvalidHostname),
        Noun::ProviderAddr => Advice::new(Code::InvalidProviderAddress),
        Noun::PackageHash => Advice::new(Code::InvalidHash),
        Noun::ModuleSource => Advice::new(Code::InvalidModuleSource),
        Noun::ModuleAddr => Advice::new(Code::InvalidModuleAddress),
        Noun::ProviderPattern => Advice::new(Code::InvalidProviderPattern)
            .hint("patterns are written [HOST/]NAMESPACE/TYPE, and parts from the right may be `*`"),
        Noun::RepositoryPrefix => Advice::new(Code::InvalidAddress),
        Noun::RepositoryTemplate => Advice::new(Code::InvalidTemplate),
        Noun::PackageFilename => Advice::new(Code::InvalidPackageFilename)
            .hint("packages are named terraform-provider-TYPE_VERSION_OS_ARCH.zip"),
        Noun::Timestamp => Advice::new(Code::InvalidTimestamp),
    }
}
