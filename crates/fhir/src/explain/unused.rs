//! Values of the message that nothing used.

use std::collections::HashSet;

use kiln_hl7::{Message, Value};

use super::explanation::{SourcePlace, UnusedValue};

/// Fields of MSH that say how to read the message: delimiters, and the type that chose the map.
const READING: [u16; 3] = [1, 2, 9];

/// Lists the valued parts that are in `used` neither themselves nor as part of a larger place.
pub(super) fn unused(message: Message<'_>, used: &HashSet<SourcePlace>) -> Vec<UnusedValue> {
    let mut finder = Finder {
        used,
        touched: touched(used),
        unused: Vec::new(),
    };
    let mut occurrences = std::collections::HashMap::new();
    for segment in message.segments() {
        let occurrence = occurrences.entry(segment.name()).or_insert(0_usize);
        *occurrence += 1;
        let mut name = [b'?'; 3];
        let bytes = segment.name().bytes();
        name.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
        for (number, field) in (1_u16..).zip(segment.fields()) {
            if segment.ordinal() == 0 && READING.contains(&number) {
                continue;
            }
            for (repetition, value) in (1_u16..).zip(field.repetitions()) {
                let place = SourcePlace {
                    ordinal: segment.ordinal(),
                    segment: name,
                    occurrence: *occurrence,
                    field: number,
                    repetition,
                    component: 0,
                    subcomponent: 0,
                };
                finder.part(place, value);
            }
        }
    }
    finder.unused
}

/// Every place that has a used one below it.
fn touched(used: &HashSet<SourcePlace>) -> HashSet<SourcePlace> {
    let mut touched = HashSet::new();
    for place in used {
        let component = SourcePlace {
            subcomponent: 0,
            ..*place
        };
        touched.insert(component);
        touched.insert(SourcePlace {
            component: 0,
            ..component
        });
    }
    touched
}

struct Finder<'u> {
    used: &'u HashSet<SourcePlace>,
    touched: HashSet<SourcePlace>,
    unused: Vec<UnusedValue>,
}

impl Finder<'_> {
    fn part(&mut self, place: SourcePlace, value: Value<'_>) {
        let content = |value: &Value<'_>| {
            value.is_valued() && value.raw().iter().any(|b| !b"^&~ ".contains(b))
        };
        if !content(&value) || self.used.contains(&place) {
            return;
        }
        if !self.touched.contains(&place) {
            // An undivided value is its own first part.
            let text = value
                .text()
                .map_or_else(|_| "(not in its character set)".to_owned(), String::from);
            self.unused.push(UnusedValue { place, value: text });
            return;
        }
        let divided = value.parts().count() > 1;
        for (number, part) in (1_u16..).zip(value.parts()) {
            let place = match (place.component, place.subcomponent) {
                (0, _) => SourcePlace {
                    component: number,
                    ..place
                },
                (_, 0) => SourcePlace {
                    subcomponent: number,
                    ..place
                },
                _ => return,
            };
            if divided || self.touched.contains(&place) || self.used.contains(&place) {
                self.part(place, part);
            }
        }
    }
}
