//! From bytes to packets, without a surprise.

use pgp::armor::{BlockType, Dearmor, DearmorOptions};
use pgp::packet::{Packet, PacketParser};

use super::{PGP_LIMIT, PgpError, PgpKind};

/// The most packets that a file may have; keys with hundreds of other people's signatures exist.
const PACKETS_LIMIT: usize = 4096;

/// The longest prime and subprime of a DSA key, in bits.
const DSA_LIMIT: (u16, u16) = (3072, 256);

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// As packets.
    Binary,
    /// As text.
    Armored,
}

pub(super) fn limited(bytes: &[u8], kind: PgpKind) -> Result<&[u8], PgpError> {
    match bytes.len() {
        size if size > PGP_LIMIT => Err(PgpError::TooLarge { kind, size }),
        _ => Ok(bytes),
    }
}

/// Every binary packet begins with a set bit.
pub(super) fn is_armored(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|first| first & 0x80 == 0)
}

/// The content of all armored blocks, which must be of the right kind.
///
/// Everything of the file is looked at, because all of it may be handed on: whoever exports keys into one file may
/// have put a private one before, between or behind the others. Behind a block of another name their packets are
/// looked for afterwards.
pub(super) fn dearmor(bytes: &[u8], kind: PgpKind) -> Result<Vec<u8>, PgpError> {
    const BEGIN: &str = "-----BEGIN PGP ";
    const END: &str = "-----END PGP ";
    let text = std::str::from_utf8(bytes).map_err(|_| PgpError::NotOpenPgp { kind })?;
    if text.contains("PRIVATE KEY") {
        return Err(PgpError::PrivateKey);
    }
    let mut data = Vec::new();
    // What people write between blocks is no part of them.
    let blocks = text.split(BEGIN).skip(1).map(|block| {
        let end = block.find(END).unwrap_or(block.len());
        let (content, end) = block.split_at(end);
        [BEGIN, content, end.lines().next().unwrap_or_default(), "\n"].concat()
    });
    for block in blocks {
        read_block(&block, kind, &mut data)?;
    }
    match data.is_empty() {
        true => Err(PgpError::NotOpenPgp { kind }),
        false => Ok(data),
    }
}

fn read_block(block: &str, kind: PgpKind, data: &mut Vec<u8>) -> Result<(), PgpError> {
    let options = DearmorOptions::new().set_limit(PGP_LIMIT);
    let mut reader = Dearmor::with_options(block.as_bytes(), options);
    let header = reader.read_header();
    header.map_err(|_| PgpError::NotOpenPgp { kind })?;
    match (&reader.typ, kind) {
        (Some(BlockType::PrivateKey), _) => return Err(PgpError::PrivateKey),
        (Some(BlockType::PublicKey), PgpKind::Keys)
        | (Some(BlockType::Signature), PgpKind::Signature) => {}
        (Some(_), _) => return Err(PgpError::OtherPackets { kind }),
        (None, _) => return Err(PgpError::NotOpenPgp { kind }),
    }
    std::io::Read::read_to_end(&mut reader, data).map_err(|_| PgpError::Damaged { kind })?;
    Ok(())
}

/// All packets; a single one that cannot be read makes the file damaged.
pub(super) fn packets(bytes: &[u8], kind: PgpKind) -> Result<Vec<Packet>, PgpError> {
    // The parser takes an end in the middle of a header for the end of the file.
    match shape(bytes) {
        Some(Shape::Usual) => {}
        Some(Shape::TooMuch) => return Err(PgpError::TooMany { kind }),
        None => {
            return Err(match bytes.first() {
                Some(first) if first & 0x80 != 0 => PgpError::Damaged { kind },
                _ => PgpError::NotOpenPgp { kind },
            });
        }
    }
    PacketParser::new(bytes)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| PgpError::Damaged { kind })
}

/// What can be said of packets before they are read.
enum Shape {
    /// They are such as people make.
    Usual,
    /// There are too many, or a key is so long that it takes minutes to read.
    TooMuch,
}

/// What the packets are, by their headers (RFC 9580, 4.2); `None` where they are not a
/// whole number of them. Partial lengths belong to data packets only, which no file that we read
/// holds.
fn shape(mut bytes: &[u8]) -> Option<Shape> {
    if bytes.is_empty() {
        return None;
    }
    let mut packets = 0;
    let mut long = false;
    while let Some((first, rest)) = bytes.split_first() {
        let (header, body) = match first {
            _ if first & 0x80 == 0 => None,
            _ if first & 0x40 != 0 => new_length(rest),
            _ => old_length(first & 3, rest),
        }?;
        let end = header.checked_add(body)?;
        long |= is_key(*first) && is_long_dsa(rest.get(header..end)?);
        bytes = rest.get(end..)?;
        packets += 1;
    }
    match long || packets > PACKETS_LIMIT {
        true => Some(Shape::TooMuch),
        false => Some(Shape::Usual),
    }
}

/// Whether a packet with this first byte holds a key or a subkey, public or private.
fn is_key(first: u8) -> bool {
    let tag = match first & 0x40 {
        0 => (first >> 2) & 0xf,
        _ => first & 0x3f,
    };
    matches!(tag, 5..=7 | 14)
}

/// Whether a key is one of DSA beyond what FIPS 186-4 has. Reading one calculates with its numbers, which takes
/// seconds where they are as long as the format lets them be.
fn is_long_dsa(body: &[u8]) -> bool {
    const DSA: u8 = 17;
    let numbers = match body {
        [4, _, _, _, _, DSA, numbers @ ..]
        | [2 | 3, _, _, _, _, _, _, DSA, numbers @ ..]
        | [6, _, _, _, _, DSA, _, _, _, _, numbers @ ..] => numbers,
        _ => return false,
    };
    let Some((p, rest)) = number(numbers) else {
        return false;
    };
    p > DSA_LIMIT.0 || number(rest).is_some_and(|(q, _)| q > DSA_LIMIT.1)
}

/// The length of a number in bits, and what follows it.
fn number(bytes: &[u8]) -> Option<(u16, &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    let bits = u16::from_be_bytes(*length);
    let rest = rest.get(usize::from(bits).div_ceil(8)..);
    Some((bits, rest.unwrap_or_default()))
}

/// Length of the length and of the body, new form.
fn new_length(bytes: &[u8]) -> Option<(usize, usize)> {
    match *bytes {
        [one @ 0..192, ..] => Some((1, usize::from(one))),
        [high @ 192..224, low, ..] => {
            Some((2, (usize::from(high) - 192) * 256 + usize::from(low) + 192))
        }
        [255, a, b, c, d, ..] => Some((5, u32::from_be_bytes([a, b, c, d]) as usize)),
        _ => None,
    }
}

/// Length of the length and of the body, old form.
fn old_length(kind: u8, bytes: &[u8]) -> Option<(usize, usize)> {
    match (kind, bytes) {
        (0, [one, ..]) => Some((1, usize::from(*one))),
        (1, [a, b, ..]) => Some((2, usize::from(u16::from_be_bytes([*a, *b])))),
        (2, [a, b, c, d, ..]) => Some((4, u32::from_be_bytes([*a, *b, *c, *d]) as usize)),
        _ => None,
    }
}
