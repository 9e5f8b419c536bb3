/// The value parser of amounts of bytes: `500MB`, `10GB`, `1GiB`, `4096`.
pub(super) fn byte_size(text: &str) -> Result<u64, String> {
    const FORM: &str = "the form is a number and a unit: 4096, 500MB, 10GB, 2GiB";
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| FORM)?;
    let factor: u64 = match unit.trim_start().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" => 1_000,
        "m" | "mb" => 1_000_000,
        "g" | "gb" => 1_000_000_000,
        "t" | "tb" => 1_000_000_000_000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        "tib" => 1 << 40,
        _ => return Err(FORM.to_owned()),
    };
    let bytes = number.checked_mul(factor);
    bytes.ok_or_else(|| "it is larger than any disk".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_with_units() {
        for (text, bytes) in [
            ("0", 0),
            ("4096", 4096),
            ("500MB", 500_000_000),
            ("10 gb", 10_000_000_000),
            ("2GiB", 2 << 30),
            ("1k", 1000),
        ] {
            assert_eq!(byte_size(text), Ok(bytes), "{text}");
        }
        for text in ["", "MB", "1.5GB", "-1", "1XB", "99999999999TB"] {
            assert!(byte_size(text).is_err(), "{text}");
        }
    }
}
