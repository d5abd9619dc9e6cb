//! An object of any kind, as it is applied.

use kube::Resource;
use kube::core::ApiResource;
use serde::Serialize;
use serde_json::Value;

use super::Impossible;

/// One object that should exist.
#[derive(Clone, Debug)]
pub struct Object {
    /// Its kind, and how the API server is asked for it.
    pub resource: ApiResource,
    /// The fields that the operator owns. Those of others are left alone.
    pub manifest: Value,
}

impl Object {
    pub(super) fn new<K: Resource<DynamicType = ()> + Serialize>(
        object: &K,
    ) -> Result<Object, Impossible> {
        let manifest = serde_json::to_value(object)
            .map_err(|error| Impossible::Unwritable(error.to_string()))?;
        Ok(Object {
            resource: ApiResource::erase::<K>(&()),
            manifest,
        })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.manifest["metadata"]["name"]
            .as_str()
            .unwrap_or_default()
    }
}
