//! Distribution spec v1.1.1, "Content Discovery".
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod support;

use serde_json::{Value, json};
use support::{Registry, Reply};
use tofu_oci_types::oci::{Digest, Index, Manifest};

fn strings(reply: &Reply, field: &str) -> Vec<String> {
    serde_json::from_value(reply.json()[field].clone()).unwrap()
}

#[tokio::test]
async fn tags() {
    for registry in Registry::each() {
        registry
            .get("/v2/a/tags/list")
            .await
            .refused(404, "NAME_UNKNOWN");
        let image = support::image(&registry, "a", b"layer", None).await;
        for tag in ["b", "a", "B", "10", "9"] {
            assert_eq!(registry.put_manifest("a", tag, &image).await.status, 201);
        }
        let list = async |query: &str| {
            let reply = registry.get(&format!("/v2/a/tags/list{query}")).await;
            assert_eq!(reply.status, 200, "{query}");
            assert_eq!(reply.json()["name"], "a");
            (strings(&reply, "tags").join(" "), reply.next())
        };
        assert_eq!(list("").await, ("10 9 B a b".to_owned(), None));
        let (tags, next) = list("?n=2").await;
        assert_eq!(tags, "10 9");
        assert_eq!(next.as_deref(), Some("/v2/a/tags/list?last=9&n=2"));
        assert_eq!(list("?last=9&n=2").await.0, "B a");
        assert_eq!(list("?last=a").await, ("b".to_owned(), None));
        assert_eq!(list("?last=A").await.0, "B a b", "a tag that is not there");
        assert_eq!(list("?n=5").await, ("10 9 B a b".to_owned(), None));
        assert_eq!(list("?n=0").await, (String::new(), None));
        assert_eq!(list("?n=99999999999").await.1, None);
        for query in ["?n=-1", "?n=x", "?n=", "?last=+"] {
            let reply = registry.get(&format!("/v2/a/tags/list{query}")).await;
            reply.refused(400, "PAGINATION_NUMBER_INVALID");
        }
        assert_eq!(registry.head("/v2/a/tags/list").await.status, 200);
    }
}

#[tokio::test]
async fn repositories() {
    for registry in Registry::each() {
        assert_eq!(
            registry.get("/v2/_catalog").await.json(),
            json!({"repositories": []})
        );
        for name in ["b", "a/c", "a"] {
            let _ = registry.push_image(name, "v1", b"layer").await;
        }
        let mut next = Some("/v2/_catalog?n=1".to_owned());
        let mut all = Vec::new();
        while let Some(page) = next {
            let reply = registry.get(&page).await;
            all.extend(strings(&reply, "repositories"));
            next = reply.next();
        }
        assert_eq!(all, ["a", "a/c", "b"]);
    }
}

/// Pushes `number` referrers of `subject`; the second half is of another type.
async fn attach(registry: &Registry, subject: &Manifest, number: usize) {
    for n in 0..number {
        let referrer = Manifest::from_index(&Index {
            artifact_type: (n % 2 == 0).then(|| "application/spdx+json".parse().unwrap()),
            subject: Some(subject.descriptor().clone()),
            annotations: [("n".to_owned(), n.to_string())].into(),
            ..Index::default()
        });
        let digest = referrer.digest().to_string();
        let reply = registry.put_manifest("a", &digest, &referrer).await;
        assert_eq!(reply.status, 201, "{reply:?}");
        assert_eq!(reply.header("oci-subject"), subject.digest().as_str());
    }
}

#[tokio::test]
async fn referrers() {
    for registry in Registry::each() {
        let subject = support::image(&registry, "a", b"layer", None).await;
        let path = format!("/v2/a/referrers/{}", subject.digest());
        let entries = async |uri: &str| {
            let reply = registry.get(uri).await;
            assert_eq!(reply.status, 200);
            let media_type = "application/vnd.oci.image.index.v1+json";
            assert_eq!(reply.header("content-type"), media_type);
            let json = reply.json();
            assert_eq!(json["mediaType"], media_type);
            assert_eq!(json["schemaVersion"], 2);
            (json["manifests"].as_array().unwrap().clone(), reply)
        };
        // Of a subject that is not there, in a repository that is not there.
        assert!(entries(&path).await.0.is_empty());
        let image = support::image(&registry, "a", b"sbom", Some(subject.descriptor().clone()));
        let image = image.await;
        let reply = registry.put_manifest("a", "sbom", &image).await;
        assert_eq!(reply.header("oci-subject"), subject.digest().as_str());
        attach(&registry, &subject, 2).await;

        let (all, reply) = entries(&path).await;
        assert_eq!(all.len(), 3);
        assert!(!reply.headers.contains_key("oci-filters-applied"));
        let found = all
            .iter()
            .find(|e| e["digest"] == image.digest().as_str())
            .unwrap();
        assert_eq!(found["artifactType"], "application/vnd.example.kind+json");
        assert_eq!(found["annotations"], json!({"k": "<v>"}));
        assert_eq!(found["size"], image.bytes().len());
        assert!(all.iter().any(|e| e.get("artifactType").is_none()));

        for query in ["application/spdx%2Bjson", "application/spdx+json"] {
            let (some, reply) = entries(&format!("{path}?artifactType={query}")).await;
            assert_eq!(some.len(), 1);
            assert_eq!(some[0]["artifactType"], "application/spdx+json");
            assert_eq!(reply.header("oci-filters-applied"), "artifactType");
        }
        let (none, reply) = entries(&format!("{path}?artifactType=x/y")).await;
        assert!(none.is_empty());
        assert_eq!(reply.header("oci-filters-applied"), "artifactType");

        registry
            .get("/v2/a/referrers/sha256:0")
            .await
            .refused(400, "DIGEST_INVALID");
        registry
            .get("/v2/a/referrers/v1")
            .await
            .refused(400, "DIGEST_INVALID");
        let elsewhere = format!("/v2/b/referrers/{}", Digest::of(b""));
        assert!(entries(&elsewhere).await.0.is_empty());
    }
}

#[tokio::test]
async fn pages_of_referrers() {
    let registry = Registry::memory();
    let subject = support::image(&registry, "a", b"layer", None).await;
    attach(&registry, &subject, 1001).await;
    let pages = async |mut uri: String| {
        let mut sizes = Vec::new();
        let mut digests = std::collections::BTreeSet::new();
        loop {
            let reply = registry.get(&uri).await;
            let entries: Vec<Value> = reply.json()["manifests"].as_array().unwrap().clone();
            sizes.push(entries.len());
            digests.extend(entries.iter().map(|e| e["digest"].to_string()));
            match reply.next() {
                Some(next) => uri = next,
                None => return (sizes, digests.len()),
            }
        }
    };
    let path = format!("/v2/a/referrers/{}", subject.digest());
    assert_eq!(pages(path.clone()).await, (vec![1000, 1], 1001));
    let filtered = format!("{path}?n=400&artifactType=application/spdx%2Bjson");
    assert_eq!(pages(filtered).await, (vec![400, 101], 501));
}

#[tokio::test]
async fn a_page_of_referrers_is_no_larger_than_clients_read() {
    let registry = Registry::memory();
    let subject = support::image(&registry, "a", b"layer", None).await;
    for n in 0..3 {
        let referrer = Manifest::from_index(&Index {
            subject: Some(subject.descriptor().clone()),
            annotations: [("k".to_owned(), n.to_string().repeat(2_000_000))].into(),
            ..Index::default()
        });
        let digest = referrer.digest().to_string();
        assert_eq!(
            registry.put_manifest("a", &digest, &referrer).await.status,
            201
        );
    }
    let reply = registry
        .get(&format!("/v2/a/referrers/{}", subject.digest()))
        .await;
    assert!(reply.body.len() < 4 * 1024 * 1024);
    let rest = registry.get(&reply.next().unwrap()).await;
    assert_eq!(rest.json()["manifests"].as_array().unwrap().len(), 1);
    assert_eq!(rest.next(), None);
}
