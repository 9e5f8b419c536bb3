//! Strings in double quotes.
//!
//! Escapes are those of Go. In the native spelling the text between `${` and its brace is taken as
//! it is, quotes and line ends included; in JSON that text is like any other.

use super::{Mistake, Spelling};

/// Reads the string whose opening quote is at `start` of `text`: its value, and where it ends.
pub(super) fn read(
    text: &str,
    start: usize,
    spelling: Spelling,
) -> Result<(String, usize), Mistake> {
    let mut value = Vec::new();
    let mut at = start + 1;
    let rest = |at: usize| text.get(at..).unwrap_or_default();
    loop {
        let Some(c) = rest(at).chars().next() else {
            return Err(Mistake::new(start, "the string does not end"));
        };
        match c {
            '"' => {
                at += 1;
                break;
            }
            '\n' => return Err(Mistake::new(start, "the string does not end on its line")),
            '\\' => {
                let (bytes, length) =
                    escape(rest(at)).map_err(|detail| Mistake::new(at, detail))?;
                value.extend_from_slice(&bytes);
                at += length;
            }
            '$' if spelling == Spelling::Native && rest(at).starts_with("${") => {
                let length = interpolation(rest(at), at, start)?;
                let verbatim = rest(at).get(..length).unwrap_or_default();
                value.extend_from_slice(verbatim.replace("\r\n", "\n").as_bytes());
                at += length;
            }
            c => {
                value.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                at += c.len_utf8();
            }
        }
    }
    let value = String::from_utf8(value)
        .map_err(|_| Mistake::new(start, "the escapes of the string do not give UTF-8 text"))?;
    Ok((value, at))
}

/// The length of `${…}` at the beginning of `text`. Braces are only counted, as the clients do.
fn interpolation(text: &str, at: usize, start: usize) -> Result<usize, Mistake> {
    let mut depth = 0usize;
    let mut position = 0;
    while let Some(c) = text.get(position..).and_then(|rest| rest.chars().next()) {
        match c {
            '{' => depth += 1,
            '}' => {
                depth -= 1;
                if depth == 0 {
                    return Ok(position + 1);
                }
            }
            '\\' => {
                let rest = text.get(position..).unwrap_or_default();
                let (_, length) =
                    escape(rest).map_err(|detail| Mistake::new(at + position, detail))?;
                position += length;
                continue;
            }
            _ => {}
        }
        position += c.len_utf8();
    }
    Err(Mistake::new(
        start,
        "the string does not end: a brace of ${…} is not closed",
    ))
}

/// The bytes of the escape at the beginning of `text`, and its length.
fn escape(text: &str) -> Result<(Vec<u8>, usize), &'static str> {
    const UNKNOWN: &str = "this escape is unknown";
    let kind = text.as_bytes().get(1).copied().ok_or(UNKNOWN)?;
    let one = |byte: u8| Ok((vec![byte], 2));
    match kind {
        b'a' => one(7),
        b'b' => one(8),
        b'f' => one(12),
        b'n' => one(b'\n'),
        b'r' => one(b'\r'),
        b't' => one(b'\t'),
        b'v' => one(11),
        b'\\' | b'"' => one(kind),
        b'0'..=b'7' => {
            let code = digits(text, 1, 3, 8)?;
            let byte = u8::try_from(code).map_err(|_| "an octal escape goes up to \\377")?;
            Ok((vec![byte], 4))
        }
        b'x' => {
            let code = digits(text, 2, 2, 16)?;
            Ok((vec![u8::try_from(code).map_err(|_| UNKNOWN)?], 4))
        }
        b'u' | b'U' => {
            let count = if kind == b'u' { 4 } else { 8 };
            let code = digits(text, 2, count, 16)?;
            let c = char::from_u32(code).ok_or("the escape is no Unicode character")?;
            Ok((c.to_string().into_bytes(), 2 + count))
        }
        _ => Err(UNKNOWN),
    }
}

/// The number that `count` digits at `from` are.
fn digits(text: &str, from: usize, count: usize, radix: u32) -> Result<u32, &'static str> {
    let digits = text
        .get(from..from + count)
        .filter(|digits| digits.chars().all(|c| c.is_digit(radix)))
        .ok_or("the escape has too few digits")?;
    u32::from_str_radix(digits, radix).map_err(|_| "the escape is no Unicode character")
}
