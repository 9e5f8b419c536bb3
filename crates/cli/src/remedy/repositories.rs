//! Repositories and what is in them.

super::group! {
    "Repositories"
    RepositoryNotFound
    "There is no repository of this name, or the account may not see it: some registries do not tell the two apart."
    ["cannot read the tags of oci.example.com/acme/absent", "there is no repository at oci.example.com/acme/absent"]
    "Correct the name; `tofu-oci list dir:PATH` shows those of a directory. If it should be there, log in with `tofu-oci login HOST`.";
    TagNotFound
    "The repository is there, and has no such tag."
    ["cannot read 9.9.9 of oci.example.com/acme/demo", "oci.example.com/acme/demo has no tag \"9.9.9\""]
    "`tofu-oci list REF` shows the versions. Tags of versions have no `v` in front.";
    ManifestNotFound
    "The repository has no manifest of this digest; perhaps it was deleted, or it is in another repository."
    ["oci.example.com/acme/demo has no manifest sha256:9f2c…"]
    "Take a digest that `tofu-oci list REF` shows. A source that is pinned to a digest needs that very version to stay.";
    BlobNotFound
    "A manifest is there, and the content that it lists is not: somebody removed it, or a copy was not complete."
    ["oci.example.com/acme/demo has no blob sha256:9f2c…"]
    "In a directory, `tofu-oci fsck PATH` shows everything that is missing. Publish or copy the version again.";
    UploadNotFound
    "The registry forgot an upload that had begun; uploads expire, and some registries lose them on a restart."
    ["oci.example.com/acme/demo has no upload 5f1c"]
    "Run the command again: the upload begins anew, and what was stored is not sent again.";
    Busy
    "Another process works on the same upload or repository at this moment."
    ["the upload 5f1c to dir:registry//acme/demo is in use"]
    "Run the command again in a moment. If it stays so, look for a process that does not end.";
    DigestMismatch
    "Content was damaged, on the disk or on its way, or replaced: it is not what its digest says."
    ["the content has digest sha256:9f2c…, not sha256:41aa…"]
    "Run the command again. If it stays so, check a directory with `tofu-oci fsck PATH`, and tell who runs a registry. Do not work around it.";
    SizeMismatch
    "Content is longer or shorter than was promised; a proxy that changes answers does that, or a damaged disk."
    ["the content of sha256:9f2c… ends after 512 of 1024 bytes"]
    "As for `digest-mismatch`; look for a proxy in between as well.";
    UnsupportedDigest
    "A digest has an algorithm other than SHA-256 and SHA-512, which nobody here can check."
    ["the digest blake3:41aa… has an algorithm that is not supported"]
    "Publish the version again; digests of registries are SHA-256.";
    VersionExists
    "The tag is that of a version, and names other content. Published versions do not change, because lock files name what is in them."
    ["dir:registry//acme/demo has \"1.2.3\" already, as sha256:9f2c…; the source has sha256:41aa…"]
    "Publish under a new version. A build that runs twice and gives other bytes each time is the common reason. `--force` replaces a version, and breaks the lock files of everybody who has it.";
    VersionPublished
    "A version would be deleted, and lock files may name it."
    ["dir:registry//acme/demo:1.2.3 is the published version 1.2.3"]
    "If nobody uses it, add `--yes`. A server wants `--mutable-tags` for that as well.";
    TagMoved
    "Between two steps somebody else wrote to the same tag."
    ["the tag \"latest\" of oci.example.com/acme/demo has become sha256:9f2c…, it was sha256:41aa…"]
    "Look with `tofu-oci show REF`, then run the command again. Let one pipeline at a time publish into a repository.";
    ContentMissing
    "A manifest lists something that is not in the repository."
    ["dir:registry//acme/demo lacks sha256:9f2c…, which the manifest sha256:41aa… lists"]
    "In a directory, `tofu-oci fsck PATH` shows all of it. Copy or publish the version again from where it is whole.";
    Referenced
    "Something is to be deleted that a manifest still lists."
    ["sha256:9f2c… in dir:registry//acme/demo is still listed by the manifest sha256:41aa…"]
    "Delete the manifest first, or its tag, and let `tofu-oci gc PATH` sweep the rest.";
    ManifestInvalid
    "A manifest is larger than 4 MiB, is not JSON, or contradicts itself about its type."
    ["the manifest sha256:9f2c… of oci.example.com/acme/demo is refused", "the manifest has both layers and manifests"]
    "Another tool wrote it, or a proxy answers in the registry's place. Publish the version again.";
    GraphTooLarge
    "Indexes list indexes, more deeply or in greater number than any release does."
    ["indexes in oci.example.com/acme/demo nest deeper than 8 levels at sha256:9f2c…"]
    "Look with `tofu-oci show REF` whether this is what you meant to copy; then copy single versions by their tags.";
    LayoutDamaged
    "A file of an image layout, `index.json` mostly, cannot be understood."
    ["the layout file `registry/acme/demo/index.json` is damaged", "invalid JSON: EOF while parsing a string at line 1 column 514"]
    "`tofu-oci fsck PATH` shows everything that is damaged. Restore the file from a copy, or publish into a new directory. Nothing but `tofu-oci` should write there while somebody publishes.";
    DamageFound
    "`fsck` read everything again, and something was missing or not what its digest says."
    ["registry is damaged"]
    "The lines above the error name what is damaged. Restore those files from a copy, or copy the versions that they belong to again; then run `fsck` once more.";
    ReservedName
    "A part of a repository's name is a name that image layouts use for their own files."
    ["cannot read from dir:registry//blobs", "the repository name \"blobs\" is reserved: \"blobs\" is part of every layout's directory"]
    "Choose another name: not `blobs`, `index.json` or `oci-layout`, and not `tls` as the first part.";
    NetworkFileSystem
    "The directory lies on a network file system, where neither locks nor renames hold what they promise."
    ["`/mnt/share` lies on a network file system"]
    "Use a directory on a local disk, and let others reach it by `tofu-oci serve`.";
}
