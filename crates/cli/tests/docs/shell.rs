//! Which `tofu-oci` commands a shell script has, without running it.
//!
//! Only as much of the shell as the scripts of this repository use: quotes, variables, pipes, lists, redirections,
//! here-documents, assignments and the words before a command.

use std::collections::BTreeMap;

/// Values of variables: a script may read only what somebody gives a value here.
pub(crate) type Variables = BTreeMap<String, String>;

/// Variables from pairs.
pub(crate) fn variables(pairs: &[(&str, &str)]) -> Variables {
    let owned = pairs
        .iter()
        .map(|&(name, value)| (name.to_owned(), value.to_owned()));
    owned.collect()
}

/// The words of each command of `script` whose program is `tofu-oci`, without it.
pub(crate) fn commands(script: &str, variables: &Variables) -> Vec<Vec<String>> {
    let parsed = parse(script, variables);
    let ours = parsed.into_iter().filter_map(|words| {
        let at = words.iter().position(|word| !is_prefix(word))?;
        let program = words[at].rsplit('/').next().unwrap_or_default();
        (program == "tofu-oci").then(|| words[at + 1..].to_vec())
    });
    ours.collect()
}

/// What may stand before the program of a command.
fn is_prefix(word: &str) -> bool {
    const WORDS: [&str; 10] = [
        "if", "then", "else", "elif", "while", "do", "!", "{", "exec", "sudo",
    ];
    let assignment = word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    });
    WORDS.contains(&word) || assignment
}

fn parse(script: &str, variables: &Variables) -> Vec<Vec<String>> {
    let script = without_documents(&script.replace("\\\n", " "));
    let mut parser = Parser {
        rest: script.chars().collect::<Vec<_>>().into_iter().peekable(),
        variables,
        commands: Vec::new(),
        words: Vec::new(),
    };
    parser.run();
    parser.commands
}

/// The script without the bodies of its here-documents.
fn without_documents(script: &str) -> String {
    let mut out = String::new();
    let mut end: Option<String> = None;
    for line in script.lines() {
        if let Some(word) = &end {
            if line.trim() == word {
                end = None;
            }
            continue;
        }
        let mut kept = line;
        if let Some((before, after)) = line.split_once("<<") {
            let word = after.trim_start_matches('-').split_whitespace().next();
            end = word.map(|word| word.trim_matches(['\'', '"']).to_owned());
            kept = before;
        }
        out.push_str(kept);
        out.push('\n');
    }
    out
}

struct Parser<'v> {
    rest: std::iter::Peekable<std::vec::IntoIter<char>>,
    variables: &'v Variables,
    commands: Vec<Vec<String>>,
    words: Vec<String>,
}

impl Parser<'_> {
    fn run(&mut self) {
        while let Some(&c) = self.rest.peek() {
            match c {
                '\n' | ';' | '|' | '&' | '(' | ')' => {
                    self.rest.next();
                    self.end();
                }
                ' ' | '\t' => {
                    self.rest.next();
                }
                '#' => while self.rest.next_if(|&c| c != '\n').is_some() {},
                '>' | '<' => self.redirection(),
                _ => {
                    let word = self.word();
                    let descriptor =
                        word.len() == 1 && word.starts_with(|c: char| c.is_ascii_digit());
                    if !(descriptor && matches!(self.rest.peek(), Some('>' | '<'))) {
                        self.words.push(word);
                    }
                }
            }
        }
        self.end();
    }

    fn end(&mut self) {
        let words = std::mem::take(&mut self.words);
        if !words.is_empty() {
            self.commands.push(words);
        }
    }

    /// Leaves out a redirection and the file that it names.
    fn redirection(&mut self) {
        while self
            .rest
            .next_if(|&c| matches!(c, '>' | '<' | '&'))
            .is_some()
        {}
        while self.rest.next_if_eq(&' ').is_some() {}
        let _file = self.word();
    }

    fn word(&mut self) -> String {
        let mut word = String::new();
        while let Some(c) = self.rest.next_if(|&c| !" \t\n;|&()<>".contains(c)) {
            match c {
                '\'' => {
                    while let Some(c) = self.rest.next_if(|&c| c != '\'') {
                        word.push(c);
                    }
                    self.rest.next();
                }
                '"' => self.quoted(&mut word),
                '\\' => word.extend(self.rest.next()),
                '$' => self.variable(&mut word),
                _ => word.push(c),
            }
        }
        word
    }

    fn quoted(&mut self, word: &mut String) {
        while let Some(c) = self.rest.next() {
            match c {
                '"' => return,
                '\\' => word.extend(self.rest.next()),
                '$' => self.variable(word),
                _ => word.push(c),
            }
        }
        panic!("a quote is not closed: {word}");
    }

    /// The value of what follows a `$`.
    fn variable(&mut self, word: &mut String) {
        let name_char = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
        if self.rest.next_if(|c| "?*@#".contains(*c)).is_some() {
            word.push('0');
            return;
        }
        let braced = self.rest.next_if_eq(&'{').is_some();
        let mut name = String::new();
        while let Some(c) = self.rest.next_if(name_char) {
            name.push(c);
        }
        if braced {
            // `${name#pattern}` and the like: the value given is that of the whole expression.
            while self.rest.next_if(|&c| c != '}').is_some() {}
            self.rest.next();
        }
        assert!(
            !name.is_empty(),
            "only plain variables are understood: {word}$…"
        );
        let value = self.variables.get(&name);
        word.push_str(value.unwrap_or_else(|| panic!("no value for ${name}")));
    }
}

#[test]
fn commands_are_found() {
    let script = r#"
set -eu
# tofu-oci not this
A=1 tofu-oci list "$HOST/acme" > out 2>&1 | sort   # nor tofu-oci this
if ! ./bin/tofu-oci gc 'a b'; then echo tofu-oci; fi
(cd infra && tofu-oci install \
   --from '{type}')
cat <<'END'
tofu-oci never
END
printf '%s' "${TOKEN#x}" | tofu-oci login h --password-stdin &
"#;
    let values = variables(&[("HOST", "h:1"), ("TOKEN", "t")]);
    let found: Vec<String> = commands(script, &values)
        .iter()
        .map(|words| words.join("·"))
        .collect();
    assert_eq!(
        found,
        [
            "list·h:1/acme",
            "gc·a b",
            "install·--from·{type}",
            "login·h·--password-stdin",
        ]
    );
}
