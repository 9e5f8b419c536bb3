//! The manual pages: one for each command, from the same declarations as its help.

use std::io;

use clap::{Command, CommandFactory as _};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use crate::args::Cli;

/// How the help of a command introduces its examples.
const EXAMPLES: &str = "Examples:\n";

/// A manual page of section 1.
#[derive(Debug)]
pub(crate) struct Page {
    /// `tofu-oci-publish-module.1`
    pub(crate) filename: String,
    /// In the language of `man`.
    pub(crate) text: Vec<u8>,
}

/// The page of the program, then those of its commands.
///
/// # Errors
///
/// None in practice: pages are written to memory.
pub(crate) fn pages() -> io::Result<Vec<Page>> {
    let mut root = Cli::command();
    root.build();
    let mut pages = Vec::new();
    add(&root, None, &mut pages)?;
    Ok(pages)
}

fn add(command: &Command, above: Option<&str>, pages: &mut Vec<Page>) -> io::Result<()> {
    let name = command
        .get_display_name()
        .unwrap_or_else(|| command.get_name())
        .to_owned();
    let mut shown = command.clone();
    if above.is_some() {
        // What every command takes is said once, on the page of the program.
        shown = shown.mut_args(|arg| {
            let global = arg.is_global_set();
            arg.hide(global)
        });
    }
    pages.push(Page {
        filename: format!("{name}.1"),
        text: page(shown, &name, above)?,
    });
    for below in command.get_subcommands() {
        add(below, Some(&name), pages)?;
    }
    Ok(())
}

fn page(command: Command, name: &str, above: Option<&str>) -> io::Result<Vec<u8>> {
    let examples = command.get_after_help().map(ToString::to_string);
    let has_commands = command.has_subcommands();
    let man = Man::new(command)
        .title(name)
        .source(concat!("tofu-oci ", env!("CARGO_PKG_VERSION")));
    let mut text = Vec::new();
    man.render_title(&mut text)?;
    man.render_name_section(&mut text)?;
    man.render_synopsis_section(&mut text)?;
    man.render_description_section(&mut text)?;
    man.render_options_section(&mut text)?;
    if has_commands {
        man.render_subcommands_section(&mut text)?;
    }
    let mut rest = Roff::default();
    if let Some(examples) = examples {
        let lines = examples.strip_prefix(EXAMPLES).unwrap_or(&examples);
        rest.control("SH", ["EXAMPLES"]);
        rest.control("nf", []);
        rest.text([roman(lines)]);
        rest.control("fi", []);
    }
    if let Some(above) = above {
        rest.control("SH", ["SEE ALSO"]);
        rest.text([roman(format!("{above}(1)"))]);
    }
    rest.to_writer(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_page() {
        fn count(command: &Command) -> usize {
            1 + command.get_subcommands().map(count).sum::<usize>()
        }
        let pages = pages().unwrap();
        assert_eq!(pages.len(), count(&Cli::command()));
        assert_eq!(pages[0].filename, "tofu-oci.1");
        for page in &pages {
            let text = String::from_utf8(page.text.clone()).unwrap();
            let name = page.filename.strip_suffix(".1").unwrap();
            assert!(text.contains(&format!(".TH {name} 1")), "{text}");
            assert!(text.contains("\n.SH EXAMPLES\n.nf\n"), "{name}: {text}");
            assert!(!text.contains("SH EXTRA"), "{name}");
            let program = name == "tofu-oci";
            assert_eq!(text.contains(".SH \"SEE ALSO\""), !program, "{text}");
            assert_eq!(text.contains("\\-\\-plain\\-http"), program, "{name}");
        }
    }
}
