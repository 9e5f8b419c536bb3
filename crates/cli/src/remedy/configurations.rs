//! Configurations, CLI configurations, lock files, and what they ask for.

super::group! {
    "Configurations and installing"
    Configuration
    "A `.tf` or `.tofu` file has a mistake. The place is shown."
    ["Invalid version constraint: \"=> 1.0\" does not use correct version constraint syntax"]
    "Correct the line. `tofu validate` would say the same.";
    CliConfiguration
    "A file of the CLI configuration has a mistake. OpenTofu may go on without the file, and so ask registries that the file excludes; `tofu-oci` does not."
    ["Invalid CLI configuration: a value is expected; text is written in double quotes"]
    "Correct the line that is shown. `tofu-oci cli-config` prints a block that works.";
    MethodUnsupported
    "The CLI configuration lets this provider come from a method that packages are not read from here."
    ["registry.opentofu.org/acme/demo would come from the direct block at .tofurc:2:3, whose packages cannot be read"]
    "Say where providers are with `--from`, or let an `oci_mirror` block include the provider and the other exclude it.";
    LockFile
    "The lock file has a mistake: a merge that went wrong, mostly."
    ["Invalid provider version number: version \"1.2\" is invalid: it is not canonical; write 1.2.0"]
    "Correct the line, or remove the entry; the next install writes it again.";
    ModuleRecords
    "`.terraform/modules/modules.json` cannot be understood."
    ["the module records are not valid JSON"]
    "Remove `.terraform/modules`, and install again.";
    ModuleDepth
    "Modules call each other without an end."
    ["the module calls nest too deeply at module.a.module.b.module.b.….module.b.module.b"]
    "Look for a module that calls itself, perhaps by way of others.";
    ModuleEscapes
    "A module in a package calls one by a path that leads out of the package."
    ["module.a.module.b at main.tf:1:1: the source \"../../b\" leads out of the module package"]
    "Publish the two modules in one package, and call the inner one by `//`; or publish them separately.";
    ModuleNotFound
    "The directory of a local module is not there, or the registry has no such module package."
    ["cannot install module.label, called at main.tf:10:1", "the module package 1.2.0 is not in oci.example.com/modules/label"]
    "Check `source`: `oci://HOST/NAME?tag=VERSION`. `tofu-oci list HOST/NAME` shows what is there; `--module-from HOST=dir:PATH` reads it from a directory.";
    ModuleSourceKind
    "A module comes from a place that is not fetched from: git, a module registry, HTTP."
    ["module.git at main.tf:1:1: the source \"git::https://example.com/x.git\" is neither local nor in an OCI registry"]
    "Run `tofu get` first: `install` uses modules that are there. Or publish the module with `tofu-oci publish module` and call it by `oci://`.";
    ProviderNotFound
    "The repository that the template names for the provider does not exist, or lacks the version."
    ["registry.opentofu.org/acme/absent is not in oci.example.com/acme/absent", "there is no repository at oci.example.com/acme/absent"]
    "Compare the two addresses in the message: is the template right? `tofu-oci list` shows what is there. Then publish or copy the provider.";
    ProviderCollision
    "The template gives two providers the same repository, because it leaves out a part in which they differ."
    ["registry.opentofu.org/acme/x and registry.terraform.io/acme/x both map to a.com/acme/x"]
    "Add the part to the template, `{hostname}` mostly. With `--origin terraform` addresses without a host are Terraform's.";
    ProviderUnmapped
    "Nothing says where the provider comes from."
    ["the configuration needs providers, and nothing says where they are"]
    "Say it with `--from 'HOST/{namespace}/{type}'`, or once for every run in the CLI configuration: `tofu-oci cli-config` prints it.";
    NoVersion
    "No version satisfies everybody who asks for the provider. The message names all of them, and what there is."
    ["no version of registry.opentofu.org/acme/demo satisfies \">= 2.0.0\" (root at main.tf:3:5); there is 1.2.3"]
    "Change one of the constraints, or publish or copy a version that satisfies all. Pre-releases are taken only where they are named exactly.";
    LockedVersion
    "A constraint changed, and the locked version does not satisfy it any more."
    ["registry.opentofu.org/acme/demo is locked at 1.2.3, which does not satisfy \"~> 2.0\" (root at main.tf:3:5)"]
    "Choose anew with `--upgrade` and commit the lock file, or change the constraint back.";
    LockedVersionGone
    "The lock file names a version that is no longer where it was. No other version is taken in its place."
    ["the locked version 1.2.3 of registry.opentofu.org/acme/demo is no longer available"]
    "Publish or copy that version again, or choose another one with `--upgrade`.";
    LockIncomplete
    "With `--locked` the lock file may not change, and it would have to."
    ["the lock file does not fit the configuration: it lacks registry.opentofu.org/acme/demo"]
    "Install without `--locked` on your machine, look at the difference, and commit the lock file.";
    ModuleLockFile
    "`.terraform.modules.lock.json` cannot be used: a merge left its markers, half of it is missing, or a newer program wrote it."
    ["the module lock file .terraform.modules.lock.json cannot be used", "line 3 has a conflict marker"]
    "Restore the file from version control; after a conflict take either side. The next install adds what is missing.";
    ModuleLockIncomplete
    "With `--locked` the module lock file may not change, and it would have to: a call is new, is gone, or has another source. `verify` says so of an installed module that has no entry."
    ["the module lock file does not fit the configuration: it lacks module.label"]
    "Install without `--locked` on your machine, look at the difference, and commit `.terraform.modules.lock.json`.";
    ModuleLockMismatch
    "Either the manifest that is locked for a module has a package with another hash than is locked with it: a manifest cannot \
     change its package, so the entry was changed. Or `verify` found that the files of an installed module are others."
    ["the package of module.label is not the one that the module lock file has recorded"]
    "Restore the lock file from version control, install again, and find out who changed the one or the other.";
    ModuleMoved
    "The locked manifest of a module is gone from the registry, and its tag stands for another one."
    ["module.label, called at main.tf:7:1, is locked at a manifest that is gone, and its tag \"1.2.0\" has moved"]
    "Ask the publisher why a version was replaced. Take the new one with `install --upgrade`.";
    PluginCacheConflict
    "The plugin cache of the clients has another package than the registry: it was changed there, or a client was stopped \
     while it unpacked. It is left as it is, because other configurations may be using it."
    ["the plugin cache has something else at /srv/plugins/registry.opentofu.org/acme/demo/1.2.3/linux_amd64 than the package of registry.opentofu.org/acme/demo 1.2.3"]
    "When no client runs that uses it, remove the directory that is named, and install again.";
}
