//! Why a zip is refused.

use std::fmt;

/// A zip that is damaged, or that the policy does not let through.
///
/// Names of entries come from the archive: `Display` escapes them.
#[derive(Debug, thiserror::Error)]
pub enum ZipError {
    /// The file could not be read.
    #[error("cannot read the zip")]
    Read(#[source] std::io::Error),
    /// No end record, and the beginning is not that of a zip either.
    #[error("not a zip file")]
    NotAZip,
    /// It begins as a zip, and its end is missing.
    #[error("the zip is truncated")]
    Truncated,
    /// A zip without entries.
    #[error("the zip is empty")]
    Empty,
    /// Bytes follow the end record and its comment.
    #[error("{bytes} bytes follow the end of the zip")]
    TrailingData {
        /// How many.
        bytes: u64,
    },
    /// One part of an archive that spans several files.
    #[error("the zip is one part of a multi-disk archive")]
    MultiDisk,
    /// The end record, its zip64 form and the directory do not agree.
    #[error("the directory of the zip is damaged: {reason}")]
    Directory {
        /// What does not agree.
        reason: &'static str,
    },
    /// More entries than allowed.
    #[error("the zip has {count} entries, more than {limit}")]
    TooManyEntries {
        /// Entries according to the end record.
        count: u64,
        /// The limit.
        limit: u64,
    },
    /// A central directory larger than allowed.
    #[error("the directory of the zip takes {size} bytes, more than {limit}")]
    DirectoryTooLarge {
        /// Its size in bytes.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// An entry larger than allowed when unpacked.
    #[error("entry {name:?} unpacks to {size} bytes, more than {limit}")]
    EntryTooLarge {
        /// The entry.
        name: String,
        /// Bytes unpacked, as declared.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// All entries together are larger than allowed when unpacked.
    #[error("the zip unpacks to {size} bytes or more, more than {limit}")]
    TotalTooLarge {
        /// Bytes unpacked, as declared, up to the entry that passed the limit.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// The archive expands more than any real package does.
    #[error("{packed} bytes of the zip unpack to {size}, more than {limit} times as much")]
    Ratio {
        /// Packed bytes of all entries.
        packed: u64,
        /// Unpacked bytes of all entries.
        size: u64,
        /// The limit: unpacked bytes for each packed byte.
        limit: u64,
    },
    /// An entry declares more than its packed bytes can hold.
    #[error("entry {name:?} declares {size} bytes, which {packed} packed bytes cannot hold")]
    ImpossibleSize {
        /// The entry.
        name: String,
        /// Packed bytes.
        packed: u64,
        /// Bytes unpacked, as declared.
        size: u64,
    },
    /// A name that would unpack to another place, or to no place.
    #[error("entry {name:?} has an unsafe name: {problem}")]
    UnsafeName {
        /// The name; bytes that are not UTF-8 are replaced.
        name: String,
        /// What is wrong with it.
        problem: NameProblem,
    },
    /// Two entries of one name.
    #[error("entry {name:?} is in the zip twice")]
    DuplicateName {
        /// The name.
        name: String,
    },
    /// Another name that a file system without case, or with Unicode normalisation, takes for the
    /// executable's.
    #[error("entry {name:?} collides with the executable {executable:?} on some file systems")]
    CollidesWithExecutable {
        /// The other entry.
        name: String,
        /// The executable.
        executable: String,
    },
    /// An entry is a file, and other entries lie below it.
    #[error("entry {name:?} is a file and a directory")]
    FileAndDirectory {
        /// The name.
        name: String,
    },
    /// A symbolic link.
    #[error("entry {name:?} is a link")]
    Link {
        /// The entry.
        name: String,
    },
    /// A pipe, a device, a socket.
    #[error("entry {name:?} is a special file (type {kind:o})")]
    SpecialFile {
        /// The entry.
        name: String,
        /// The file type bits of its mode.
        kind: u32,
    },
    /// The mode says directory and the name says file, or the reverse, or a directory has content.
    #[error("entry {name:?} is half a file and half a directory")]
    KindDisagrees {
        /// The entry.
        name: String,
    },
    /// Local header and directory disagree about an entry.
    #[error("entry {name:?}: local header and directory disagree about the {field}")]
    LocalHeader {
        /// The entry, as the directory names it.
        name: String,
        /// What they disagree about.
        field: HeaderField,
    },
    /// There is no local header where the directory says it is.
    #[error("entry {name:?} has no local header where the directory says")]
    NoLocalHeader {
        /// The entry.
        name: String,
    },
    /// Two entries share bytes, or an entry and the directory do.
    #[error("entry {name:?} overlaps {with:?}")]
    Overlap {
        /// The entry that begins first.
        name: String,
        /// The entry it runs into.
        with: String,
    },
    /// The data of an entry runs into the directory or past the end of the file.
    #[error("the data of entry {name:?} lies outside its place in the zip")]
    OutsideFile {
        /// The entry.
        name: String,
    },
    /// More bytes than allowed belong to no entry.
    #[error("{bytes} bytes of the zip belong to no entry, more than {limit}")]
    Unused {
        /// How many.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// An encrypted entry.
    #[error("entry {name:?} is encrypted")]
    Encrypted {
        /// The entry.
        name: String,
    },
    /// A compression method other than store and deflate.
    #[error("entry {name:?} is packed with method {method}, not stored or deflated")]
    Method {
        /// The entry.
        name: String,
        /// The number of the method.
        method: u16,
    },
}

/// What is wrong with an entry's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameProblem {
    /// No characters.
    Empty,
    /// Not UTF-8.
    NotUtf8,
    /// Begins with `/`.
    Absolute,
    /// Begins with a drive letter.
    Drive,
    /// Contains `\`, which is a separator on Windows.
    Backslash,
    /// Contains `..` as a component.
    Climbs,
    /// Contains `.` or nothing as a component.
    NotNormal,
    /// Contains NUL, a newline or another control character.
    Control,
    /// Contains a line separator, or a mark that reorders what a terminal shows.
    Deceptive,
    /// Longer than the limits.
    TooLong,
    /// The archive carries a second, different name for the entry.
    SecondName,
}

impl fmt::Display for NameProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "it is empty",
            Self::NotUtf8 => "it is not UTF-8",
            Self::Absolute => "it is absolute",
            Self::Drive => "it begins with a drive letter",
            Self::Backslash => "it contains a backslash",
            Self::Climbs => "it contains \"..\"",
            Self::NotNormal => "it contains \".\" or an empty component",
            Self::Control => "it contains a control character",
            Self::Deceptive => "it contains a character that reorders text",
            Self::TooLong => "it is too long",
            Self::SecondName => "an extra field gives another name",
        })
    }
}

/// What local header and directory disagree about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeaderField {
    /// The name.
    Name,
    /// The compression method.
    Method,
    /// The flags.
    Flags,
    /// The CRC.
    Crc,
    /// The packed or the unpacked size.
    Size,
    /// What the data descriptor after the data says.
    DataDescriptor,
}

impl fmt::Display for HeaderField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => "name",
            Self::Method => "compression method",
            Self::Flags => "flags",
            Self::Crc => "CRC",
            Self::Size => "size",
            Self::DataDescriptor => "data descriptor",
        })
    }
}

/// Something odd that does no harm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ZipWarning {
    /// Two names that a file system without case, or with Unicode normalisation, takes for one.
    NamesCollide {
        /// The one that comes first in the directory.
        first: String,
        /// The other.
        second: String,
    },
    /// A name that Windows does not take.
    NotPortable {
        /// The entry.
        name: String,
    },
    /// Bytes that belong to no entry.
    Unused {
        /// How many.
        bytes: u64,
    },
}

impl fmt::Display for ZipWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NamesCollide { first, second } => {
                write!(
                    f,
                    "entries {first:?} and {second:?} are one file on some file systems"
                )
            }
            Self::NotPortable { name } => write!(f, "entry {name:?} cannot be unpacked on Windows"),
            Self::Unused { bytes } => write!(f, "{bytes} bytes of the zip belong to no entry"),
        }
    }
}
