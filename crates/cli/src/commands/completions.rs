//! `completions SHELL`

use clap::CommandFactory as _;

use super::{Ending, output};
use crate::args::{Cli, CompletionsArgs};
use crate::interrupt::Stop;
use crate::printer::write_out;

pub(super) fn run(args: &CompletionsArgs) -> Result<Ending, Stop> {
    // The generators end the program when a pipe is closed, so they write to memory.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "tofu-oci", &mut script);
    write_out(&script).map_err(output)?;
    Ok(Ending::Done)
}
