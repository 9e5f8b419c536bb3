mod credentials;
mod installation;
mod locations;
mod merging;
mod mirror_config;
mod oci_mirror;
mod patterns;
mod secrets;
mod settings;

use std::path::{Path, PathBuf};

use super::*;
use crate::tofu::Hostname;

/// An environment with these variables.
fn environment(variables: &[(&str, &str)]) -> CliEnvironment {
    CliEnvironment {
        system: System::Unix,
        home: Some(PathBuf::from("/home/u")),
        app_data: Some(PathBuf::from("/data")),
        variables: self::variables(variables),
    }
}

fn variables(entries: &[(&str, &str)]) -> Variables {
    entries
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

/// The configuration of a main file, files of the directory, and variables. Every directory exists
/// but `/missing`.
fn several(
    main: &str,
    directory: &[&str],
    variables: &[(&str, &str)],
) -> Result<CliConfig, CliConfigErrors> {
    let environment = environment(variables);
    let host = Hostname::opentofu();
    let mut reader = CliConfigReader::new(&host, &environment);
    reader.main_file(Path::new("/home/u/.tofurc"), main.as_bytes());
    for (at, text) in directory.iter().enumerate() {
        let path = PathBuf::from(format!("/home/u/.terraform.d/{at}.tfrc"));
        reader.directory_file(&path, text.as_bytes());
    }
    reader.finish(&|path| path != Path::new("/missing"))
}

fn read(main: &str) -> CliConfig {
    several(main, &[], &[]).unwrap()
}

/// The problems of a file: `LINE:COLUMN: SUMMARY: DETAIL`.
fn problems(main: &str) -> Vec<String> {
    several(main, &[], &[])
        .unwrap_err()
        .problems
        .iter()
        .map(|problem| problem.to_string().replacen("/home/u/.tofurc:", "", 1))
        .collect()
}

/// The only problem of a file.
#[track_caller]
fn problem(main: &str) -> String {
    let mut all = problems(main);
    assert_eq!(all.len(), 1, "{main}: {all:?}");
    all.remove(0)
}
