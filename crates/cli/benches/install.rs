//! Installing from a directory, beside `terraform init` and `tofu init` from a packed filesystem
//! mirror of the same files; and over TLS from the embedded registry, beside `tofu init` from the
//! same and `terraform init` from the mirror; and once more with a lock file and a cache that has
//! everything. `cargo bench -p tofu-oci-cli --bench install`
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    missing_docs,
    unreachable_pub
)]

mod support;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use support::{Contender, PROGRAM, children_cpu, fresh, peer, race, real_binary, resident, run};
use tofu_oci_testkit::{PeerServer, Sandbox, Zip, ZipEntry};

const LOCK: &str = ".terraform.lock.hcl";

fn main() {
    let work = tempfile::tempdir().unwrap();
    let binary = real_binary();
    start(work.path());
    let many = Set::new(work.path(), "many", 20, &binary, 5_000_000);
    compare("20 providers of 5 MB", &many, 7);
    over_tls("20 providers of 5 MB over TLS", &many, 7);
    warm("20 providers of 5 MB, locked and cached", &many, 15);
    together("50 installs at once of 20 providers of 5 MB", &many, 50);
    let one = Set::new(work.path(), "one", 1, &binary, 86_000_000);
    compare("one provider of 86 MB", &one, 7);
    over_tls("one provider of 86 MB over TLS", &one, 7);
    warm("one provider of 86 MB, locked and cached", &one, 15);
}

fn start(work: &Path) {
    let command = |_| {
        let mut command = Command::new(PROGRAM);
        command.arg("--version").current_dir(work);
        command
    };
    race(
        "process start",
        50,
        &mut [Contender {
            name: "tofu-oci --version".into(),
            command: Box::new(command),
        }],
    );
}

/// Providers, in a registry of ours and in a packed filesystem mirror.
struct Set {
    base: PathBuf,
    configuration: String,
}

impl Set {
    fn new(work: &Path, name: &str, count: usize, binary: &[u8], size: usize) -> Self {
        let base = work.join(name);
        let mut configuration = String::from("terraform {\n  required_providers {\n");
        let platform = format!("linux_{}", arch());
        for n in 0..count {
            let kind = format!("p{n:02}");
            let mirror = base.join("mirror/registry.example.com/acme").join(&kind);
            std::fs::create_dir_all(&mirror).unwrap();
            // A slice of a real program behind its real header, another for each provider.
            let slice = size.min(binary.len());
            let from = n * (binary.len() - slice) / count.max(1);
            let mut content = binary[..64].to_vec();
            content.extend_from_slice(&binary[from..from + slice - 64]);
            let zip = mirror.join(format!("terraform-provider-{kind}_1.0.0_{platform}.zip"));
            Zip::new()
                .entry(
                    ZipEntry::executable(format!("terraform-provider-{kind}_v1.0.0"), content)
                        .deflated(),
                )
                .write(&zip);
            let to = format!("dir:{}//acme/{kind}", base.join("registry").display());
            run(Command::new(PROGRAM)
                .args(["publish", "provider"])
                .arg(&zip)
                .arg(to));
            configuration +=
                &format!("    {kind} = {{ source = \"registry.example.com/acme/{kind}\" }}\n");
        }
        configuration += "  }\n}\n";
        let mirror = format!(
            "provider_installation {{\n  filesystem_mirror {{\n    path = {:?}\n  }}\n}}\n",
            base.join("mirror")
        );
        std::fs::write(base.join("client.tfrc"), mirror).unwrap();
        Self {
            base,
            configuration,
        }
    }

    /// The certificate of the registry's own authority.
    fn authority(&self) -> PathBuf {
        self.base.join("registry/tls/ca.pem")
    }

    /// Packages and stamps of the command are in a cache of that name.
    fn with_cache(&self, command: &mut Command, name: &str) {
        let dir = self.base.join("caches").join(name);
        command
            .env("TOFU_OCI_CACHE_DIR", dir.join("cache"))
            .env("XDG_STATE_HOME", dir.join("state"));
    }

    fn project(&self, name: &str, round: usize) -> PathBuf {
        let dir = fresh(&self.base, name, round);
        std::fs::write(dir.join("main.tf"), &self.configuration).unwrap();
        dir
    }
}

/// A directory with a lock file, and a cache that has everything: ours with stamps and without, as another machine would
/// restore it, and the plugin caches of the peers.
fn warm(title: &str, set: &Set, rounds: usize) {
    let from = format!(
        "dir:{}//{{namespace}}/{{type}}",
        set.base.join("registry").display()
    );
    let ours = move |dir: PathBuf| {
        let mut command = Command::new(PROGRAM);
        command.args(["install", "--from", &from]).current_dir(dir);
        set.with_cache(&mut command, "warm");
        command
    };
    let first = set.project("warm", rounds);
    run(&mut ours(first.clone()));
    let project = move |name: &str, round: usize, lock: &Path| {
        let dir = set.project(name, round);
        std::fs::copy(lock.join(LOCK), dir.join(LOCK)).unwrap();
        dir
    };
    let (stamped, restored) = (ours.clone(), ours);
    let (lock, same) = (first.clone(), first);
    let mut contenders = vec![
        Contender {
            name: "tofu-oci install, stamped".into(),
            command: Box::new(move |round| stamped(project("warm-stamped", round, &lock))),
        },
        Contender {
            name: "tofu-oci install, no stamps".into(),
            command: Box::new(move |round| {
                let mut command = restored(project("warm-restored", round, &same));
                command.env("XDG_STATE_HOME", fresh(&set.base, "no-state", round));
                command
            }),
        },
    ];
    for name in ["tofu", "terraform"] {
        let Some(mut contender) = init(set, name, "plugin cache", "client.tfrc") else {
            continue;
        };
        let plugins = fresh(&set.base, &format!("{name}-plugins"), 0);
        let cached = move |mut command: Command, lock: Option<&Path>| {
            command.env("TF_PLUGIN_CACHE_DIR", &plugins);
            if let (Some(lock), Some(dir)) = (lock, command.get_current_dir()) {
                std::fs::copy(lock.join(LOCK), dir.join(LOCK)).unwrap();
            }
            command
        };
        let mut filling = cached((contender.command)(rounds), None);
        let lock = filling.get_current_dir().unwrap().to_owned();
        run(&mut filling);
        let mut inner = contender.command;
        contender.command = Box::new(move |round| cached(inner(round), Some(&lock)));
        contenders.push(contender);
    }
    race(title, rounds, &mut contenders);
}

fn compare(title: &str, set: &Set, rounds: usize) {
    let mut contenders = vec![Contender {
        name: "tofu-oci install".into(),
        command: Box::new(|round| {
            let mut command = Command::new(PROGRAM);
            let from = format!(
                "dir:{}//{{namespace}}/{{type}}",
                set.base.join("registry").display()
            );
            command
                .args(["install", "--from", &from])
                .current_dir(set.project("ours", round));
            set.with_cache(&mut command, &format!("cold-{round}"));
            command
        }),
    }];
    for name in ["terraform", "tofu"] {
        contenders.extend(init(set, name, "mirror", "client.tfrc"));
    }
    race(title, rounds, &mut contenders);
}

/// `init` of a client that is configured by a file of the set.
fn init<'a>(
    set: &'a Set,
    name: &'static str,
    from: &'static str,
    configuration: &'static str,
) -> Option<Contender<'a>> {
    let Some(program) = peer(name) else {
        println!("SKIPPED {name}: it is not on the PATH");
        return None;
    };
    Some(Contender {
        name: format!("{name} init, {from}"),
        command: Box::new(move |round| {
            let mut command = Command::new(&program);
            command
                .args(["init", "-no-color", "-input=false"])
                .env("TF_CLI_CONFIG_FILE", set.base.join(configuration))
                .env("SSL_CERT_FILE", set.authority())
                .env("CHECKPOINT_DISABLE", "1")
                .current_dir(set.project(&format!("{name}-{from}"), round));
            command
        }),
    })
}

/// From the embedded registry, cold: nothing is kept between the runs.
fn over_tls(title: &str, set: &Set, rounds: usize) {
    let sandbox = Sandbox::new(PROGRAM);
    let server = PeerServer::serve(&sandbox, set.base.join("registry"), "--tls local");
    let host = server.host();
    let mirror = format!(
        "provider_installation {{\n  oci_mirror {{\n    repository_template = \"{host}/${{namespace}}/${{type}}\"\n    include = [\"registry.example.com/*/*\"]\n  }}\n}}\n"
    );
    std::fs::write(set.base.join("registry.tfrc"), mirror).unwrap();
    let mut contenders = vec![Contender {
        name: "tofu-oci install, registry".into(),
        command: Box::new(|round| {
            let mut command = Command::new(PROGRAM);
            command
                .args(["install", "--from"])
                .arg(format!("{host}/{{namespace}}/{{type}}"))
                .env("SSL_CERT_FILE", set.authority())
                .current_dir(set.project("ours-registry", round));
            set.with_cache(&mut command, &format!("cold-registry-{round}"));
            command
        }),
    }];
    contenders.extend(init(set, "tofu", "registry", "registry.tfrc"));
    contenders.extend(init(set, "terraform", "mirror again", "client.tfrc"));
    race(title, rounds, &mut contenders);
    let (_, most) = resident(server.id());
    println!(
        "  the registry had at most {:.1} MB resident",
        most as f64 / 1e6
    );
}

/// Many installs with one empty cache, as jobs of one CI machine that begin at once: what one fetches serves the others.
/// Their processor time is compared with that of one that fetches and the rest that find everything.
fn together(title: &str, set: &Set, count: usize) {
    println!("\n{title}");
    let sandbox = Sandbox::new(PROGRAM);
    let server = PeerServer::serve(&sandbox, set.base.join("registry"), "--tls local");
    let host = server.host();
    let command = |name: &str, round: usize, cache: &str, lock: Option<&Path>| {
        let dir = set.project(name, round);
        if let Some(lock) = lock {
            std::fs::copy(lock, dir.join(LOCK)).unwrap();
        }
        let mut command = Command::new(PROGRAM);
        command
            .args(["install", "--from"])
            .arg(format!("{host}/{{namespace}}/{{type}}"))
            .env("SSL_CERT_FILE", set.authority())
            .current_dir(dir)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        set.with_cache(&mut command, cache);
        command
    };
    let cpu = |work: &mut dyn FnMut()| {
        let before = children_cpu();
        work();
        (children_cpu() - before).as_secs_f64()
    };
    let mut first = command("together-first", 0, "together-first", None);
    run(&mut first);
    let lock = first.get_current_dir().unwrap().join(LOCK);
    for (name, lock) in [("locked", Some(lock.as_path())), ("not locked", None)] {
        let kind = format!("together-{}", name.replace(' ', "-"));
        let alone = format!("{kind}-alone");
        let cold = cpu(&mut || {
            run(&mut command(&alone, 0, &alone, lock));
        });
        let warm = cpu(&mut || {
            for round in 1..=count {
                run(&mut command(&alone, round, &alone, lock));
            }
        }) / count as f64;
        let start = Instant::now();
        let all = cpu(&mut || {
            let spawn = |round| command(&kind, round, &kind, lock).spawn().unwrap();
            let children: Vec<_> = (0..count).map(spawn).collect();
            for mut child in children {
                assert!(child.wait().unwrap().success(), "an install failed");
            }
        });
        let others = (count - 1) as f64 * warm;
        println!(
            "  {name:<10} {all:>6.2} s of processor time, {:.2} s elapsed; one that fetches {cold:.2} s and {} that do not {others:.2} s: {:.2} of these",
            start.elapsed().as_secs_f64(),
            count - 1,
            all / (cold + others),
        );
    }
}

fn arch() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}
