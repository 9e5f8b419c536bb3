//! Hosts in source addresses.
//!
//! A host has two forms. The *comparison form* (ASCII, punycode) goes on the wire and decides what
//! is equal; the *display form* (Unicode) is what people write, and what lock files and directory
//! names hold. IDNA: UTS #46, lookup processing, non-transitional.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};

use crate::{Noun, ParseError};

/// The host of a source address, with its port unless that is 443.
///
/// `FromStr` takes the Unicode form; a label that is already punycode is refused. Equality and
/// order are those of the comparison form.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hostname {
    comparison: Cow<'static, str>,
    display: Cow<'static, str>,
}

impl Hostname {
    /// `registry.opentofu.org`, the host that OpenTofu inserts where none is written.
    pub const fn opentofu() -> Self {
        Self::ascii("registry.opentofu.org")
    }

    /// `registry.terraform.io`, the host that Terraform inserts where none is written.
    pub const fn terraform() -> Self {
        Self::ascii("registry.terraform.io")
    }

    /// `terraform.io`, the host of the built-in provider.
    pub(crate) const fn builtin() -> Self {
        Self::ascii("terraform.io")
    }

    const fn ascii(text: &'static str) -> Self {
        Self {
            comparison: Cow::Borrowed(text),
            display: Cow::Borrowed(text),
        }
    }

    /// Reads a host whose labels may be punycode, as names of variables have them.
    ///
    /// # Errors
    /// When the text is no host.
    pub(crate) fn from_punycode(text: &str) -> Result<Self, ParseError> {
        let (name, port) = text.split_at(text.find(':').unwrap_or(text.len()));
        let (unicode, _) =
            Uts46::new().to_unicode(name.as_bytes(), AsciiDenyList::STD3, Hyphens::Check);
        format!("{unicode}{port}").parse()
    }

    /// The comparison form: lower-case ASCII, punycode, with `:port`.
    pub fn as_str(&self) -> &str {
        &self.comparison
    }

    /// The display form: Unicode, with `:port`. `Display` prints it too.
    pub fn for_display(&self) -> &str {
        &self.display
    }

    /// The port that was written, unless it is 443.
    pub fn port(&self) -> Option<u16> {
        self.comparison.split_once(':')?.1.parse().ok()
    }
}

impl FromStr for Hostname {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let refuse = |reason: Cow<'static, str>| -> ParseError {
            ParseError::new(Noun::Hostname, text, reason)
        };
        let (name, port) = match text.split_once(':') {
            Some((name, port)) => (name, port_suffix(port).map_err(|r| refuse(r.into()))?),
            None => (text, String::new()),
        };
        if name.is_empty() {
            return Err(refuse("empty string is not a valid hostname".into()));
        }
        check_labels(name).map_err(&refuse)?;
        let invalid = "labels take letters, digits and inner dashes only";
        let comparison = Uts46::new()
            .to_ascii(
                name.as_bytes(),
                AsciiDenyList::STD3,
                Hyphens::Check,
                DnsLength::Ignore,
            )
            .map_err(|_| refuse(invalid.into()))?;
        let (display, fine) =
            Uts46::new().to_unicode(comparison.as_bytes(), AsciiDenyList::STD3, Hyphens::Check);
        fine.map_err(|_| refuse(invalid.into()))?;
        // Characters that the mapping drops can leave an empty label behind, or make one punycode.
        check_labels(&display).map_err(&refuse)?;
        Ok(Self {
            comparison: format!("{comparison}{port}").into(),
            display: format!("{display}{port}").into(),
        })
    }
}

/// Refuses empty labels (one dot at the very end is the root's) and labels in punycode.
fn check_labels(name: &str) -> Result<(), Cow<'static, str>> {
    let dots = ['.', '\u{3002}', '\u{ff0e}', '\u{ff61}'];
    let labels = name.strip_suffix(dots).unwrap_or(name);
    for label in labels.split(dots) {
        if label.is_empty() {
            return Err("hostname contains empty label (two consecutive periods)".into());
        }
        if label
            .get(..4)
            .is_some_and(|start| start.eq_ignore_ascii_case("xn--"))
        {
            return Err(format!(
                "label {label:?} is in punycode; hostnames are written in Unicode"
            )
            .into());
        }
    }
    Ok(())
}

/// `:port` as the comparison form has it; nothing for 443.
fn port_suffix(port: &str) -> Result<String, &'static str> {
    if port.starts_with("//") {
        return Err("need just a hostname and optional port number, not a full URL");
    }
    if port.is_empty() || !port.bytes().all(|b| b.is_ascii_digit()) {
        return Err("port portion contains non-digit characters");
    }
    let digits = port.trim_start_matches('0');
    let number = match digits {
        "" => 0,
        _ => digits
            .parse::<u16>()
            .map_err(|_| "port number is greater than 65535")?,
    };
    Ok(match number {
        443 => String::new(),
        number => format!(":{number}"),
    })
}

impl fmt::Display for Hostname {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.display)
    }
}

impl fmt::Debug for Hostname {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.comparison, f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn comparison_forms() {
        for (text, comparison, display) in [
            ("example.com", "example.com", "example.com"),
            ("HashiCorp.com", "hashicorp.com", "hashicorp.com"),
            ("1example.com", "1example.com", "1example.com"),
            ("localhost", "localhost", "localhost"),
            ("localhost:1211", "localhost:1211", "localhost:1211"),
            ("example.com:443", "example.com", "example.com"),
            ("example.com:00443", "example.com", "example.com"),
            ("example.com:81", "example.com:81", "example.com:81"),
            ("example.com:081", "example.com:81", "example.com:81"),
            ("a:0", "a:0", "a:0"),
            ("Испытание.com", "xn--80akhbyknj4f.com", "испытание.com"),
            (
                "Испытание.com:8443",
                "xn--80akhbyknj4f.com:8443",
                "испытание.com:8443",
            ),
            ("münchen.de", "xn--mnchen-3ya.de", "münchen.de"),
            ("mu\u{308}nchen.de", "xn--mnchen-3ya.de", "münchen.de"),
            ("straße.de", "xn--strae-oqa.de", "straße.de"),
            ("ＡＢＣ.com", "abc.com", "abc.com"),
            ("a。b", "a.b", "a.b"),
            ("a--b.com", "a--b.com", "a--b.com"),
            ("http:80", "http:80", "http:80"),
            ("127.0.0.1:5000", "127.0.0.1:5000", "127.0.0.1:5000"),
        ] {
            let host: Hostname = text.parse().unwrap();
            assert_eq!(
                (host.as_str(), host.for_display()),
                (comparison, display),
                "{text}"
            );
            assert_eq!(host.to_string(), display);
        }
    }

    #[test]
    fn refusals() {
        for (text, reason) in [
            ("", "empty string is not a valid hostname"),
            (":80", "empty string is not a valid hostname"),
            (
                "blah..blah",
                "hostname contains empty label (two consecutive periods)",
            ),
            (
                ".a",
                "hostname contains empty label (two consecutive periods)",
            ),
            (
                ".",
                "hostname contains empty label (two consecutive periods)",
            ),
            (
                "\u{ad}.com",
                "hostname contains empty label (two consecutive periods)",
            ),
            (
                "example.com:boo",
                "port portion contains non-digit characters",
            ),
            (
                "example.com:80:boo",
                "port portion contains non-digit characters",
            ),
            ("example.com:", "port portion contains non-digit characters"),
            (
                "example.com:+80",
                "port portion contains non-digit characters",
            ),
            ("[::1]", "port portion contains non-digit characters"),
            ("example.com:9999999", "port number is greater than 65535"),
            (
                "example.com:99999999999999999999",
                "port number is greater than 65535",
            ),
            (
                "https://example.com",
                "need just a hostname and optional port number, not a full URL",
            ),
            (
                "https://example.com:80",
                "need just a hostname and optional port number, not a full URL",
            ),
            (
                "xn--80akhbyknj4f.com",
                "label \"xn--80akhbyknj4f\" is in punycode; hostnames are written in Unicode",
            ),
            (
                "badhost!",
                "labels take letters, digits and inner dashes only",
            ),
            (
                "a_b.com",
                "labels take letters, digits and inner dashes only",
            ),
            (
                "-a.com",
                "labels take letters, digits and inner dashes only",
            ),
            (
                "ab--c.com",
                "labels take letters, digits and inner dashes only",
            ),
            ("a b", "labels take letters, digits and inner dashes only"),
            (
                "a/../b",
                "hostname contains empty label (two consecutive periods)",
            ),
        ] {
            assert_eq!(
                text.parse::<Hostname>().unwrap_err().reason,
                reason,
                "{text}"
            );
        }
    }

    #[test]
    fn ports() {
        let port = |text: &str| text.parse::<Hostname>().unwrap().port();
        assert_eq!(port("a.com"), None);
        assert_eq!(port("a.com:443"), None);
        assert_eq!(port("a.com:8443"), Some(8443));
    }

    proptest! {
        #[test]
        fn reads_back_what_it_shows(text in "\\PC{0,12}(\\.[a-zäß日א]{1,4})?(:[0-9]{1,5})?") {
            if let Ok(host) = text.parse::<Hostname>() {
                prop_assert_eq!(host.for_display().parse::<Hostname>().unwrap(), host);
            }
        }
    }
}
