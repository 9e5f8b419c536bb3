//! Programs that are none, with the headers of ones.

/// The first bytes of a program for `os` and `arch` (Go's names), then `body`. It cannot run.
pub fn executable(os: &str, arch: &str, body: &str) -> Vec<u8> {
    let mut bytes = match os {
        "windows" => pe(arch),
        "darwin" => mach_o(arch),
        _ => elf(arch),
    };
    bytes.extend_from_slice(body.as_bytes());
    bytes
}

fn elf(arch: &str) -> Vec<u8> {
    let machine: u16 = match arch {
        "amd64" => 62,
        "arm64" => 183,
        "386" => 3,
        "arm" => 40,
        other => panic!("no ELF machine for {other}"),
    };
    let mut bytes = vec![0x7f, b'E', b'L', b'F', 2, 1, 1];
    bytes.resize(16, 0);
    bytes.extend_from_slice(&2u16.to_le_bytes());
    bytes.extend_from_slice(&machine.to_le_bytes());
    bytes.resize(64, 0);
    bytes
}

fn mach_o(arch: &str) -> Vec<u8> {
    let cpu: u32 = match arch {
        "amd64" => 0x0100_0007,
        "arm64" => 0x0100_000c,
        other => panic!("no Mach-O type for {other}"),
    };
    let mut bytes = 0xfeed_facfu32.to_le_bytes().to_vec();
    bytes.extend_from_slice(&cpu.to_le_bytes());
    bytes.resize(32, 0);
    bytes
}

fn pe(arch: &str) -> Vec<u8> {
    let machine: u16 = match arch {
        "amd64" => 0x8664,
        "arm64" => 0xaa64,
        "386" => 0x014c,
        other => panic!("no PE machine for {other}"),
    };
    let mut bytes = b"MZ".to_vec();
    bytes.resize(0x3c, 0);
    bytes.extend_from_slice(&64u32.to_le_bytes());
    bytes.extend_from_slice(b"PE\0\0");
    bytes.extend_from_slice(&machine.to_le_bytes());
    bytes.resize(128, 0);
    bytes
}
