//! What many small requests cost the directory.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod support;

use std::sync::Arc;

use support::{Registry, image, index, storage};
use tofu_oci_store::Files;
use tofu_oci_store::files::Sync;
use tofu_oci_store::files::faults::{CountOps, OpKind};
use tofu_oci_types::oci::{Descriptor, ImageManifest, Manifest};

const VERSIONS: usize = 200;
const PLATFORMS: usize = 6;
const REFERRERS: usize = 5;

/// Rewrites of `index.json`, and files that were opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cost {
    rewrites: usize,
    opens: usize,
}

fn numbered(image: &Manifest, number: &str, subject: Option<&Manifest>) -> Manifest {
    Manifest::from_image(&ImageManifest {
        annotations: [("n".to_owned(), number.to_owned())].into(),
        subject: subject.map(|subject| Descriptor::plain(subject.descriptor())),
        ..image.as_image().unwrap().clone()
    })
}

#[tokio::test]
async fn many_releases_rewrite_the_index_for_tags_and_referrers_alone() {
    let dir = tempfile::tempdir().unwrap();
    let count = Arc::new(CountOps::new());
    let files = Files::observed(count.clone()).with_sync(Sync::Off);
    let registry = Registry::over(Arc::new(storage(dir.path(), &files)));
    let blueprint = image(&registry, "acme/demo", b"layer", None).await;
    let push = async |reference: String, manifest: &Manifest| {
        count.take();
        let reply = registry
            .put_manifest("acme/demo", &reference, manifest)
            .await;
        assert_eq!(reply.status, 201, "{reply:?}");
        let seen = count.take();
        let rewrites = seen.iter().filter(|op| {
            let name = op.path.file_name();
            op.op == OpKind::Name && name.is_some_and(|name| name == "index.json")
        });
        Cost {
            rewrites: rewrites.count(),
            opens: seen.iter().filter(|op| op.op == OpKind::Open).count(),
        }
    };
    let (mut children, mut tags, mut referrers) = (Vec::new(), Vec::new(), Vec::new());
    for version in 0..VERSIONS {
        let mut targets = Vec::new();
        for n in 0..PLATFORMS {
            let target = numbered(&blueprint, &format!("{version}.{n}"), None);
            children.push(push(target.digest().to_string(), &target).await);
            targets.push(target);
        }
        let top = index(&targets.iter().collect::<Vec<_>>());
        tags.push(push(format!("1.{version}.0"), &top).await);
        for n in 0..REFERRERS {
            let referrer = numbered(&blueprint, &format!("{version} {n}"), Some(&top));
            referrers.push(push(referrer.digest().to_string(), &referrer).await);
        }
    }
    // The first of all makes the repository.
    for (what, costs, most) in [
        ("children", &children[1..], 0),
        ("tags", &tags[1..], 1),
        ("referrers", &referrers[1..], 1),
    ] {
        assert!(costs.iter().all(|cost| cost.rewrites <= most), "{what}");
        let first = costs[PLATFORMS].opens;
        assert!(
            costs.iter().skip(PLATFORMS).all(|cost| cost.opens <= first),
            "opens of {what} grow"
        );
    }
}
