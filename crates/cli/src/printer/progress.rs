//! Progress: bars on a terminal, one line per finished thing elsewhere, or JSON documents of one line.

#![allow(
    clippy::disallowed_methods,
    reason = "bars appear for work that takes longer than a moment, and this is where that is measured"
)]

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use tofu_oci::{Event, Outcome, Reporter, TaskId, Work};

use super::escape::shown;
use super::{Colour, Verbosity, WARNING, json, size, write_err};
use crate::diagnostic;
use crate::document::{ProgressDocument, ProgressFields, ProgressState};

/// Work that is done sooner gets no bar.
const MOMENT: Duration = Duration::from_millis(400);

/// Work on as many bytes takes longer, and gets its bar at once.
const LARGE: u64 = 64 * 1024 * 1024;

/// How often a JSON document tells at most how far a piece of work is.
const INTERVAL: Duration = Duration::from_secs(1);

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProgressMode {
    /// Bars that vanish when their work ends.
    Bars,
    /// A line for each thing that ended.
    Lines,
    /// A JSON document a line: when a piece of work begins, while it goes on, and when it ends.
    Json,
    /// Not at all.
    Silent,
}

/// Shows events on standard error.
pub(crate) struct TerminalReporter {
    mode: ProgressMode,
    verbosity: Verbosity,
    colour: Colour,
    warnings: WarningForm,
    state: Mutex<State>,
}

/// How warnings are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WarningForm {
    /// Sentences.
    Human,
    /// A JSON document a line.
    Json,
    /// Not at all.
    None,
}

#[derive(Default)]
struct State {
    tasks: BTreeMap<TaskId, Running>,
    bars: Option<MultiProgress>,
    total: Option<ProgressBar>,
    /// How many pieces of work there were so far.
    begun: usize,
    /// Bytes of all work so far, and how many of them are done.
    length: u64,
    position: u64,
}

struct Running {
    work: Work,
    bytes: Option<u64>,
    done: u64,
    since: Instant,
    /// When a JSON document told of it last.
    told: Instant,
    bar: Option<ProgressBar>,
}

impl fmt::Debug for TerminalReporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TerminalReporter")
            .field("mode", &self.mode)
            .finish_non_exhaustive()
    }
}

impl TerminalReporter {
    /// Shows events in `mode`.
    pub(crate) fn new(
        mode: ProgressMode,
        warnings: WarningForm,
        verbosity: Verbosity,
        colour: Colour,
    ) -> Self {
        Self {
            mode,
            verbosity,
            colour,
            warnings,
            state: Mutex::default(),
        }
    }

    /// A panic elsewhere leaves counters, nothing that could be half-done.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, task: TaskId, work: &Work, bytes: Option<u64>) {
        let mut state = self.state();
        state.length += bytes.unwrap_or(0);
        if let Some(total) = &state.total {
            total.set_length(state.length);
        }
        let now = Instant::now();
        let running = Running {
            work: work.clone(),
            bytes,
            done: 0,
            since: now,
            told: now,
            bar: None,
        };
        let document = match self.mode {
            ProgressMode::Json => Some(running.document(task, ProgressState::Begin)),
            ProgressMode::Bars | ProgressMode::Lines | ProgressMode::Silent => None,
        };
        state.tasks.insert(task, running);
        state.begun += 1;
        if self.mode == ProgressMode::Bars && bytes.is_some_and(|bytes| bytes >= LARGE) {
            state.show(task);
        }
        if let Some(document) = document {
            state.say(&document);
        } else if self.verbosity >= Verbosity::Verbose {
            let length = bytes.map_or_else(String::new, |bytes| format!(" ({})", size(bytes)));
            state.say(&format!("{} {}{length}\n", verb(work).0, shown(work)));
        }
    }

    fn advance(&self, task: TaskId, bytes: u64) {
        let mut state = self.state();
        state.position += bytes;
        let Some(running) = state.tasks.get_mut(&task) else {
            return;
        };
        running.done += bytes;
        if self.mode == ProgressMode::Json && running.is_due(Instant::now()) {
            let document = running.document(task, ProgressState::Advance);
            state.say(&document);
            return;
        }
        if self.mode != ProgressMode::Bars {
            return;
        }
        if let Some(bar) = &running.bar {
            bar.inc(bytes);
        } else if running.since.elapsed() > MOMENT && running.bytes != Some(running.done) {
            state.show(task);
        }
        let position = state.position;
        if let Some(total) = &state.total {
            total.set_position(position);
        }
    }

    fn end(&self, task: TaskId, outcome: Outcome) {
        let mut state = self.state();
        let Some(running) = state.tasks.remove(&task) else {
            return;
        };
        if self.mode == ProgressMode::Json {
            state.say(&running.document(task, outcome.into()));
            return;
        }
        if let Some(bar) = running.bar {
            bar.finish_and_clear();
        }
        // What turned out to be there already was not moved, and is done all the same.
        state.position += running.bytes.unwrap_or(0).saturating_sub(running.done);
        if state.tasks.is_empty()
            && let Some(total) = state.total.take()
        {
            total.finish_and_clear();
        }
        let ending = match outcome {
            Outcome::Done => verb(&running.work).1,
            // It was read all the same.
            Outcome::Unchanged => "checked",
            // The error is told at the end, with its cause.
            Outcome::Failed => return,
        };
        let took = match self.verbosity {
            Verbosity::Verbose | Verbosity::Everything => {
                format!(" in {:.1} s", running.since.elapsed().as_secs_f64())
            }
            Verbosity::Normal | Verbosity::Quiet => String::new(),
        };
        if self.mode == ProgressMode::Lines || self.verbosity >= Verbosity::Verbose {
            state.say(&format!("{ending} {}{took}\n", shown(&running.work)));
        }
    }

    fn warn(&self, warning: &tofu_oci::Warning) {
        let text = match self.warnings {
            WarningForm::None => return,
            WarningForm::Json => diagnostic::warning_json(warning),
            WarningForm::Human => {
                let head = self
                    .colour
                    .paint(WARNING, &format!("warning[{}]", warning.code()));
                let hint = diagnostic::warning_hint(warning);
                let hint =
                    hint.map_or_else(String::new, |hint| format!("  hint: {}\n", shown(hint)));
                format!("{head}: {}\n{hint}", shown(warning))
            }
        };
        self.state().say(&text);
    }
}

impl Running {
    /// Whether it is time to tell again; then it counts as told.
    fn is_due(&mut self, now: Instant) -> bool {
        let due = now.saturating_duration_since(self.told) >= INTERVAL;
        if due {
            self.told = now;
        }
        due
    }

    /// How it stands, as one line of JSON.
    fn document(&self, task: TaskId, state: ProgressState) -> String {
        let document = ProgressDocument {
            version: 1,
            progress: ProgressFields {
                task,
                state,
                work: kind(&self.work),
                what: self.work.to_string(),
                bytes: self.done,
                total: self.bytes,
                seconds: (self.since.elapsed().as_secs_f64() * 1e3).round() / 1e3,
            },
        };
        // Strings and numbers only: this cannot fail.
        json::line(&document).unwrap_or_default()
    }
}

impl State {
    /// Gives a piece of work a bar, above the one of the total that several pieces have.
    fn show(&mut self, task: TaskId) {
        let bars = self.bars.get_or_insert_with(|| {
            MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(10))
        });
        let Some(running) = self.tasks.get_mut(&task) else {
            return;
        };
        let elapsed = running.since.elapsed();
        if self.total.is_none() && self.begun > 1 {
            let bar = bars
                .add(ProgressBar::new(self.length))
                .with_elapsed(elapsed);
            bar.set_style(style(
                "{bar:24} {decimal_bytes:>10} of {decimal_total_bytes}  total",
            ));
            bar.set_position(self.position);
            self.total = Some(bar);
        }
        let bar = ProgressBar::new(running.bytes.unwrap_or(0)).with_elapsed(elapsed);
        let bar = match &self.total {
            Some(total) => bars.insert_before(total, bar),
            None => bars.add(bar),
        };
        bar.set_style(match running.bytes {
            Some(_) => style("{bar:24} {decimal_bytes:>10} of {decimal_total_bytes}  {wide_msg}"),
            None => style("{spinner:24} {decimal_bytes:>10}  {wide_msg}"),
        });
        bar.set_message(shown(&running.work));
        bar.set_position(running.done);
        running.bar = Some(bar);
    }

    /// Prints a line above the bars.
    fn say(&self, text: &str) {
        match &self.bars {
            Some(bars) => bars.suspend(|| write_err(text)),
            None => write_err(text),
        }
    }
}

/// The templates are ours; one that did not parse would show the default bar.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("=> ")
}

/// What is said when the work begins, and when it is done.
fn verb(work: &Work) -> (&'static str, &'static str) {
    match work {
        Work::Publish { .. } => ("publishing", "published"),
        Work::InstallProvider { .. } => ("installing", "installed"),
        // It is put into place when everything else is there.
        Work::InstallModule { .. } => ("fetching", "fetched"),
        Work::Copy { .. } => ("copying", "copied"),
        Work::Pull { .. } => ("pulling", "pulled"),
    }
}

/// What a JSON document calls the work.
fn kind(work: &Work) -> &'static str {
    match work {
        Work::Publish { .. } => "publish",
        Work::InstallProvider { .. } => "install-provider",
        Work::InstallModule { .. } => "install-module",
        Work::Copy { .. } => "copy",
        Work::Pull { .. } => "pull",
    }
}

impl Reporter for TerminalReporter {
    fn event(&self, event: &Event) {
        match event {
            Event::Begin { task, work, bytes } => self.begin(*task, work, *bytes),
            Event::Advance { task, bytes } => self.advance(*task, *bytes),
            Event::End { task, outcome } => self.end(*task, *outcome),
            Event::Warning(warning) => self.warn(warning),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_of_work_is_told_of_once_a_second_at_most() {
        let since = Instant::now();
        let mut running = Running {
            work: Work::Pull {
                filename: "demo.zip".to_owned(),
            },
            bytes: Some(10),
            done: 4,
            since,
            told: since,
            bar: None,
        };
        let due: Vec<bool> = [0, 999, 1000, 1001, 1999, 2000, 9000, 9001]
            .map(|milliseconds| running.is_due(since + Duration::from_millis(milliseconds)))
            .into();
        assert_eq!(due, [false, false, true, false, false, true, true, false]);
        let document = running.document(7, ProgressState::Advance);
        let (document, seconds) = document.split_once("\"seconds\":").unwrap();
        assert_eq!(
            document,
            "{\"version\":1,\"progress\":{\"task\":7,\"state\":\"advance\",\"work\":\"pull\",\
             \"what\":\"demo.zip\",\"bytes\":4,\"total\":10,"
        );
        assert!(seconds.ends_with("}}\n"), "{seconds}");
    }
}
