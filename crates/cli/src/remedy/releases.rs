//! Releases and modules that are to be published.

super::group! {
    "Publishing"
    NoPackages
    "None of the given paths has a zip that is named as a provider package."
    ["there is no provider package in \"empty\""]
    "Check the path: it is goreleaser's `dist`, a directory that `providers mirror` made, or zips named `terraform-provider-TYPE_VERSION_OS_ARCH.zip`.";
    ReleaseInvalid
    "The files belong to several providers or versions, or two are for one platform."
    ["the packages are of demo, not of registry.opentofu.org/acme/other"]
    "Choose with `--version` or `--source`, or name the zips one by one. An old `dist` that was not emptied is a common reason.";
    ReleaseFileInvalid
    "A file beside the zips (SBOM, registry manifest) is not what its name says."
    ["the registry manifest \"dist/terraform-provider-demo_1.2.3_manifest.json\" is refused"]
    "Correct the file or take it away. The registry manifest is `{\"version\":1,\"metadata\":{\"protocol_versions\":[\"6.0\"]}}`; SBOMs are SPDX 2 or CycloneDX, in JSON.";
    ModuleInvalid
    "The directory has no files to publish, a link that leaves it, or a file that no zip can hold."
    ["the link \"label/link\" leads out of the module"]
    "Copy what the link leads to into the module, or name it in `.terraformignore`.";
}
