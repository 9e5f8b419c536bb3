//! Timing whole programs, alternated with their peers, and printing what came out.
#![allow(dead_code)]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Our own program, as cargo built it for the bench.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_tofu-oci");

/// One run of a program.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    pub time: Duration,
    /// The most memory that was resident, in bytes; 0 where the system does not tell.
    pub resident: u64,
}

/// A contender: a name and a way to make its next run, in a fresh directory each time.
pub struct Contender<'a> {
    pub name: String,
    pub command: Box<dyn FnMut(usize) -> Command + 'a>,
}

/// A program of that name on the PATH, or in the directories of `TOFU_OCI_PEERS`.
pub fn peer(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let peers = std::env::var_os("TOFU_OCI_PEERS").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(std::env::split_paths(&peers))
        // An empty one would be the current directory.
        .filter(|dir| !dir.as_os_str().is_empty())
        .map(|dir| dir.join(name))
        .find(|file| file.is_file())
}

/// Runs a command to its end; it must succeed.
pub fn run(command: &mut Command) -> Run {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let start = Instant::now();
    let mut child = command
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    // Looked at now and then, on a thread of its own: what is measured needs the cores.
    let status = format!("/proc/{}/status", child.id());
    let watcher = std::thread::spawn(move || {
        let mut resident = 0;
        while let Some(now) = high_water(&status) {
            resident = now.max(resident);
            std::thread::sleep(Duration::from_millis(5));
        }
        resident
    });
    let code = child.wait().unwrap();
    let time = start.elapsed();
    let resident = watcher.join().unwrap();
    assert!(code.success(), "{command:?} failed: {code}");
    Run { time, resident }
}

fn high_water(status: &str) -> Option<u64> {
    field(status, "VmHWM:")
}

fn field(status: &str, name: &str) -> Option<u64> {
    let text = std::fs::read_to_string(status).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024)
}

/// What a process has resident now and had at most, in bytes; zeros where the system does not tell.
pub fn resident(process: u32) -> (u64, u64) {
    let status = format!("/proc/{process}/status");
    let of = |name| field(&status, name).unwrap_or_default();
    (of("VmRSS:"), of("VmHWM:"))
}

/// Processor time of all children of this process that have ended; zero where the system does not tell.
pub fn children_cpu() -> Duration {
    // proc_pid_stat(5): the fields after the name in parentheses; the 16th and 17th of all, in hundredths of a second.
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let ticks = fields.split_whitespace().skip(13).take(2);
    let ticks: u64 = ticks.filter_map(|field| field.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

/// The length of a large package or blob, in bytes: `TOFU_OCI_BENCH_BYTES`, else 1 GB.
pub fn large() -> usize {
    std::env::var("TOFU_OCI_BENCH_BYTES")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(1_000_000_000)
}

/// A length for a title.
pub fn bytes(length: usize) -> String {
    match length {
        1_000_000_000.. => format!("{} GB", length as f64 / 1e9),
        _ => format!("{} MB", length as f64 / 1e6),
    }
}

/// Alternates the contenders for some rounds and prints a line each; the first is the measure.
pub fn race(title: &str, rounds: usize, contenders: &mut [Contender<'_>]) {
    println!("\n{title} ({rounds} alternated rounds)");
    let mut runs: Vec<Vec<Run>> = contenders.iter().map(|_| Vec::new()).collect();
    for round in 0..rounds {
        for (contender, runs) in contenders.iter_mut().zip(&mut runs) {
            runs.push(run(&mut (contender.command)(round)));
        }
    }
    let first = runs.first().cloned().unwrap_or_default();
    let ours = best(&first);
    for (contender, runs) in contenders.iter().zip(&runs) {
        let (min, median) = (best(runs), median(runs));
        let resident = runs
            .iter()
            .map(|run| run.resident)
            .max()
            .unwrap_or_default();
        println!(
            "  {:<34} min {:>8.1} ms  median {:>8.1} ms  {:>7.1} MB resident  first/this {:.2} of minima, {:.2} of pairs",
            contender.name,
            min.as_secs_f64() * 1e3,
            median.as_secs_f64() * 1e3,
            resident as f64 / 1e6,
            ours.as_secs_f64() / min.as_secs_f64(),
            pairs(&first, runs),
        );
    }
}

/// The median of the ratios of the rounds: what came and went between rounds is left out.
fn pairs(ours: &[Run], theirs: &[Run]) -> f64 {
    let mut ratios: Vec<f64> = ours
        .iter()
        .zip(theirs)
        .map(|(ours, theirs)| ours.time.as_secs_f64() / theirs.time.as_secs_f64())
        .collect();
    ratios.sort_by(f64::total_cmp);
    ratios[ratios.len() / 2]
}

fn best(runs: &[Run]) -> Duration {
    runs.iter().map(|run| run.time).min().unwrap_or_default()
}

fn median(runs: &[Run]) -> Duration {
    let mut times: Vec<Duration> = runs.iter().map(|run| run.time).collect();
    times.sort();
    times[times.len() / 2]
}

/// The bytes of a real Go program, for content that packs as real providers do: terraform's or
/// tofu's own, else this program's.
pub fn real_binary() -> Vec<u8> {
    let path = peer("terraform")
        .or_else(|| peer("tofu"))
        .unwrap_or_else(|| PathBuf::from(PROGRAM));
    println!(
        "content: {}",
        path.file_name().unwrap_or_default().to_string_lossy()
    );
    std::fs::read(path).unwrap()
}

/// An empty directory below `base`.
pub fn fresh(base: &Path, name: &str, round: usize) -> PathBuf {
    let path = base.join(format!("{name}-{round}"));
    std::fs::create_dir_all(&path).unwrap();
    path
}
