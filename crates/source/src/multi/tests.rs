use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;

use tofu_oci_store::{MemoryStorage, StorageRepository, StoreError};
use tofu_oci_types::oci::{Descriptor, RepositoryName};
use tofu_oci_types::tofu::Hostname;
use tofu_oci_types::tofu::cli_config::{CliConfigReader, CliEnvironment, System, Variables};

use super::*;
use crate::{Location, PackageMeta};

/// A source with these platforms of these versions of some providers, which notes what it is asked.
#[derive(Default)]
struct Stub {
    name: &'static str,
    has: BTreeMap<(&'static str, &'static str), Vec<&'static str>>,
    broken: bool,
    asked: Mutex<Vec<String>>,
}

impl Stub {
    fn new(name: &'static str) -> Self {
        Self {
            name,
            ..Self::default()
        }
    }

    fn with(
        mut self,
        provider: &'static str,
        version: &'static str,
        platforms: &[&'static str],
    ) -> Self {
        self.has.insert((provider, version), platforms.to_vec());
        self
    }

    fn fails(&self) -> Result<(), SourceError> {
        if self.broken {
            return Err(SourceError::Interrupted {
                subject: self.name.to_owned(),
            });
        }
        Ok(())
    }

    fn repository(&self) -> RepositoryName {
        self.name.parse().unwrap()
    }

    fn unknown(&self, provider: &ProviderAddr) -> SourceError {
        SourceError::UnknownProvider {
            provider: provider.clone(),
            place: self.name.to_owned(),
            source: self.absent(),
        }
    }

    fn absent(&self) -> StoreError {
        std::io::Error::from(std::io::ErrorKind::NotFound).into()
    }
}

fn key(provider: &ProviderAddr) -> String {
    provider.for_display().to_string()
}

#[async_trait]
impl Source for Stub {
    fn distinguish(&self, providers: &[ProviderAddr]) -> Result<(), SourceError> {
        let names: Vec<String> = providers.iter().map(key).collect();
        self.asked.lock().unwrap().push(names.join(" "));
        self.fails()
    }

    async fn versions(&self, provider: &ProviderAddr) -> Result<VersionList, SourceError> {
        self.fails()?;
        let key = key(provider);
        let of = self.has.keys().filter(|(name, _)| *name == key);
        let versions: Vec<Version> = of
            .filter(|(_, version)| *version != "empty")
            .map(|(_, version)| version.parse().unwrap())
            .collect();
        if versions.is_empty() && !self.has.contains_key(&(key.as_str(), "empty")) {
            return Err(self.unknown(provider));
        }
        let misleading = vec!["1".to_owned()];
        Ok(VersionList {
            versions,
            misleading,
        })
    }

    async fn release(
        &self,
        provider: &ProviderAddr,
        version: &Version,
        platforms: &[Platform],
    ) -> Result<Release, SourceError> {
        self.fails()?;
        let wanted: Vec<String> = platforms.iter().map(ToString::to_string).collect();
        self.asked.lock().unwrap().push(wanted.join(" "));
        let (key, text) = (key(provider), version.to_string());
        if !self.has.keys().any(|(name, _)| *name == key) {
            return Err(self.unknown(provider));
        }
        let Some(has) = self.has.get(&(key.as_str(), text.as_str())) else {
            return Err(SourceError::UnknownVersion {
                provider: provider.clone(),
                version: version.clone(),
                place: self.name.to_owned(),
                source: self.absent(),
            });
        };
        let available: Vec<Platform> = has.iter().map(|text| text.parse().unwrap()).collect();
        for platform in platforms {
            if !available.contains(platform) {
                return Err(SourceError::PlatformMissing {
                    provider: provider.clone(),
                    version: version.clone(),
                    platform: platform.clone(),
                    place: self.name.to_owned(),
                    available,
                });
            }
        }
        let descriptor = Descriptor::of("archive/zip".parse().unwrap(), self.name.as_bytes());
        let package = |platform: &Platform| PackageMeta {
            provider: provider.clone(),
            version: version.clone(),
            platform: platform.clone(),
            filename: self.name.to_owned(),
            location: Location::Blob {
                repository: Arc::new(StorageRepository::new(
                    Arc::new(MemoryStorage::new()),
                    self.repository(),
                )),
                descriptor: descriptor.clone(),
            },
            reported_h1: None,
        };
        Ok(Release {
            index: descriptor.clone(),
            packages: platforms.iter().map(package).collect(),
            platforms: available,
            created: None,
            beside: None,
        })
    }
}

const FOO: &str = "hashicorp/foo";
const BAR: &str = "hashicorp/bar";
const P1: &str = "linux_amd64";
const P2: &str = "darwin_arm64";

fn block<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread();
    { runtime }.build().unwrap().block_on(future)
}

/// What a `provider_installation` block with these methods says.
fn installation(methods: &str) -> ProviderInstallation {
    let environment = CliEnvironment {
        system: System::Unix,
        home: None,
        app_data: None,
        variables: Variables::default(),
    };
    let host = Hostname::opentofu();
    let mut reader = CliConfigReader::new(&host, &environment);
    let text = format!("provider_installation {{\n{methods}\n}}");
    reader.main_file(Path::new("x.tfrc"), text.as_bytes());
    let config = reader.finish(&|_| true).unwrap();
    config.provider_installation.unwrap()
}

fn selector(include: &str) -> ProviderSelector {
    let include = if include.is_empty() {
        String::new()
    } else {
        format!("include = [{include:?}]")
    };
    installation(&format!("direct {{ {include} }}")).methods[0]
        .selector
        .clone()
}

fn multi(sources: &[(&str, &Arc<Stub>)]) -> MultiSource {
    let sources = sources.iter().map(|(include, source)| {
        let source: Arc<dyn Source> = Arc::<Stub>::clone(source);
        (selector(include), source)
    });
    MultiSource::new(sources.collect())
}

fn versions(source: &MultiSource, provider: &str) -> Result<Vec<String>, SourceError> {
    let provider = provider.parse().unwrap();
    let list = block(source.versions(&provider))?;
    Ok(list.versions.iter().map(ToString::to_string).collect())
}

/// Who has which package: the names of sources, in the order of `platforms`.
fn packages(
    source: &MultiSource,
    provider: &str,
    version: &str,
    platforms: &[&str],
) -> Result<Vec<String>, SourceError> {
    let provider = provider.parse().unwrap();
    let platforms: Vec<Platform> = platforms.iter().map(|p| p.parse().unwrap()).collect();
    let release = block(source.release(&provider, &version.parse().unwrap(), &platforms))?;
    let got: Vec<_> = release
        .packages
        .iter()
        .map(|p| p.platform.clone())
        .collect();
    assert_eq!(got, platforms);
    Ok(release.packages.into_iter().map(|p| p.filename).collect())
}

fn first() -> Arc<Stub> {
    Arc::new(
        Stub::new("first")
            .with(FOO, "1.0.0", &[P1, P2])
            .with(BAR, "1.0.0", &[P1]),
    )
}

fn second() -> Arc<Stub> {
    Arc::new(
        Stub::new("second")
            .with(FOO, "1.0.0", &[P1])
            .with(FOO, "1.2.0", &[P1])
            .with(BAR, "1.0.0", &[P1, P2])
            .with(BAR, "1.2.0", &[P1]),
    )
}

#[test]
fn versions_are_united_and_the_first_that_has_a_package_gives_it() {
    let both = multi(&[("", &first()), ("", &second())]);
    assert_eq!(versions(&both, FOO).unwrap(), ["1.0.0", "1.2.0"]);
    for (version, platforms, from) in [
        ("1.0.0", &[P2][..], &["first"][..]),
        ("1.2.0", &[P1], &["second"]),
        ("1.0.0", &[P1], &["first"]),
        ("1.0.0", &[P2, P1], &["first", "first"]),
    ] {
        assert_eq!(packages(&both, FOO, version, platforms).unwrap(), from);
    }
    // The first that has a platform gives it, whatever it lacks beside.
    assert_eq!(
        packages(&both, BAR, "1.0.0", &[P2, P1]).unwrap(),
        ["second", "first"]
    );
    let list = block(both.versions(&FOO.parse().unwrap())).unwrap();
    assert_eq!(list.misleading, ["1"]);
}

#[test]
fn selectors_decide_who_is_asked() {
    let both = multi(&[("hashicorp/*", &first()), (BAR, &second())]);
    assert_eq!(versions(&both, FOO).unwrap(), ["1.0.0"]);
    assert_eq!(versions(&both, BAR).unwrap(), ["1.0.0", "1.2.0"]);
    let error = versions(&both, "a/b").unwrap_err();
    assert!(error.is_absent());
    assert_eq!(
        error.to_string(),
        "no installation method is for registry.opentofu.org/a/b"
    );
    let error = packages(&both, "a/b", "1.0.0", &[P1]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "no installation method is for registry.opentofu.org/a/b"
    );
    let error = versions(&multi(&[]), FOO).unwrap_err();
    assert!(matches!(error, SourceError::Nowhere { .. }), "{error}");
}

#[test]
fn what_nobody_has_is_absent() {
    let both = multi(&[("", &first()), ("", &second())]);
    let error = versions(&both, "a/b").unwrap_err();
    assert_eq!(
        error.to_string(),
        "registry.opentofu.org/a/b is in none of first, second"
    );
    // The answer that came closest says most.
    let error = packages(&both, FOO, "1.2.0", &[P2]).unwrap_err();
    assert!(
        matches!(&error, SourceError::PlatformMissing { place, .. } if place == "second"),
        "{error}"
    );
    let error = packages(&both, FOO, "9.0.0", &[P1]).unwrap_err();
    assert!(
        matches!(&error, SourceError::UnknownVersion { .. }),
        "{error}"
    );
    let alone = multi(&[("", &first())]);
    let error = versions(&alone, "a/b").unwrap_err();
    assert!(
        matches!(&error, SourceError::UnknownProvider { .. }),
        "{error}"
    );
}

#[test]
fn half_of_a_release_is_none() {
    let halves = multi(&[("", &first()), ("", &Arc::new(Stub::new("third")))]);
    let error = packages(&halves, BAR, "1.0.0", &[P1, P2]).unwrap_err();
    assert!(
        matches!(&error, SourceError::PlatformMissing { place, .. } if place == "first"),
        "{error}"
    );
}

#[test]
fn only_absence_lets_the_next_be_asked() {
    let broken = Arc::new(Stub {
        broken: true,
        ..Stub::new("broken")
    });
    let guarded = multi(&[("", &broken), ("", &second())]);
    assert!(matches!(
        versions(&guarded, FOO),
        Err(SourceError::Interrupted { .. })
    ));
    assert!(matches!(
        packages(&guarded, FOO, "1.0.0", &[P1]),
        Err(SourceError::Interrupted { .. })
    ));
    // Versions are asked of everybody, a package only until somebody has it.
    let behind = multi(&[("", &second()), ("", &broken)]);
    assert!(matches!(
        versions(&behind, FOO),
        Err(SourceError::Interrupted { .. })
    ));
    assert_eq!(packages(&behind, FOO, "1.0.0", &[P1]).unwrap(), ["second"]);
}

#[test]
fn a_source_without_versions_is_no_failure() {
    let empty = Arc::new(Stub::new("empty").with(FOO, "empty", &[]));
    assert_eq!(
        versions(&multi(&[("", &empty)]), FOO).unwrap(),
        Vec::<String>::new()
    );
    let both = multi(&[("", &empty), ("", &second())]);
    assert_eq!(versions(&both, FOO).unwrap(), ["1.0.0", "1.2.0"]);
}

#[test]
fn a_release_costs_one_question_where_one_source_has_it() {
    let (one, two) = (first(), second());
    let both = multi(&[("", &one), ("", &two)]);
    let _ = packages(&both, FOO, "1.0.0", &[P1, P2]).unwrap();
    assert_eq!(*one.asked.lock().unwrap(), ["linux_amd64 darwin_arm64"]);
    assert!(two.asked.lock().unwrap().is_empty());
}

#[test]
fn each_source_tells_its_own_providers_apart() {
    let (one, two) = (first(), second());
    let both = multi(&[("", &one), ("hashicorp/*", &two)]);
    let all = [FOO.parse().unwrap(), "a/b".parse().unwrap()];
    both.distinguish(&all).unwrap();
    assert_eq!(*one.asked.lock().unwrap(), ["hashicorp/foo a/b"]);
    assert_eq!(*two.asked.lock().unwrap(), ["hashicorp/foo"]);
}

#[test]
fn methods_of_a_configuration() {
    let block_text = "direct { include = [\"a/*\"] }\nfilesystem_mirror {\n  path = \"/x\"\n  include = [\"b/*\"]\n}\nnetwork_mirror {\n  url = \"https://x/\"\n  include = [\"c/*\"]\n}\noci_mirror {\n  repository_template = \"x.example/${namespace}/${type}\"\n  include = [\"e.com/*/*\"]\n}";
    let source = MultiSource::of_installation(&installation(block_text), &Connect::default());
    for (provider, expected) in [
        (
            "a/x",
            "registry.opentofu.org/a/x would come from the direct block at x.tfrc:2:1, whose packages cannot be read",
        ),
        (
            "b/x",
            "registry.opentofu.org/b/x would come from the filesystem_mirror block at x.tfrc:3:1, whose packages cannot be read",
        ),
        (
            "c/x",
            "registry.opentofu.org/c/x would come from the network_mirror block at x.tfrc:7:1, whose packages cannot be read",
        ),
    ] {
        for error in [
            versions(&source, provider).unwrap_err(),
            packages(&source, provider, "1.0.0", &[P1]).unwrap_err(),
        ] {
            assert_eq!(error.to_string(), expected);
            assert!(!error.is_absent());
        }
    }
    let all = ["a/x".parse().unwrap(), "e.com/a/x".parse().unwrap()];
    source.distinguish(&all).unwrap();
    // The template leaves no place for a name that is not ASCII: so it is the OCI mirror's turn.
    let error = versions(&source, "e.com/münchen/x").unwrap_err();
    assert!(matches!(error, SourceError::Unmappable { .. }), "{error}");
}
