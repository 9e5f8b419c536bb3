//! Which machine a program is for, from its first bytes.
//!
//! Magic and machine only: ELF (`e_machine`), Mach-O and its fat form (`cputype`), PE (`Machine`).

use std::fmt;

/// How many bytes decide: the header of a Windows program lies behind its MS-DOS stub, which is
/// small in practice.
pub(super) const PROBE: usize = 4096;

/// What a program's first bytes say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Machine {
    /// A program of this format for these architectures, by their Go names; empty for those that
    /// Go does not know.
    Program {
        /// The format.
        format: Format,
        /// The architectures: several only in a fat Mach-O.
        architectures: Vec<&'static str>,
    },
    /// Anything else: a script, or a format that we do not know.
    Unknown,
}

/// A format of programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Linux, the BSDs, Solaris.
    Elf,
    /// macOS.
    MachO,
    /// Windows.
    Pe,
}

impl Format {
    /// Whether programs of this format run on the system of this Go name.
    fn runs_on(self, os: &str) -> bool {
        match self {
            Self::Pe => os == "windows",
            Self::MachO => matches!(os, "darwin" | "ios"),
            Self::Elf => !matches!(os, "windows" | "darwin" | "ios" | "js" | "wasip1" | "aix"),
        }
    }
}

impl Machine {
    /// Reads the first bytes of a program.
    pub(super) fn of(start: &[u8]) -> Self {
        match start.first_chunk() {
            Some(b"\x7fELF") => elf(start),
            Some([0xcf | 0xce, 0xfa, 0xed, 0xfe]) => program(
                Format::MachO,
                u32_at(start, 4, Order::Little).and_then(mach),
            ),
            Some([0xfe, 0xed, 0xfa, 0xcf | 0xce]) => {
                program(Format::MachO, u32_at(start, 4, Order::Big).and_then(mach))
            }
            Some([0xca, 0xfe, 0xba, wide @ (0xbe | 0xbf)]) => fat(start, *wide == 0xbf),
            Some([b'M', b'Z', ..]) => pe(start),
            _ => None,
        }
        .unwrap_or(Self::Unknown)
    }

    /// Whether the program runs on the platform; `None` where nothing is known.
    pub(super) fn runs_on(&self, os: &str, arch: &str) -> Option<bool> {
        match self {
            Self::Unknown => None,
            Self::Program {
                format,
                architectures,
            } => Some(format.runs_on(os) && architectures.contains(&arch)),
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Program {
            format,
            architectures,
        } = self
        else {
            return f.write_str("no known program format");
        };
        f.write_str(match format {
            Format::Elf => "an ELF program for ",
            Format::MachO => "a macOS program for ",
            Format::Pe => "a Windows program for ",
        })?;
        match architectures.is_empty() {
            true => f.write_str("another architecture"),
            false => f.write_str(&architectures.join(", ")),
        }
    }
}

fn program(format: Format, architecture: Option<&'static str>) -> Option<Machine> {
    Some(Machine::Program {
        format,
        architectures: architecture.into_iter().collect(),
    })
}

#[derive(Clone, Copy)]
enum Order {
    Little,
    Big,
}

fn u16_at(bytes: &[u8], at: usize, order: Order) -> Option<u16> {
    let field = *bytes.get(at..)?.first_chunk()?;
    Some(match order {
        Order::Little => u16::from_le_bytes(field),
        Order::Big => u16::from_be_bytes(field),
    })
}

fn u32_at(bytes: &[u8], at: usize, order: Order) -> Option<u32> {
    let field = *bytes.get(at..)?.first_chunk()?;
    Some(match order {
        Order::Little => u32::from_le_bytes(field),
        Order::Big => u32::from_be_bytes(field),
    })
}

fn elf(start: &[u8]) -> Option<Machine> {
    let wide = *start.get(4)? == 2;
    let order = match *start.get(5)? {
        2 => Order::Big,
        _ => Order::Little,
    };
    let architecture = match (u16_at(start, 18, order)?, order, wide) {
        (3, ..) => Some("386"),
        (62, ..) => Some("amd64"),
        (40, ..) => Some("arm"),
        (183, ..) => Some("arm64"),
        (8, Order::Big, false) => Some("mips"),
        (8, Order::Little, false) => Some("mipsle"),
        (8, Order::Big, true) => Some("mips64"),
        (8, Order::Little, true) => Some("mips64le"),
        (21, Order::Big, _) => Some("ppc64"),
        (21, Order::Little, _) => Some("ppc64le"),
        (22, ..) => Some("s390x"),
        (243, _, true) => Some("riscv64"),
        (258, ..) => Some("loong64"),
        _ => None,
    };
    program(Format::Elf, architecture)
}

fn mach(cpu: u32) -> Option<&'static str> {
    match cpu {
        7 => Some("386"),
        0x0100_0007 => Some("amd64"),
        12 => Some("arm"),
        0x0100_000c => Some("arm64"),
        _ => None,
    }
}

fn fat(start: &[u8], wide: bool) -> Option<Machine> {
    let count = u32_at(start, 4, Order::Big)?;
    // A Java class begins with the same four bytes; its version is 45 at least.
    if count == 0 || count > 40 {
        return None;
    }
    let step = if wide { 32 } else { 20 };
    let architectures = (0..count as usize)
        .filter_map(|index| u32_at(start, 8 + index * step, Order::Big).and_then(mach))
        .collect();
    Some(Machine::Program {
        format: Format::MachO,
        architectures,
    })
}

fn pe(start: &[u8]) -> Option<Machine> {
    let header = u32_at(start, 0x3c, Order::Little)? as usize;
    let rest = start.get(header..)?;
    if !rest.starts_with(b"PE\0\0") {
        return None;
    }
    let architecture = match u16_at(rest, 4, Order::Little)? {
        0x014c => Some("386"),
        0x8664 => Some("amd64"),
        0x01c0 | 0x01c2 | 0x01c4 => Some("arm"),
        0xaa64 => Some("arm64"),
        _ => None,
    };
    program(Format::Pe, architecture)
}

#[cfg(test)]
pub(super) mod samples {
    //! First bytes of programs.

    pub(in super::super) fn elf(class: u8, data: u8, machine: u16) -> Vec<u8> {
        let mut bytes = vec![0x7f, b'E', b'L', b'F', class, data, 1, 0];
        bytes.resize(18, 0);
        bytes.extend(match data {
            2 => machine.to_be_bytes(),
            _ => machine.to_le_bytes(),
        });
        bytes.resize(64, 0);
        bytes
    }

    pub(in super::super) fn mach(cpu: u32) -> Vec<u8> {
        let mut bytes = vec![0xcf, 0xfa, 0xed, 0xfe];
        bytes.extend(cpu.to_le_bytes());
        bytes.resize(32, 0);
        bytes
    }

    pub(in super::super) fn fat(cpus: &[u32]) -> Vec<u8> {
        let mut bytes = vec![0xca, 0xfe, 0xba, 0xbe];
        bytes.extend((cpus.len() as u32).to_be_bytes());
        for cpu in cpus {
            bytes.extend(cpu.to_be_bytes());
            bytes.extend([0; 16]);
        }
        bytes
    }

    pub(in super::super) fn pe(machine: u16) -> Vec<u8> {
        let mut bytes = b"MZ".to_vec();
        bytes.resize(0x3c, 0);
        bytes.extend(0x80u32.to_le_bytes());
        bytes.resize(0x80, 0);
        bytes.extend(b"PE\0\0");
        bytes.extend(machine.to_le_bytes());
        bytes.resize(0x100, 0);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_machines_of_go() {
        for (start, os, arch) in [
            (samples::elf(2, 1, 62), "linux", "amd64"),
            (samples::elf(2, 1, 62), "freebsd", "amd64"),
            (samples::elf(1, 1, 3), "linux", "386"),
            (samples::elf(1, 1, 40), "linux", "arm"),
            (samples::elf(2, 1, 183), "linux", "arm64"),
            (samples::elf(1, 2, 8), "linux", "mips"),
            (samples::elf(1, 1, 8), "linux", "mipsle"),
            (samples::elf(2, 2, 8), "linux", "mips64"),
            (samples::elf(2, 1, 8), "linux", "mips64le"),
            (samples::elf(2, 2, 21), "linux", "ppc64"),
            (samples::elf(2, 1, 21), "linux", "ppc64le"),
            (samples::elf(2, 2, 22), "linux", "s390x"),
            (samples::elf(2, 1, 243), "linux", "riscv64"),
            (samples::elf(2, 1, 258), "linux", "loong64"),
            (samples::mach(0x0100_0007), "darwin", "amd64"),
            (samples::mach(0x0100_000c), "darwin", "arm64"),
            (samples::fat(&[0x0100_0007, 0x0100_000c]), "darwin", "arm64"),
            (samples::pe(0x014c), "windows", "386"),
            (samples::pe(0x8664), "windows", "amd64"),
            (samples::pe(0xaa64), "windows", "arm64"),
        ] {
            let machine = Machine::of(&start);
            assert_eq!(machine.runs_on(os, arch), Some(true), "{os}_{arch}");
            assert_eq!(machine.runs_on(os, "other"), Some(false), "{os}_{arch}");
            assert_eq!(machine.runs_on("plan9", "other"), Some(false));
        }
    }

    #[test]
    fn a_system_runs_only_its_format() {
        for (start, os) in [
            (samples::elf(2, 1, 62), "darwin"),
            (samples::elf(2, 1, 62), "windows"),
            (samples::mach(0x0100_0007), "linux"),
            (samples::pe(0x8664), "linux"),
        ] {
            assert_eq!(Machine::of(&start).runs_on(os, "amd64"), Some(false));
        }
    }

    #[test]
    fn leaves_open_what_it_does_not_know() {
        let mut far = samples::pe(0x8664);
        far[0x3d] = 0xff;
        for (name, start) in [
            ("empty", Vec::new()),
            ("script", b"#!/bin/sh\n".to_vec()),
            ("three bytes", b"\x7fEL".to_vec()),
            ("ELF that ends", b"\x7fELF\x02\x01".to_vec()),
            ("fat without parts", samples::fat(&[])),
            ("Java class", b"\xca\xfe\xba\xbe\x00\x00\x00\x34".to_vec()),
            ("MS-DOS", b"MZ".to_vec()),
            ("header out of reach", far),
        ] {
            assert_eq!(Machine::of(&start), Machine::Unknown, "{name}");
        }
    }
}
