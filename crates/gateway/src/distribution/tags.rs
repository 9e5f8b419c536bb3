//! `/v2/NAME/tags/list` and `/v2/_catalog`

use serde::Serialize;
use tofu_oci_types::oci::{RepositoryName, Tag};

use super::error::Refusal;
use super::{Answer, Call, Distribution, json, page};

#[derive(Serialize)]
struct TagList<'a> {
    name: &'a RepositoryName,
    tags: &'a [Tag],
}

#[derive(Serialize)]
struct Catalog<'a> {
    repositories: &'a [RepositoryName],
}

impl Distribution {
    /// The tags of a repository, sorted by bytes (distribution spec v1.1.1, "Listing Tags").
    pub(super) async fn list_tags(&self, call: &Call<'_>, name: &RepositoryName) -> Answer {
        let (size, n) = page::names(&call.query)?;
        let last = call.query.read("last", |_| Refusal::invalid_page())?;
        // One more tells whether there are more.
        let mut tags = self.storage.tags(name, last.as_ref(), size + 1).await?;
        let more = tags.len() > size && size > 0;
        tags.truncate(size);
        let mut response = document(&TagList { name, tags: &tags })?;
        if let (true, Some(last)) = (more, tags.last()) {
            let path = format!("/v2/{name}/tags/list");
            page::link(&mut response, &path, n, last.as_str(), &[])?;
        }
        Ok(response)
    }

    /// The names of all repositories, sorted by bytes. No part of the specification any more, and asked for by
    /// tools all the same.
    pub(super) async fn catalog(&self, call: &Call<'_>) -> Answer {
        let (size, n) = page::names(&call.query)?;
        let last = call.query.read("last", |_| Refusal::invalid_page())?;
        let mut repositories = self.storage.repositories(last.as_ref(), size + 1).await?;
        let more = repositories.len() > size && size > 0;
        repositories.truncate(size);
        let repositories = repositories.as_slice();
        let mut response = document(&Catalog { repositories })?;
        if let (true, Some(last)) = (more, repositories.last()) {
            page::link(&mut response, "/v2/_catalog", n, last.as_str(), &[])?;
        }
        Ok(response)
    }
}

fn document<T: Serialize>(value: &T) -> Answer {
    match serde_json::to_vec(value) {
        Ok(bytes) => Ok(json(bytes.into())),
        Err(_) => Err(Refusal::internal("the list cannot be written")),
    }
}
