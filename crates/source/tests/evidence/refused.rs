//! What is no evidence, and takes nothing from what is.

use super::*;

#[tokio::test]
async fn evidence_that_names_another_digest_is_refused() {
    let mut fixture = Fixture::new();
    let (index, target) = (fixture.index.clone(), fixture.target.clone());
    let other = Fixture::with_layers(vec![Descriptor::of(TEXT, b"other")]).target;
    let layer = fixture.blob(&TEXT, "x_SHA256SUMS", b"list");
    let kind = SHASUMS.artifact_type();
    for subject in [Some(&other), Some(&target), None] {
        let types = (Some(kind.as_str()), EMPTY);
        let entry = {
            let made = fixture.foreign(subject, types, vec![layer.clone()]);
            made.as_referrer()
        };
        // It is evidence of the target where it says so, but not of the index that lists it.
        fixture.repository.besides = vec![(index.descriptor().clone(), entry.clone())];
        let evidence = fixture.read_with(EvidenceOptions::default()).await;
        let [
            EvidenceError::OtherSubject {
                referrer,
                subject: asked,
                names,
                ..
            },
        ] = &evidence.refused[..]
        else {
            panic!("{:?}", evidence.refused);
        };
        assert_eq!((referrer, asked), (&entry.digest, index.digest()));
        assert_eq!(names.as_ref(), subject.map(Manifest::digest));
        assert!(evidence.into_documents().is_err());
    }
}

#[tokio::test]
async fn what_is_no_document_is_told() {
    // Without a list in front.
    let mut fixture = Fixture::new();
    let index = fixture.index.clone();
    let kind = SHASUMS.artifact_type();
    let layer = fixture.blob(&PGP_SIGNATURE, "x.sig", b"signature");
    fixture.foreign(Some(&index), (Some(kind.as_str()), EMPTY), vec![layer]);
    let refused = fixture.refused().await;
    assert!(
        matches!(refused, EvidenceError::NotADocument { .. }),
        "{refused}"
    );

    // Too long, by its own word: nothing is fetched.
    let mut fixture = Fixture::new();
    let layer = Descriptor {
        size: (4 << 20) + 1,
        ..fixture.blob(&TEXT, "x_SHA256SUMS", b"list")
    };
    fixture.foreign(Some(&index), (Some(kind.as_str()), EMPTY), vec![layer]);
    let refused = fixture.refused().await;
    assert!(
        matches!(refused, EvidenceError::TooLarge { .. }),
        "{refused}"
    );

    // Its file is gone.
    let mut fixture = Fixture::new();
    let layer = Descriptor::of(TEXT, b"gone");
    let made = fixture.foreign(Some(&index), (Some(kind.as_str()), EMPTY), vec![layer]);
    let refused = fixture.refused().await;
    assert!(
        matches!(&refused, EvidenceError::Read { subject, .. } if subject == index.digest()),
        "{refused}"
    );

    // The whole manifest is gone.
    let mut fixture = Fixture::new();
    let entry = made.as_referrer();
    fixture.repository.besides = vec![(index.descriptor().clone(), entry)];
    let evidence = fixture.read_with(EvidenceOptions::default()).await;
    let nothing = &evidence.passed_over[..];
    assert!(
        matches!(
            nothing,
            [EvidenceError::NoManifest {
                source: StoreError::AbsentManifest { .. },
                ..
            }]
        ),
        "{nothing:?}"
    );
    assert!(evidence.into_documents().unwrap().is_empty());
}

/// A signature of a checksums file that is not there takes the list from nobody.
#[tokio::test]
async fn a_signature_that_is_not_there_is_none() {
    let mut fixture = Fixture::new();
    let index = fixture.index.clone();
    let list = fixture.blob(&TEXT, "x_SHA256SUMS", b"list");
    let kind = SHASUMS.artifact_type();
    let made = {
        let made = fixture.foreign(Some(&index), (Some(kind.as_str()), EMPTY), vec![list]);
        made.descriptor().clone()
    };
    let gone = Descriptor {
        artifact_type: Some(PGP_SIGNATURE),
        ..Descriptor::of(MediaType::IMAGE_MANIFEST, b"gone")
    };
    fixture.repository.besides = vec![(made, gone)];
    let evidence = fixture.read_with(EvidenceOptions::default()).await;
    assert_eq!(evidence.passed_over.len(), 1);
    assert_eq!(evidence.into_documents().unwrap().len(), 1);
}

#[tokio::test]
async fn a_list_of_referrers_without_end_is_refused() {
    let mut fixture = Fixture::new();
    let index = fixture.index.descriptor().clone();
    let entry = |n: u32| Descriptor {
        artifact_type: Some(SHASUMS.artifact_type()),
        ..Descriptor::of(MediaType::IMAGE_MANIFEST, &n.to_le_bytes())
    };
    fixture.repository.besides = (0..1001).map(|n| (index.clone(), entry(n))).collect();
    let subjects = EvidenceSubjects {
        root: &fixture.index,
        targets: Vec::new(),
    };
    let options = EvidenceOptions::default();
    let error = read_evidence(&fixture.repository, &subjects, &options).await;
    assert!(matches!(error, Err(EvidenceError::TooMany { .. })));
    assert!(fixture.repository.log.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_document_that_lies_about_a_file_takes_it_from_no_other() {
    let mut fixture = Fixture::new();
    let index = fixture.index.clone();
    let list = fixture.blob(&TEXT, "x_SHA256SUMS", b"list");
    // Some come before the one that is right, some after it.
    let lies = (1..=8).map(|more| Descriptor {
        size: list.size + more,
        ..list.clone()
    });
    let kind = SHASUMS.artifact_type();
    for layer in std::iter::once(list.clone()).chain(lies) {
        fixture.foreign(Some(&index), (Some(kind.as_str()), EMPTY), vec![layer]);
    }
    let evidence = fixture.read_with(EvidenceOptions::default()).await;
    let contents: Vec<_> = evidence
        .documents
        .iter()
        .map(|document| document.layers[0].content.as_deref())
        .collect();
    assert_eq!(contents, [Some(&b"list"[..])], "{:?}", evidence.refused);
    assert_eq!(evidence.refused.len(), 8);
}
