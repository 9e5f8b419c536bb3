//! What a module package leaves out: `.terraformignore` and our own rules.
//!
//! The rules of `.terraformignore`, as the tools that pack modules apply them:
//!
//! * blank lines and lines that begin with `#` say nothing; blanks around a line do not count;
//! * `*` and `?` match within a component, `[…]` one of the characters, `**` any number of
//!   components; `\` takes the next character as it is;
//! * a line matches whole paths at any depth, unless it begins with `/`;
//! * a line that ends in `/` matches a directory and everything below it; one that does not matches
//!   only that very path, so `foo` leaves files below a directory `foo` in;
//! * `!` takes files in again; the last line that matches a path decides.
//!
//! Before the lines of the file come `.git/`, `.terraform/`, `!.terraform/modules/`. Whatever the
//! file says, a package never holds `.git`, `.terraform` (installed modules belong to a working
//! directory, not to a module) and `*.tfstate*` (states hold secrets). The lock file
//! `.terraform.lock.hcl` is left out unless a line takes it in.

/// The rules of one module directory.
#[derive(Debug, Clone)]
pub struct IgnoreRules {
    rules: Vec<Rule>,
}

#[derive(Debug, Clone)]
struct Rule {
    negated: bool,
    /// A later rule takes files in again, so a directory must be looked into.
    negations_after: bool,
    pattern: Vec<Token>,
}

/// The name of the file the rules are in.
pub const IGNORE_FILE: &str = ".terraformignore";

const LEADING: &str = ".git/\n.terraform/\n!.terraform/modules/\n.terraform.lock.hcl\n";

/// Directories that no package holds.
const NEVER: [&str; 2] = [".git", ".terraform"];

impl Default for IgnoreRules {
    /// The rules of a directory without `.terraformignore`.
    fn default() -> Self {
        Self::parse("")
    }
}

impl IgnoreRules {
    /// Reads a `.terraformignore`. Every text is valid: a line that no path matches says nothing.
    pub fn parse(text: &str) -> Self {
        let mut rules: Vec<Rule> = LEADING
            .lines()
            .chain(text.trim_start_matches('\u{feff}').lines())
            .filter_map(Rule::parse)
            .collect();
        let mut negations_after = false;
        for rule in rules.iter_mut().rev() {
            rule.negations_after = negations_after;
            negations_after |= rule.negated;
        }
        Self { rules }
    }

    /// Whether the file or directory at `path` is left out; relative, with `/`, without a `/` at
    /// the end.
    pub fn excluded(&self, path: &str, kind: PathKind) -> bool {
        if is_never_packed(path) {
            return true;
        }
        let (excluded, _) = self.verdict(path);
        excluded || (kind == PathKind::Directory && self.verdict(&format!("{path}/")).0)
    }

    /// Whether nothing below the directory at `path` can be packed, so that it need not be read.
    pub fn excludes_all_below(&self, path: &str) -> bool {
        is_never_packed(path) || self.verdict(&format!("{path}/")) == (true, true)
    }

    /// Whether the last rule that matches leaves the path out, and no later one takes any in.
    fn verdict(&self, path: &str) -> (bool, bool) {
        let path: Vec<char> = path.chars().collect();
        self.rules
            .iter()
            .rev()
            .find(|rule| matches(&rule.pattern, &path))
            .map_or((false, false), |rule| {
                (!rule.negated, !rule.negated && !rule.negations_after)
            })
    }
}

/// What lies at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathKind {
    /// A file.
    File,
    /// A directory.
    Directory,
}

fn is_never_packed(path: &str) -> bool {
    path.split('/')
        .any(|component| NEVER.contains(&component) || component.contains(".tfstate"))
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    /// One character as it is.
    Char(char),
    /// One character that is no `/`.
    Any,
    /// Any characters that are no `/`.
    Star,
    /// Any number of whole components, each with its `/`.
    Components,
    /// Everything that is left.
    Rest,
    /// One of the characters in the ranges, or none of them.
    Class {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
}

impl Rule {
    fn parse(line: &str) -> Option<Self> {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            return None;
        }
        let (negated, line) = match line.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, line),
        };
        if line.is_empty() {
            return None;
        }
        let below = if line.ends_with('/') { "**" } else { "" };
        let pattern = match line.strip_prefix('/') {
            Some(anchored) => format!("{anchored}{below}"),
            None => format!("**/{line}{below}"),
        };
        Some(Self {
            negated,
            negations_after: false,
            pattern: tokens(&pattern),
        })
    }
}

fn tokens(pattern: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = pattern.chars();
    while let Some(c) = rest.next() {
        let token = match c {
            '*' if rest.as_str().starts_with('*') => {
                rest.next();
                if rest.as_str().starts_with('/') {
                    rest.next();
                }
                match rest.as_str().is_empty() {
                    true => Token::Rest,
                    false => Token::Components,
                }
            }
            '*' => Token::Star,
            '?' => Token::Any,
            '\\' => Token::Char(rest.next().unwrap_or('\\')),
            '[' => match class(rest.as_str()) {
                Some((token, after)) => {
                    rest = after.chars();
                    token
                }
                None => Token::Char('['),
            },
            other => Token::Char(other),
        };
        // Two in a row match what one does, and would cost time.
        if !(tokens.last() == Some(&token) && matches!(token, Token::Star | Token::Components)) {
            tokens.push(token);
        }
    }
    tokens
}

/// A class, from behind its `[`, and what follows it.
fn class(text: &str) -> Option<(Token, &str)> {
    let (negated, text) = match text.strip_prefix(['^', '!']) {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let mut ranges = Vec::new();
    let mut rest = text.chars();
    loop {
        let first = match rest.next()? {
            ']' if !ranges.is_empty() => {
                return Some((Token::Class { negated, ranges }, rest.as_str()));
            }
            '\\' => rest.next()?,
            other => other,
        };
        let mut ahead = rest.clone();
        let last = match (ahead.next(), ahead.next()) {
            (Some('-'), Some(last)) if last != ']' => {
                rest = ahead;
                last
            }
            _ => first,
        };
        ranges.push((first, last));
    }
}

/// Whether the whole path matches. Keeps the set of places in the pattern that the path so far
/// can have reached, so that no pattern takes more than its length times that of the path.
fn matches(pattern: &[Token], path: &[char]) -> bool {
    let mut places = vec![false; pattern.len() + 1];
    mark(&mut places, pattern, 0);
    for c in path {
        let mut next = vec![false; places.len()];
        for (place, token) in pattern.iter().enumerate() {
            if places.get(place) != Some(&true) {
                continue;
            }
            match token {
                Token::Char(expected) if expected == c => mark(&mut next, pattern, place + 1),
                Token::Any if *c != '/' => mark(&mut next, pattern, place + 1),
                Token::Class { negated, ranges } if *c != '/' => {
                    let inside = ranges.iter().any(|(from, to)| (from..=to).contains(&c));
                    if inside != *negated {
                        mark(&mut next, pattern, place + 1);
                    }
                }
                Token::Star if *c != '/' => mark(&mut next, pattern, place),
                Token::Components => {
                    set(&mut next, place);
                    if *c == '/' {
                        mark(&mut next, pattern, place + 1);
                    }
                }
                Token::Rest => mark(&mut next, pattern, place),
                _ => {}
            }
        }
        places = next;
    }
    places.last() == Some(&true)
}

fn set(places: &mut [bool], place: usize) {
    if let Some(slot) = places.get_mut(place) {
        *slot = true;
    }
}

/// Reaches a place, and those behind it that take no character.
fn mark(places: &mut [bool], pattern: &[Token], place: usize) {
    set(places, place);
    if let Some(Token::Star | Token::Components | Token::Rest) = pattern.get(place) {
        mark(places, pattern, place + 1);
    }
}

#[cfg(test)]
mod tests;
