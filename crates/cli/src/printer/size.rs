//! Amounts for people.

/// A number of bytes in the largest decimal unit that fits: `999 B`, `1.7 MB`, `86 MB`.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    // Tenths of the unit, rounded once: 999_960 is 1.0 MB, not 1000 kB.
    let mut divisor: u128 = 100;
    for unit in UNITS {
        let tenths = (u128::from(bytes) + divisor / 2) / divisor;
        if tenths < 100 {
            return format!("{}.{} {unit}", tenths / 10, tenths % 10);
        }
        let whole = (u128::from(bytes) + divisor * 5) / (divisor * 10);
        if whole < 1000 {
            return format!("{whole} {unit}");
        }
        divisor *= 1000;
    }
    format!("{bytes} B")
}

/// `1 version`, `2 versions`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    match (number, noun) {
        (1, noun) => format!("1 {noun}"),
        (number, noun) => match noun.strip_suffix('y') {
            Some(stem) => format!("{number} {stem}ies"),
            None => format!("{number} {noun}s"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short() {
        for (bytes, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (1_700_000, "1.7 MB"),
            (9_949, "9.9 kB"),
            (9_950, "10 kB"),
            (86_400_000, "86 MB"),
            (999_499, "999 kB"),
            (999_500, "1.0 MB"),
            (1_000_000_000, "1.0 GB"),
            (u64::MAX, "18 EB"),
        ] {
            assert_eq!(size(bytes), text, "{bytes}");
        }
    }

    #[test]
    fn one_and_many() {
        assert_eq!(count(1, "repository"), "1 repository");
        assert_eq!(count(2, "repository"), "2 repositories");
        assert_eq!(count(0, "tag"), "0 tags");
    }
}
