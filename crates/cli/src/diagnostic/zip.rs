//! Zips and executables that are refused.

use tofu_oci::trust::provider_package::PackageError;
use tofu_oci::trust::zip::ZipError;

use super::{Advice, Code, io};

const BUILD_AGAIN: &str = "copy or build the file again";
const PACK_AGAIN: &str = "pack it again with another program";

pub(super) fn zip(error: &ZipError) -> Advice {
    match error {
        ZipError::Read(error) => io::advice_or(error, Code::ZipUnreadable),
        ZipError::NotAZip => Advice::new(Code::NotAZip)
            .hint("name a file that is a zip; archives of other kinds are not packages"),
        ZipError::Truncated => Advice::new(Code::ZipTruncated).hint(BUILD_AGAIN),
        ZipError::Empty => Advice::new(Code::ZipEmpty).hint(BUILD_AGAIN),
        ZipError::TrailingData { .. }
        | ZipError::Directory { .. }
        | ZipError::NoLocalHeader { .. }
        | ZipError::OutsideFile { .. } => Advice::new(Code::ZipDamaged).hint(BUILD_AGAIN),
        ZipError::MultiDisk
        | ZipError::KindDisagrees { .. }
        | ZipError::LocalHeader { .. }
        | ZipError::Overlap { .. }
        | ZipError::Unused { .. } => Advice::new(Code::ZipDamaged).hint(PACK_AGAIN),
        ZipError::TooManyEntries { .. }
        | ZipError::DirectoryTooLarge { .. }
        | ZipError::EntryTooLarge { .. }
        | ZipError::TotalTooLarge { .. }
        | ZipError::Ratio { .. }
        | ZipError::ImpossibleSize { .. } => {
            Advice::new(Code::ZipTooLarge).hint("pack only what belongs to the package")
        }
        ZipError::UnsafeName { .. } => Advice::new(Code::ZipUnsafeName)
            .hint("pack it again with plain relative names, without `..`"),
        ZipError::DuplicateName { .. }
        | ZipError::CollidesWithExecutable { .. }
        | ZipError::FileAndDirectory { .. } => Advice::new(Code::ZipDuplicateName)
            .hint("pack it again with one file of each name, whatever the case of its letters"),
        ZipError::Link { .. } => {
            Advice::new(Code::ZipLink).hint("pack the file that the link points to in its place")
        }
        ZipError::SpecialFile { .. } => {
            Advice::new(Code::ZipSpecialFile).hint("pack it again without the special file")
        }
        ZipError::Encrypted { .. } => {
            Advice::new(Code::ZipEncrypted).hint("pack it again without a password")
        }
        ZipError::Method { .. } => {
            Advice::new(Code::ZipMethod).hint("pack it again with deflate, or stored")
        }
    }
}

pub(super) fn package(error: &PackageError) -> Advice {
    match error {
        PackageError::NoExecutable { .. } => Advice::new(Code::ExecutableMissing)
            .hint("clients run terraform-provider-TYPE, alone or followed by `_` or `.`, in the root of the zip"),
        PackageError::NoExe { .. } => Advice::new(Code::ExecutableMismatch)
            .hint("Windows starts programs whose names end in .exe"),
        PackageError::OtherMachine { .. } => Advice::new(Code::ExecutableMismatch)
            .hint("the zips of two platforms may have been swapped, or the build had another target"),
        PackageError::EmptyExecutable { .. } => {
            Advice::new(Code::ExecutableMismatch).hint(BUILD_AGAIN)
        }
        PackageError::Corrupt { .. } => Advice::new(Code::ZipDamaged).hint(BUILD_AGAIN),
        PackageError::Read(error) => io::advice_or(error, Code::ZipUnreadable),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_done_is_said() {
        for error in [ZipError::NotAZip, ZipError::Truncated, ZipError::Empty] {
            assert!(zip(&error).hint.is_some(), "{error}");
        }
        let many = ZipError::TooManyEntries { count: 2, limit: 1 };
        assert!(zip(&many).hint.is_some());
    }
}
