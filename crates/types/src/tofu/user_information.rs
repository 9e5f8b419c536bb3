//! Hiding passwords in text that is about to be shown.

/// The text with the user information of every URL in it replaced by as many asterisks, so that
/// columns keep their place. A bare user name of an `ssh` URL is no secret and stays.
pub(crate) fn mask(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        out.push_str(before);
        out.push_str("://");
        let end = after
            .find(|c: char| matches!(c, '/' | '?' | '#' | '"' | '\'') || c.is_whitespace())
            .unwrap_or(after.len());
        let (authority, tail) = after.split_at(end);
        match authority.rsplit_once('@') {
            Some((user, host)) if before.ends_with("ssh") && !user.contains(':') => {
                out.push_str(user);
                out.push('@');
                out.push_str(host);
            }
            Some((user, host)) => {
                out.extend(user.chars().map(|_| '*'));
                out.push('@');
                out.push_str(host);
            }
            None => out.push_str(authority),
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_information_is_masked() {
        let table = [
            ("oci://me:secret@h/r", "oci://*********@h/r"),
            ("git::https://token@h/r.git", "git::https://*****@h/r.git"),
            ("git::ssh://git@h/r", "git::ssh://git@h/r"),
            ("ssh://git:pw@h/r", "ssh://******@h/r"),
            ("https://h/a@b", "https://h/a@b"),
            ("https://a@b@h https://x@h", "https://***@h https://*@h"),
            ("source = \"oci://u@h\"", "source = \"oci://*@h\""),
            ("plain@text", "plain@text"),
        ];
        for (text, masked) in table {
            assert_eq!(mask(text), masked);
        }
    }
}
