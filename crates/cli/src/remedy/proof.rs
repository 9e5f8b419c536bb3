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
    SignatureRefused
    "The signature was checked with the key, and does not count: it fits other bytes, or its key was revoked, had expired, or may not sign."
    ["the signature \"dist/terraform-provider-demo_1.2.3_SHA256SUMS.sig\" is not good", "it does not fit the file: the file or the signature was changed"]
    "The cause says which. If the checksums file was made again, sign it again. If the key is the trouble, sign with another, or export it again where its owner has moved the expiry.";
    SignatureLimit
    "The release has hundreds of signatures, or somebody put a key beside it with hundreds of statements. Each has to be verified before it is known to be false, so there is a limit, and beyond it no signature counts."
    ["the checksums file \"terraform-provider-demo_1.2.3_SHA256SUMS\" has signatures, and none that counts", "the signature \"terraform-provider-demo_1.2.3_SHA256SUMS.sig\" by 728246A10724386BCD45D3358F099C1B95579FCA does not count: to check it and its key takes more than the 1000 verifications of one release"]
    "Look at the keys that `tofu-oci show` names. Whoever publishes exports the key again with `gpg --export --armor KEYID`, from a keyring that has only the owner's statements, and publishes the release again; `tofu-oci delete` removes what others attached.";
    SigningFailed
    "`--sign-with` calls `gpg`, and it did not sign: it is not installed, has no such key, or nobody typed the passphrase. The version has no tag."
    ["the checksums file cannot be signed", "gpg has no key 0123456789ABCDEF"]
    "Find the id of the key, or of the subkey that signs, with `gpg --list-secret-keys --keyid-format long`, and try it with `gpg --local-user KEYID! --detach-sign FILE`.";
    ProofMissing
    "A signed checksums file was asked for, and there is none that covers the package and whose key is believed. A key that lay beside the package is not."
    ["no trusted key has signed the package \"terraform-provider-demo_1.2.3_darwin_arm64.zip\" and another of its release", "the signature \"terraform-provider-demo_1.2.3_SHA256SUMS.sig\" does not count: none of the keys at hand made it"]
    "Get the publisher's key from where you trust it, compare its fingerprint, and name its file. If the release is not signed, ask the publisher.";
    ChecksumsDisagree
    "Two checksums files, both signed by keys that are believed, have different hashes for one file. One of them is not the publisher's, or the version was built twice."
    ["the signed lists \"terraform-provider-demo_1.2.3_SHA256SUMS\" and \"SHA256SUMS\" disagree about \"terraform-provider-demo_1.2.3_linux_amd64.zip\""]
    "Ask the publisher which of them is theirs, and do not use the package until then. Whoever publishes removes the wrong one with `tofu-oci delete`.";
    PrivateKey
    "A file of public keys, to be published or to be trusted, holds a private key. Nothing was published or used."
    ["the key file holds a private key"]
    "Export the public one: `gpg --export --armor KEYID`. If the file was anywhere that others read, treat the key as lost.";
    HashMissing
    "The lock file has only `zh` hashes of the version, which are those of zips, and what is installed is unpacked."
    ["the lock file has no h1 hash of registry.opentofu.org/acme/demo 1.2.3"]
    "Install with `tofu-oci install`: it adds the `h1` hash of what it unpacks. Then commit the lock file.";
    PackageMissing
    "The lock file names a version, and `.terraform/providers` has no package of it, or none for the platform that was asked for. Or the module lock file names a module that is not installed."
    ["registry.opentofu.org/acme/demo 1.2.3 is locked, and not installed for linux_arm64"]
    "Install with `tofu-oci install`, with `--platform` for platforms other than this machine's.";
    LockMismatch
    "The package is not the one that the lock file has recorded. Either the lock file was made for other platforms, or somebody replaced what was locked."
    ["registry.opentofu.org/acme/demo 1.2.3 for linux_amd64 is not the package that the lock file has recorded", "the package matches none of the hashes in the lock file"]
    "Compare the hashes that the message shows. If a platform is new, remove the entry and install with `--platform` for every platform. Otherwise find out who published the version again; do not remove the entry just to go on.";
    HashMismatch
    "Somebody who vouches for the package names another hash than it has."
    ["the index says h1:AAAA…, and the package has h1:BBBB…"]
    "The artifact was put together wrongly, or tampered with. Publish the version again from its original files.";
}
