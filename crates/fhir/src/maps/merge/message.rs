//! Message maps of an overlay: events, structures, resources, and the maps that resources are made from.

use super::overlay::Merge;
use crate::maps::model::MessageMap;
use crate::maps::overlay::MessageChange;
use crate::nearest;

impl Merge<'_> {
    pub(super) fn message(&mut self, change: MessageChange) {
        let MessageChange {
            head,
            events,
            structure,
            resources,
            applied,
        } = change;
        // An event is served by one map: the site's word counts.
        for map in &mut self.maps.messages {
            map.events.retain(|event| !events.contains(event));
        }
        let at = self
            .maps
            .messages
            .iter()
            .position(|map| map.name == head.name);
        let at = match at {
            Some(at) if !head.replaces => at,
            known => {
                let Some(structure) = structure else {
                    let names: Vec<String> = self
                        .maps
                        .messages
                        .iter()
                        .map(|map| map.name.clone())
                        .collect();
                    self.unknown(&head, &names, "`events`, `structure` and `resources`");
                    return;
                };
                let map = MessageMap {
                    file: head.file,
                    line: head.line,
                    name: head.name,
                    events,
                    structure,
                    resources,
                    tables: Vec::new(),
                    skips: Vec::new(),
                };
                match known {
                    Some(at) => self.maps.messages[at] = map,
                    None => self.maps.messages.push(map),
                }
                return;
            }
        };
        let map = &mut self.maps.messages[at];
        map.events.extend(events);
        if let Some(structure) = structure {
            map.structure = structure;
        }
        for resource in resources {
            match map
                .resources
                .iter_mut()
                .find(|known| known.name == resource.name)
            {
                Some(known) => *known = resource,
                None => map.resources.push(resource),
            }
        }
        let mut unknown = Vec::new();
        for applied in applied {
            let known = map
                .resources
                .iter_mut()
                .find(|known| known.name == applied.resource);
            if let Some(known) = known {
                known.from.extend(applied.from);
            } else {
                let names = map.resources.iter().map(|known| known.name.as_str());
                let hint = nearest::hint(&applied.resource, names);
                let message = format!(
                    "`{}` has no resource `{}`, and a new one needs `per`{hint}",
                    map.name, applied.resource
                );
                unknown.push((applied.line, message));
            }
        }
        for (line, message) in unknown {
            self.error(head.file, line, message);
        }
    }
}
