//! Who asked for what.

use std::sync::{Arc, Mutex, PoisonError};

use hyper::Method;
use tofu_oci_store::User;

/// One request that was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessRecord {
    /// The method.
    pub method: Method,
    /// The path as it came, without the query.
    pub path: String,
    /// The query as it came, without its question mark; empty when there is none.
    pub query: String,
    /// The status of the answer.
    pub status: u16,
    /// How many bytes of the answer's body were handed to the connection.
    pub sent: u64,
    /// How many bytes of the request's body were taken from the connection.
    pub received: u64,
    /// Who asked; `None` where nobody looked.
    pub user: Option<User>,
    /// Whether the answer was sent to its end.
    pub ending: Ending,
}

/// How an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Everything was handed to the connection.
    Complete,
    /// The client went away, or the content broke off.
    Broken,
}

/// Is told of every request. An answer is told before its last bytes leave, so whoever has read an answer finds
/// it told.
pub trait AccessLog: Send + Sync {
    /// Takes a request down.
    fn record(&self, record: AccessRecord);
}

/// Tells every request to `tracing`, under the target `access`.
#[derive(Debug, Clone, Copy, Default)]
pub struct TraceLog;

impl AccessLog for TraceLog {
    fn record(&self, record: AccessRecord) {
        let user = match &record.user {
            Some(User::Named(name)) => name,
            _ => "-",
        };
        let query = match record.query.as_str() {
            "" => String::new(),
            query => format!("?{query}"),
        };
        tracing::info!(
            target: "access",
            method = record.method.as_str(),
            path = format!("{}{query}", record.path),
            status = record.status,
            sent = record.sent,
            received = record.received,
            user,
            complete = record.ending == Ending::Complete,
        );
    }
}

/// Remembers every request. A clone shares the memory.
#[derive(Debug, Clone, Default)]
pub struct MemoryLog(Arc<Mutex<Vec<AccessRecord>>>);

impl MemoryLog {
    /// A log without requests.
    pub fn new() -> Self {
        Self::default()
    }

    /// Everything since the last call, in the order of the answers.
    pub fn take(&self) -> Vec<AccessRecord> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl AccessLog for MemoryLog {
    fn record(&self, record: AccessRecord) {
        let mut records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        records.push(record);
    }
}
