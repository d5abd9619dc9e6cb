//! The state of compiling: names become numbers, and mistakes are collected.

use std::collections::{HashMap, HashSet};

use foldhash::fast::FixedState;

use super::body::{Body, Ingredients};
use super::table::table;
use crate::definitions::Definitions;
use crate::error::MapError;
use crate::maps::condition::Condition;
use crate::maps::model::{CodeTable, FieldMap, Maps, MessageMap};
use crate::maps::site::AUTHORITIES;
use crate::plan::{MAX_SEGMENT_NAMES, MAX_SLOTS, MessagePlan, Parts, Slot, Source, Table};
use crate::tree::{Placed, Pool};

pub(crate) struct Compiled {
    /// Names of the map files.
    pub(crate) files: Vec<String>,
    pub(crate) messages: Vec<MessagePlan>,
    /// The plan that serves a message code (MSH-9.1) and trigger event (MSH-9.2).
    pub(crate) served: Served,
    pub(crate) parts: Parts,
    pub(crate) tables: Vec<Table>,
    pub(crate) systems: Option<usize>,
    pub(crate) authorities: Option<usize>,
}

/// Numbers of plans, by message code and trigger event.
pub(crate) type Served = HashMap<Vec<u8>, HashMap<Vec<u8>, usize, FixedState>, FixedState>;

fn served(messages: &[MessageMap]) -> Served {
    let mut served = Served::default();
    for (number, map) in messages.iter().enumerate() {
        for (code, event) in map.events.iter().filter_map(|name| name.split_once('^')) {
            let events = served.entry(code.into()).or_default();
            events.entry(event.into()).or_insert(number);
        }
    }
    served
}

/// Compiles all maps; mistakes go to `errors`.
pub(crate) fn compile(maps: &Maps, r4: &Definitions, errors: &mut Vec<MapError>) -> Compiled {
    let mut names: Vec<&String> = maps.tables.keys().collect();
    names.sort();
    let numbers: HashMap<&str, usize> = names
        .iter()
        .enumerate()
        .map(|(n, name)| (name.as_str(), n))
        .collect();
    let listed: Vec<&CodeTable> = names.iter().map(|name| &maps.tables[*name]).collect();
    let tables = listed.iter().map(|listed| table(listed)).collect();
    let mut compiler = Compiler {
        maps,
        r4,
        errors,
        tables: numbers,
        listed,
        segments: Vec::new(),
        slots: Vec::new(),
        applications: 0,
        pool: Pool::default(),
        bodies: HashMap::new(),
        applied: HashSet::new(),
    };
    let messages = maps
        .messages
        .iter()
        .map(|map| compiler.message(map))
        .collect();
    let mut fields: Vec<&FieldMap> = maps.fields.values().collect();
    fields.sort_by_key(|map| map.file);
    for map in fields {
        if !compiler.applied.contains(&(map.file, map.line)) {
            compiler.check(map);
        }
    }
    Compiled {
        files: maps.files.clone(),
        messages,
        served: served(&maps.messages),
        tables,
        systems: compiler.tables.get("systems").copied(),
        authorities: compiler.tables.get(AUTHORITIES).copied(),
        parts: compiler.pool.finish(),
    }
}

pub(super) struct Compiler<'m> {
    pub(super) maps: &'m Maps,
    pub(super) r4: &'m Definitions,
    pub(super) errors: &'m mut Vec<MapError>,
    /// Numbers of code tables by name.
    pub(super) tables: HashMap<&'m str, usize>,
    /// Code tables by number.
    pub(super) listed: Vec<&'m CodeTable>,
    pub(super) segments: Vec<[u8; 3]>,
    pub(super) slots: Vec<Slot>,
    pub(super) applications: usize,
    pub(super) pool: Pool,
    /// File and line of the maps that have been applied, and so been checked.
    pub(super) applied: HashSet<(usize, u32)>,
    /// Bodies of resources that other messages may have as well.
    pub(super) bodies: HashMap<Ingredients<'m>, Body>,
}

/// What a map is applied to.
#[derive(Clone)]
pub(super) struct Scope<'s> {
    pub(super) of: &'s str,
    pub(super) base: Source,
    /// Numbers the application within the resource.
    pub(super) application: usize,
    pub(super) prefix: Vec<Placed>,
    pub(super) conditions: Vec<Condition<Source>>,
    pub(super) codes: Option<usize>,
    pub(super) over: Option<Source>,
    pub(super) depth: usize,
}

impl<'s> Scope<'s> {
    pub(super) fn new(of: &'s str, base: Source, application: usize) -> Scope<'s> {
        Scope {
            of,
            base,
            application,
            prefix: Vec::new(),
            conditions: Vec::new(),
            codes: None,
            over: None,
            depth: 0,
        }
    }
}

impl Compiler<'_> {
    pub(super) fn error(&mut self, file: usize, line: u32, message: impl Into<String>) {
        let error = MapError {
            file: self.maps.files[file].clone(),
            line,
            message: message.into(),
        };
        if !self.errors.contains(&error) {
            self.errors.push(error);
        }
    }

    pub(super) fn segment(&mut self, name: &str) -> u8 {
        self.segment_of(three(name))
    }

    fn segment_of(&mut self, name: [u8; 3]) -> u8 {
        let at = self
            .segments
            .iter()
            .position(|other| *other == name)
            .unwrap_or_else(|| {
                self.segments.push(name);
                self.segments.len() - 1
            });
        u8::try_from(at.min(MAX_SEGMENT_NAMES - 1)).unwrap_or(0)
    }

    pub(super) fn slot(&mut self, name: &str, each: Option<usize>, within: Option<usize>) -> u8 {
        self.slot_of(three(name), each, within)
    }

    pub(super) fn slot_of(
        &mut self,
        name: [u8; 3],
        each: Option<usize>,
        within: Option<usize>,
    ) -> u8 {
        let slot = Slot {
            segment: self.segment_of(name),
            each,
            within,
        };
        let at = self
            .slots
            .iter()
            .position(|other| *other == slot)
            .unwrap_or_else(|| {
                self.slots.push(slot);
                self.slots.len() - 1
            });
        u8::try_from(at.min(MAX_SLOTS - 1)).unwrap_or(0)
    }

    pub(super) fn application(&mut self) -> usize {
        self.applications += 1;
        self.applications
    }
}

/// The three bytes of a segment's name.
fn three(name: &str) -> [u8; 3] {
    let bytes = name.as_bytes();
    [bytes.first(), bytes.get(1), bytes.get(2)].map(|byte| byte.copied().unwrap_or(b' '))
}
