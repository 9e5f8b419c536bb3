//! `login HOST`

use std::io::{self, BufRead, IsTerminal as _, Read};

use secrecy::{ExposeSecret as _, SecretString};
use tofu_oci::login::{LoginReport, login};
use tofu_oci::store::Files;
use tofu_oci::store::credentials::{Credential, CredentialWriter, HelperName};
use tofu_oci::store::remote::LoginAnswer;
use tofu_oci::types::oci::RegistryHost;

use super::{Ending, output};
use crate::args::LoginArgs;
use crate::diagnostic::Failure;
use crate::document::LoginDocument;
use crate::interrupt::{Stop, run_reading, run_writing};
use crate::printer::{Format, Verbosity, shown, write_err};
use crate::settings::Settings;

/// The longest secret, in bytes.
const SECRET_LIMIT: u64 = 64 * 1024;

pub(super) fn run(args: &LoginArgs, settings: &Settings) -> Result<Ending, Stop> {
    let host = registry(&args.registry)?;
    let files = Files::new();
    let connect = settings.connect(&files)?;
    let environment = settings.auth_environment(args.authfile.as_ref());
    let writer = CredentialWriter::new(files, environment);
    // Before anybody types a password.
    let plan = run_reading(writer.plan(&host))?;
    let credential = credential(args, &mut io::stdin().lock())?;
    let username = match &credential {
        Credential::Password { username, .. } => Some(username.clone()),
        Credential::IdentityToken(_) | Credential::AccessToken(_) => None,
    };
    let report = run_writing(login(&writer, connect.remote(), plan, credential))?;
    if report.answer == LoginAnswer::NotAsked {
        let told = format!("{host} did not ask for a credential, so it is not known to be right");
        settings.printer.warning("login-not-asked", &told);
    }
    let document = document(&report, username);
    let printer = &settings.printer;
    if printer.format == Format::Human && printer.verbosity == Verbosity::Quiet {
        return Ok(Ending::Done);
    }
    printer
        .result(&document, || human(&document))
        .map_err(output)?;
    Ok(Ending::Done)
}

/// The registry of a login. What is no host is not repeated where a password may be in it.
pub(super) fn registry(text: &str) -> Result<RegistryHost, Failure> {
    if text.contains('@') {
        return Err(Failure::usage(
            "a registry is HOST or HOST:PORT, without a user or a password",
        ));
    }
    if let Some((host, _)) = text.split_once('/').filter(|_| !text.contains("://")) {
        return Err(Failure::usage(format!(
            "credentials are for a whole registry: {host:?}, not {text:?}"
        )));
    }
    text.parse()
        .map_err(|error| Failure::usage(format!("invalid value for '<HOST>': {error}")))
}

/// The credential, from standard input or from somebody at a terminal.
fn credential(args: &LoginArgs, stdin: &mut dyn BufRead) -> Result<Credential, Failure> {
    if args.identity_token_stdin {
        return Ok(Credential::IdentityToken(secret(stdin)?));
    }
    if args.password_stdin {
        let username = args.username.clone().unwrap_or_default();
        return with_user(username, secret(stdin)?);
    }
    if !io::stdin().is_terminal() {
        return Err(Failure::usage(
            "nobody can be asked for a password here: name the user with --username and give the password \
             with --password-stdin",
        ));
    }
    let username = match &args.username {
        Some(username) => username.clone(),
        None => {
            write_err("Username: ");
            let mut line = String::new();
            let mut bounded = stdin.take(SECRET_LIMIT);
            bounded.read_line(&mut line).map_err(unreadable)?;
            line.trim().to_owned()
        }
    };
    let password = rpassword::prompt_password("Password: ").map_err(unreadable)?;
    with_user(username, password.into())
}

fn with_user(username: String, secret: SecretString) -> Result<Credential, Failure> {
    if username.is_empty() {
        return Err(Failure::usage("the user name is empty"));
    }
    if secret.expose_secret().is_empty() {
        return Err(Failure::usage("the password is empty"));
    }
    Ok(Credential::of_user(username, secret))
}

/// A secret and nothing else, but for the line end that editors and `echo` add.
fn secret(stdin: &mut dyn BufRead) -> Result<SecretString, Failure> {
    let mut bytes = Vec::new();
    let mut bounded = stdin.take(SECRET_LIMIT + 1);
    bounded.read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > SECRET_LIMIT {
        return Err(Failure::usage(format!(
            "standard input has more than {SECRET_LIMIT} bytes, which is no secret"
        )));
    }
    let Ok(text) = String::from_utf8(bytes) else {
        return Err(Failure::usage("standard input is not text"));
    };
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() {
        return Err(Failure::usage("standard input is empty"));
    }
    Ok(SecretString::from(text))
}

#[allow(
    clippy::needless_pass_by_value,
    reason = "it takes what `map_err` hands over"
)]
fn unreadable(error: io::Error) -> Failure {
    Failure::usage(format!("the credential cannot be read: {error}"))
}

fn document(report: &LoginReport, username: Option<String>) -> LoginDocument {
    LoginDocument {
        version: 1,
        registry: report.plan.host.to_string(),
        username,
        file: report.plan.file.to_string_lossy().into_owned(),
        helper: report.plan.helper.as_ref().map(HelperName::program),
        verified: report.answer == LoginAnswer::Accepted,
    }
}

fn human(document: &LoginDocument) -> String {
    let user = match &document.username {
        Some(username) => format!(" as {}", shown(username)),
        None => String::new(),
    };
    let file = shown(&document.file);
    let kept = match &document.helper {
        Some(helper) => format!("kept by {helper}, as {file} says"),
        None => format!("kept in {file}, not encrypted"),
    };
    format!("logged in to {}{user}: {kept}\n", document.registry)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<String, Failure> {
        secret(&mut io::Cursor::new(bytes)).map(|secret| secret.expose_secret().to_owned())
    }

    #[test]
    fn one_line_end_is_not_part_of_a_secret() {
        for (input, expected) in [
            ("s3cret", "s3cret"),
            ("s3cret\n", "s3cret"),
            ("s3cret\r\n", "s3cret"),
            ("s3cret\n\n", "s3cret\n"),
            (" s3 cret ", " s3 cret "),
        ] {
            assert_eq!(read(input.as_bytes()).unwrap(), expected, "{input:?}");
        }
        for input in ["", "\n", "\r\n"] {
            assert!(read(input.as_bytes()).is_err(), "{input:?}");
        }
        assert!(read(&[0xff]).is_err());
        assert!(read(&[b'x'; 64 * 1024]).is_ok());
        assert!(read(&[b'x'; 64 * 1024 + 1]).is_err());
    }

    #[test]
    fn registries() {
        assert_eq!(
            registry("Example.com:5000").unwrap().as_str(),
            "example.com:5000"
        );
        for text in [
            "",
            "https://example.com",
            "example.com/team",
            "alice:s3cret@example.com",
        ] {
            let failure = registry(text).unwrap_err();
            assert_eq!(failure.status(), 2, "{text}");
            assert!(!format!("{failure:?}").contains("s3cret"));
        }
    }
}
