//! Which endpoint a path names.

use tofu_oci_store::UploadId;
use tofu_oci_types::oci::{Digest, RepositoryName};

use super::error::Refusal;

/// An endpoint (distribution spec v1.1.1, "Endpoints").
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// `/v2/`
    Root,
    /// `/v2/_catalog`
    Catalog,
    /// `/v2/NAME/tags/list`
    Tags(RepositoryName),
    /// `/v2/NAME/manifests/REFERENCE`; what is no tag and no digest is for the method to refuse.
    Manifest(RepositoryName, String),
    /// `/v2/NAME/blobs/DIGEST`
    Blob(RepositoryName, Digest),
    /// `/v2/NAME/blobs/uploads/`
    Uploads(RepositoryName),
    /// `/v2/NAME/blobs/uploads/ID`
    Upload(RepositoryName, UploadId),
    /// `/v2/NAME/referrers/DIGEST`
    Referrers(RepositoryName, Digest),
}

impl Route {
    /// Takes a path apart as it came, escapes and all.
    pub(super) fn parse(path: &str) -> Result<Self, Refusal> {
        let rest = match path.strip_prefix("/v2") {
            Some("" | "/") => return Ok(Self::Root),
            Some(rest) => rest.strip_prefix('/').ok_or_else(Refusal::no_endpoint)?,
            None => return Err(Refusal::no_endpoint()),
        };
        if rest == "_catalog" {
            return Ok(Self::Catalog);
        }
        let (rest, last) = rest.rsplit_once('/').ok_or_else(Refusal::no_endpoint)?;
        let (name, noun) = rest.rsplit_once('/').ok_or_else(Refusal::no_endpoint)?;
        let last = colon(last)?;
        match (noun, last.as_str()) {
            ("tags", "list") => Ok(Self::Tags(repository(name)?)),
            ("blobs", "uploads") => Ok(Self::Uploads(repository(name)?)),
            (_, "") if noun == "uploads" => Ok(Self::Uploads(uploads(name)?)),
            (_, "") => Err(Refusal::no_endpoint()),
            ("manifests", reference) => Ok(Self::Manifest(repository(name)?, reference.to_owned())),
            ("blobs", digest) => Ok(Self::Blob(repository(name)?, self::digest(digest)?)),
            ("referrers", digest) => Ok(Self::Referrers(repository(name)?, self::digest(digest)?)),
            ("uploads", id) => {
                let name = uploads(name)?;
                let id = id.parse().map_err(|_| Refusal::unknown_upload())?;
                Ok(Self::Upload(name, id))
            }
            _ => Err(Refusal::no_endpoint()),
        }
    }
}

/// The name before `/blobs`.
fn uploads(path: &str) -> Result<RepositoryName, Refusal> {
    let name = path.strip_suffix("/blobs");
    repository(name.ok_or_else(Refusal::no_endpoint)?)
}

fn repository(name: &str) -> Result<RepositoryName, Refusal> {
    name.parse().map_err(|_| Refusal::invalid_name(name))
}

/// The digest of a path or a query.
pub(super) fn digest(text: &str) -> Result<Digest, Refusal> {
    let digest: Digest = text.parse().map_err(|_| Refusal::invalid_digest(text))?;
    match digest.hasher() {
        Some(_) => Ok(digest),
        None => Err(Refusal::invalid_digest(text)),
    }
}

/// Some libraries escape the colon of a digest. No other escape belongs into a path.
fn colon(text: &str) -> Result<String, Refusal> {
    let plain = text.replace("%3A", ":").replace("%3a", ":");
    match plain.contains('%') {
        true => Err(Refusal::no_endpoint()),
        false => Ok(plain),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
    const ID: &str = "0123456789abcdef0123456789abcdef-0123456789abcdef";

    #[test]
    fn endpoints() {
        let name = |text: &str| text.parse::<RepositoryName>().unwrap();
        let digest: Digest = DIGEST.parse().unwrap();
        for (path, route) in [
            ("/v2".to_owned(), Route::Root),
            ("/v2/".to_owned(), Route::Root),
            ("/v2/_catalog".to_owned(), Route::Catalog),
            ("/v2/a/tags/list".to_owned(), Route::Tags(name("a"))),
            (
                "/v2/tags/list/tags/list".to_owned(),
                Route::Tags(name("tags/list")),
            ),
            (
                "/v2/a/b/c/manifests/latest".to_owned(),
                Route::Manifest(name("a/b/c"), "latest".to_owned()),
            ),
            (
                format!("/v2/manifests/manifests/{DIGEST}"),
                Route::Manifest(name("manifests"), DIGEST.to_owned()),
            ),
            (
                format!("/v2/a/blobs/{DIGEST}"),
                Route::Blob(name("a"), digest.clone()),
            ),
            (
                format!("/v2/a/blobs/{}", DIGEST.replace(':', "%3A")),
                Route::Blob(name("a"), digest.clone()),
            ),
            (
                "/v2/a/b/blobs/uploads/".to_owned(),
                Route::Uploads(name("a/b")),
            ),
            ("/v2/a/blobs/uploads".to_owned(), Route::Uploads(name("a"))),
            (
                format!("/v2/a/blobs/uploads/{ID}"),
                Route::Upload(name("a"), ID.parse().unwrap()),
            ),
            (
                format!("/v2/a/referrers/{DIGEST}"),
                Route::Referrers(name("a"), digest),
            ),
        ] {
            assert_eq!(Route::parse(&path).unwrap(), route, "{path}");
        }
    }

    #[test]
    fn tricks() {
        for path in [
            "",
            "/",
            "/v1/",
            "/v2x",
            "/v2x/a/tags/list",
            "//v2/a/tags/list",
            "/v2//a/tags/list",
            "/v2//tags/list",
            "/v2/tags/list",
            "/v2/a//tags/list",
            "/v2/a/tags/list/",
            "/v2/a/tags//list",
            "/v2/a/manifests/",
            "/v2/a/blobs/",
            "/v2/a/blobs/x",
            "/v2/a/blobs/sha256:..",
            "/v2/a/blobs/md5:d41d8cd98f00b204e9800998ecf8427e",
            "/v2/a/blobs/uploads/../../x",
            "/v2/a/blobs/uploads/x",
            "/v2/a/uploads/",
            "/v2/../a/tags/list",
            "/v2/a/../b/tags/list",
            "/v2/./a/tags/list",
            "/v2/%2e%2e/tags/list",
            "/v2/a%2Fb/tags/list",
            "/v2/a/tags%2Flist",
            "/v2/a/manifests/%2e%2e",
            "/v2/a/manifests/x%2F..%2Fy",
            "/v2/a/manifests/x%00",
            "/v2/A/tags/list",
            "/v2/a\\b/tags/list",
            "/v2/a:b/tags/list",
            "/v2/a/b",
            "/v2/a",
        ] {
            assert!(Route::parse(path).is_err(), "{path}");
        }
        let long = format!("/v2/{}/tags/list", "a/".repeat(200));
        assert!(Route::parse(&long).is_err());
    }
}
