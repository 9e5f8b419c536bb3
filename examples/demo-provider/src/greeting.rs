//! The resource `demo_greeting`: a name goes in, a sentence comes out.

use std::borrow::Cow;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tf_provider::schema::{
    Attribute, AttributeConstraint, AttributeType, Block, Description, Schema,
};
use tf_provider::value::{Value, ValueEmpty, ValueString};
use tf_provider::{AttributePath, Diagnostics, Resource, map};

/// The attributes of one greeting, in configuration, plan and state.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Greeting<'a> {
    /// Who is greeted.
    #[serde(borrow)]
    name: ValueString<'a>,
    /// The finished sentence.
    #[serde(borrow)]
    text: ValueString<'a>,
}

impl Greeting<'_> {
    /// The sentence depends on the name alone: once that is known, so is the text, even in a plan.
    fn completed(self) -> Self {
        let text = match &self.name {
            Value::Value(name) => Value::Value(Cow::Owned(sentence(name))),
            Value::Null | Value::Unknown => Value::Unknown,
        };
        Self { text, ..self }
    }
}

fn sentence(name: &str) -> String {
    format!(
        "Hello, {name}! This is demo {} on {}/{}.",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::OS,
        std::env::consts::ARCH,
    )
}

/// Makes, changes and forgets greetings; nothing outside the state is touched.
pub struct GreetingResource;

#[async_trait]
impl Resource for GreetingResource {
    type State<'a> = Greeting<'a>;
    type PrivateState<'a> = ValueEmpty;
    type ProviderMetaState<'a> = ValueEmpty;

    fn schema(&self, _diags: &mut Diagnostics) -> Option<Schema> {
        let attribute = |description, constraint| Attribute {
            attr_type: AttributeType::String,
            description: Description::plain(description),
            constraint,
            ..Attribute::default()
        };
        Some(Schema {
            version: 1,
            block: Block {
                version: 1,
                description: Description::plain("A greeting"),
                attributes: map! {
                    "name" => attribute("Who is greeted", AttributeConstraint::Required),
                    "text" => attribute("The greeting", AttributeConstraint::Computed),
                },
                ..Block::default()
            },
        })
    }

    async fn validate<'a>(&self, diags: &mut Diagnostics, config: Greeting<'a>) -> Option<()> {
        if matches!(&config.name, Value::Value(name) if name.trim().is_empty()) {
            diags.error_short("a greeting needs a name", AttributePath::new("name"));
            return None;
        }
        Some(())
    }

    async fn read<'a>(
        &self,
        _diags: &mut Diagnostics,
        state: Greeting<'a>,
        private: ValueEmpty,
        _meta: ValueEmpty,
    ) -> Option<(Greeting<'a>, ValueEmpty)> {
        Some((state, private))
    }

    async fn plan_create<'a>(
        &self,
        _diags: &mut Diagnostics,
        proposed: Greeting<'a>,
        _config: Greeting<'a>,
        _meta: ValueEmpty,
    ) -> Option<(Greeting<'a>, ValueEmpty)> {
        Some((proposed.completed(), ValueEmpty::default()))
    }

    async fn plan_update<'a>(
        &self,
        _diags: &mut Diagnostics,
        _prior: Greeting<'a>,
        proposed: Greeting<'a>,
        _config: Greeting<'a>,
        private: ValueEmpty,
        _meta: ValueEmpty,
    ) -> Option<(Greeting<'a>, ValueEmpty, Vec<AttributePath>)> {
        Some((proposed.completed(), private, Vec::new()))
    }

    async fn plan_destroy<'a>(
        &self,
        _diags: &mut Diagnostics,
        _prior: Greeting<'a>,
        private: ValueEmpty,
        _meta: ValueEmpty,
    ) -> Option<ValueEmpty> {
        Some(private)
    }

    async fn create<'a>(
        &self,
        _diags: &mut Diagnostics,
        planned: Greeting<'a>,
        _config: Greeting<'a>,
        private: ValueEmpty,
        _meta: ValueEmpty,
    ) -> Option<(Greeting<'a>, ValueEmpty)> {
        Some((planned.completed(), private))
    }

    async fn update<'a>(
        &self,
        _diags: &mut Diagnostics,
        _prior: Greeting<'a>,
        planned: Greeting<'a>,
        _config: Greeting<'a>,
        private: ValueEmpty,
        _meta: ValueEmpty,
    ) -> Option<(Greeting<'a>, ValueEmpty)> {
        Some((planned.completed(), private))
    }

    async fn destroy<'a>(
        &self,
        _diags: &mut Diagnostics,
        _prior: Greeting<'a>,
        _private: ValueEmpty,
        _meta: ValueEmpty,
    ) -> Option<()> {
        Some(())
    }
}
