//! Zips and what is in them.

super::group! {
    "Zips and executables"
    NotAZip
    "The file is something else: an archive of another kind, or the web page of a failed download."
    ["the zip \"dist/terraform-provider-demo_1.2.3_linux_amd64.zip\" is refused", "not a zip file"]
    "Look at its first bytes (`head -c 4 FILE`): a zip begins with `PK`. Build or fetch it again.";
    ZipTruncated
    "The end of the zip is missing: a download or a build stopped half-way."
    ["the zip is truncated"]
    "Build or fetch the zip again, and make the checksums file anew.";
    ZipEmpty
    "Nothing was packed: the zip has no entries."
    ["the zip is empty"]
    "Look at what the build packs.";
    ZipDamaged
    "The zip contradicts itself, or the data of an entry is damaged. Two programs could read two different things out of such a zip."
    ["entry \"LICENSE\": local header and directory disagree about the CRC"]
    "Pack it again with an ordinary tool. On install: its publisher has to, under a new version, unless `tofu-oci fsck PATH` finds that only the copy in the repository is damaged.";
    ZipTooLarge
    "The zip has more entries or bytes than a package has, or expands so far that it may be meant to fill a disk."
    ["90000 bytes of the zip unpack to 900000000, more than 1000 times as much"]
    "Leave out what does not belong to the package. Do not use it if it is not yours.";
    ZipUnsafeName
    "The name of an entry climbs out of the package, is absolute, or would not be safe to print."
    ["entry \"../evil\" has an unsafe name: it contains \"..\""]
    "Pack it again with plain relative names. If it is not yours, do not use it.";
    ZipDuplicateName
    "Two entries have one name, or differ only in the case of letters from the executable: which one is used depends on the program."
    ["entry \"a\" is in the zip twice"]
    "Pack it again with one entry of each name.";
    ZipLink
    "The zip holds a symbolic link, which could lead anywhere."
    ["entry \"link\" is a link"]
    "Pack the file itself in the link's place (`zip` follows links unless `-y` is given).";
    ZipSpecialFile
    "The zip holds a pipe, a device or a socket."
    ["entry \"pipe\" is a special file (type 10000)"]
    "Pack it again without it.";
    ZipEncrypted
    "An entry needs a password, which no client has."
    ["entry \"LICENSE\" is encrypted"]
    "Pack it again without a password.";
    ZipMethod
    "An entry is packed by a method that OpenTofu and Terraform do not read."
    ["entry \"LICENSE\" is packed with method 93, not stored or deflated"]
    "Pack it again with the usual method, deflate.";
    ZipUnreadable
    "The zip could not be read to its end, for a reason of the system's."
    ["cannot read the zip"]
    "Read the cause, and look at the disk that it lies on.";
    ZipUnwritable
    "The zip of a module could not be made, or a file changed while it was packed."
    ["\"main.tf\" changed while it was packed"]
    "Run the command again when nothing writes into the directory.";
    ExecutableMissing
    "There is no file in the root of the zip that clients would run."
    ["the zip has no file \"terraform-provider-demo\" in its root, which holds \"README\""]
    "Put the program into the root of the zip, named `terraform-provider-TYPE`, perhaps followed by `_vVERSION`. Check that the type in the zip's name is the right one.";
    ExecutableMismatch
    "The program is for another system or processor than the name of its zip says, or is empty."
    ["the executable \"terraform-provider-demo\" of a windows package does not end in .exe"]
    "Correct the build: its platform, and `.exe` for Windows. A build that packs the same file for every platform is the common reason.";
    UnpackFailed
    "A package is right, and could not be unpacked, for a reason of the system's."
    ["cannot unpack registry.opentofu.org/acme/demo 1.2.3 linux_amd64 into .terraform/providers"]
    "Read the cause; look at the rights of `.terraform`, and at the space on the disk.";
}
