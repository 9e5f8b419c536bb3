//! `man [-o DIR]`

use std::path::Path;

use tofu_oci::store::Files;
use tofu_oci::store::files::AtomicFile;

use super::{Ending, output};
use crate::args::ManArgs;
use crate::diagnostic::{Failure, unwritten};
use crate::interrupt::Stop;
use crate::manual::{self, Page};
use crate::printer::write_out;

pub(super) fn run(args: &ManArgs) -> Result<Ending, Stop> {
    let pages = manual::pages().map_err(output)?;
    match &args.output {
        Some(dir) => write(dir, &pages)?,
        None => {
            // The first is that of the program.
            let text = pages.first().map_or(&[][..], |page| &page.text);
            write_out(text).map_err(output)?;
        }
    }
    Ok(Ending::Done)
}

fn write(dir: &Path, pages: &[Page]) -> Result<(), Failure> {
    let files = Files::new();
    files
        .create_dirs(dir)
        .map_err(|error| unwritten(dir, &error))?;
    for page in pages {
        let path = dir.join(&page.filename);
        AtomicFile::write_tidy(&files, &path, &page.text)
            .map_err(|error| unwritten(&path, &error))?;
    }
    Ok(())
}
