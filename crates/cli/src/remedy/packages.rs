//! What the artifacts in a repository are.

super::group! {
    "Artifacts"
    NotAProvider
    "The tag names something that OpenTofu would not install as a provider: mostly a module, a container image, or one package without an index."
    ["the tag names a single image manifest, and a provider is an index of several platforms"]
    "`tofu-oci show REF` shows what it is. Correct the template, or publish it with `tofu-oci publish provider`.";
    NotAModule
    "The tag names something that OpenTofu would not install as a module."
    ["the tag names an image index, and a module package is an image manifest"]
    "`tofu-oci show REF` shows what it is. Correct the `source`, or publish it with `tofu-oci publish module`.";
    NotAPackage
    "The address names neither a provider nor a module, or a repository would hold both."
    ["oci.example.com/acme/image:1.0.0 is neither a provider nor a module: it is \"application/vnd.oci.image.config.v1+json\""]
    "Correct the address. One repository holds the versions of one provider or of one module.";
    UnsafeFilename
    "A file name that a repository gives leads to another directory, or two files have one name."
    ["the file name \"../evil.zip\" of sha256:9f2c… is refused: it contains a slash"]
    "Do not use this release before somebody knows who published it so.";
    ArtifactInvalid
    "An index or manifest breaks a rule of its kind, and OpenTofu would refuse it too."
    ["the index lists more than one package for linux_amd64"]
    "Publish the version again with `tofu-oci publish`. A copy by a tool that drops the artifact type of an index, such as skopeo 1.9, is a common reason; `tofu-oci copy` keeps it.";
    PlatformMissing
    "The version is there, and has no package for this platform."
    ["registry.opentofu.org/acme/demo 1.2.3 has no package for plan9_amd64"]
    "Install for one of the platforms that it has, or publish a version with a package for yours.";
    PackageMismatch
    "The index says something about a package that the package itself contradicts, such as its platform."
    ["the package is for darwin_arm64, its entry in the index for linux_amd64"]
    "The artifact was put together wrongly: publish the version again.";
}
