//! Runs the shell blocks of pages in a sandbox, with registries on loopback in place of those that they name.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::PathBuf;

use tofu_oci_testkit::{PeerServer, ProviderRelease, Run, Sandbox};

use crate::pages::{Block, blocks, read, root};
use crate::shell::{commands, variables};

/// The password of everybody.
pub(crate) const PASSWORD: &str = "secret";

/// Programs that pages call and that are not tested here. They note how they were called in `calls`.
const STAND_INS: &[(&str, &str)] = &[
    ("tofu", CLIENT),
    ("terraform", CLIENT),
    ("skopeo", ""),
    ("oras", ""),
    // Builds the demo provider; here it lies there already.
    (
        "cargo",
        r#"for last; do :; done; cp -R "$HOME/releases" "$last""#,
    ),
    // As the real one hashes `secret`.
    (
        "htpasswd",
        r#"case "$*" in *-i*) read -r password || [ -n "$password" ]; [ "$password" = secret ] ;; esac
create=
while :; do case $1 in -*c*) create=1; shift ;; -*) shift ;; *) break ;; esac; done
[ -z "$create" ] || : >"$1"
echo "$2:\$2y\$05\$EgSFMXvjXh7gMStxgY598.4zfImA9sWLmtdw5gD93D4yn2rcftOK." >>"$1""#,
    ),
];

/// A client that finds what was installed, where it is told to look there.
const CLIENT: &str = r#"case "$*" in *-plugin-dir=.terraform/providers*) [ -d .terraform/providers ] && [ -f .terraform.lock.hcl ] ;; esac"#;

/// Where pages are run.
pub(crate) struct Runner {
    pub(crate) sandbox: Sandbox,
    servers: Vec<PeerServer>,
    /// What stands for what in scripts.
    names: Vec<(String, String)>,
    /// Lines that are not run.
    skipped: Vec<&'static str>,
}

impl Runner {
    /// A sandbox with the files that pages begin with: `examples`, a release in `releases`, passwords.
    pub(crate) fn new() -> Self {
        let program = PathBuf::from(env!("CARGO_BIN_EXE_tofu-oci"));
        let sandbox = Sandbox::new(&program);
        symlink(root().join("examples"), sandbox.join("examples")).unwrap();
        ProviderRelease::new("1.2.3")
            .platforms(&["darwin_arm64", "linux_amd64", "linux_arm64"])
            .write(sandbox.join("releases"));
        for file in ["ci-password", "team-password", "token"] {
            sandbox.write(file, PASSWORD);
        }
        sandbox.write(".state", "");
        fs::create_dir(sandbox.join("bin")).unwrap();
        symlink(&program, sandbox.join("bin/tofu-oci")).unwrap();
        let runner = Self {
            sandbox,
            servers: Vec::new(),
            names: Vec::new(),
            skipped: Vec::new(),
        };
        for (name, body) in STAND_INS {
            runner.stand_in(name, body);
        }
        runner
    }

    /// Puts a program in the place of one that is not tested here.
    pub(crate) fn stand_in(&self, name: &str, body: &str) {
        let path = self.sandbox.join("bin").join(name);
        let text = format!("#!/bin/sh\nset -eu\necho \"{name} $*\" >>\"$HOME/calls\"\n{body}\n");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// With a line that cannot be run here, such as one that asks somebody to type.
    pub(crate) fn skip(mut self, line: &'static str) -> Self {
        self.skipped.push(line);
        self
    }

    /// Lets `name` stand for `value` in what is run from now on.
    pub(crate) fn name(&mut self, name: &str, value: &str) {
        self.names.retain(|(known, _)| known != name);
        self.names.push((name.to_owned(), value.to_owned()));
        // The longest first: oci.example.com:5000 before oci.example.com.
        self.names
            .sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    }

    /// Starts a registry over `data`, which `names` stand for. Its host.
    pub(crate) fn serve(&mut self, data: &str, flags: &str, names: &[&str]) -> String {
        let server = PeerServer::serve(&self.sandbox, data, flags);
        let host = server.host();
        self.servers.push(server);
        for name in names {
            self.name(name, &host);
        }
        self.rename();
        host
    }

    /// Configurations that were written before their registry was there name it from now on.
    fn rename(&self) {
        for path in self.sandbox.files("infra") {
            if path.ends_with(".tf") {
                let path = format!("infra/{path}");
                self.sandbox
                    .write(&path, self.named(&self.sandbox.read(&path)));
            }
        }
    }

    /// Starts a registry with TLS and a user `ci`, which clients trust; its host.
    pub(crate) fn serve_securely(&mut self, data: &str, names: &[&str]) -> String {
        self.script("htpasswd -i -B -c users ci < ci-password");
        let host = self.serve(data, "--tls local --htpasswd users", names);
        self.script(&format!(
            "export TOFU_OCI_CA_FILE=\"$HOME/{data}/tls/ca.pem\""
        ));
        host
    }

    /// Runs the shell blocks of a page, all of them in order.
    pub(crate) fn page(&mut self, path: &str) {
        self.sections(path, |_| true);
    }

    /// Runs the shell blocks of a page that are under headings which `wanted` takes.
    pub(crate) fn sections(&mut self, path: &str, wanted: impl Fn(&str) -> bool) {
        let blocks: Vec<Block> = blocks(&read(path))
            .into_iter()
            .filter(|block| block.language == "sh" && wanted(&block.section))
            .collect();
        assert!(!blocks.is_empty(), "{path}");
        for block in blocks {
            self.script(&block.text);
        }
    }

    /// Runs a script, which goes on where the last one ended: in its directory, with what it exported.
    pub(crate) fn script(&mut self, script: &str) {
        let mut part = String::new();
        for line in script.lines() {
            if self.skipped.contains(&line) {
                continue;
            }
            if line.starts_with("tofu-oci serve ") {
                self.finish(&std::mem::take(&mut part));
                self.start(line);
            } else {
                part.push_str(line);
                part.push('\n');
            }
        }
        self.finish(&part);
    }

    /// Starts the server of a line, on a port that is free.
    fn start(&mut self, line: &str) {
        let line = self.named(line);
        let words = commands(&line, &variables(&[])).remove(0);
        let (mut data, mut flags) = (None, Vec::new());
        let mut words = words[1..].iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--data" => data = words.next(),
                "--listen" => drop(words.next()),
                _ => flags.push(word.as_str()),
            }
        }
        let names = ["localhost:5000", "oci.example.com:5000"];
        self.serve(data.expect("--data"), &flags.join(" "), &names);
    }

    fn named(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (name, value) in &self.names {
            text = text.replace(name, value);
        }
        text
    }

    fn finish(&self, script: &str) {
        if script.trim().is_empty() {
            return;
        }
        let run = self.run(script);
        assert_eq!(
            run.status, 0,
            "{script}\nstdout:\n{}\nstderr:\n{}",
            run.stdout, run.stderr
        );
    }

    /// How a script ends, which goes on where the last one ended.
    pub(crate) fn run(&self, script: &str) -> Run {
        let script = format!(
            ". \"$HOME/.state\"\n{}\n{{ export -p; echo \"cd '$PWD'\"; }} >\"$HOME/.state\"\n",
            self.named(script)
        );
        let mut command = self
            .sandbox
            .other("/bin/sh".as_ref(), &["-eu", "-c", &script]);
        let path = format!("{}:/usr/bin:/bin", self.sandbox.join("bin").display());
        self.sandbox.finish(command.env("PATH", path))
    }

    /// How the stand-ins were called.
    pub(crate) fn calls(&self) -> String {
        self.sandbox.read("calls")
    }
}
