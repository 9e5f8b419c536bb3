//! What refers to a manifest, where registries have no list, half a list, or say that they have one.

use tofu_oci_store::remote::RemoteError;
use tofu_oci_store::{Put, Repository, StoreError, TagRule, WritableRepository};
use tofu_oci_testkit::{Canned, Quirk, Requests};
use tofu_oci_types::oci::{Descriptor, Digest, Index, Manifest, MediaType};

use crate::bench::*;
use crate::support::*;

const EMPTY: &str =
    r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"#;

fn lists() -> Requests {
    Requests::of("GET", "/referrers/")
}

fn puts() -> Requests {
    Requests::of("PUT", "/manifests/")
}

fn empty() -> Canned {
    Canned::status(200)
        .header("content-type", "application/vnd.oci.image.index.v1+json")
        .body(EMPTY)
}

fn fallback(subject: &Digest) -> String {
    subject.as_str().replace(':', "-")
}

/// A registry with a subject, and nothing that says that it has an API.
async fn without_api() -> (Bench, Manifest) {
    let bench = Bench::new();
    bench.on(
        lists(),
        Quirk::Answer(Canned::text(404, "404 page not found")),
    );
    bench.on(puts(), Quirk::WithoutHeader("oci-subject"));
    let subject = put_image(&bench.inside("acme/demo"), b"subject").await;
    (bench, subject)
}

async fn attach(repo: &dyn WritableRepository, subject: &Manifest, layer: &[u8]) -> Manifest {
    put_bytes(repo, b"{}").await;
    put_bytes(repo, layer).await;
    let referrer = image_with(layer, Some(subject.descriptor()));
    put(repo, &referrer).await;
    referrer
}

async fn listed(repo: &dyn Repository, subject: &Manifest) -> Vec<Digest> {
    let found = repo.referrers(subject.descriptor(), None).await.unwrap();
    found.into_iter().map(|entry| entry.digest).collect()
}

#[tokio::test]
async fn without_an_api_a_tag_keeps_the_list() {
    let (bench, subject) = without_api().await;
    let repo = bench.repository();
    let mut expected = [
        attach(&repo, &subject, b"one").await,
        attach(&repo, &subject, b"two").await,
    ];
    expected.sort_by(|a, b| a.digest().cmp(b.digest()));
    let found = repo.referrers(subject.descriptor(), None).await.unwrap();
    let described: Vec<Descriptor> = expected.iter().map(Manifest::as_referrer).collect();
    assert_eq!(found, described);
    assert_eq!(found[0].annotations["k"], "v");
    let kind = MediaType::from_static("application/vnd.other");
    let none = repo
        .referrers(subject.descriptor(), Some(&kind))
        .await
        .unwrap();
    assert_eq!(none, []);
    // Attached once more: nothing is written.
    bench.quirks.seen();
    assert_eq!(put(&repo, &expected[0]).await, Put::Present);
    assert_eq!(bench.count("PUT", ""), 0);
    // Deleted, it leaves the list. This registry would still find it in the list of before.
    let deleted = Quirk::Answer(Canned::status(202));
    bench.on(Requests::of("DELETE", ""), deleted);
    repo.delete(&by(expected[0].digest())).await.unwrap();
    assert_eq!(
        listed(&repo, &subject).await,
        [expected[1].digest().clone()]
    );
}

#[tokio::test]
async fn what_was_listed_before_there_was_an_api_leaves_both_lists() {
    let (bench, subject) = without_api().await;
    let one = attach(&bench.repository(), &subject, b"one").await;
    // From now on the registry has an API. It would still find the manifest in the list of before.
    bench.quirks.off();
    bench.on(lists(), Quirk::Answer(empty()));
    bench.on(
        Requests::of("DELETE", ""),
        Quirk::Answer(Canned::status(202)),
    );
    let remote = bench.remote();
    let repo = bench.open(&remote);
    assert_eq!(listed(&repo, &subject).await, [one.digest().clone()]);
    repo.delete(&by(one.digest())).await.unwrap();
    assert_eq!(listed(&repo, &subject).await, []);
}

#[tokio::test]
async fn a_confirmed_subject_is_no_list() {
    // Nothing lists it, and the answer to the PUT says that it was taken in.
    let elsewhere = Bench::new();
    elsewhere.on(Requests::all(), Quirk::Answer(empty()));
    let web = format!("{}/packages", elsewhere.registry.origin());
    for answer in [
        Canned::text(404, "404 page not found"),
        Canned::status(405),
        Canned::page(200),
        Canned::json(200, r#"{"errors":[]}"#),
        Canned::redirect(303, &web),
        Canned::redirect(303, "/login"),
    ] {
        let bench = Bench::new();
        bench.on(lists(), Quirk::Answer(answer.clone()));
        bench.on(Requests::to("/login"), Quirk::Answer(Canned::page(200)));
        let subject = put_image(&bench.inside("acme/demo"), b"subject").await;
        bench.on(
            puts(),
            Quirk::Header("oci-subject", subject.digest().to_string()),
        );
        let repo = bench.repository();
        let one = attach(&repo, &subject, b"one").await;
        let two = attach(&repo, &subject, b"two").await;
        let lines = bench.quirks.seen();
        let probes = lines
            .iter()
            .filter(|seen| seen.target.contains("sha256:00000000"));
        assert_eq!(probes.count(), 1, "{answer:?}");
        let mut expected = vec![one.digest().clone(), two.digest().clone()];
        expected.sort();
        assert_eq!(listed(&repo, &subject).await, expected, "{answer:?}");
    }
    assert_eq!(elsewhere.quirks.lines(), Vec::<String>::new());
}

#[tokio::test]
async fn both_lists_are_united() {
    // An API that forgot what it had, with a tag from before.
    let (bench, subject) = without_api().await;
    let one = attach(&bench.repository(), &subject, b"one").await;
    bench.quirks.off();
    bench.on(lists(), Quirk::Answer(empty()));
    let repo = bench.repository();
    assert_eq!(listed(&repo, &subject).await, [one.digest().clone()]);
    // One that works, with another entry. It has both, and none twice.
    bench.quirks.off();
    let two = attach(&bench.repository(), &subject, b"two").await;
    let mut expected = vec![one.digest().clone(), two.digest().clone()];
    expected.sort();
    assert_eq!(listed(&bench.repository(), &subject).await, expected);
}

#[tokio::test]
async fn entries_of_another_type_are_looked_up() {
    let (bench, subject) = without_api().await;
    let inside = bench.inside("acme/demo");
    let one = image_with(b"one", Some(subject.descriptor()));
    put_bytes(&inside, b"one").await;
    put(&inside, &one).await;
    for kind in [Some(MediaType::EMPTY), None] {
        let mut entry = one.descriptor().plain();
        entry.artifact_type = kind;
        // Not every entry is still there.
        let gone = Descriptor::of(MediaType::IMAGE_MANIFEST, b"gone");
        let list = Manifest::from_index(&Index {
            manifests: vec![entry, gone],
            ..Index::default()
        });
        let tag = fallback(subject.digest());
        bench.quirks.off();
        bench.on(lists(), Quirk::Answer(Canned::status(404)));
        let answer = Canned::status(200)
            .header("content-type", "application/vnd.oci.image.index.v1+json")
            .body(list.bytes().clone());
        bench.on(Requests::to(&tag), Quirk::Answer(answer));
        let found = bench
            .repository()
            .referrers(subject.descriptor(), Some(&KIND))
            .await;
        assert_eq!(found.unwrap(), [one.as_referrer()]);
    }
}

#[tokio::test]
async fn a_tag_that_is_no_list() {
    // One registry takes the tag for the digest; and anybody may give a tag to anything.
    let (bench, subject) = without_api().await;
    let repo = bench.repository();
    let tag = fallback(subject.digest());
    for answer in [
        Canned::status(200)
            .header("content-type", subject.media_type().as_str())
            .body(subject.bytes().clone()),
        Canned::page(200),
        Canned::json(200, "[]"),
        Canned::status(406),
    ] {
        bench.quirks.off();
        bench.on(lists(), Quirk::Answer(Canned::status(404)));
        bench.on(Requests::of("GET", &tag), Quirk::Answer(answer));
        assert_eq!(listed(&repo, &subject).await, []);
    }
    // A failure is no empty list.
    for status in [403, 500] {
        bench.quirks.off();
        bench.on(lists(), Quirk::Answer(Canned::status(404)));
        bench.on(
            Requests::of("GET", &tag),
            Quirk::Answer(Canned::status(status)),
        );
        let error = remote_error(repo.referrers(subject.descriptor(), None).await);
        assert!(matches!(
            error,
            RemoteError::Denied { .. } | RemoteError::Failed { .. }
        ));
    }
    bench.quirks.off();
    bench.on(lists(), Quirk::Answer(Canned::text(429, "slow down")));
    let error = remote_error(repo.referrers(subject.descriptor(), None).await);
    assert!(
        matches!(error, RemoteError::RateLimited { .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn an_update_that_gets_lost_is_made_again() {
    let (bench, subject) = without_api().await;
    let tag = fallback(subject.digest());
    // The registry says yes, and another program was faster.
    let lost = Quirk::Answer(Canned::status(201));
    bench.on(Requests::of("PUT", &tag).first(2), lost);
    let repo = bench.repository();
    let one = attach(&repo, &subject, b"one").await;
    assert_eq!(listed(&repo, &subject).await, [one.digest().clone()]);
    assert_eq!(bench.count("PUT", &tag), 3);
    // For ever.
    bench.on(
        Requests::of("PUT", &tag),
        Quirk::Answer(Canned::status(201)),
    );
    put_bytes(&repo, b"two").await;
    let two = image_with(b"two", Some(subject.descriptor()));
    let batch = [tofu_oci_store::PutManifest::untagged(two)];
    let error = remote_error(repo.put_manifests(&batch).await);
    assert!(matches!(error, RemoteError::Malformed { .. }), "{error:?}");
    assert_eq!(bench.count("PUT", &tag), 5);
}

#[tokio::test]
async fn a_condition_that_does_not_hold_is_read_again() {
    let (bench, subject) = without_api().await;
    let tag = fallback(subject.digest());
    let repo = bench.repository();
    attach(&repo, &subject, b"one").await;
    bench.quirks.seen();
    bench.on(
        Requests::of("GET", &tag),
        Quirk::Header("etag", "\"a\"".to_owned()),
    );
    let no = Quirk::Answer(Canned::status(412));
    bench.on(Requests::of("PUT", &tag).first(1), no);
    attach(&repo, &subject, b"two").await;
    let seen = bench.quirks.seen();
    let puts: Vec<_> = seen
        .iter()
        .filter(|seen| seen.method == "PUT" && seen.target.contains(&tag))
        .collect();
    assert_eq!(puts.len(), 2);
    assert_eq!(puts[0].header("if-match"), Some("\"a\""));
    assert_eq!(listed(&repo, &subject).await.len(), 2);
}

#[tokio::test]
async fn a_weak_tag_of_an_answer_is_no_condition() {
    // Proxies weaken it, and a weak one never holds. RFC 9110 section 13.1.1.
    let (bench, subject) = without_api().await;
    let tag = fallback(subject.digest());
    let repo = bench.repository();
    attach(&repo, &subject, b"one").await;
    bench.quirks.seen();
    bench.on(
        Requests::of("GET", &tag),
        Quirk::Header("etag", "W/\"a\"".to_owned()),
    );
    attach(&repo, &subject, b"two").await;
    let seen = bench.quirks.seen();
    let put = seen
        .iter()
        .find(|seen| seen.method == "PUT" && seen.target.contains(&tag));
    assert_eq!(put.unwrap().header("if-match"), None);
}

#[tokio::test]
async fn a_list_that_cannot_be_read_is_not_replaced() {
    let (bench, subject) = without_api().await;
    let repo = bench.repository();
    attach(&repo, &subject, b"one").await;
    let tag = fallback(subject.digest());
    let list =
        r#"{"schemaVersion":2,"manifests":[{"mediaType":"x","digest":"sha256:1","size":-1}]}"#;
    for kind in [
        "application/vnd.oci.image.index.v1+json",
        "application/json",
    ] {
        let answer = Canned::status(200).header("content-type", kind).body(list);
        bench.on(Requests::of("GET", &tag), Quirk::Answer(answer));
        bench.quirks.seen();
        put_bytes(&repo, b"two").await;
        let two = image_with(b"two", Some(subject.descriptor()));
        let batch = [tofu_oci_store::PutManifest::untagged(two)];
        let error = remote_error(repo.put_manifests(&batch).await);
        assert!(matches!(error, RemoteError::Malformed { .. }), "{error:?}");
        let error = remote_error(repo.referrers(subject.descriptor(), None).await);
        assert!(matches!(error, RemoteError::Malformed { .. }), "{error:?}");
        assert_eq!(bench.count("PUT", &tag), 0);
    }
}

#[tokio::test]
async fn a_repository_that_is_not_there_says_nothing_of_the_api() {
    let bench = Bench::new();
    let nothing = Canned::error(404, "NAME_UNKNOWN", "", "");
    bench.on(lists().first(1), Quirk::Answer(nothing));
    bench.on(
        lists(),
        Quirk::Answer(Canned::text(404, "404 page not found")),
    );
    let subject = put_image(&bench.inside("acme/demo"), b"subject").await;
    let confirmed = Quirk::Header("oci-subject", subject.digest().to_string());
    bench.on(puts(), confirmed);
    let remote = bench.remote();
    let absent = Digest::of(b"absent");
    let error = bench.open(&remote).delete(&by(&absent)).await.unwrap_err();
    assert!(error.is_absent(), "{error:?}");
    let one = attach(&bench.open(&remote), &subject, b"one").await;
    let inside = bench.inside("acme/demo");
    assert!(
        inside
            .head(&tag(&fallback(subject.digest())))
            .await
            .unwrap()
            .is_some()
    );
    assert_eq!(
        listed(&bench.repository(), &subject).await,
        [one.digest().clone()]
    );
}

#[tokio::test]
async fn what_others_wrote_into_the_list_stays() {
    let (bench, subject) = without_api().await;
    let repo = bench.repository();
    let (mut tasks, all) = (tokio::task::JoinSet::new(), 6);
    for number in 0..all {
        let (repo, subject) = (repo.clone(), subject.clone());
        let layer = format!("layer {number}");
        tasks.spawn(async move { attach(&repo, &subject, layer.as_bytes()).await });
    }
    tasks.join_all().await;
    assert_eq!(listed(&repo, &subject).await.len(), all);
}

#[tokio::test]
async fn pages_of_referrers() {
    let bench = Bench::new();
    let subject = put_image(&bench.inside("acme/demo"), b"subject").await;
    let inside = bench.inside("acme/demo");
    let one = attach(&inside, &subject, b"one").await;
    let two = attach(&inside, &subject, b"two").await;
    let page = |manifest: &Manifest| {
        let list = Manifest::from_index(&Index {
            manifests: vec![manifest.as_referrer()],
            ..Index::default()
        });
        Canned::status(200)
            .header("content-type", "application/vnd.oci.image.index.v1+json")
            .body(list.bytes().clone())
    };
    let more = format!(
        "</v2/acme/demo/referrers/{}?next=1>; rel=\"next\"",
        subject.digest()
    );
    let first = page(&one).header("link", &more);
    bench.on(lists().first(1), Quirk::Answer(first));
    bench.on(Requests::to("next=1"), Quirk::Answer(page(&two)));
    let mut expected = vec![one.digest().clone(), two.digest().clone()];
    expected.sort();
    assert_eq!(listed(&bench.repository(), &subject).await, expected);
}

#[tokio::test]
async fn a_subject_that_is_refused_is_told() {
    let bench = Bench::new();
    let subject = put_image(&bench.inside("acme/demo"), b"subject").await;
    bench.on(puts(), Quirk::RefusesSubjects);
    let repo = bench.repository();
    put_bytes(&repo, b"one").await;
    let one = image_with(b"one", Some(subject.descriptor()));
    let batch = [tofu_oci_store::PutManifest::untagged(one)];
    let error = remote_error(repo.put_manifests(&batch).await);
    assert!(
        matches!(error, RemoteError::Unsupported { .. }),
        "{error:?}"
    );
    // Everything else goes.
    let put = put_tagged(&repo, &subject, "1.0.0", TagRule::Create).await;
    assert!(put.is_ok(), "{put:?}");
    let error = StoreError::from(error);
    assert!(!error.is_absent());
}

/// A look is enough where the registry answers one. The specification does not ask it to.
#[tokio::test]
async fn whether_a_registry_finds_referrers_is_asked_once() {
    let looks = || Requests::of("HEAD", "/referrers/");
    let status = |status| Quirk::Answer(Canned::status(status));
    for (quirks, finds, asked) in [
        (vec![], true, 1),
        (vec![(looks(), status(405))], true, 2),
        (vec![(looks(), status(404))], true, 2),
        (vec![(Requests::to("/referrers/"), status(404))], false, 2),
    ] {
        let bench = Bench::new();
        let _ = put_image(&bench.inside("acme/demo"), b"subject").await;
        for (requests, quirk) in quirks {
            bench.on(requests, quirk);
        }
        let repo = bench.repository();
        let _ = bench.quirks.lines();
        for _ in 0..2 {
            assert_eq!(repo.finds_referrers().await.unwrap(), finds);
        }
        let lines = bench.quirks.lines();
        assert_eq!(lines.len(), asked, "{lines:?}");
    }
}
