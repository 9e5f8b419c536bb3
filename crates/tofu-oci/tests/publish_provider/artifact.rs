//! What comes out.

use std::sync::Arc;

use tofu_oci::install::Writes;
use tofu_oci::publish::{ProfileChoice, ProviderOptions, PublishOutcome};
use tofu_oci::store::Put;
use tofu_oci::store::files::faults::CountOps;
use tofu_oci::types::artifact::{Profile, ProviderIndex};

use crate::fixture::*;
use crate::support::*;

#[tokio::test]
async fn the_golden_release() {
    let dist = Dist::golden();
    dist.write("terraform-provider-demo_1.2.3_manifest.json", MANIFEST);
    dist.write(
        "terraform-provider-demo_1.2.3_linux_amd64.spdx.json",
        b"{\"SPDXID\":\"SPDXRef-DOCUMENT\",\"spdxVersion\":\"SPDX-2.3\"}\n",
    );
    let repository = memory();
    let report = publish(&dist, &repository, &golden_options())
        .await
        .unwrap();
    assert_eq!(
        report.digest.as_str(),
        "sha256:fd7ad161cd4227a4f36fad2fada32aff6227c309d1762acb2bbc4022023de55c"
    );
    assert_eq!(report.outcome, PublishOutcome::Published);
    assert_eq!(report.tag.as_str(), "1.2.3");
    let index = repository.manifest(&tag("1.2.3")).await.unwrap();
    assert_eq!(
        index.bytes(),
        &std::fs::read(golden("artifact/index.json")).unwrap()
    );
    let referrers = repository
        .referrers(index.descriptor(), None)
        .await
        .unwrap();
    let digests: Vec<&str> = referrers.iter().map(|r| r.digest.as_str()).collect();
    assert_eq!(
        digests,
        ["sha256:8d33e8bbc1621ba4aa386454932706474c821af47eca5be4d1324eb97a536ebe"],
        "the registry manifest"
    );
    let target = &ProviderIndex::read(&index).unwrap().entries()[1]
        .descriptor
        .clone();
    let sboms = repository.referrers(target, None).await.unwrap();
    assert_eq!(
        sboms[0].digest.as_str(),
        "sha256:0654795636845cebea83d0bb1007687ac9d4c3f2177b419ec4adc493dfc2f68a"
    );
    let puts: Vec<_> = report.packages.iter().map(|p| p.put).collect();
    assert_eq!(puts, [Some(Put::Uploaded), Some(Put::Uploaded)]);
}

#[tokio::test]
async fn the_same_golden_release_without_anything_of_ours() {
    let options = ProviderOptions {
        profile: ProfileChoice::Given(Profile::Plain),
        ..golden_options()
    };
    let repository = memory();
    let dist = Dist::golden();
    dist.list();
    let report = publish(&dist, &repository, &options).await.unwrap();
    let index = repository.manifest(&tag("1.2.3")).await.unwrap();
    let entries: Vec<_> = index
        .child_manifests()
        .iter()
        .map(|c| c.digest.to_string())
        .collect();
    assert!(entries[0].starts_with("sha256:c3472fcd"), "{entries:?}");
    assert!(entries[1].starts_with("sha256:ef4974a8"), "{entries:?}");
    assert_eq!(report.attachments, []);
    assert_eq!(
        repository
            .referrers(index.descriptor(), None)
            .await
            .unwrap(),
        []
    );
}

#[tokio::test]
async fn evidence_that_is_not_taken_is_told() {
    let dist = Dist::new(&["linux_amd64"]);
    dist.write("terraform-provider-demo_1.2.3_SHA256SUMS.asc", b"x");
    dist.write("terraform-provider-demo_1.0.0_SHA256SUMS.asc", b"x");
    dist.write("SHA256SUMS", b"x");
    dist.write("SHA256SUMS.sig", b"x");
    let heard = Arc::new(Heard::default());
    let publisher = tofu_oci::publish::Publisher {
        progress: tofu_oci::Progress::new(heard.clone()),
        ..publisher()
    };
    let at = address("dir:r//acme/demo");
    for path in [dist.path(), dist.join(&zip_name("linux_amd64"))] {
        heard.0.lock().unwrap().clear();
        publisher
            .provider_into(&[path], (&at, memory()), &ProviderOptions::default())
            .await
            .unwrap();
        let warnings = heard.warnings();
        let told = warnings
            .iter()
            .filter(|text| text.contains("not published"));
        assert_eq!(told.count(), 3, "{warnings:?}");
    }
}

#[tokio::test]
async fn a_plan_writes_nothing() {
    let dist = Dist::new(&["linux_amd64", "darwin_arm64"]);
    let registry = tempfile::tempdir().unwrap();
    let at = layout(&registry.path().join("new"));
    let options = ProviderOptions {
        writes: Writes::DryRun,
        ..ProviderOptions::default()
    };
    let counter = Arc::new(CountOps::new());
    let plan = observed(counter.clone())
        .provider(&[dist.path()], &at, &options)
        .await
        .unwrap();
    assert_eq!(plan.outcome, PublishOutcome::Planned);
    let sizes: u64 = plan.packages.iter().map(|package| package.size).sum();
    let list = dist.read("terraform-provider-demo_1.2.3_SHA256SUMS").len() as u64;
    assert_eq!(plan.bytes, sizes + list);
    assert!(counter.take().iter().all(|seen| !seen.changes));
    let real = publisher()
        .provider(&[dist.path()], &at, &ProviderOptions::default())
        .await;
    assert_eq!(real.unwrap().digest, plan.digest);
    let plan = publisher()
        .provider(&[dist.path()], &at, &options)
        .await
        .unwrap();
    assert_eq!((plan.outcome, plan.bytes), (PublishOutcome::Unchanged, 0));
}
