//! Hashes, checksums files and signatures.

super::group! {
    "Checksums, signatures, hashes"
    ChecksumsInvalid
    "The checksums file has a line that clients cannot read, or there is none for a signature that lies there."
    ["clients cannot read the checksums file: line 4 is blank"]
    "Make it with `sha256sum *.zip`: 64 hexadecimal digits, two blanks, a file name.";
    ChecksumsMismatch
    "The checksums file does not name a zip, or has another hash for it: it was made before the zips were built again."
    ["the checksums file does not cover the release: \"terraform-provider-demo_1.2.3_darwin_arm64.zip\" is not listed"]
    "Make the checksums file from the zips that are published, then sign it again.";
    SignatureInvalid
    "A signature or a key file has a form that OpenTofu and Terraform do not accept."
    ["the signature \"dist/terraform-provider-demo_1.2.3_SHA256SUMS.sig\" is refused", "the signature is armored, and clients accept only the binary form"]
    "Sign with `gpg --detach-sign`, without armour; export keys with `gpg --export --armor KEYID`.";
    PrivateKey
    "A file that was to be published holds a private key. Nothing was published."
    ["the key file holds a private key"]
    "Export the public one: `gpg --export --armor KEYID`. If the file was anywhere that others read, treat the key as lost.";
    LockMismatch
    "The package is not the one that the lock file has recorded. Either the lock file was made for other platforms, or somebody replaced what was locked."
    ["registry.opentofu.org/acme/demo 1.2.3 for linux_amd64 is not the package that the lock file has recorded", "the package matches none of the hashes in the lock file"]
    "Compare the hashes that the message shows. If a platform is new, remove the entry and install with `--platform` for every platform. Otherwise find out who published the version again; do not remove the entry just to go on.";
    HashMismatch
    "Somebody who vouches for the package names another hash than it has."
    ["the index says h1:AAAA…, and the package has h1:BBBB…"]
    "The artifact was put together wrongly, or tampered with. Publish the version again from its original files.";
}
