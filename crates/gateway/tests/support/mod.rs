//! A registry in this process, over each kind of storage.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use http_body_util::BodyExt as _;
use hyper::{HeaderMap, Method, Request, StatusCode};
use serde_json::Value;
use tempfile::TempDir;
use tofu_oci_gateway::Distribution;
use tofu_oci_store::layout::Access;
use tofu_oci_store::{Files, LayoutStorage, MemoryStorage, Storage};
use tofu_oci_types::oci::{
    Algorithm, Descriptor, Digest, ImageManifest, Index, Manifest, MediaType,
};
use tower::ServiceExt as _;

/// A registry, and what keeps its directory.
pub struct Registry {
    pub router: Router,
    pub dir: Option<TempDir>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Registry {
    pub fn over(storage: Arc<dyn Storage>) -> Self {
        Self {
            router: Distribution::new(storage).router(),
            dir: None,
        }
    }

    pub fn memory() -> Self {
        Self::over(Arc::new(MemoryStorage::new()))
    }

    pub fn layout() -> Self {
        let dir = TempDir::new().unwrap();
        let storage = storage(dir.path(), &Files::new());
        Self {
            dir: Some(dir),
            ..Self::over(Arc::new(storage))
        }
    }

    /// One over each kind of storage.
    pub fn each() -> [Self; 2] {
        [Self::memory(), Self::layout()]
    }

    pub async fn request(&self, request: Request<Body>) -> Reply {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        if let Some(length) = parts.headers.get("content-length")
            && !body.is_empty()
        {
            assert_eq!(length.to_str().unwrap(), body.len().to_string());
        }
        Reply {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }

    pub async fn send(
        &self,
        method: &str,
        uri: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Reply {
        let body = body.into();
        let mut request = Request::builder()
            .method(Method::from_bytes(method.as_bytes()).unwrap())
            .uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !body.is_empty() {
            request = request.header("content-length", body.len());
        }
        self.request(request.body(Body::from(body)).unwrap()).await
    }

    pub async fn get(&self, uri: &str) -> Reply {
        self.send("GET", uri, &[], "").await
    }

    pub async fn head(&self, uri: &str) -> Reply {
        let reply = self.send("HEAD", uri, &[], "").await;
        assert!(reply.body.is_empty(), "a HEAD has no body");
        reply
    }

    pub async fn delete(&self, uri: &str) -> Reply {
        self.send("DELETE", uri, &[], "").await
    }

    /// Starts an upload and tells its address.
    pub async fn start(&self, name: &str) -> String {
        let reply = self.send("POST", &uploads(name), &[], "").await;
        assert_eq!(reply.status, 202, "{reply:?}");
        assert_eq!(reply.header("range"), "0-0");
        reply.header("location").to_owned()
    }

    /// Pushes a blob in two requests.
    pub async fn push_blob(&self, name: &str, content: &[u8]) -> Descriptor {
        let digest = Digest::of(content);
        let location = self.start(name).await;
        let reply = self.put_blob(&location, &digest, content.to_vec()).await;
        assert_eq!(reply.status, 201, "{reply:?}");
        assert_eq!(reply.header("location"), blob(name, &digest));
        Descriptor::new(
            "application/octet-stream".parse().unwrap(),
            digest,
            content.len() as u64,
        )
    }

    pub async fn put_blob(
        &self,
        location: &str,
        digest: &Digest,
        content: impl Into<Bytes>,
    ) -> Reply {
        self.send("PUT", &format!("{location}&digest={digest}"), &[], content)
            .await
    }

    pub async fn put_manifest(&self, name: &str, reference: &str, manifest: &Manifest) -> Reply {
        let media_type = manifest.media_type().as_str();
        self.send(
            "PUT",
            &format!("/v2/{name}/manifests/{reference}"),
            &[("content-type", media_type)],
            manifest.bytes().clone(),
        )
        .await
    }

    /// Pushes an image of one layer under a tag.
    pub async fn push_image(&self, name: &str, tag: &str, layer: &[u8]) -> Manifest {
        let manifest = image(self, name, layer, None).await;
        let reply = self.put_manifest(name, tag, &manifest).await;
        assert_eq!(reply.status, 201, "{reply:?}");
        manifest
    }
}

impl Reply {
    /// A header, which must be there.
    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value
            .unwrap_or_else(|| panic!("no {name} in {self:?}"))
            .to_str()
            .unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{self:?}"))
    }

    /// Checks status and code of a refusal, and that it is a document of the specification.
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.header("content-type"), "application/json");
        let json = self.json();
        assert_eq!(json["errors"][0]["code"], code, "{json}");
        assert!(json["errors"][0]["message"].is_string(), "{json}");
    }

    /// The target of the link to the next page.
    pub fn next(&self) -> Option<String> {
        let link = self.headers.get("link")?.to_str().unwrap();
        let target = link.strip_prefix('<')?.strip_suffix(">; rel=\"next\"")?;
        Some(target.to_owned())
    }
}

pub fn storage(dir: &std::path::Path, files: &Files) -> LayoutStorage {
    LayoutStorage::directory(dir, files, Access::Write).unwrap()
}

pub fn uploads(name: &str) -> String {
    format!("/v2/{name}/blobs/uploads/")
}

pub fn blob(name: &str, digest: &Digest) -> String {
    format!("/v2/{name}/blobs/{digest}")
}

pub fn manifest(name: &str, reference: impl std::fmt::Display) -> String {
    format!("/v2/{name}/manifests/{reference}")
}

/// An image with one layer, whose blobs are pushed; the manifest is not.
pub async fn image(
    registry: &Registry,
    name: &str,
    layer: &[u8],
    subject: Option<Descriptor>,
) -> Manifest {
    registry.push_blob(name, b"{}").await;
    let layer = registry.push_blob(name, layer).await;
    Manifest::from_image(&ImageManifest {
        artifact_type: Some("application/vnd.example.kind+json".parse().unwrap()),
        config: Descriptor::empty(),
        layers: vec![layer],
        subject,
        annotations: [("k".to_owned(), "<v>".to_owned())].into(),
    })
}

pub fn index(manifests: &[&Manifest]) -> Manifest {
    Manifest::from_index(&Index {
        manifests: manifests.iter().map(|m| m.descriptor().clone()).collect(),
        ..Index::default()
    })
}

/// The same manifest under the other algorithm.
pub fn sha512(manifest: &Manifest) -> Manifest {
    let media_type: MediaType = manifest.media_type().clone();
    Manifest::read(
        manifest.bytes().clone(),
        Some(&media_type),
        Algorithm::Sha512,
    )
    .unwrap()
}
