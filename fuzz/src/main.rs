//! All fuzz targets in one program, which is linked once: `TOFU_OCI_FUZZ_TARGET` names the one that runs.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use tofu_oci_testkit::fuzz::Target;

static TARGET: OnceLock<&'static Target> = OnceLock::new();

fuzz_target!(
    init: {
        let name = std::env::var("TOFU_OCI_FUZZ_TARGET").unwrap_or_default();
        let found = Target::named(&name);
        let target = found.unwrap_or_else(|| panic!("TOFU_OCI_FUZZ_TARGET: there is no target {name:?}"));
        TARGET.get_or_init(|| target);
    },
    |data: &[u8]| {
        if let Some(target) = TARGET.get() {
            (target.run)(data);
        }
    }
);
