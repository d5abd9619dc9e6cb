//! The message by segment and field, each with the standard's name for it.

use std::collections::HashMap;

use kiln_fhir::{PlaceName, place_name};
use kiln_hl7::{Delimiters, Level, Message, Segment, Value};
use maud::{Markup, html};

use super::links::{Links, Numbers, dotted};
use crate::console::text::shortened;

/// Characters of a value that are shown.
const MAX_VALUE_CHARS: usize = 200;

/// The message; `links` when it became FHIR.
pub(super) fn pane(message: Message<'_>, links: Option<&Links>) -> Markup {
    let mut occurrences = HashMap::new();
    let mut place = |name| {
        let occurrence = occurrences.entry(name).or_insert(0_usize);
        *occurrence += 1;
        match *occurrence {
            1 => String::from(name),
            number => format!("{name}[{number}]"),
        }
    };
    html! {
        ol .segments {
            @for segment in message.segments() {
                (Shown { message, links, place: place(segment.name()), segment }.line())
            }
        }
    }
}

/// A segment as it is shown.
struct Shown<'m> {
    message: Message<'m>,
    segment: Segment<'m>,
    /// `OBX[2]`
    place: String,
    links: Option<&'m Links>,
}

impl Shown<'_> {
    fn line(&self) -> Markup {
        let name = place_name(self.segment.name()).map(|name| name.name);
        // MSH-1 is the separator itself.
        let first = if self.segment.name() == "MSH" { 2 } else { 1 };
        let separator = sign(Some(self.delimiters().field));
        html! {
            li id={ "p" (self.segment.ordinal()) } {
                b title=[name] { (self.segment.name()) }
                @for number in first..=self.segment.field_count() {
                    (separator) (self.field(number))
                }
            }
        }
    }

    fn delimiters(&self) -> Delimiters {
        self.message.delimiters()
    }

    fn field(&self, number: usize) -> Markup {
        let field = self.segment.field(number);
        if field.raw().is_empty() {
            return html! {};
        }
        let name = place_name(&format!("{}-{number}", self.segment.name()));
        let data_type = self.data_type(number, name);
        let numbers = vec![self.segment.ordinal(), number];
        // The encoding characters are no value.
        if self.segment.name() == "MSH" && number == 2 {
            return html! { span title="MSH-2 Encoding Characters" { (text(&field.value())) } };
        }
        let place = format!("{}-{number}", self.place);
        html! {
            @for (n, repetition) in (1..).zip(field.repetitions()) {
                @let numbers = [numbers.as_slice(), &[n]].concat();
                @let place = if n > 1 { format!("{place}[{n}]") } else { place.clone() };
                @if n > 1 { (sign(self.delimiters().repetition)) }
                (self.part(&repetition, &Part { numbers, place, name: name.map(|name| name.name), data_type }))
            }
        }
    }

    /// The data type of a field; OBX-2 says that of OBX-5.
    fn data_type(&self, number: usize, name: Option<PlaceName>) -> &str {
        if self.segment.name() == "OBX" && number == 5 {
            return std::str::from_utf8(self.segment.field(2).raw()).unwrap_or_default();
        }
        name.map_or("", |name| name.data_type)
    }

    /// A repetition, component or subcomponent: its parts, or where it has none its value.
    fn part(&self, value: &Value<'_>, part: &Part<'_>) -> Markup {
        let parts: Vec<Value<'_>> = value.parts().collect();
        if parts.len() < 2 {
            return self.value(value, part);
        }
        let between = sign(match value.level() {
            Level::Repetition => Some(self.delimiters().component),
            _ => self.delimiters().subcomponent,
        });
        html! {
            span id={ "p" (dotted(&part.numbers)) } {
                @for (n, value) in (1..).zip(&parts) {
                    @if n > 1 { (between) }
                    (self.part(value, &part.below(n)))
                }
            }
        }
    }

    fn value(&self, value: &Value<'_>, part: &Part<'_>) -> Markup {
        if value.raw().is_empty() {
            return html! {};
        }
        let at = dotted(&part.numbers);
        let title = part.title();
        let links = self.links;
        if let Some(reason) = links.and_then(|links| links.unmapped(&part.place)) {
            return html! { mark .unmapped id={ "p" (at) } data-at=(at) title={ (title) ": could not be mapped, " (reason) } { (text(value)) } };
        }
        if let Some(element) = links.and_then(|links| links.first(&part.numbers)) {
            return html! { a id={ "p" (at) } data-at=(at) href={ "#e" (element) } title=(title) { (text(value)) } };
        }
        let unused = links.is_some_and(|links| links.is_unused(&part.numbers));
        html! {
            span id={ "p" (at) } data-at=(at) .unused[unused] title={ (title) @if unused { ": not used" } } { (text(value)) }
        }
    }
}

/// Where a value is, and what the standard calls it.
struct Part<'p> {
    numbers: Numbers,
    place: String,
    name: Option<&'p str>,
    data_type: &'p str,
}

impl Part<'_> {
    fn below(&self, number: usize) -> Part<'_> {
        let name = place_name(&format!("{}.{number}", self.data_type));
        Part {
            numbers: [self.numbers.as_slice(), &[number]].concat(),
            place: format!("{}.{number}", self.place),
            name: name.map(|name| name.name).or(self.name),
            data_type: name.map_or("", |name| name.data_type),
        }
    }

    /// `PID-5.1 Family Name (FN)`.
    fn title(&self) -> String {
        let mut title = self.place.clone();
        if let Some(name) = self.name {
            title = format!("{title} {name}");
        }
        if !self.data_type.is_empty() {
            title = format!("{title} ({})", self.data_type);
        }
        title
    }
}

/// A delimiter.
fn sign(byte: Option<u8>) -> Markup {
    html! { i { (byte.map_or(' ', char::from)) } }
}

/// As sent, with the characters of its character set.
fn text(value: &Value<'_>) -> String {
    shortened(&String::from_utf8_lossy(value.raw()), MAX_VALUE_CHARS)
}
