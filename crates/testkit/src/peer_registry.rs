//! Registries of the distribution project.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::PeerServer;

/// A registry of the distribution project, version 2.8 or later, that is about to start.
#[derive(Debug)]
pub struct PeerRegistry {
    program: PathBuf,
    data: PathBuf,
    users: Option<PathBuf>,
    certificate: Option<(PathBuf, PathBuf)>,
}

impl PeerRegistry {
    /// Runs `program` with its content and its configuration in `data`.
    pub fn new(program: impl Into<PathBuf>, data: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            data: data.into(),
            users: None,
            certificate: None,
        }
    }

    /// With the users of an htpasswd file, who alone may read and write.
    #[must_use]
    pub fn users(mut self, file: impl Into<PathBuf>) -> Self {
        self.users = Some(file.into());
        self
    }

    /// Over TLS, with a certificate and its key as PEM files.
    #[must_use]
    pub fn certificate(mut self, certificate: &Path, key: &Path) -> Self {
        self.certificate = Some((certificate.to_owned(), key.to_owned()));
        self
    }

    /// Starts it on a free port of `127.0.0.1`.
    pub fn start(&self) -> PeerServer {
        std::fs::create_dir_all(&self.data).unwrap();
        let file = self.data.join("config.yml");
        let scheme = match self.certificate {
            Some(_) => "https",
            None => "http",
        };
        PeerServer::on_a_free_port(scheme, |address| {
            std::fs::write(&file, self.configuration(address)).unwrap();
            let mut command = Command::new(&self.program);
            command
                .arg("serve")
                .arg(&file)
                .env_clear()
                .env("OTEL_TRACES_EXPORTER", "none");
            command
        })
    }

    /// As JSON, which is YAML.
    fn configuration(&self, address: SocketAddr) -> String {
        let mut configuration = serde_json::json!({
            "version": 0.1,
            "log": { "level": "error", "accesslog": { "disabled": true } },
            "storage": {
                "filesystem": { "rootdirectory": self.data.join("content") },
                "delete": { "enabled": true },
            },
            "http": { "addr": address.to_string(), "secret": "of a test" },
        });
        if let Some(users) = &self.users {
            configuration["auth"] = serde_json::json!({
                "htpasswd": { "realm": "test", "path": users },
            });
        }
        if let Some((certificate, key)) = &self.certificate {
            configuration["http"]["tls"] = serde_json::json!({
                "certificate": certificate,
                "key": key,
            });
        }
        configuration.to_string()
    }
}
