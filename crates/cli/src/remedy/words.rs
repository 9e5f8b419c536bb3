//! Command lines and the words in them.

super::group! {
    "Command lines, addresses and versions"
    Usage
    "Two parts of the command line contradict each other, or something that it needs is missing."
    ["the source dir:registry//acme/demo names neither a tag nor a digest"]
    "Read the hint, then `--help` of the command: it ends with examples.";
    InvalidAnnotation
    "The value of `--annotation` has no `=`, or its key is one that the specification or `tofu-oci` sets."
    ["annotation \"io.tofu-oci.x=y\" is invalid: the key is one that tofu-oci or the specification defines"]
    "Write `--annotation com.example.team=platform`, with a domain of your own in front of the key.";
    InvalidDigest
    "What stands after `@`, or where a file has a digest, is not an algorithm, a colon and hexadecimal digits in lower case."
    ["digest \"sha256:12\" is invalid: its length is wrong"]
    "Copy the digest whole: `tofu-oci list REF` prints the first digits, with `--json` all of them.";
    InvalidTag
    "A tag has 128 letters, digits, `_`, `.` and `-` at most, and begins with a letter, a digit or `_`."
    ["tag \"a b\" is invalid: a character is not allowed"]
    "Correct the tag. The `+` of a version is `_` in its tag.";
    InvalidRepositoryName
    "Names of repositories are in lower case: letters, digits, and `.`, `_` or `-` between them; parts are divided by `/`."
    ["repository name \"Acme\" is invalid: upper-case letters are not allowed"]
    "Write the name in lower case. On GHCR and GitLab put the owner's name in lower case as well.";
    InvalidRegistryHost
    "The first part of an address is not `HOST` or `HOST:PORT`."
    ["registry host \"example.com:x\" is invalid: the port is not a number"]
    "Write the host without `https://` and without a path; `[::1]:5000` is the form of IPv6.";
    InvalidReference
    "An address is not `HOST/NAME:TAG` or `HOST/NAME@DIGEST`."
    ["reference \"oci.example.com\" is invalid: the repository name is missing"]
    "Add what the message names. There are no short names: the first part is always a host.";
    InvalidAddress
    "An address is neither one in a registry nor one in a directory, or the name of the repository is missing in it."
    ["address \"dir:\" is invalid: the path is missing"]
    "Write `HOST/NAME`, `dir:PATH//NAME`, or `dir:PATH` for a directory that is itself one layout.";
    InvalidMediaType
    "A manifest names a type that is not of the form `type/subtype`."
    ["media type \"zip\" is invalid: there is no slash"]
    "The artifact was made by another tool: publish it again, with `tofu-oci publish` or with the types of the artifact contract.";
    InvalidPlatform
    "A platform is the system, `_` and the architecture, as Go names them."
    ["platform \"linux\" is invalid: the form is OS_ARCH"]
    "Write `linux_amd64`, `darwin_arm64` or `windows_amd64`; not `x86_64`, not `linux/amd64`.";
    InvalidVersion
    "A version is not in the form in which OpenTofu writes it: three numbers, perhaps a pre-release and build metadata."
    ["version \"1.2\" is invalid: it is not canonical; write 1.2.0"]
    "Write what the message proposes, in the names of the zips too.";
    InvalidVersionConstraint
    "A version constraint has an operator or a version that the clients do not understand."
    ["version constraint \"=> 1.0\" is invalid: the operator is unknown"]
    "Operators are `=`, `!=`, `>`, `>=`, `<`, `<=` and `~>`; several are divided by commas.";
    InvalidHostname
    "A host name has a character or a length that host names do not have."
    ["hostname \"a..b\" is invalid: hostname contains empty label (two consecutive periods)"]
    "Correct the name; international names may be written in their own letters.";
    InvalidProviderAddress
    "A provider source address is not `TYPE`, `NAMESPACE/TYPE` or `HOST/NAMESPACE/TYPE`."
    ["provider source address \"a/b/c/d\" is invalid: it has too many parts"]
    "Correct it. `--source` takes it whole, with the host: `registry.example.com/acme/demo`.";
    InvalidProviderPattern
    "A pattern of `include`, `exclude` or `--include` has a `*` where none may be."
    ["provider pattern \"*/acme\" is invalid: a wildcard may not be followed by a name"]
    "A `*` stands for a whole part, and after one only `*` follows: `registry.example.com/*/*`, `acme/*`.";
    InvalidHash
    "A hash in a lock file has a scheme without a value, or no scheme."
    ["package hash \"abc\" is invalid: the scheme is missing"]
    "Remove the entry of the provider from the lock file and install again.";
    InvalidModuleSource
    "The `source` of a module is empty, or its address leads outside of the package."
    ["subdirectory path \"../nope\" leads outside of the module package"]
    "Correct the `source` in the configuration; a part of a package follows after `//`.";
    InvalidModuleAddress
    "A module registry address is not `NAMESPACE/NAME/SYSTEM`, perhaps with a host in front."
    ["module registry address \"github.com/a/b/c\" is invalid: the host is no module registry"]
    "Correct the address, or begin a local path with `./`.";
    InvalidTemplate
    "A template of repositories has an unknown variable, is not closed, or gives a name that is none."
    ["repository template \"a/{typo}\" is invalid: the variable is unknown"]
    "Variables are `{hostname}`, `{namespace}` and `{type}`. Put the template in single quotes, so that the shell leaves it alone.";
    InvalidPackageFilename
    "The name of a zip does not tell type, version and platform in the way in which clients ask for it."
    ["the file \"v/terraform-provider-demo_v1.2.3_linux_amd64.zip\" has a name that clients could not ask for", "package file name \"terraform-provider-demo_v1.2.3_linux_amd64.zip\" is invalid: the version \"v1.2.3\": a \"v\" prefix should not be used; write 1.2.3"]
    "Let the build name it `terraform-provider-TYPE_VERSION_OS_ARCH.zip`. A single zip of another name is published with `--source`, `--version` and `--platform`.";
    InvalidTimestamp
    "A time is not in the form of RFC 3339."
    ["timestamp \"yesterday\" is invalid: the form is 2026-01-31T12:00:00Z"]
    "Write it as in the message, in UTC.";
}
