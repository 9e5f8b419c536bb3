//! Files and streams.

super::group! {
    "Files"
    FileNotFound
    "A path leads nowhere. Relative paths begin at the directory in which the command runs."
    ["cannot read \"nowhere\"", "failed to canonicalize path `nowhere`: No such file or directory (os error 2)"]
    "Check the path. In a pipeline, look whether the step that makes the file ran in another directory.";
    PermissionDenied
    "The user may not read or write the file, or the file system is mounted for reading only."
    ["cannot write man", "failed to create directory `man`: Permission denied (os error 13)"]
    "Check owner and mode of the file and of its directory. Files that a container wrote as root are a common reason.";
    DiskFull
    "There is no space left, or a quota is used up. Nothing half-done was left behind."
    ["`/srv/oci` has 1048576 bytes left, 2097152 are needed"]
    "Make space and run the command again: what was stored is not sent again. In a directory of layouts `tofu-oci gc PATH` removes what nothing reaches.";
    FileExists
    "A file with other content lies where one is to be written."
    ["\"out/terraform-provider-demo_1.2.3_linux_amd64.zip\" is there already, with other content"]
    "Choose an empty directory, or let `pull` replace files with `--force`.";
    Io
    "The system reports an error that has no code of its own."
    ["cannot read root in .", "`main.tf` is not a regular file"]
    "Read the cause, which is the system's. Where a directory, a pipe or a device is named, name a regular file.";
    LinkFailed
    "With `--link-mode clone` or `hardlink` files have to get from the package cache into the working directory in that way and no other, and the file system cannot, or the package in the cache is not yours alone."
    ["cannot link files to .terraform/providers/registry.opentofu.org/acme/demo/1.2.3/linux_amd64", "failed to hardlink file: Invalid cross-device link (os error 18)"]
    "Leave the choice to `--link-mode auto`, which copies where nothing else works. Or put the cache on the file system of the working directory with `--cache-dir`.";
    CacheDamaged
    "`cache verify` read a package that is not what it was when it was unpacked. Somebody wrote into the cache, perhaps through a hard link in a working directory, or the disk is failing. The package is in the quarantine now, or still in its place where the cache can only be read; no install uses it."
    ["1 package in the cache was damaged, and was put aside"]
    "Compare the files in the folder `quarantine` of the cache with those of a fresh install, to find out who changed them. The next install fetches the package again; `tofu-oci cache prune --all` empties cache and quarantine.";
    Output
    "Whatever reads the result went away, or the file that standard output leads to cannot be written."
    ["cannot write the result to standard output", "Broken pipe (os error 32)"]
    "Look at the program behind the pipe, or at the disk that the output is written to.";
    Interrupted
    "A part of the work was ended before it was done, mostly because another part had failed."
    ["the work on registry.opentofu.org/acme/demo 1.2.3 linux_amd64 was cut off"]
    "Look for another error in the same output. If there is none, run the command again: what is done is not done again.";
}
