//! Examples of messages are such as the program prints.

use std::collections::BTreeSet;

use crate::pages::{blocks, files, read};

/// The string literals of the sources that have room for something, as they are written.
fn templates() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for path in files(&["crates"], ".rs") {
        if !path.contains("/src/") || path.contains("/remedy/") {
            continue;
        }
        let text = read(&path);
        let mut rest = text.chars();
        while let Some(c) = rest.next() {
            match c {
                // A quote in a character literal opens nothing.
                '\'' => {
                    let mut ahead = rest.clone();
                    if (ahead.next(), ahead.next()) == (Some('"'), Some('\'')) {
                        rest = ahead;
                    }
                }
                '"' => {
                    found.extend(literal(&mut rest).filter(|text| text.contains(' ')));
                }
                _ => {}
            }
        }
    }
    found
}

/// The rest of a literal, whose quote was read.
fn literal(rest: &mut std::str::Chars<'_>) -> Option<String> {
    let mut text = String::new();
    while let Some(c) = rest.next() {
        match c {
            '"' => return Some(text),
            '\\' => match rest.next()? {
                'n' => text.push('\n'),
                '\n' => {
                    while rest.clone().next()?.is_whitespace() {
                        rest.next();
                    }
                }
                c => text.push(c),
            },
            _ => text.push(c),
        }
    }
    None
}

/// Whether `message` can come from `template`, whose braces stand for any text.
fn fits(message: &str, template: &str) -> bool {
    let mut parts = Vec::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((_, behind)) = after.split_once('}') else {
            return false;
        };
        parts.push(before);
        rest = behind;
    }
    let fixed: usize = parts.iter().map(|part| part.len()).sum::<usize>() + rest.len();
    if fixed < 8 {
        return false;
    }
    let mut at = 0;
    for (number, part) in parts.iter().enumerate() {
        match message[at..].find(part) {
            Some(0) => at += part.len(),
            Some(found) if number > 0 => at += found + part.len(),
            _ => return false,
        }
    }
    if parts.is_empty() {
        return message == rest;
    }
    message[at..].ends_with(rest)
}

#[test]
fn examples_of_errors_are_messages_of_the_program() {
    let templates = templates();
    assert!(templates.len() > 500, "{}", templates.len());
    let mut wrong = Vec::new();
    for block in blocks(&read("docs/troubleshooting.md")) {
        for line in block.text.lines() {
            let message = match line.strip_prefix("  cause: ") {
                Some(cause) => cause,
                None => line.split_once("]: ").unwrap().1,
            };
            // What the system says is not in our sources.
            if message.contains("(os error ") {
                continue;
            }
            let known = |text: &str| templates.iter().any(|template| fits(text, template));
            // A summary and its detail are two texts.
            let parts = message
                .split_once(": ")
                .is_some_and(|(first, second)| known(first) && known(second));
            if !known(message) && !parts {
                wrong.push(line.to_owned());
            }
        }
    }
    assert!(wrong.is_empty(), "no such message:\n{}", wrong.join("\n"));
}

#[test]
fn templates_fit() {
    assert!(fits("cannot read a of b", "cannot read {what} of {place}"));
    assert!(fits("the zip is empty", "the zip is empty"));
    assert!(!fits("the zip is empty!", "the zip is empty"));
    assert!(!fits(
        "oh, cannot read a of b",
        "cannot read {what} of {place}"
    ));
    assert!(!fits("anything", "{what}"));
}
