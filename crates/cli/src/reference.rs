//! The reference, generated from the code that it describes.
//!
//! `docs/reference` holds what these functions give; a test compares the two.

use std::fmt::Write as _;

use clap::{Command, CommandFactory as _, Parser as _};

use crate::args::Cli;
use crate::diagnostic::{Code, Exit};
use crate::document::{self, Document, Field};
use crate::remedy::{GROUPS, Remedy};

/// Said at the top of every page.
const NOTICE: &str =
    "<!-- Generated: TOFU_OCI_UPDATE=1 cargo test -p tofu-oci-cli --test reference -->\n\n";

/// How wide help texts are in the reference.
const WIDTH: usize = 100;

/// What the environment says, beside the variables that stand for flags.
const VARIABLES: &[(&str, &str)] = &[
    (
        "TF_DATA_DIR",
        "the directory that stands for `.terraform`, as for `tofu` and `terraform`",
    ),
    (
        "REGISTRY_AUTH_FILE",
        "the only file in which credentials are looked for and kept, as for `podman`",
    ),
    (
        "DOCKER_CONFIG",
        "the directory of the `config.json` in which Docker keeps credentials",
    ),
    (
        "XDG_RUNTIME_DIR, XDG_CONFIG_HOME",
        "where `containers/auth.json` is, as for `podman`; under the second also `opentofu/tofurc`, if the home directory has no CLI configuration",
    ),
    (
        "XDG_CACHE_HOME, XDG_STATE_HOME",
        "where the package cache is, and the stamps that prove what is in it, with what `--profile auto` found out beside them; `~/.cache` and `~/.local/state`, where they are not set",
    ),
    (
        "PATH",
        "where credential helpers are, `docker-credential-NAME`, and `gpg` for `--sign-with`",
    ),
    (
        "TF_CLI_CONFIG_FILE, TERRAFORM_CONFIG",
        "`--cli-config`, where the flag is not given: the first that is set",
    ),
    (
        "TF_PLUGIN_CACHE_DIR",
        "`install`: the plugin cache of the clients, which has to be there; instead of `plugin_cache_dir` in the CLI configuration",
    ),
    (
        "NO_COLOR",
        "no colours, whatever its value; also `CLICOLOR=0` and `TERM=dumb`",
    ),
    (
        "CLICOLOR_FORCE",
        "colours, even where standard error is no terminal",
    ),
    (
        "LC_ALL, LC_CTYPE, LANG",
        "a locale that is not UTF-8 draws trees in ASCII",
    ),
    (
        "TOFU_OCI_LOG",
        "what `serve` tells while it runs, as a filter of traces: `warn`, `access=off`",
    ),
    ("TMPDIR", "where files are put that live as long as the run"),
];

/// Whether a command line is understood, without running it; `words` do not begin with the program.
///
/// # Errors
///
/// What the program would say of it.
pub fn understood(words: &[String]) -> Result<(), String> {
    let words = std::iter::once("tofu-oci").chain(words.iter().map(String::as_str));
    match Cli::try_parse_from(words) {
        Ok(_) => Ok(()),
        Err(error) if !error.use_stderr() => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}

/// The commands and their flags: `docs/reference/cli.md`.
pub fn cli() -> String {
    let mut page = format!("{NOTICE}# Commands\n\n");
    let mut root = Cli::command().term_width(WIDTH);
    root.build();
    let mut variables: Vec<(String, String)> = Vec::new();
    command(&root, &mut page, &mut variables);
    page.push_str("## Environment\n\n| variable | means |\n| --- | --- |\n");
    variables.sort();
    variables.dedup();
    for (name, flag) in variables {
        let _ = writeln!(page, "| `{name}` | `{flag}`, where the flag is not given |");
    }
    for (name, meaning) in VARIABLES {
        let _ = writeln!(page, "| `{}` | {meaning} |", name.replace(", ", "`, `"));
    }
    page.push_str("\n## Exit status\n\n| status | means |\n| --- | --- |\n| 0 | done |\n");
    for (exit, meaning) in [
        (
            Exit::Failed,
            "something failed; what did not depend on it was done",
        ),
        (Exit::Usage, "the command line cannot be carried out"),
        (
            Exit::Refused,
            "refused by verification or policy: a hash, an unsafe zip, a version that exists",
        ),
    ] {
        let _ = writeln!(page, "| {} | {meaning} |", exit.status());
    }
    let _ = writeln!(
        page,
        "| {} | `--dry-run` found something to do |",
        crate::run::TO_DO
    );
    let _ = writeln!(
        page,
        "| {} | interrupted, by Ctrl-C or `SIGTERM`; whatever the command, apart from `serve`, which finishes the requests that run and ends with 0 |",
        crate::interrupt::STATUS
    );
    page
}

fn command(command: &Command, page: &mut String, variables: &mut Vec<(String, String)>) {
    let name = command.get_bin_name().unwrap_or_else(|| command.get_name());
    let mut shown = command.clone();
    if name != "tofu-oci" {
        // Said once, where they stand first.
        shown = shown.mut_args(|arg| {
            let global = arg.is_global_set();
            arg.hide(global)
        });
    }
    let help = shown.render_long_help().to_string();
    let _ = write!(page, "## `{name}`\n\n```text\n{}\n```\n\n", lines(&help));
    for arg in command.get_arguments() {
        if let (Some(variable), Some(long)) = (arg.get_env(), arg.get_long()) {
            variables.push((variable.to_string_lossy().into_owned(), format!("--{long}")));
        }
    }
    for below in command.get_subcommands() {
        self::command(below, page, variables);
    }
}

/// The text without blanks at the ends of lines.
fn lines(text: &str) -> String {
    let lines: Vec<&str> = text.trim_end().lines().map(str::trim_end).collect();
    lines.join("\n")
}

/// The kinds of failures: `docs/reference/error-codes.md`.
pub fn error_codes() -> String {
    let mut page = format!(
        "{NOTICE}# Error codes\n\nA failure is printed as `error[CODE]: …`, with `--json` as a line with a field `code`. \
         Codes do not change; new ones are added. Each leads to what can be done about it.\n\n\
         | code | exit | what happened |\n| --- | --- | --- |\n"
    );
    for code in Code::ALL {
        let _ = writeln!(
            page,
            "| [`{0}`](../troubleshooting.md#{0}) | {1} | {2} |",
            code.as_str(),
            code.exit().status(),
            code.meaning()
        );
    }
    page
}

/// What to do about each kind of failure: `docs/troubleshooting.md`.
pub fn troubleshooting() -> String {
    let mut page = format!(
        "{NOTICE}# Troubleshooting\n\nEvery error has a code in brackets; here is what leads to it and what helps. \
         The lines below an error are its causes, from the nearest to the first, and a hint for the case at hand: read \
         those first. `-v` tells what is done and tried again, `-vv` every request to a registry.\n\n\
         Running a command again is safe: what was published, copied or installed is not done twice, and nothing \
         half-done counts.\n\n"
    );
    for group in GROUPS {
        let codes = group.remedies.iter().map(|remedy| remedy.code.as_str());
        let links: Vec<String> = codes.map(|code| format!("[`{code}`](#{code})")).collect();
        let _ = writeln!(page, "- {}: {}", group.title, links.join(", "));
    }
    for group in GROUPS {
        let _ = write!(page, "\n## {}\n", group.title);
        for remedy in group.remedies {
            self::remedy(remedy, &mut page);
        }
    }
    page
}

fn remedy(remedy: &Remedy, page: &mut String) {
    let code = remedy.code.as_str();
    let cause = remedy.cause;
    let _ = write!(page, "\n### `{code}`\n\n{cause}\n\n```text\n");
    let mut lines = remedy.example.iter();
    if let Some(message) = lines.next() {
        let _ = writeln!(page, "error[{code}]: {message}");
    }
    for cause in lines {
        let _ = writeln!(page, "  cause: {cause}");
    }
    let _ = write!(
        page,
        "```\n\n**What to do:** {} The exit status is {}.\n",
        remedy.next,
        remedy.code.exit().status()
    );
}

/// The JSON documents: `docs/reference/json.md`.
pub fn json() -> String {
    let mut page = format!(
        "{NOTICE}# JSON documents\n\nWith `--json` a command prints one document to standard output. \
         As long as its `version` is 1, fields are only added. Progress, warnings and errors are \
         documents of one line each on standard error.\n\nA field whose type ends in `?` may be absent. \
         Sizes are bytes, times are RFC 3339 in UTC.\n\n"
    );
    for document in documents() {
        let _ = write!(
            page,
            "## `{}`\n\n| field | type | what it is |\n| --- | --- | --- |\n",
            document.command
        );
        for (path, kind, meaning) in document.fields {
            let kind = kind.replace('|', " or ");
            let _ = writeln!(page, "| `{path}` | {kind} | {meaning} |");
        }
        let _ = write!(page, "\n```json\n{}```\n\n", document.example);
    }
    page.truncate(page.trim_end().len());
    page.push('\n');
    page
}

/// A JSON document that a command prints.
#[derive(Debug, Clone)]
pub struct JsonDocument {
    /// The command, or what else prints it.
    pub command: &'static str,
    /// Path, type and meaning of each field. A path is `release.packages[].size`; a type is that of
    /// JSON, with `?` where the field may be absent and `|null` where it may be null.
    pub fields: &'static [(&'static str, &'static str, &'static str)],
    /// An example: indented JSON with a line end.
    pub example: String,
}

/// All documents, in the order of the reference.
pub fn documents() -> Vec<JsonDocument> {
    vec![
        entry::<document::ReleaseDocument>(),
        entry::<document::ModuleDocument>(),
        entry::<document::InstallDocument>(),
        entry::<document::ListDocument>(),
        entry::<document::RepositoriesDocument>(),
        entry::<document::ShowDocument>(),
        entry::<document::PullDocument>(),
        entry::<document::VerifyDocument>(),
        entry::<document::CopyDocument>(),
        entry::<document::DeleteDocument>(),
        entry::<document::RequirementsDocument>(),
        entry::<document::LoginDocument>(),
        entry::<document::LogoutDocument>(),
        entry::<document::GcDocument>(),
        entry::<document::FsckDocument>(),
        entry::<document::CacheDirDocument>(),
        entry::<document::CacheListDocument>(),
        entry::<document::CacheVerifyDocument>(),
        entry::<document::CachePruneDocument>(),
        entry::<document::CliConfigDocument>(),
        entry::<document::ErrorDocument>(),
        entry::<document::WarningDocument>(),
        entry::<document::ProgressDocument>(),
    ]
}

fn entry<T: Document>() -> JsonDocument {
    let fields: &'static [Field] = T::FIELDS;
    JsonDocument {
        command: T::COMMAND,
        fields,
        // Examples are plain data, which can be written.
        example: crate::printer::json::pretty(&T::example()).unwrap_or_default(),
    }
}
