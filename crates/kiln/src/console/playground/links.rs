//! Which places of a message and which elements belong together, as links from one to the other.

use std::collections::{BTreeSet, HashMap};

use kiln_fhir::{Element, Explanation, SourcePlace};

/// Numbers of a place from the segment down: `[2, 5, 1, 1]` is PID-5.1 where PID is the third segment.
pub(super) type Numbers = Vec<usize>;

/// Elements are numbered through all resources.
pub(super) struct Links {
    /// Elements by the numbers that they came from, segment and field first.
    by_field: HashMap<(usize, usize), Vec<(Numbers, usize)>>,
    unused: BTreeSet<Numbers>,
    unmapped: HashMap<String, &'static str>,
}

impl Links {
    pub(super) fn of(explanation: &Explanation) -> Links {
        let mut by_field: HashMap<_, Vec<_>> = HashMap::new();
        let elements = explanation.resources.iter().flat_map(|r| &r.elements);
        for (number, element) in elements.enumerate() {
            for place in &element.sources {
                let field = (place.ordinal, usize::from(place.field));
                let sources = by_field.entry(field).or_default();
                sources.push((numbers(place), number));
            }
        }
        Links {
            by_field,
            unused: explanation
                .unused
                .iter()
                .map(|u| numbers(&u.place))
                .collect(),
            unmapped: explanation
                .issues
                .iter()
                .map(|issue| (issue.place(), issue.reason.slug()))
                .collect(),
        }
    }

    /// The first element that came from a value, from something in it, or from what it is in.
    pub(super) fn first(&self, value: &Numbers) -> Option<usize> {
        let (&segment, &field) = (value.first()?, value.get(1)?);
        let sources = self.by_field.get(&(segment, field))?;
        let linked = |(source, _): &&(Numbers, usize)| meet(source, value);
        sources.iter().find(linked).map(|(_, number)| *number)
    }

    pub(super) fn is_unused(&self, value: &Numbers) -> bool {
        (1..=value.len()).any(|length| self.unused.contains(&value[..length]))
    }

    /// Why the value at a place, such as `PID-8`, could not be mapped.
    pub(super) fn unmapped(&self, place: &str) -> Option<&'static str> {
        self.unmapped.get(place).copied()
    }
}

/// Whether one is in the other.
fn meet(one: &Numbers, other: &Numbers) -> bool {
    one.iter().zip(other).all(|(a, b)| a == b)
}

/// Of a place, as deep as it says.
pub(super) fn numbers(place: &SourcePlace) -> Numbers {
    let mut numbers = vec![place.ordinal];
    if place.field == 0 {
        return numbers;
    }
    numbers.extend([place.field, place.repetition].map(usize::from));
    let parts = [place.component, place.subcomponent];
    numbers.extend(
        parts
            .iter()
            .take_while(|part| **part > 0)
            .map(|part| usize::from(*part)),
    );
    numbers
}

/// `2.5.1.1`, for scripts and the names of anchors.
pub(super) fn dotted(numbers: &Numbers) -> String {
    let numbers: Vec<String> = numbers.iter().map(usize::to_string).collect();
    numbers.join(".")
}

/// The places that an element came from, for the script.
pub(super) fn sources(element: &Element) -> String {
    let places: Vec<String> = element
        .sources
        .iter()
        .map(|place| dotted(&numbers(place)))
        .collect();
    places.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_meets_what_is_in_it_and_what_it_is_in() {
        let [name, family, other] = [vec![1, 5, 1], vec![1, 5, 1, 1], vec![1, 5, 1, 2]];
        assert!(meet(&name, &family) && meet(&family, &name) && meet(&family, &family));
        assert!(!meet(&family, &other));
    }
}
