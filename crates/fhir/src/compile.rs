//! Maps to plan: data type maps are inlined, rows are merged into one tree a resource, and the tree is put in R4 order.

use std::collections::HashMap;

use crate::definitions::Definitions;
use crate::error::MapError;
use crate::maps::condition::Condition;
use crate::maps::model::{
    self, FieldMap, IdPart, JoinPart, Maps, MessageMap, ResourceMap, Row, RowValue,
};
use crate::maps::path::{SourcePath, Step};
use crate::nearest;
use crate::plan::{
    Candidate, CodePart, Group, GroupPart, Identity, MAX_LOOPS, MAX_SEGMENT_NAMES, MAX_SLOTS,
    MessagePlan, Part, ResourcePlan, Slot, Source, Table, TableEntry, Value,
};
use crate::primitive::Primitive;
use crate::tree::{Application, Placed, Tree};

/// Data type maps are inlined no deeper than this: a map that refers to itself is a mistake.
const MAX_INLINING: usize = 12;

pub(crate) struct Compiled {
    pub(crate) messages: Vec<MessagePlan>,
    pub(crate) tables: Vec<Table>,
    pub(crate) systems: Option<usize>,
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
    let tables = names
        .iter()
        .map(|name| table(&maps.tables[*name]))
        .collect();
    let mut compiler = Compiler {
        maps,
        r4,
        errors,
        tables: numbers,
        segments: Vec::new(),
        slots: Vec::new(),
        applications: 0,
    };
    let mut fields: Vec<(&String, &FieldMap)> = maps.fields.iter().collect();
    fields.sort_by_key(|(_, map)| map.file);
    for (_, map) in fields {
        compiler.check(map);
    }
    let messages = maps
        .messages
        .iter()
        .map(|map| compiler.message(map))
        .collect();
    Compiled {
        messages,
        tables,
        systems: compiler.tables.get("systems").copied(),
    }
}

fn table(table: &model::CodeTable) -> Table {
    let mut codes: Vec<TableEntry> = table
        .codes
        .iter()
        .map(|(source, code)| TableEntry {
            source: source.clone(),
            code: code.code.clone(),
            display: code.display.clone(),
            system: code.system.clone(),
        })
        .collect();
    codes.sort_by(|a, b| a.source.cmp(&b.source));
    Table { codes }
}

struct Compiler<'m> {
    maps: &'m Maps,
    r4: &'m Definitions,
    errors: &'m mut Vec<MapError>,
    tables: HashMap<&'m str, usize>,
    segments: Vec<[u8; 3]>,
    slots: Vec<Slot>,
    applications: usize,
}

/// What a map is applied to.
#[derive(Clone)]
struct Scope<'s> {
    of: &'s str,
    base: Source,
    /// Numbers the application within the resource.
    application: usize,
    prefix: Vec<Placed>,
    conditions: Vec<Condition<Source>>,
    codes: Option<usize>,
    depth: usize,
}

impl<'m> Compiler<'m> {
    fn error(&mut self, file: usize, line: u32, message: impl Into<String>) {
        let error = MapError {
            file: self.maps.files[file].clone(),
            line,
            message: message.into(),
        };
        if !self.errors.contains(&error) {
            self.errors.push(error);
        }
    }

    fn segment(&mut self, name: &str) -> u8 {
        let bytes = name.as_bytes();
        let name = [bytes.first(), bytes.get(1), bytes.get(2)].map(|b| b.copied().unwrap_or(b' '));
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

    fn slot(&mut self, name: &str, each: Option<usize>) -> u8 {
        let slot = Slot {
            segment: self.segment(name),
            each,
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

    fn application(&mut self) -> usize {
        self.applications += 1;
        self.applications
    }

    /// Checks a map by itself, so that one that nothing uses yet is checked too.
    fn check(&mut self, map: &'m FieldMap) {
        let primitive = Primitive::named(&map.to).is_some();
        if !primitive && !self.r4.knows(&map.to) {
            let hint = nearest::hint(&map.to, self.r4.type_names());
            self.error(
                map.file,
                map.line,
                format!("`to: {}` is no resource or data type of R4{hint}", map.to),
            );
            return;
        }
        self.slots.clear();
        let segment = map.of.len() == 3 && self.maps.files[map.file].contains("segments/");
        let slot = self.slot(if segment { &map.of } else { "MSH" }, None);
        let field = u16::from(!segment);
        let base = Source {
            slot,
            field,
            repetition: 0,
            component: 0,
            subcomponent: 0,
        };
        let application = self.application();
        let scope = Scope {
            of: &map.of,
            base,
            application,
            prefix: Vec::new(),
            conditions: Vec::new(),
            codes: None,
            depth: 0,
        };
        let mut tree = Tree::new(&map.to);
        self.apply(map, &scope, &mut tree);
        self.segments.clear();
    }

    fn message(&mut self, map: &'m MessageMap) -> MessagePlan {
        self.segments.clear();
        self.segment("MSH");
        for event in &map.events {
            let other = self
                .maps
                .messages
                .iter()
                .find(|other| other.name != map.name && other.events.contains(event));
            if let Some(other) = other {
                self.error(
                    map.file,
                    map.line,
                    format!("the event `{event}` is already served by {}", other.name),
                );
            }
        }
        let mut groups = vec![Group::default()];
        self.group(&map.structure, 0, &mut groups);
        let resources = map
            .resources
            .iter()
            .filter_map(|resource| self.resource(map, resource, &groups))
            .collect();
        if self.segments.len() > MAX_SEGMENT_NAMES {
            self.error(
                map.file,
                map.line,
                format!("more than {MAX_SEGMENT_NAMES} segment names"),
            );
        }
        MessagePlan {
            events: map.events.clone(),
            segments: std::mem::take(&mut self.segments),
            groups,
            resources,
        }
    }

    fn group(&mut self, structure: &[model::Part], at: usize, groups: &mut Vec<Group>) -> u128 {
        let mut all = 0;
        for part in structure {
            let (group, holds) = match &part.of {
                None => (None, 1_u128 << self.segment(&part.name)),
                Some(of) => {
                    groups.push(Group {
                        name: part.name.clone(),
                        parts: Vec::new(),
                    });
                    let group = groups.len() - 1;
                    (Some(group), self.group(of, group, groups))
                }
            };
            all |= holds;
            groups[at].parts.push(GroupPart {
                repeats: part.repeats,
                group,
                holds,
            });
        }
        all
    }

    /// The group and segment that `per` names.
    fn anchor(
        &mut self,
        map: &MessageMap,
        resource: &ResourceMap,
        groups: &[Group],
    ) -> Option<(usize, Option<u8>)> {
        let mut group = 0;
        for name in resource.per.split('.') {
            let inner = groups[group]
                .parts
                .iter()
                .filter_map(|part| part.group)
                .find(|n| groups[*n].name == name);
            if let Some(inner) = inner {
                group = inner;
            } else if name.len() == 3 && resource.per.ends_with(name) {
                return Some((group, Some(self.segment(name))));
            } else {
                let names = groups[group]
                    .parts
                    .iter()
                    .filter_map(|part| part.group)
                    .map(|n| groups[n].name.as_str());
                let hint = nearest::hint(name, names);
                self.error(
                    map.file,
                    resource.line,
                    format!("`per`: there is no group `{name}` here{hint}"),
                );
                return None;
            }
        }
        Some((group, None))
    }

    fn resource(
        &mut self,
        map: &'m MessageMap,
        resource: &'m ResourceMap,
        groups: &[Group],
    ) -> Option<ResourcePlan> {
        let Some(kind) = self
            .r4
            .type_names()
            .find(|name| *name == resource.kind && self.r4.is_resource(name))
        else {
            let hint = nearest::hint(
                &resource.kind,
                self.r4
                    .type_names()
                    .filter(|name| self.r4.is_resource(name)),
            );
            self.error(
                map.file,
                resource.line,
                format!("`{}` is no resource of R4{hint}", resource.kind),
            );
            return None;
        };
        if map
            .resources
            .iter()
            .filter(|other| other.name == resource.name)
            .count()
            > 1
        {
            self.error(
                map.file,
                resource.line,
                format!("the name `{}` is given twice", resource.name),
            );
        }
        let (group, segment) = self.anchor(map, resource, groups)?;
        self.slots.clear();
        self.slot("MSH", None);
        let mut tree = Tree::new(kind);
        for (number, application) in resource.from.iter().enumerate() {
            let Some(field_map) = self.maps.fields.get(&application.map) else {
                let hint = nearest::hint(&application.map, self.maps.fields.keys());
                self.error(
                    map.file,
                    application.line,
                    format!("there is no map `{}`{hint}", application.map),
                );
                continue;
            };
            if field_map.to != kind && !field_map.to.is_empty() {
                let message = format!(
                    "`{}` is a map to {}, not to {kind}",
                    application.map, field_map.to
                );
                self.error(map.file, application.line, message);
                continue;
            }
            let each = application.each.as_ref().map(|_| number);
            let slot = self.slot(&field_map.of, each);
            let base = Source {
                slot,
                field: 0,
                repetition: 0,
                component: 0,
                subcomponent: 0,
            };
            let id = self.application();
            let mut scope = Scope {
                of: &field_map.of,
                base,
                application: id,
                prefix: Vec::new(),
                conditions: Vec::new(),
                codes: None,
                depth: 0,
            };
            if let Some(condition) = &application.condition
                && let Some(condition) =
                    self.condition(map.file, application.line, condition, &scope)
            {
                scope.conditions.push(condition);
            }
            self.apply(field_map, &scope, &mut tree);
        }
        let base = Source {
            slot: 0,
            field: 0,
            repetition: 0,
            component: 0,
            subcomponent: 0,
        };
        let scope = Scope {
            of: "MSH",
            base,
            application: 0,
            prefix: Vec::new(),
            conditions: Vec::new(),
            codes: None,
            depth: 0,
        };
        let condition = resource
            .condition
            .as_ref()
            .and_then(|c| self.condition(map.file, resource.line, c, &scope));
        let mut id = Vec::new();
        for parts in &resource.id {
            let mut alternative = Vec::new();
            for part in parts {
                let (IdPart::Source(path) | IdPart::Identifier(path)) = part;
                if let Ok(source) = self.source(path, &scope) {
                    alternative.push(match part {
                        IdPart::Source(_) => Identity::Source(source),
                        IdPart::Identifier(_) => Identity::Identifier(source),
                    });
                } else {
                    self.error(
                        map.file,
                        resource.line,
                        format!("`id`: no such place `{}`", path.root),
                    );
                }
            }
            id.push(alternative);
        }
        let criteria = resource
            .criteria
            .as_ref()
            .and_then(|path| self.source(path, &scope).ok());
        self.links(map, resource, &mut tree);
        if self.slots.len() > MAX_SLOTS {
            self.error(
                map.file,
                resource.line,
                format!("more than {MAX_SLOTS} segments in one resource"),
            );
        }
        let (root, loops) = tree.finish(self.r4, &self.slots);
        if loops > MAX_LOOPS {
            self.error(
                map.file,
                resource.line,
                format!("more than {MAX_LOOPS} loops in one resource"),
            );
        }
        Some(ResourcePlan {
            name: resource.name.clone(),
            kind,
            group,
            segment,
            slots: std::mem::take(&mut self.slots),
            condition,
            mention: resource.mention,
            id,
            criteria,
            root,
        })
    }

    fn links(&mut self, map: &MessageMap, resource: &ResourceMap, tree: &mut Tree) {
        for link in &resource.links {
            let Some(target) = map
                .resources
                .iter()
                .position(|other| other.name == link.resource)
            else {
                let hint = nearest::hint(
                    &link.resource,
                    map.resources.iter().map(|r| r.name.as_str()),
                );
                self.error(
                    map.file,
                    link.line,
                    format!("there is no resource `{}` in this map{hint}", link.resource),
                );
                continue;
            };
            let application = self.application();
            let mut path = Application::place(&link.to, application);
            let ends_in_reference =
                matches!(link.to.last(), Some(Step::Element { name, .. }) if name == "reference");
            if !ends_in_reference {
                path.push(Placed {
                    step: Step::Element {
                        name: "reference".to_owned(),
                        item: 0,
                    },
                    application,
                });
            }
            let all = link.to.iter().any(|step| matches!(step, Step::All { .. }));
            let candidate = Candidate {
                conditions: Vec::new(),
                from: None,
                value: Value::Link {
                    resource: target,
                    all,
                },
                default: None,
                allowed: None,
                place: (map.file, link.line),
            };
            let links = all.then_some(target);
            if let Err(message) = tree.insert(self.r4, &path, links, |_| Ok(candidate)) {
                self.error(
                    map.file,
                    link.line,
                    format!("`{}`: {message}", link.to_text),
                );
            }
        }
    }

    /// A source path in a scope; the error is what is wrong. A part that the value cannot have is `None` of `Ok`.
    fn source(&mut self, path: &SourcePath, scope: &Scope<'_>) -> Result<Source, String> {
        let mut source = scope.base;
        if path.root == "EVENT" || path.root == "MESSAGE" {
            let slot = self.slot("MSH", None);
            let component = if path.root == "EVENT" { 2 } else { 1 };
            return Ok(Source {
                slot,
                field: 9,
                repetition: 0,
                component,
                subcomponent: 0,
            });
        }
        let relative = path.root == "$"
            || (path.root == scope.of && (scope.base.field > 0) == (path.field == 0));
        if !relative {
            if path.root.len() != 3 || (path.field == 0 && !path.parts.is_empty()) {
                let hint = nearest::hint(&path.root, [scope.of]);
                return Err(format!(
                    "`{}` is neither a segment nor {}{hint}",
                    path.root, scope.of
                ));
            }
            source = Source {
                slot: self.slot(&path.root, None),
                field: 0,
                repetition: 0,
                component: 0,
                subcomponent: 0,
            };
        }
        if source.field == 0 {
            source.field = path.field;
        }
        for part in &path.parts {
            if source.component == 0 {
                source.component = *part;
            } else if source.subcomponent == 0 {
                source.subcomponent = *part;
            } else if *part > 1 {
                source.subcomponent = u16::MAX;
            }
        }
        Ok(source)
    }

    fn condition(
        &mut self,
        file: usize,
        line: u32,
        condition: &Condition<SourcePath>,
        scope: &Scope<'_>,
    ) -> Option<Condition<Source>> {
        match condition.clone().map(&mut |path| self.source(&path, scope)) {
            Ok(condition) => Some(condition),
            Err(message) => {
                self.error(file, line, format!("condition: {message}"));
                None
            }
        }
    }

    /// Adds the rows of a map to a tree.
    fn apply(&mut self, map: &'m FieldMap, scope: &Scope<'_>, tree: &mut Tree) {
        if scope.depth > MAX_INLINING {
            self.error(
                map.file,
                map.line,
                format!("maps refer to each other deeper than {MAX_INLINING}"),
            );
            return;
        }
        let mapped = scope.codes.and_then(|table| {
            self.mapped_coding(map, scope, table, tree)
                .map(|rows| (table, rows))
        });
        for row in &map.rows {
            let errors = self.errors.len();
            let from = row
                .from
                .as_ref()
                .and_then(|path| match self.source(path, scope) {
                    Ok(source) => Some(source),
                    Err(message) => {
                        self.error(map.file, row.line, format!("`from`: {message}"));
                        None
                    }
                });
            let mut conditions = scope.conditions.clone();
            if let Some(condition) = &row.condition {
                conditions.extend(self.condition(map.file, row.line, condition, scope));
            }
            if self.errors.len() > errors {
                continue;
            }
            let mut path = scope.prefix.clone();
            path.extend(Application::place(&row.to, scope.application));
            let table = match &row.codes {
                None => None,
                Some(name) => {
                    let table = self.tables.get(name.as_str()).copied();
                    if table.is_none() {
                        let hint = nearest::hint(name, self.tables.keys());
                        self.error(
                            map.file,
                            row.line,
                            format!("there is no code table `{name}`{hint}"),
                        );
                        continue;
                    }
                    table
                }
            };
            let inherited = if row.to.is_empty() { scope.codes } else { None };
            let codes = table.or(inherited);
            if let RowValue::As(Some(kind)) = &row.value
                && Primitive::named(kind).is_none()
                && !matches!(kind.as_str(), "system" | "hd-uri" | "HD[uri]")
            {
                let Some(inner) = self.maps.fields.get(kind) else {
                    let names = self
                        .maps
                        .fields
                        .keys()
                        .map(String::as_str)
                        .chain(Primitive::NAMES);
                    let hint = nearest::hint(kind, names);
                    self.error(
                        map.file,
                        row.line,
                        format!("`as: {kind}` is no primitive type and no data type map{hint}"),
                    );
                    continue;
                };
                let Some(from) = from else {
                    self.error(map.file, row.line, format!("`as: {kind}` needs `from`"));
                    continue;
                };
                match tree.target(self.r4, &path) {
                    Err(message) => {
                        self.error(
                            map.file,
                            row.line,
                            format!("`to: {}`: {message}", row.to_text),
                        );
                        continue;
                    }
                    Ok(target) if target != inner.to && !fits(&inner.to, &target) => {
                        let message = format!(
                            "`{kind}` gives {}, but `{}` is {target}{}",
                            inner.to,
                            row.to_text,
                            opened(&target, &inner.to)
                        );
                        self.error(map.file, row.line, message);
                        continue;
                    }
                    Ok(_) => {}
                }
                let application = self.application();
                let inner_scope = Scope {
                    of: &inner.of,
                    base: from,
                    application,
                    prefix: path,
                    conditions,
                    codes,
                    depth: scope.depth + 1,
                };
                self.apply(inner, &inner_scope, tree);
                continue;
            }
            let original = mapped.as_ref().filter(|(_, coding)| coding.holds(row));
            let leaf = Leaf {
                row,
                from,
                conditions,
                codes,
                original: original.map(|(table, coding)| (*table, coding.code, coding.system)),
            };
            let result = self.leaf(map, leaf, scope, &path, tree);
            if let Err(message) = result {
                self.error(map.file, row.line, message);
            }
        }
    }

    fn leaf(
        &mut self,
        map: &FieldMap,
        leaf: Leaf<'_>,
        scope: &Scope<'_>,
        path: &[Placed],
        tree: &mut Tree,
    ) -> Result<(), String> {
        let row = leaf.row;
        let mut parts = Vec::new();
        if let RowValue::Join(join) = &row.value {
            for part in join {
                parts.push(match part {
                    JoinPart::Literal(text) => Part::Literal(text.clone()),
                    JoinPart::Source(path) => Part::Source(self.source(path, scope)?),
                });
            }
        }
        let (r4, tables, maps) = (self.r4, &self.tables, self.maps);
        let mut warnings = Vec::new();
        let result = tree.insert(r4, path, None, |target| {
            let Some(primitive) = Primitive::named(&target.kind) else {
                return Err(format!("it is {}, which needs `as:` with a data type map or a path into it", target.kind));
            };
            let allowed = target.binding.and_then(|set| r4.codes(set));
            let constant = |text: &str| {
                if let Some(codes) = allowed
                    && !codes.contains(&text)
                {
                    let hint = nearest::hint(text, codes);
                    return Err(format!("the code `{text}` is outside the required binding{hint}"));
                }
                let mut json = Vec::new();
                primitive
                    .write(text, crate::options::UtcOffset::UTC, &mut json)
                    .or_else(|_| if matches!(primitive, Primitive::Date | Primitive::DateTime) { json.extend_from_slice(format!("\"{text}\"").as_bytes()); Ok(()) } else { Err(()) })
                    .map_err(|()| format!("`{text}` is no {}", target.kind))?;
                Ok(json)
            };
            let mut default = row.default.as_deref().map(constant).transpose()?;
            let value = match &row.value {
                RowValue::Constant(text) => Value::Constant(constant(text)?),
                RowValue::Join(_) => Value::Join(parts, primitive),
                RowValue::As(_) if leaf.from.is_none() => Value::Never,
                RowValue::As(kind) => match kind.as_deref() {
                    Some("system") => Value::System,
                    Some("hd-uri" | "HD[uri]") => Value::Authority,
                    kind => {
                        if let Some(kind) = kind
                            && !Primitive::named(kind).is_some_and(|kind| kind.fits(primitive))
                        {
                            return Err(format!("`as: {kind}` does not fit {}", target.kind));
                        }
                        if let Some(table) = leaf.codes {
                            if let Some((name, table)) = tables.iter().find(|(_, n)| **n == table).map(|(name, _)| (name, &maps.tables[*name])) {
                                if let (Some(codes), Primitive::Code) = (allowed, primitive) {
                                    for (_, code) in &table.codes {
                                        if !codes.contains(&code.code.as_str()) {
                                            let hint = nearest::hint(&code.code, codes);
                                            let _ = name;
                                            warnings.push((table.file, code.line, format!("the code `{}` is outside the required binding of `{}`{hint}", code.code, row.to_text)));
                                        }
                                    }
                                }
                                if default.is_none() {
                                    default = table.default.as_deref().map(constant).transpose()?;
                                }
                            }
                            Value::Mapped(table, CodePart::Code, primitive)
                        } else {
                            Value::Primitive(primitive)
                        }
                    }
                },
            };
            let value = match (value, leaf.original) {
                (Value::Primitive(primitive), Some((table, code, system))) => Value::Original { primitive, table, code, system, is_system: false },
                (Value::System, Some((table, code, system))) => Value::Original { primitive: Primitive::Uri, table, code, system, is_system: true },
                (value, _) => value,
            };
            let allowed = allowed.filter(|_| !matches!(value, Value::Constant(_))).map(|codes| {
                let mut codes = codes.to_vec();
                codes.sort_unstable();
                codes
            });
            Ok(Candidate { conditions: leaf.conditions, from: leaf.from, value, default, allowed, place: (map.file, row.line) })
        });
        for (file, line, message) in warnings {
            self.error(file, line, message);
        }
        result.map_err(|message| format!("`to: {}`: {message}", row.to_text))
    }

    /// Puts a table's coding before the original one; answers which rows are the original's.
    fn mapped_coding(
        &mut self,
        map: &'m FieldMap,
        scope: &Scope<'_>,
        table: usize,
        tree: &mut Tree,
    ) -> Option<Coding<'m>> {
        if !matches!(map.to.as_str(), "CodeableConcept" | "Coding") {
            return None;
        }
        let is_code = |row: &&Row| {
            matches!(row.to.last(), Some(Step::Element { name, .. }) if name == "code")
                && row.from.is_some()
        };
        let row = map.rows.iter().find(is_code)?;
        let code = row
            .from
            .as_ref()
            .and_then(|path| self.source(path, scope).ok())?;
        let parent = &row.to[..row.to.len() - 1];
        let is_system = |other: &&Row| {
            other.to.len() == row.to.len()
                && other.to[..parent.len()] == *parent
                && matches!(other.to.last(), Some(Step::Element { name, .. }) if name == "system")
                && other.from.is_some()
        };
        let system = map
            .rows
            .iter()
            .find(is_system)
            .and_then(|row| row.from.as_ref());
        let system = system.and_then(|path| self.source(path, scope).ok());
        let application = if map.to == "Coding" {
            scope.application
        } else {
            self.application()
        };
        for (name, part) in [
            ("system", CodePart::System),
            ("code", CodePart::Code),
            ("display", CodePart::Display),
        ] {
            let mut path = scope.prefix.clone();
            if map.to == "CodeableConcept" {
                path.push(Placed {
                    step: Step::Element {
                        name: "coding".to_owned(),
                        item: 0,
                    },
                    application,
                });
            }
            path.push(Placed {
                step: Step::Element {
                    name: name.to_owned(),
                    item: 0,
                },
                application,
            });
            let candidate = Candidate {
                conditions: scope.conditions.clone(),
                from: Some(code),
                value: Value::Mapped(table, part, Primitive::Text),
                default: None,
                allowed: None,
                place: (map.file, row.line),
            };
            if let Err(message) = tree.insert(self.r4, &path, None, |_| Ok(candidate)) {
                self.error(map.file, row.line, message);
            }
        }
        Some(Coding {
            parent,
            code,
            system,
        })
    }
}

struct Leaf<'r> {
    row: &'r Row,
    from: Option<Source>,
    conditions: Vec<Condition<Source>>,
    codes: Option<usize>,
    original: Option<(usize, Source, Option<Source>)>,
}

/// The original coding of a coded value.
struct Coding<'m> {
    parent: &'m [Step],
    code: Source,
    system: Option<Source>,
}

impl Coding<'_> {
    fn holds(&self, row: &Row) -> bool {
        row.to.len() == self.parent.len() + 1 && row.to[..self.parent.len()] == *self.parent
    }
}

fn fits(gives: &str, target: &str) -> bool {
    match (Primitive::named(gives), Primitive::named(target)) {
        (Some(gives), Some(target)) => gives.fits(target),
        _ => matches!(
            (gives, target),
            (
                "Quantity",
                "Age" | "Duration" | "Distance" | "Count" | "SimpleQuantity" | "MoneyQuantity"
            )
        ),
    }
}

fn opened(target: &str, gives: &str) -> String {
    if target == "Reference" {
        format!("; open a resource of its own: `({gives})`")
    } else {
        String::new()
    }
}
