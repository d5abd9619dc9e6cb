//! A reference to another object of the same namespace.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Names another object in the namespace of this one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NamedObject {
    /// Name of the object. It is looked for in the same namespace only.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
}
