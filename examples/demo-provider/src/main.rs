//! A provider for OpenTofu and Terraform with one resource, `demo_greeting`. It speaks plugin protocol 6.
//!
//! It exists so that a registry can be tried with a provider that really runs: the greeting it writes names the
//! version and the platform of the package that was installed.
#![forbid(unsafe_code)]

mod greeting;

use std::collections::HashMap;

use async_trait::async_trait;
use tf_provider::schema::{Block, Description, Schema};
use tf_provider::value::ValueEmpty;
use tf_provider::{Diagnostics, DynamicDataSource, DynamicResource, Provider, map, serve};

use crate::greeting::GreetingResource;

/// The provider itself: nothing to configure.
struct DemoProvider;

#[async_trait]
impl Provider for DemoProvider {
    type Config<'a> = ValueEmpty;
    type MetaState<'a> = ValueEmpty;

    fn schema(&self, _diags: &mut Diagnostics) -> Option<Schema> {
        Some(Schema {
            version: 1,
            block: Block {
                description: Description::plain("Greets people"),
                ..Block::default()
            },
        })
    }

    fn get_resources(
        &self,
        _diags: &mut Diagnostics,
    ) -> Option<HashMap<String, Box<dyn DynamicResource>>> {
        Some(map! { "greeting" => GreetingResource })
    }

    fn get_data_sources(
        &self,
        _diags: &mut Diagnostics,
    ) -> Option<HashMap<String, Box<dyn DynamicDataSource>>> {
        Some(HashMap::new())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    serve("demo", DemoProvider).await
}
