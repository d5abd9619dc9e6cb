//! The transaction Bundle of a conversion (FHIR R4, http, transactions).

use crate::conversion::{Conversion, Request};
use crate::json;

/// Appends the Bundle of all resources to `out`.
pub(crate) fn write(conversion: &Conversion, out: &mut Vec<u8>) {
    out.extend_from_slice(br#"{"resourceType":"Bundle","type":"transaction""#);
    let mut separator: &[u8] = br#","entry":["#;
    for (resource, entry) in conversion.resources().zip(&conversion.entries) {
        let id = entry.id.text();
        out.extend_from_slice(separator);
        separator = b",";
        out.extend_from_slice(br#"{"fullUrl":"urn:uuid:"#);
        out.extend_from_slice(id);
        out.extend_from_slice(br#"","resource":"#);
        out.extend_from_slice(resource.json);
        match resource.request {
            Request::Put | Request::PutIfNoneMatch => {
                out.extend_from_slice(br#","request":{"method":"PUT","url":""#);
                out.extend_from_slice(resource.resource_type.as_bytes());
                out.push(b'/');
                out.extend_from_slice(id);
                if resource.request == Request::PutIfNoneMatch {
                    out.extend_from_slice(br#"","ifNoneMatch":"*"#);
                }
                out.extend_from_slice(br#""}}"#);
            }
            Request::CreateIfNoneExist { criteria } => {
                out.extend_from_slice(br#","request":{"method":"POST","url":""#);
                out.extend_from_slice(resource.resource_type.as_bytes());
                out.extend_from_slice(br#"","ifNoneExist":""#);
                json::escape(criteria, out);
                out.extend_from_slice(br#""}}"#);
            }
        }
    }
    if !conversion.entries.is_empty() {
        out.push(b']');
    }
    out.push(b'}');
}
