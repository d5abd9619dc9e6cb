//! Messages that a site drops: conditions over a whole message, before any map.

use kiln_hl7::Message;

use crate::error::MapError;
use crate::execute::Work;
use crate::maps::condition::Condition;
use crate::maps::model::Maps;
use crate::maps::path::SourcePath;
use crate::nearest;
use crate::place::Places;
use crate::plan::{MAX_SLOTS, Source};

/// Filters of one site.
const MAX_FILTERS: usize = 256;

/// A site's filters: conditions whose places are the first segments of their names.
#[derive(Debug, Default)]
pub(crate) struct Filters {
    filters: Vec<(String, Condition<Source>)>,
    /// The segments that they read, by slot.
    segments: Vec<String>,
}

/// Compiles a site's filters; mistakes go to `errors`.
pub(crate) fn compile(maps: &Maps, errors: &mut Vec<MapError>) -> Filters {
    let mut filters = Filters::default();
    for filter in &maps.site.filters {
        let condition = filter.condition.clone();
        let segments = &mut filters.segments;
        let mut wrong = |message| {
            errors.push(MapError {
                file: maps.files[filter.file].clone(),
                line: filter.line,
                message,
            });
        };
        match condition.map(&mut |path| source(&path, segments)) {
            Err(message) => wrong(message),
            Ok(_) if filters.filters.len() == MAX_FILTERS => {
                wrong(format!("more than {MAX_FILTERS} filters"));
            }
            Ok(condition) => filters.filters.push((filter.name.clone(), condition)),
        }
    }
    filters
}

fn source(path: &SourcePath, segments: &mut Vec<String>) -> Result<Source, String> {
    let (name, field, parts) = match path.root.as_str() {
        "EVENT" => ("MSH", 9, vec![2]),
        "MESSAGE" => ("MSH", 9, vec![1]),
        name if name.len() == 3 && (path.field > 0 || path.parts.is_empty()) => {
            (name, path.field, path.parts.clone())
        }
        name => {
            let hint = nearest::hint(name, ["EVENT", "MESSAGE"]);
            return Err(format!(
                "a filter reads fields such as MSH-11 or PID-5.1, not `{name}`{hint}"
            ));
        }
    };
    let slot = segments.iter().position(|known| known == name);
    let slot = slot.unwrap_or_else(|| {
        segments.push(name.to_owned());
        segments.len() - 1
    });
    if slot >= MAX_SLOTS {
        return Err(format!("filters read more than {MAX_SLOTS} segments"));
    }
    let mut source = Source::field(u8::try_from(slot).unwrap_or(u8::MAX), field);
    source.component = parts.first().copied().unwrap_or(0);
    source.subcomponent = parts.get(1).copied().unwrap_or(0);
    Ok(source)
}

impl Filters {
    /// The name of the first that holds. The buffers are those of a conversion.
    pub(crate) fn first(&self, message: Message<'_>, work: &mut Work) -> Option<&str> {
        if self.filters.is_empty() {
            return None;
        }
        let mut places = Places::new(message, std::mem::take(&mut work.split));
        for (slot, name) in self.segments.iter().enumerate() {
            let segment = message.segment(name).map(|segment| segment.ordinal());
            places.point(slot, segment);
        }
        let mut holds = |condition| places.holds(condition, &mut work.scratch);
        let mut filters = self.filters.iter();
        let first = filters.find(|(_, condition)| holds(condition));
        work.split = places.split;
        first.map(|(name, _)| name.as_str())
    }
}
