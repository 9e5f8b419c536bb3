//! From errors to advice: a stable code, an exit status, the chain of causes, what to do next.
//!
//! ```text
//! error[platform-missing]: acme/demo 1.2.3 has no package for linux_arm64
//!   cause: …
//!   hint: …
//! ```
//!
//! One file for each boundary maps every variant of its errors. There is no catch-all arm: a new
//! variant does not compile until somebody has decided what it means to a user.

mod artifact;
mod code;
mod config;
mod excerpt;
mod failure;
mod inspect;
mod install;
mod io;
mod login;
mod maintain;
mod promote;
mod publish;
mod remote;
mod render;
mod server;
mod source;
mod store;
mod trust;
mod verify;
mod warning;
mod word;
mod zip;

use std::borrow::Cow;
use std::error::Error;

pub(crate) use code::{Code, Exit};
pub(crate) use config::unreadable_config;
pub(crate) use excerpt::Excerpted;
pub(crate) use failure::Failure;
pub(crate) use io::{failed, unwritten};
pub(crate) use render::report;
pub(crate) use warning::{warning_hint, warning_json, warning_line};

/// What went wrong, for somebody who wants to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Diagnostic {
    /// The kind of failure.
    pub(crate) code: Code,
    /// What failed.
    pub(crate) message: String,
    /// Where in a file.
    pub(crate) excerpt: Option<Excerpted>,
    /// Why, from the nearest cause to the first.
    pub(crate) causes: Vec<String>,
    /// What to do next.
    pub(crate) hint: Option<String>,
}

/// An error with all its causes on one line.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}

/// What is known about an error beyond its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Advice {
    code: Code,
    hint: Option<Cow<'static, str>>,
    details: Vec<String>,
}

impl Advice {
    fn new(code: Code) -> Self {
        Self {
            code,
            hint: None,
            details: Vec::new(),
        }
    }

    fn hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// A hint where there is none yet.
    fn or_hint(self, hint: impl Into<Cow<'static, str>>) -> Self {
        match self.hint {
            Some(_) => self,
            None => self.hint(hint),
        }
    }

    /// Something that the causes do not say.
    fn detail(mut self, detail: String) -> Self {
        self.details.push(detail);
        self
    }
}

impl Diagnostic {
    /// A failure that no library told.
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            excerpt: None,
            causes: Vec::new(),
            hint: None,
        }
    }

    /// With what to do next.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// `error` with everything that caused it.
    fn of(error: &dyn Error, advice: Advice) -> Self {
        let message = error.to_string();
        let mut causes: Vec<String> = Vec::new();
        let mut cause = error.source();
        while let Some(error) = cause {
            let text = error.to_string();
            // A transparent wrapper says what its source says.
            if causes.last().unwrap_or(&message) != &text {
                causes.push(text);
            }
            cause = error.source();
        }
        causes.extend(advice.details);
        Self {
            code: advice.code,
            message,
            excerpt: None,
            causes,
            hint: advice.hint.map(Cow::into_owned),
        }
    }
}
