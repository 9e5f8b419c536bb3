//! Prints how fast the zip given as argument is examined: `cargo run --release --example content ZIP`.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measuring program reads its arguments and the clock, and prints"
)]

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::time::Instant;

use tofu_oci_trust::content::{EntrySink, Examine, HashZip, NullSink, Threads, examine};
use tofu_oci_trust::zip::{Archive, Entry, ZipLimits};

/// Writes all entries one after the other into one file.
struct Write(File);

impl EntrySink for Write {
    fn begin(&mut self, _: &Entry) -> io::Result<()> {
        Ok(())
    }

    fn data(&mut self, data: &[u8]) -> io::Result<()> {
        io::Write::write_all(&mut self.0, data)
    }

    fn end(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args_os().nth(1).ok_or("a zip, please")?;
    let file = File::open(&path)?;
    let size = file.metadata()?.len();
    let start = Instant::now();
    let archive = Arc::new(Archive::read(&file, size, &ZipLimits::default())?);
    println!("structure: {:?}", start.elapsed());
    let unpacked = archive.unpacked_size();
    for threads in [Threads::One, Threads::Pipelined] {
        for digest in [HashZip::No, HashZip::Yes] {
            for write in [false, true] {
                let mut best = f64::MAX;
                for round in 0..3 {
                    let target = path.with_added(&format!(".{round}.out"));
                    let sink: Box<dyn EntrySink + Send> = match write {
                        true => Box::new(Write(File::create(&target)?)),
                        false => Box::new(NullSink),
                    };
                    let options = Examine {
                        digest,
                        threads,
                        progress: None,
                    };
                    let start = Instant::now();
                    examine(&file, &archive, sink, options)?;
                    best = best.min(start.elapsed().as_secs_f64());
                    if write {
                        std::fs::remove_file(&target)?;
                    }
                }
                println!(
                    "{threads:?}, digest {digest:?}, write {write}: {best:.3} s, {:.0} MB/s unpacked",
                    unpacked as f64 / 1e6 / best
                );
            }
        }
    }
    Ok(())
}

trait WithAdded {
    fn with_added(&self, end: &str) -> std::path::PathBuf;
}

impl WithAdded for std::ffi::OsString {
    fn with_added(&self, end: &str) -> std::path::PathBuf {
        let mut name = self.clone();
        name.push(end);
        name.into()
    }
}
