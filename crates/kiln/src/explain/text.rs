//! An explanation for people.

use std::fmt::Write as _;

use kiln_fhir::{Asks, Element, ExplainedResource, Explanation, Identity, Note, SourcePlace};

use super::Which;

/// Characters of a value that are shown; `--json` has it all.
const VALUE: usize = 48;
/// Widest that the column of element paths gets.
const PATH: usize = 44;

/// The page, ended by an empty line.
pub(super) fn page(which: &Which<'_>, explanation: &Explanation, colour: bool) -> String {
    let mut page = Page {
        text: String::new(),
        colour,
    };
    page.header(which, explanation);
    for resource in &explanation.resources {
        page.resource(resource);
    }
    page.decisions(explanation);
    page.text.push('\n');
    page.text
}

/// A message that a filter of the site drops.
pub(super) fn dropped(which: &Which<'_>, filter: &str) -> String {
    format!(
        "{}, message {}\n  dropped by the overlay's filter: {filter}\n\n",
        which.input, which.number
    )
}

struct Page {
    text: String,
    colour: bool,
}

impl Page {
    fn header(&mut self, which: &Which<'_>, explanation: &Explanation) {
        let (offset, from) = explanation.offset;
        self.bold(&format!("{}, message {}", which.input, which.number));
        let _ = writeln!(
            self.text,
            "\n  map     {}\n  times   that state no offset from UTC: {offset}, from {from}",
            explanation.map
        );
    }

    fn resource(&mut self, resource: &ExplainedResource) {
        self.text.push('\n');
        self.bold(&format!("{}/{}", resource.resource_type, resource.id));
        let request = match &resource.asks {
            Asks::Put => "put: the message is the authority on it".to_owned(),
            Asks::CreateIfNoneExist(criteria) => {
                format!("created if there is none with {criteria}")
            }
            Asks::PutIfNoneMatch => "put if there is none with its id".to_owned(),
        };
        let known = match &resource.identity {
            Identity::Values(places) => paths(places),
            Identity::Place => "the message (MSH-3, MSH-4, MSH-10) and the place in it".to_owned(),
            Identity::Content => "its identifier, else all that is said of it".to_owned(),
        };
        let _ = write!(self.text, "\n  {request}\n  id from {known}");
        if let Some(row) = &resource.row {
            self.dim(&format!("   {row}"));
        }
        self.text.push('\n');
        let prefix = resource.resource_type.len() + 1;
        // The id has no row, and stands in the title.
        let shown = resource.elements.iter().filter_map(|element| {
            let name = element.path.get(prefix..).unwrap_or_default().to_owned();
            let row = element.row.as_ref()?;
            Some(([name, value(element), sources(element)], row))
        });
        let rows: Vec<_> = shown.collect();
        let width = |column: usize| {
            let widths = rows.iter().map(|(cells, _)| cells[column].chars().count());
            widths.max().unwrap_or(0)
        };
        let (names, values, from) = (width(0).min(PATH), width(1), width(2).min(PATH));
        for ([name, value, sources], row) in &rows {
            let _ = write!(
                self.text,
                "    {name:<names$}  {value:<values$}  {sources:<from$}"
            );
            self.dim(&format!("  {row}"));
            self.text.push('\n');
        }
    }

    fn decisions(&mut self, explanation: &Explanation) {
        let merged = explanation.merged.iter();
        self.list(
            "Said again, and not written again",
            merged.map(|(kind, id, place)| (place.to_string(), format!("{kind}/{id}"))),
        );
        let issues = explanation.issues.iter();
        self.list(
            "Could not be mapped",
            issues.map(|issue| (issue.place(), issue.reason.slug().to_owned())),
        );
        let unused = explanation.unused.iter();
        self.list(
            "Not used",
            unused.map(|unused| (unused.place.to_string(), shortened(&unused.value))),
        );
    }

    /// Places with what is to say of each, under a title if there are any.
    fn list(&mut self, title: &str, rows: impl Iterator<Item = (String, String)>) {
        for (n, (place, what)) in rows.enumerate() {
            if n == 0 {
                self.text.push('\n');
                self.bold(title);
                self.text.push('\n');
            }
            let _ = writeln!(self.text, "    {place:<14}  {what}");
        }
    }

    fn bold(&mut self, text: &str) {
        self.styled(anstyle::Style::new().bold(), text);
    }

    fn dim(&mut self, text: &str) {
        self.styled(anstyle::Style::new().dimmed(), text);
    }

    fn styled(&mut self, style: anstyle::Style, text: &str) {
        let style = if self.colour {
            style
        } else {
            anstyle::Style::new()
        };
        let _ = write!(self.text, "{style}{text}{style:#}");
    }
}

/// Its JSON; text without the quotes.
fn value(element: &Element) -> String {
    let json = &element.value;
    let text = json
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'));
    shortened(text.unwrap_or(json))
}

fn shortened(text: &str) -> String {
    let visible = |c: char| if c.is_control() { ' ' } else { c };
    if text.chars().count() <= VALUE {
        return text.chars().map(visible).collect();
    }
    let mut short: String = text.chars().take(VALUE - 1).map(visible).collect();
    short.push('…');
    short
}

/// Where an element comes from, and what was decided for it.
fn sources(element: &Element) -> String {
    let mut parts = Vec::new();
    if !element.sources.is_empty() {
        parts.push(paths(&element.sources));
    }
    if !element.conditions.is_empty() {
        parts.push(format!("if {}", paths(&element.conditions)));
    }
    let noted = element.notes.iter().map(|note| match note {
        Note::Table(row) => format!("by {row}"),
        Note::Offset(..) => "with the offset above".to_owned(),
        note => note.to_string(),
    });
    parts.extend(noted);
    parts.join(", ")
}

fn paths(places: &[SourcePlace]) -> String {
    let paths: Vec<String> = places.iter().map(ToString::to_string).collect();
    paths.join(" ")
}
