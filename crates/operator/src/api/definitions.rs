//! The custom resource definitions as files.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;

use super::{FhirMapping, Hl7Pipeline};

const HEADER: &str = "# Generated from the types in crates/operator; renew with `cargo run -p kiln-operator -- crds --out crds`.\n";

/// One custom resource definition, ready to be applied to a cluster.
#[derive(Clone, Debug)]
pub struct Definition {
    /// The object as the API server takes it.
    pub object: CustomResourceDefinition,
}

impl Definition {
    /// File name in `crds/`: plural and group, for instance `hl7pipelines.kiln.health.yaml`.
    pub fn file_name(&self) -> String {
        format!(
            "{}.{}.yaml",
            self.object.spec.names.plural, self.object.spec.group
        )
    }

    /// The object as YAML, with a comment that says how to renew it.
    pub fn yaml(&self) -> Result<String, serde_saphyr::ser::Error> {
        Ok(format!(
            "{HEADER}{}",
            serde_saphyr::to_string(&self.object)?
        ))
    }
}

/// All custom resource definitions of Kiln.
pub fn definitions() -> Vec<Definition> {
    vec![
        Definition {
            object: FhirMapping::crd(),
        },
        Definition {
            object: Hl7Pipeline::crd(),
        },
    ]
}
