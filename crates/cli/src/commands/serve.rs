//! `serve`

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tofu_oci::store::files::Sync;
use tofu_oci::store::layout::Access as Opening;
use tofu_oci::store::{Files, LayoutStorage, StoreError};
use tofu_oci_gateway::access::Htpasswd;
use tofu_oci_gateway::access_log::TraceLog;
use tofu_oci_gateway::server::Clock;
use tofu_oci_gateway::{
    Access, AccessOptions, Anonymous, Distribution, Exposure, Limits, LocalAuthority, Server,
    ServerOptions, Tls, TlsName, VersionTags,
};

use super::Ending;
use crate::args::{ServeArgs, SyncArg, TlsArg};
use crate::diagnostic::{Code, Diagnostic, Failure, chain};
use crate::interrupt::{Shutdown, Stop, no_runtime, run_serving};
use crate::log_queue::LogQueue;
use crate::printer::shown;
use crate::settings::Settings;
use crate::{log, open_files};

/// How long an upload may rest before it is thrown away.
const UPLOAD_AGE: Duration = Duration::from_secs(24 * 60 * 60);
/// How often that is looked after.
const ROUND: Duration = Duration::from_secs(60 * 60);

/// How long to wait at the end until the last lines were read.
const LAST_LINES: Duration = Duration::from_secs(1);

/// How large a file of users, certificates or keys may be, in bytes.
const FILE_LIMIT: u64 = 4 * 1024 * 1024;

pub(super) fn run(args: &ServeArgs, settings: &Settings) -> Result<Ending, Stop> {
    let log = log::start(&settings.printer).map_err(no_runtime)?;
    let files = Files::new().with_sync(match args.sync {
        SyncArg::On => Sync::On,
        SyncArg::Off => Sync::Off,
    });
    // Before anything is made: a wrong command line leaves nothing behind.
    let access = access(args)?;
    check_directory(&args.data)?;
    let storage = LayoutStorage::directory(&args.data, &files, Opening::Write)?;
    let tls = tls(args, &files, settings)?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let distribution = Distribution::new(Arc::new(storage.clone()))
        .with_access(access)
        .with_version_tags(match args.mutable_tags {
            true => VersionTags::Mutable,
            false => VersionTags::Immutable,
        });
    let options = ServerOptions {
        listen: args.listen,
        tls,
        limits: limits(),
        access_log: Some(Arc::new(TraceLog)),
        ..ServerOptions::new(distribution.router())
    };
    let served = run_serving(log.clone(), |shutdown| {
        serve(options, storage, scheme, &log, shutdown)
    });
    log.drain(LAST_LINES);
    served?;
    Ok(Ending::Done)
}

/// As many connections and requests as the files allow that may be open.
fn limits() -> Limits {
    let usual = Limits::default();
    let allowed = open_files::raise().map_or(usual.connections, connections);
    Limits {
        connections: allowed.min(usual.connections),
        requests: allowed.min(usual.requests),
        ..usual
    }
}

/// How many connections go with so many files, and as many requests: each connection is one, and so is the content that a
/// request gives or takes.
fn connections(files: u64) -> usize {
    /// One for each repository that is remembered, each file that is worked on, and the program itself.
    const OTHERS: u64 = 384;
    let pairs = files.saturating_sub(OTHERS) / 2;
    usize::try_from(pairs).unwrap_or(usize::MAX).max(64)
}

async fn serve(
    options: ServerOptions,
    storage: LayoutStorage,
    scheme: &str,
    log: &LogQueue,
    shutdown: Shutdown,
) -> Result<(), Failure> {
    let server = Server::bind(options).await?;
    let sweeping = tokio::spawn(sweep(storage));
    log.say(&format!("listening on {scheme}://{}\n", server.address()));
    server.serve(shutdown.asked()).await;
    sweeping.abort();
    Ok(())
}

/// Throws away uploads that nobody finished, now and every hour.
async fn sweep(storage: LayoutStorage) {
    loop {
        match storage.expire_uploads(now(), UPLOAD_AGE).await {
            Ok(0) => {}
            Ok(expired) => tracing::info!(expired, "unfinished uploads thrown away"),
            Err(error) => tracing::error!(error = chain(&error), "unfinished uploads stay"),
        }
        tokio::time::sleep(ROUND).await;
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "a server that runs for weeks needs the time"
)]
fn now() -> SystemTime {
    SystemTime::now()
}

fn access(args: &ServeArgs) -> Result<Access, Failure> {
    let users = match &args.htpasswd {
        Some(path) => {
            let text = String::from_utf8(read(path)?).map_err(|_| {
                let path = shown(path.display());
                Diagnostic::new(Code::AccessInvalid, format!("{path} is not UTF-8"))
            })?;
            Some(Htpasswd::parse(&text)?)
        }
        None => None,
    };
    let options = AccessOptions {
        users,
        readers: args.readers.clone(),
        anonymous: match (args.anonymous_write, args.anonymous_read) {
            (true, _) => Some(Anonymous::Write),
            (false, true) => Some(Anonymous::Read),
            (false, false) => None,
        },
    };
    let encrypted = args.tls.is_some() || args.tls_cert.is_some();
    let exposure = match (args.listen.ip().is_loopback(), encrypted) {
        (true, _) => Exposure::Loopback,
        (false, true) => Exposure::Tls,
        (false, false) => Exposure::Plain,
    };
    Ok(Access::new(options, exposure)?)
}

/// One layout has no names to serve, and a file has nothing.
fn check_directory(path: &Path) -> Result<(), Failure> {
    if path.exists() && !path.is_dir() {
        let message = format!("{} is no directory", shown(path.display()));
        let hint = "name a directory; one that is not there is created";
        return Err(Diagnostic::new(Code::Usage, message).hint(hint).into());
    }
    if !path.join("index.json").exists() {
        return Ok(());
    }
    let message = format!("{} is itself one layout", shown(path.display()));
    let hint = "name the directory that it lies in, or an empty one";
    Err(Diagnostic::new(Code::Usage, message).hint(hint).into())
}

fn tls(args: &ServeArgs, files: &Files, settings: &Settings) -> Result<Option<Tls>, Failure> {
    if let (Some(certificates), Some(key)) = (&args.tls_cert, &args.tls_key) {
        let clock: Clock = Arc::new(now);
        return Ok(Some(Tls::from_files(files, certificates, key, clock)?));
    }
    let Some(TlsArg::Local) = args.tls else {
        return Ok(None);
    };
    let mut names = args.tls_name.clone();
    names.extend(served(args.listen));
    let clock: Clock = Arc::new(now);
    let authority = LocalAuthority::open(files, &args.data.join("tls"), &names, clock)?;
    let certificate = authority.certificate();
    settings.printer.note(format!(
        "clients have to trust {}; SSL_CERT_FILE may replace all other authorities, so add it to a copy of theirs",
        certificate.display()
    ));
    Ok(Some(Tls::local(authority)?))
}

/// The address of the server, where it is one by which clients reach it.
fn served(listen: SocketAddr) -> Option<TlsName> {
    (!listen.ip().is_unspecified()).then_some(TlsName::Ip(listen.ip()))
}

/// A small file, which may be a link.
fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let read = Files::new().read_linked(path, FILE_LIMIT);
    Ok(read.map_err(StoreError::Io)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_connection_may_have_a_file_open() {
        for (files, expected) in [(256, 64), (1024, 320), (16_384, 8000)] {
            assert!(connections(files) >= expected, "{files}");
        }
        for files in [1024, 4096, 16_384] {
            assert!(2 * connections(files) as u64 + 384 <= files, "{files}");
        }
    }
}
