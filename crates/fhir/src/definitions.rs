//! What R4 says of elements: type, cardinality, order. From the published profiles of FHIR R4 (4.0.1).

use std::collections::HashMap;

/// One element of a type.
#[derive(Clone, Debug)]
pub(crate) struct Element {
    pub(crate) name: &'static str,
    pub(crate) order: u16,
    pub(crate) types: Vec<&'static str>,
    pub(crate) required: bool,
    pub(crate) array: bool,
    /// Value set of a required binding.
    pub(crate) binding: Option<&'static str>,
}

/// R4, as embedded.
#[derive(Debug)]
pub(crate) struct Definitions {
    elements: HashMap<&'static str, Vec<Element>>,
    codes: HashMap<&'static str, Vec<&'static str>>,
}

/// An element as a path step names it.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) order: u16,
    pub(crate) array: bool,
    pub(crate) required: bool,
    /// R4 type, or the path whose children it has (backbone elements).
    pub(crate) target: String,
    pub(crate) binding: Option<&'static str>,
}

impl Definitions {
    pub(crate) fn embedded() -> Definitions {
        Definitions::read(
            include_str!("../definitions/r4.txt"),
            include_str!("../definitions/r4-codes.txt"),
        )
    }

    fn read(facts: &'static str, codes: &'static str) -> Definitions {
        let mut elements: HashMap<&'static str, Vec<Element>> = HashMap::new();
        for line in facts.lines() {
            let mut columns = line.split('\t');
            let (Some(path), Some(types)) = (columns.next(), columns.next()) else {
                continue;
            };
            let (min, max) = (columns.next().unwrap_or("0"), columns.next().unwrap_or("1"));
            let binding = columns
                .next()
                .and_then(|text| text.strip_prefix("required:"));
            let Some((parent, name)) = path.rsplit_once('.') else {
                continue;
            };
            let siblings = elements.entry(parent).or_default();
            let order = u16::try_from(siblings.len()).unwrap_or(u16::MAX);
            let types = types
                .split(',')
                .map(|name| name.split('(').next().unwrap_or(name))
                .collect();
            siblings.push(Element {
                name,
                order,
                types,
                required: min != "0",
                array: max != "1" && max != "0",
                binding,
            });
        }
        let codes = codes
            .lines()
            .filter_map(|line| {
                line.split_once('\t')
                    .map(|(set, codes)| (set, codes.split(' ').collect()))
            })
            .collect();
        Definitions { elements, codes }
    }

    /// Whether `name` is a resource or a complex data type.
    pub(crate) fn knows(&self, name: &str) -> bool {
        self.elements.contains_key(name)
    }

    /// The resource of that name, if there is one.
    pub(crate) fn resource(&self, name: &str) -> Option<&'static str> {
        let (name, elements) = self.elements.get_key_value(name)?;
        let plain = !name.contains('.');
        (plain && elements.iter().any(|e| e.name == "meta")).then_some(*name)
    }

    pub(crate) fn type_names(&self) -> impl Iterator<Item = &'static str> {
        self.elements
            .keys()
            .copied()
            .filter(|name| !name.contains('.'))
    }

    pub(crate) fn resource_names(&self) -> impl Iterator<Item = &'static str> {
        self.type_names().filter_map(|name| self.resource(name))
    }

    /// The codes of a value set with a required binding, where they are few enough to be listed.
    pub(crate) fn codes(&self, value_set: &str) -> Option<&[&'static str]> {
        let plain = value_set.split('|').next().unwrap_or(value_set);
        self.codes
            .get(value_set)
            .or_else(|| self.codes.get(plain))
            .map(Vec::as_slice)
    }

    /// Elements of a type that must be present.
    pub(crate) fn required(&self, parent: &str) -> impl Iterator<Item = &Element> {
        self.elements
            .get(parent)
            .into_iter()
            .flatten()
            .filter(|e| e.required)
    }

    /// Finds an element by the name that JSON gives it; else the names that there are.
    pub(crate) fn find(&self, parent: &str, name: &str) -> Result<Found, Vec<String>> {
        let none = Vec::new();
        let elements = self.elements.get(parent).unwrap_or(&none);
        for element in elements {
            if element.name == name && !name.ends_with("[x]") {
                let target = match element.types.first().copied().unwrap_or("Element") {
                    "BackboneElement" | "Element" => format!("{parent}.{name}"),
                    reference if reference.starts_with('#') => reference[1..].to_owned(),
                    plain => plain.to_owned(),
                };
                return Ok(found(element, target));
            }
            let Some(stem) = element.name.strip_suffix("[x]") else {
                continue;
            };
            let Some(suffix) = name.strip_prefix(stem) else {
                continue;
            };
            for kind in &element.types {
                let same = kind.len() == suffix.len()
                    && kind[1..] == suffix[1..]
                    && kind[..1].eq_ignore_ascii_case(&suffix[..1])
                    && suffix.starts_with(|c: char| c.is_ascii_uppercase());
                if same {
                    return Ok(found(element, (*kind).to_owned()));
                }
            }
        }
        if name == "extension" {
            return Ok(Found {
                order: 1,
                array: true,
                required: false,
                target: "Extension".to_owned(),
                binding: None,
            });
        }
        let mut names = Vec::new();
        for element in elements {
            match element.name.strip_suffix("[x]") {
                None => names.push(element.name.to_owned()),
                Some(stem) => names.extend(element.types.iter().map(|kind| {
                    let mut text = stem.to_owned();
                    text.extend(kind.chars().take(1).map(|c| c.to_ascii_uppercase()));
                    text.push_str(&kind[1..]);
                    text
                })),
            }
        }
        Err(names)
    }
}

fn found(element: &Element, target: String) -> Found {
    Found {
        order: element.order,
        array: element.array,
        required: element.required,
        target,
        binding: element.binding,
    }
}
