//! One message beside its FHIR.

use kiln_fhir::{Conversion, ConvertOptions, Mapper, indent};
use kiln_hl7::{Index, Message};

use crate::failure::Failure;
use crate::fixtures::FIXTURES;

/// The message that is shown: short, from a device at the bedside.
const SHOWN: &str = "oru-r01-point-of-care-glucose.hl7";
/// What is shown of its FHIR.
const SHOWN_AS: &str = "Observation";
/// Between the two columns.
const GAP: &str = "  │  ";
/// Narrower than this the message stands above its FHIR.
const WIDE: usize = 120;

/// A message and one resource it became.
pub(crate) struct Example {
    message: Vec<String>,
    resource: Vec<String>,
}

pub(crate) fn example(mapper: &Mapper) -> Result<Example, Failure> {
    let (_, bytes) = FIXTURES
        .iter()
        .find(|(name, _)| *name == SHOWN)
        .ok_or_else(|| Failure::stopped("no example among the fixtures"))?;
    let mut index = Index::new();
    let message = Message::parse(bytes, &mut index).map_err(Failure::stopped)?;
    let mut conversion = Conversion::new();
    mapper
        .convert(&message, &ConvertOptions::default(), &mut conversion)
        .map_err(Failure::stopped)?;
    let json = conversion
        .resources()
        .find(|resource| resource.resource_type == SHOWN_AS)
        .map(|resource| indent(&String::from_utf8_lossy(resource.json)))
        .ok_or_else(|| Failure::stopped("the example message gave no resource to show"))?;
    let lines = |text: &str| text.lines().map(str::to_owned).collect();
    Ok(Example {
        message: lines(&String::from_utf8_lossy(bytes).replace('\r', "\n")),
        resource: lines(&json),
    })
}

impl Example {
    /// Lines no wider than `columns`.
    pub(crate) fn lines(&self, columns: usize) -> Vec<String> {
        if columns < WIDE {
            let mut lines: Vec<String> = self
                .message
                .iter()
                .flat_map(|line| fold(line, columns))
                .collect();
            lines.push("becomes".to_owned());
            lines.extend(self.resource.iter().flat_map(|line| fold(line, columns)));
            return lines;
        }
        let width = (columns - GAP.chars().count()) / 2;
        let left: Vec<String> = self
            .message
            .iter()
            .flat_map(|line| fold(line, width))
            .collect();
        let right: Vec<String> = self
            .resource
            .iter()
            .flat_map(|line| fold(line, width))
            .collect();
        (0..left.len().max(right.len()))
            .map(|n| {
                let of = |side: &[String]| side.get(n).cloned().unwrap_or_default();
                format!("{:<width$}{GAP}{}", of(&left), of(&right))
                    .trim_end()
                    .to_owned()
            })
            .collect()
    }
}

/// Breaks a line at `width` characters; what follows is indented.
fn fold(line: &str, width: usize) -> Vec<String> {
    let characters: Vec<char> = line.chars().collect();
    if characters.len() <= width {
        return vec![line.to_owned()];
    }
    let (first, rest) = characters.split_at(width);
    let mut lines = vec![first.iter().collect()];
    lines.extend(
        rest.chunks(width.saturating_sub(4).max(1))
            .map(|part| format!("    {}", part.iter().collect::<String>())),
    );
    lines
}
