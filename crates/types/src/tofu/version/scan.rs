//! The grammar that versions and version constraints share.

/// What [`scan`] found at the beginning of a text.
pub(in crate::tofu) struct Scanned<'a> {
    /// Digits, or a wildcard. At least one.
    pub(in crate::tofu) numbers: Vec<&'a str>,
    pub(in crate::tofu) prerelease: &'a str,
    pub(in crate::tofu) metadata: &'a str,
    /// What does not belong to the version any more.
    pub(in crate::tofu) rest: &'a str,
}

/// Why the numbers are no version.
#[derive(Debug)]
pub(in crate::tofu) enum BadNumbers {
    TooMany,
    /// The name of the number that is a wildcard.
    Wildcard(&'static str),
    TooLarge,
}

/// `N[.N…][-PRE][+META]`, leniently: the last number may have a dot after it, and the texts after
/// `-` and `+` may be empty (but an empty `PRE` ends the version). `None` without a number.
pub(in crate::tofu) fn scan(text: &str) -> Option<Scanned<'_>> {
    let mut numbers = Vec::new();
    let mut rest = text;
    let mut dangling = false;
    while let Some((number, after)) = number(rest) {
        numbers.push(number);
        dangling = after.starts_with('.');
        rest = after.strip_prefix('.').unwrap_or(after);
        if !dangling {
            break;
        }
    }
    if numbers.is_empty() {
        return None;
    }
    let (mut prerelease, mut metadata) = ("", "");
    if !dangling {
        let mut ended = false;
        if let Some(after) = rest.strip_prefix('-') {
            (prerelease, rest) = extra(after);
            ended = prerelease.is_empty();
        }
        if let (false, Some(after)) = (ended, rest.strip_prefix('+')) {
            (metadata, rest) = extra(after);
        }
    }
    Some(Scanned {
        numbers,
        prerelease,
        metadata,
        rest,
    })
}

fn number(text: &str) -> Option<(&str, &str)> {
    let length = match text.bytes().next()? {
        b'*' | b'x' | b'X' => 1,
        _ => text.bytes().take_while(u8::is_ascii_digit).count(),
    };
    if length == 0 {
        return None;
    }
    text.split_at_checked(length)
}

fn extra(text: &str) -> (&str, &str) {
    let length = text
        .bytes()
        .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'))
        .count();
    text.split_at_checked(length).unwrap_or((text, ""))
}

impl Scanned<'_> {
    /// Major, minor and patch; those not written are 0.
    pub(in crate::tofu) fn three_numbers(&self) -> Result<[u64; 3], BadNumbers> {
        if self.numbers.len() > 3 {
            return Err(BadNumbers::TooMany);
        }
        let mut values = [0; 3];
        for ((value, number), name) in values
            .iter_mut()
            .zip(&self.numbers)
            .zip(["major", "minor", "patch"])
        {
            if !number.bytes().all(|b| b.is_ascii_digit()) {
                return Err(BadNumbers::Wildcard(name));
            }
            *value = number.parse().map_err(|_| BadNumbers::TooLarge)?;
        }
        Ok(values)
    }
}
