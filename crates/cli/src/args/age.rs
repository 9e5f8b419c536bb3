use std::time::Duration;

/// The value parser of ages: `24h`, `7d`, `1h30m`, `0s`.
pub(super) fn age(text: &str) -> Result<Duration, String> {
    const FORM: &str = "the form is a number and a unit: 0s, 30m, 24h, 7d, 2w";
    let mut seconds = 0u64;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, after) = rest.split_at(digits);
        let number: u64 = number.parse().map_err(|_| FORM)?;
        let mut units = after.chars();
        let unit = match units.next() {
            Some('s') => 1,
            Some('m') => 60,
            Some('h') => 3600,
            Some('d') => 24 * 3600,
            Some('w') => 7 * 24 * 3600,
            _ => return Err(FORM.to_owned()),
        };
        let part = number.checked_mul(unit);
        let sum = part.and_then(|part| seconds.checked_add(part));
        seconds = sum.ok_or("it is longer than anything lasts")?;
        rest = units.as_str();
    }
    match text.is_empty() {
        true => Err(FORM.to_owned()),
        false => Ok(Duration::from_secs(seconds)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_with_units() {
        for (text, seconds) in [
            ("0s", 0),
            ("90s", 90),
            ("30m", 1800),
            ("24h", 86_400),
            ("1h30m", 5400),
            ("7d", 604_800),
            ("2w", 1_209_600),
        ] {
            assert_eq!(age(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in [
            "",
            "0",
            "h",
            "24",
            "1x",
            "-1s",
            "1 h",
            "1.5h",
            "99999999999999w",
        ] {
            assert!(age(text).is_err(), "{text}");
        }
    }
}
