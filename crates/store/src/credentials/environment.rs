//! Where files with credentials are looked for.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The systems whose conventions differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OsKind {
    /// Linux: what belongs to a login session lies in `$XDG_RUNTIME_DIR`.
    Linux,
    /// macOS.
    MacOs,
    /// Windows.
    Windows,
    /// Any other.
    Other,
}

impl OsKind {
    /// The system this program was built for.
    pub fn here() -> Self {
        match std::env::consts::OS {
            "linux" => Self::Linux,
            "macos" => Self::MacOs,
            "windows" => Self::Windows,
            _ => Self::Other,
        }
    }
}

/// What the environment says about credentials. A variable that is set to nothing counts as not set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthEnvironment {
    /// The system.
    pub os: OsKind,
    /// The user's home directory.
    pub home: Option<PathBuf>,
    /// `XDG_RUNTIME_DIR`
    pub xdg_runtime_dir: Option<PathBuf>,
    /// `XDG_CONFIG_HOME`
    pub xdg_config_home: Option<PathBuf>,
    /// `DOCKER_CONFIG`: a directory.
    pub docker_config: Option<PathBuf>,
    /// `REGISTRY_AUTH_FILE`: then this file and no other.
    pub registry_auth_file: Option<PathBuf>,
    /// `PATH`: where helpers are.
    pub path: Option<OsString>,
}

/// The form of a file with credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthFileForm {
    /// An object with `auths`, `credHelpers` and `credsStore`.
    Sections,
    /// What stands inside `auths`, and nothing around it, as Docker once wrote `~/.dockercfg`. Also read as
    /// [`Sections`](Self::Sections) when it has one of those.
    Flat,
}

/// A file that may hold credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthFilePlace {
    /// Where it may be.
    pub path: PathBuf,
    /// How it is written.
    pub form: AuthFileForm,
}

impl AuthEnvironment {
    /// An environment in which nothing is set.
    pub fn empty(os: OsKind) -> Self {
        Self {
            os,
            home: None,
            xdg_runtime_dir: None,
            xdg_config_home: None,
            docker_config: None,
            registry_auth_file: None,
            path: None,
        }
    }

    /// The files that may hold credentials, in the order in which they are asked; each once.
    ///
    /// `$REGISTRY_AUTH_FILE` alone, else `$XDG_RUNTIME_DIR/containers/auth.json` (Linux) or
    /// `~/.config/containers/auth.json` (macOS, Windows), `$XDG_CONFIG_HOME/containers/auth.json` (by default below
    /// `~/.config`), Docker's `config.json`, `~/.dockercfg`.
    pub fn auth_files(&self) -> Vec<AuthFilePlace> {
        if let Some(file) = &self.registry_auth_file {
            return vec![AuthFilePlace {
                path: file.clone(),
                form: AuthFileForm::Sections,
            }];
        }
        let containers = |dir: &Path| dir.join("containers/auth.json");
        let home_config = self.home.as_ref().map(|home| home.join(".config"));
        let session = match self.os {
            OsKind::Linux => self.xdg_runtime_dir.as_ref(),
            OsKind::MacOs | OsKind::Windows => home_config.as_ref(),
            OsKind::Other => None,
        };
        let config = self.xdg_config_home.as_ref().or(home_config.as_ref());
        let paths = [
            session.map(|dir| containers(dir)),
            config.map(|dir| containers(dir)),
            self.docker_file(),
        ];
        let mut places: Vec<AuthFilePlace> = Vec::new();
        for path in paths.into_iter().flatten() {
            if places.iter().all(|place| place.path != path) {
                places.push(AuthFilePlace {
                    path,
                    form: AuthFileForm::Sections,
                });
            }
        }
        places.extend(self.home.as_ref().map(|home| AuthFilePlace {
            path: home.join(".dockercfg"),
            form: AuthFileForm::Flat,
        }));
        places
    }

    /// Docker's `config.json`, the one file that Docker, Podman and OpenTofu all read.
    pub(super) fn docker_file(&self) -> Option<PathBuf> {
        let dir = match (&self.docker_config, &self.home) {
            (Some(dir), _) => dir.clone(),
            (None, Some(home)) => home.join(".docker"),
            (None, None) => return None,
        };
        Some(dir.join("config.json"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(environment: &AuthEnvironment) -> Vec<String> {
        let places = environment.auth_files();
        let text = |place: &AuthFilePlace| place.path.to_string_lossy().replace('\\', "/");
        places.iter().map(text).collect()
    }

    #[test]
    fn the_order_of_each_system() {
        let (home, windows) = ("/home/example", "c:/Users/Example");
        let xdg = Some(("/var/run/12", "/home/example/.contrarian-config"));
        let by_default = ".config/containers/auth.json";
        let contrarian = ".contrarian-config/containers/auth.json";
        for (name, os, home, xdg, expected) in [
            ("linux", OsKind::Linux, home, None, vec![by_default]),
            (
                "linux, xdg",
                OsKind::Linux,
                home,
                xdg,
                vec!["/var/run/12/containers/auth.json", contrarian],
            ),
            ("windows", OsKind::Windows, windows, None, vec![by_default]),
            (
                "windows, xdg",
                OsKind::Windows,
                home,
                xdg,
                vec![by_default, contrarian],
            ),
            ("macos", OsKind::MacOs, home, None, vec![by_default]),
            (
                "macos, xdg",
                OsKind::MacOs,
                home,
                xdg,
                vec![by_default, contrarian],
            ),
            ("other", OsKind::Other, home, None, vec![by_default]),
            ("other, xdg", OsKind::Other, home, xdg, vec![contrarian]),
        ] {
            let environment = AuthEnvironment {
                home: Some(home.into()),
                xdg_runtime_dir: xdg.map(|(dir, _)| dir.into()),
                xdg_config_home: xdg.map(|(_, dir)| dir.into()),
                ..AuthEnvironment::empty(os)
            };
            let expected: Vec<String> = expected
                .into_iter()
                .chain([".docker/config.json", ".dockercfg"])
                .map(|path| match path.starts_with('/') {
                    true => path.to_owned(),
                    false => format!("{home}/{path}"),
                })
                .collect();
            assert_eq!(paths(&environment), expected, "{name}");
        }
    }

    #[test]
    fn what_docker_and_podman_honour() {
        let environment = AuthEnvironment {
            home: Some("/h".into()),
            docker_config: Some("/d".into()),
            ..AuthEnvironment::empty(OsKind::Linux)
        };
        assert_eq!(
            paths(&environment),
            [
                "/h/.config/containers/auth.json",
                "/d/config.json",
                "/h/.dockercfg"
            ]
        );
        let one = AuthEnvironment {
            registry_auth_file: Some("auth.json".into()),
            ..environment
        };
        assert_eq!(paths(&one), ["auth.json"]);
        let nothing = AuthEnvironment::empty(OsKind::Linux);
        assert_eq!(nothing.auth_files(), []);
        let no_home = AuthEnvironment {
            docker_config: Some("/d".into()),
            xdg_runtime_dir: Some("/r".into()),
            ..nothing
        };
        assert_eq!(
            paths(&no_home),
            ["/r/containers/auth.json", "/d/config.json"]
        );
    }

    #[test]
    fn only_the_old_file_is_flat() {
        let environment = AuthEnvironment {
            home: Some("/h".into()),
            ..AuthEnvironment::empty(OsKind::Other)
        };
        let forms: Vec<_> = environment.auth_files().iter().map(|p| p.form).collect();
        use AuthFileForm::{Flat, Sections};
        assert_eq!(forms, [Sections, Sections, Flat]);
    }
}
