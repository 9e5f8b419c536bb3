//! A directory to run a program in.

use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A directory of its own, in which a program is run without the environment of the machine.
#[derive(Debug)]
pub struct Sandbox {
    dir: TempDir,
    /// As programs see it, without links.
    root: PathBuf,
    program: PathBuf,
    environment: Vec<(String, String)>,
}

/// How a program ended, and what it printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The exit status; -1 where a signal ended it.
    pub status: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Sandbox {
    /// A new directory for runs of `program`.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        let dir = TempDir::new().unwrap();
        let root = dir.path().canonicalize().unwrap();
        Self {
            dir,
            root,
            program: program.into(),
            environment: Vec::new(),
        }
    }

    /// With a variable in the environment of the runs.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        let _ = &self.dir;
        &self.root
    }

    /// A path below the directory.
    pub fn join(&self, path: impl AsRef<Path>) -> PathBuf {
        self.root.join(path)
    }

    /// Writes a file, with the directories that its path needs.
    pub fn write(&self, path: impl AsRef<Path>, content: impl AsRef<[u8]>) {
        let path = self.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// The text of a file.
    pub fn read(&self, path: impl AsRef<Path>) -> String {
        fs::read_to_string(self.join(path)).unwrap()
    }

    /// The paths of all files below `path`, relative to it, sorted.
    pub fn files(&self, path: impl AsRef<Path>) -> Vec<String> {
        let base = self.join(path);
        let mut found = Vec::new();
        walk(&base, &base, &mut found);
        found.sort();
        found
    }

    /// The program, ready to run in the directory.
    pub fn command<S: AsRef<OsStr>>(&self, args: &[S]) -> Command {
        self.other(&self.program, args)
    }

    /// Another program, ready to run in the directory.
    pub fn other<S: AsRef<OsStr>>(&self, program: &Path, args: &[S]) -> Command {
        let mut command = Command::new(program);
        command
            .args(args)
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .env("HOME", &self.root)
            .env("LANG", "C.UTF-8")
            .current_dir(&self.root)
            .stdin(Stdio::null());
        // Windows programs do not start without it.
        if let Some(root) = std::env::var_os("SystemRoot") {
            command.env("SystemRoot", root);
        }
        command
    }

    /// Runs the program.
    pub fn run<S: AsRef<OsStr>>(&self, args: &[S]) -> Run {
        self.finish(&mut self.command(args))
    }

    /// Runs the program; the words of `line` are its arguments.
    pub fn line(&self, line: &str) -> Run {
        self.run(&line.split_whitespace().collect::<Vec<_>>())
    }

    /// Runs a command to its end.
    pub fn finish(&self, command: &mut Command) -> Run {
        let output = command.output().unwrap();
        Run {
            status: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// A run as one text for a snapshot: the directory is `[DIR]`, digests and hashes are
    /// `[DIGEST]` and `[H1]`.
    pub fn snapshot(&self, run: &Run) -> String {
        let mut text = format!("exit {}\n", run.status);
        for (name, stream) in [("stdout", &run.stdout), ("stderr", &run.stderr)] {
            if !stream.is_empty() {
                text.push_str(&format!("-- {name}\n{stream}"));
            }
        }
        self.normalised(&text)
    }

    /// A text in which nothing depends on the machine, and no digest on the version.
    pub fn normalised(&self, text: &str) -> String {
        let text = text.replace(&*self.root.to_string_lossy(), "[DIR]");
        without_hashes(&text.replace("\\\\", "/"))
    }
}

impl Run {
    /// The run, which must have succeeded.
    #[must_use]
    #[track_caller]
    pub fn ok(self) -> Self {
        assert_eq!(
            self.status, 0,
            "stdout:\n{}\nstderr:\n{}",
            self.stdout, self.stderr
        );
        self
    }
}

fn walk(base: &Path, dir: &Path, found: &mut Vec<String>) {
    let Ok(entries) = fs::read_dir(dir) else {
        return;
    };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.is_symlink() {
            walk(base, &path, found);
        } else {
            let path = path.strip_prefix(base).unwrap();
            found.push(path.to_str().unwrap().replace('\\', "/"));
        }
    }
}

/// `text` with `[DIGEST]` for 64 hex digits and `[H1]` for what follows `h1:`.
fn without_hashes(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let hex = rest
            .bytes()
            .take_while(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
            .count();
        if hex == 64 {
            out.push_str("[DIGEST]");
            rest = &rest[64..];
        } else if rest.starts_with("h1:")
            && rest.len() >= 47
            && rest.is_char_boundary(47)
            && rest[..47].ends_with('=')
        {
            out.push_str("[H1]");
            rest = &rest[47..];
        } else {
            let step = hex.max(c.len_utf8());
            out.push_str(&rest[..step]);
            rest = &rest[step..];
        }
    }
    out
}

/// Another program that a test wants: in a directory of `TOFU_OCI_PEERS`, or on the PATH.
///
/// `None` says on standard error that the test is skipped, and panics where
/// `TOFU_OCI_REQUIRE_PEERS` names the program.
pub fn peer(name: &str) -> Option<PathBuf> {
    let variable = |name| std::env::var(name).unwrap_or_default();
    let places = format!("{}:{}", variable("TOFU_OCI_PEERS"), variable("PATH"));
    let found = std::env::split_paths(&places)
        // An empty one would be the current directory.
        .filter(|dir| !dir.as_os_str().is_empty())
        .map(|dir| dir.join(name))
        .find(|path| path.is_file());
    if found.is_none() {
        let required = variable("TOFU_OCI_REQUIRE_PEERS");
        let required = required.split([',', ' ']).any(|required| required == name);
        assert!(
            !required,
            "{name} is required by TOFU_OCI_REQUIRE_PEERS and not on the PATH"
        );
        skipped(&format!("{name} is not on the PATH"));
    }
    found
}

/// Says that something is not tested, and why; also where the test harness keeps what passing tests
/// print to itself.
pub fn skipped(why: &str) {
    let _ = writeln!(std::io::stderr(), "SKIPPED: {why}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_left_out_of_snapshots() {
        let digest = "0".repeat(64);
        let h1 = format!("h1:{}=", "A".repeat(43));
        assert_eq!(
            without_hashes(&format!("a sha256:{digest} b {h1}, deadbeef é h1:x")),
            "a sha256:[DIGEST] b [H1], deadbeef é h1:x"
        );
    }
}
