use std::path::PathBuf;
use std::str::FromStr;

use tofu_oci::types::oci::{Address, DirectoryAddress, RegistryHost};

use super::address::{AddressError, path};

/// `HOST=dir:PATH`: modules of a registry are read from a directory of layouts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ModuleFrom {
    /// The registry's host.
    pub(crate) host: RegistryHost,
    /// The directory.
    pub(crate) path: PathBuf,
}

impl FromStr for ModuleFrom {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        const FORM: &str = "the form is HOST=dir:PATH";
        let invalid = |reason: &str| AddressError::Invalid(reason.to_owned());
        let (host, directory) = text.split_once('=').ok_or_else(|| invalid(FORM))?;
        let host: RegistryHost = host.parse()?;
        if let Some(path) = path(directory) {
            return Err(AddressError::Path(format!(
                "modules in a directory are written {host}=dir:{path}"
            )));
        }
        match directory.parse()? {
            Address::Directory(DirectoryAddress {
                path,
                name: None,
                tag: None,
                digest: None,
            }) => Ok(Self { host, path }),
            Address::Directory(_) => Err(invalid(
                "the repository follows from the module's source; \
                 the form is HOST=dir:PATH, without a name and a tag",
            )),
            Address::Registry(_) => Err(invalid(
                "modules are read from a directory; the form is HOST=dir:PATH",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_and_a_directory() {
        let from: ModuleFrom = "oci.example.com:5000=dir:./a=b".parse().unwrap();
        assert_eq!(from.host.as_str(), "oci.example.com:5000");
        assert_eq!(from.path, PathBuf::from("./a=b"));
        for bad in [
            "",
            "oci.example.com",
            "dir:x",
            "a b=dir:x",
            "h=x",
            "h=h2/x",
            "h=dir:x//y",
            "h=dir:x:1",
            "h=dir:",
        ] {
            assert!(bad.parse::<ModuleFrom>().is_err(), "{bad:?}");
        }
    }
}
