use serde_json::{Map, Value};

/// An object whose values move into it.
macro_rules! object {
    ($($name:literal : $value:expr),* $(,)?) => {{
        let mut object = Map::new();
        $(object.insert($name.to_owned(), Value::from($value));)*
        Value::Object(object)
    }};
}

/// A list whose items move into it.
macro_rules! list {
    ($($item:expr),* $(,)?) => { Value::Array(vec![$(Value::from($item)),*]) };
}

pub(super) fn object(kind: &str, id: &str) -> Map<String, Value> {
    let mut object = Map::new();
    set(&mut object, "resourceType", kind.into());
    set(&mut object, "id", id.into());
    object
}

pub(super) fn reference(url: &str) -> Value {
    object! {"reference": url}
}

pub(super) fn set(object: &mut Map<String, Value>, name: &str, value: Value) {
    object.insert(name.to_owned(), value);
}

pub(super) fn urn(id: &str) -> String {
    format!("urn:uuid:{id}")
}

pub(super) fn bare(urn: &str) -> &str {
    urn.strip_prefix("urn:uuid:").unwrap_or(urn)
}
