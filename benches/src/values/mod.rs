//! A peer: an admission to the Bundle that Kiln makes of it, built as a tree of `serde_json::Value` and then serialised.
//!
//! This is how one writes such a converter by hand: a function for each segment and data type, values moved into
//! the tree and not copied (as `json!` would). It knows ADT^A01 as [`crate::messages`] makes it, and of these the same
//! resources with the same elements as Kiln; `benches/compare_convert.rs` checks that. It reads the message by Kiln's own parser.

#[macro_use]
mod tree;
mod datatypes;

use std::collections::HashSet;

use kiln_hl7::{Field, Message, Segment, Value as Part};
use serde_json::{Map, Value};
use sha1::{Digest, Sha1};
use uuid::Uuid;

use datatypes::{
    address, concept, contact_point, human_name, raw, relationship, telecom, text, time,
};
use tree::{bare, object, reference, set, urn};

/// The Bundle of an admission.
pub fn bundle(message: &Message<'_>) -> Value {
    let mut bundle = Bundle {
        entries: Vec::new(),
        seen: HashSet::new(),
        facility: text(message.header().sending_facility()),
    };
    let ids = bundle.ids(message);
    bundle.header(message, &ids);
    for segment in message.segments() {
        match segment.name() {
            "PID" => bundle.patient(message, &segment, &ids),
            "NK1" => bundle.related_person(&segment, &ids),
            "PV1" => bundle.encounter(message, &segment, &ids),
            "DG1" => bundle.condition(&segment, &ids),
            "AL1" => bundle.allergy(&segment, &ids),
            "IN1" => bundle.coverage(&segment, &ids),
            _ => {}
        }
    }
    object! {"resourceType": "Bundle", "type": "transaction", "entry": bundle.entries}
}

/// The URLs of resources that others refer to before they are written.
struct Ids {
    header: String,
    patient: String,
    encounter: String,
    account: String,
    coverage: Option<String>,
}

struct Bundle {
    entries: Vec<Value>,
    seen: HashSet<String>,
    /// Sending facility: what numbers without an authority are known to.
    facility: String,
}

impl Bundle {
    fn id(&self, kind: &str, parts: &[&str]) -> String {
        let name = format!("{kind}|{}|{}", self.facility, parts.join("|"));
        let digest = Sha1::new()
            .chain_update(Uuid::NAMESPACE_URL.as_bytes())
            .chain_update(name)
            .finalize();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        uuid::Builder::from_sha1_bytes(bytes)
            .into_uuid()
            .to_string()
    }

    fn ids(&self, message: &Message<'_>) -> Ids {
        let number = |segment: &str, field: usize| {
            let found = message.segment(segment);
            found
                .map(|found| text(found.field(field).component(1)))
                .unwrap_or_default()
        };
        Ids {
            header: urn(&self.id("MessageHeader", &[&number("MSH", 3), &number("MSH", 10)])),
            patient: urn(&self.id("Patient", &[&number("PID", 3)])),
            encounter: urn(&self.id("Encounter", &[&number("PV1", 19)])),
            account: urn(&self.id("Account", &[&number("PID", 18)])),
            coverage: message
                .segment("IN1")
                .map(|plan| urn(&self.id("Coverage", &[&raw(&plan)]))),
        }
    }

    /// A resource that the message is the authority on.
    fn put(&mut self, resource: Value) -> String {
        self.entry(
            resource,
            |kind, id| object! {"method": "PUT", "url": format!("{kind}/{id}")},
        )
    }

    /// A resource that is only mentioned.
    fn mention(&mut self, resource: Value) -> String {
        self.entry(
            resource,
            |kind, id| object! {"method": "PUT", "url": format!("{kind}/{id}"), "ifNoneMatch": "*"},
        )
    }

    fn entry(&mut self, resource: Value, request: impl Fn(&str, &str) -> Value) -> String {
        let text = |name: &str| resource[name].as_str().unwrap_or_default().to_owned();
        let (kind, id) = (text("resourceType"), text("id"));
        let full_url = urn(&id);
        if self.seen.insert(id.clone()) {
            let request = request(&kind, &id);
            self.entries.push(
                object! {"fullUrl": full_url.as_str(), "resource": resource, "request": request},
            );
        }
        full_url
    }

    /// A resource of which no more than a name is known.
    fn named(&mut self, kind: &str, name: &str) -> String {
        let id = self.id(kind, &[name]);
        self.mention(
            object! {"resourceType": kind, "id": id, "identifier": list! [object! {"value": name}]},
        )
    }

    fn header(&mut self, message: &Message<'_>, ids: &Ids) {
        let header = message.header();
        let event = format!(
            "{}^{}",
            text(header.message_code()),
            text(header.trigger_event())
        );
        let structure = format!("{event}^{}", text(header.structure()));
        let (sender, receiver) = (
            text(header.sending_application()),
            text(header.receiving_application()),
        );
        let at = time(header.date_time());
        let target = self.id("Device", &[&receiver]);
        let to = self.id("Organization", &[&text(header.receiving_facility())]);
        let facility = message.msh().field(4);
        let from = self.id(
            "Organization",
            &[&text(facility.component(1)), &text(facility.component(2))],
        );
        let resource = object! {
            "resourceType": "MessageHeader",
            "id": bare(&ids.header),
            "meta": object! {"tag": list! [object! {
                "system": "http://terminology.hl7.org/CodeSystem/v2-0103",
                "code": text(header.processing_id()),
            }]},
            "eventCoding": object! {
                "system": "http://terminology.hl7.org/CodeSystem/v2-0003",
                "code": text(header.trigger_event()),
                "display": structure.as_str(),
            },
            "destination": list! [object! {
                "name": receiver.as_str(),
                "target": reference(&urn(&target)),
                "endpoint": format!("urn:kiln:authority:{receiver}"),
                "receiver": reference(&urn(&to)),
            }],
            "sender": reference(&urn(&from)),
            "source": object! {"name": sender.as_str(), "endpoint": format!("urn:kiln:authority:{sender}")},
        };
        self.put(resource);
        self.named("Device", &receiver);
        self.named("Organization", &text(header.receiving_facility()));
        let oid = format!("urn:oid:{}", text(facility.component(2)));
        let organization = object! {
            "resourceType": "Organization",
            "id": from,
            "identifier": list! [object! {"value": self.facility.as_str()}, object! {
                "type": object! {"coding": list! [object! {
                    "system": "http://terminology.hl7.org/CodeSystem/v2-0301",
                    "code": "ISO",
                    "display": "ISO Object Identifier",
                }]},
                "system": "urn:ietf:rfc:3986",
                "value": oid.as_str(),
            }],
        };
        let criteria = format!("identifier=urn:ietf:rfc:3986|{oid}");
        let sent_by = self.entry(
            organization,
            |kind, _| object! {"method": "POST", "url": kind, "ifNoneExist": criteria.as_str()},
        );
        let source = object! {
            "resourceType": "Provenance",
            "id": self.id("Provenance", &[&ids.header]),
            "target": list! [
                reference(&ids.header),
                reference(&ids.patient),
                reference(&ids.encounter),
            ],
            "occurredDateTime": at.clone(),
            "recorded": at,
            "activity": object! {"coding": list! [object! {"display": format!("message - {structure}")}]},
            "agent": list! [object! {
                "type": object! {"coding": list! [object! {
                    "system": "http://terminology.hl7.org/CodeSystem/provenance-participant-type",
                    "code": "author",
                }]},
                "who": reference(&sent_by),
            }],
        };
        self.put(source);
        if let Some(evn) = message.segment("EVN") {
            let who = self.practitioner(&evn.field(5));
            let event = object! {
                "resourceType": "Provenance",
                "id": self.id("Provenance", &[&ids.header, "EVN"]),
                "target": list! [reference(&ids.header)],
                "recorded": time(evn.field(2).value()),
                "activity": object! {"coding": list! [object! {"display": format!("event - {event}")}]},
                "agent": list! [object! {"who": reference(&who)}],
            };
            self.put(event);
        }
    }

    fn patient(&mut self, message: &Message<'_>, pid: &Segment<'_>, ids: &Ids) {
        let mut patient = object("Patient", bare(&ids.patient));
        let maiden = pid.field(6);
        let maiden = [2, 3, 1].map(|part| text(maiden.component(part)));
        let maiden = maiden
            .iter()
            .filter(|part| !part.is_empty())
            .cloned()
            .collect::<Vec<_>>()
            .join(" ");
        set(
            &mut patient,
            "extension",
            list![object! {
                "url": "http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName",
                "valueString": maiden,
            }],
        );
        let identifiers: Vec<_> = pid
            .field(3)
            .repetitions()
            .map(|part| self.identifier(&part))
            .collect();
        set(&mut patient, "identifier", identifiers.into());
        set(
            &mut patient,
            "name",
            pid.field(5)
                .repetitions()
                .map(|part| human_name(&part))
                .collect(),
        );
        let phones = pid
            .field(13)
            .repetitions()
            .chain(pid.field(14).repetitions());
        set(
            &mut patient,
            "telecom",
            phones.map(|part| contact_point(&part)).collect(),
        );
        let gender = match text(pid.field(8).value()).as_str() {
            "F" => "female",
            "M" => "male",
            "O" => "other",
            _ => "unknown",
        };
        set(&mut patient, "gender", gender.into());
        set(&mut patient, "birthDate", time(pid.field(7).value()));
        if pid.field(29).is_valued() {
            set(
                &mut patient,
                "deceasedDateTime",
                time(pid.field(29).value()),
            );
        } else if pid.field(30).is_valued() {
            set(
                &mut patient,
                "deceasedBoolean",
                (text(pid.field(30).value()) == "Y").into(),
            );
        }
        set(
            &mut patient,
            "address",
            pid.field(11)
                .repetitions()
                .map(|part| address(&part))
                .collect(),
        );
        let marital = match text(pid.field(16).value()).as_str() {
            "M" => "Married",
            "S" => "Never Married",
            _ => "unknown",
        };
        set(
            &mut patient,
            "maritalStatus",
            object! {
                "coding": list! [object! {
                    "system": "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus",
                    "code": text(pid.field(16).value()),
                    "display": marital,
                }],
                "text": text(pid.field(16).value()),
            },
        );
        if pid.field(25).is_valued() {
            set(
                &mut patient,
                "multipleBirthInteger",
                text(pid.field(25).value())
                    .parse::<u32>()
                    .unwrap_or_default()
                    .into(),
            );
        }
        let contacts = message.segments_named("NK1").map(|kin| {
            object! {
                "relationship": relationship(&kin),
                "name": human_name(&kin.field(2).value()),
                "telecom": telecom(&kin.field(5)),
                "address": address(&kin.field(4).value()),
            }
        });
        set(&mut patient, "contact", contacts.collect());
        let language = pid.field(15);
        set(
            &mut patient,
            "communication",
            list![object! {
                "language": object! {
                    "coding": list! [object! {"system": "urn:ietf:bcp:47", "code": text(language.component(1))}],
                    "text": text(language.component(2)),
                },
            }],
        );
        self.put(patient.into());
        let account = object! {
            "resourceType": "Account",
            "id": bare(&ids.account),
            "identifier": list! [self.identifier(&pid.field(18).value())],
            "status": "active",
            "subject": list! [reference(&ids.patient)],
            "coverage": ids.coverage.iter().map(|id| object! {"coverage": reference(id)}).collect::<Vec<_>>(),
        };
        self.put(account);
    }

    fn related_person(&mut self, kin: &Segment<'_>, ids: &Ids) {
        let person = object! {
            "resourceType": "RelatedPerson",
            "id": self.id("RelatedPerson", &[&ids.patient, &raw(kin)]),
            "patient": reference(&ids.patient),
            "relationship": relationship(kin),
            "name": list! [human_name(&kin.field(2).value())],
            "telecom": telecom(&kin.field(5)),
            "address": list! [address(&kin.field(4).value())],
        };
        self.put(person);
    }

    fn condition(&mut self, diagnosis: &Segment<'_>, ids: &Ids) {
        let condition = object! {
            "resourceType": "Condition",
            "id": self.id("Condition", &[&ids.patient, &raw(diagnosis)]),
            "code": concept(diagnosis.field(3)),
            "subject": reference(&ids.patient),
            "encounter": reference(&ids.encounter),
            "onsetDateTime": time(diagnosis.field(5).value()),
        };
        self.put(condition);
    }

    fn encounter(&mut self, message: &Message<'_>, visit: &Segment<'_>, ids: &Ids) {
        let identifier = self.identifier(&visit.field(19).value());
        let participants = [
            (7, "ATND", "attender"),
            (8, "REF", "referrer"),
            (17, "ADM", "admitter"),
        ];
        let participants: Vec<_> = participants.map(|(field, code, name)| {
            let individual = self.practitioner(&visit.field(field));
            object! {
                "type": list! [object! {
                    "coding": list! [object! {"system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": code}],
                    "text": name,
                }],
                "individual": reference(&individual),
            }
        }).into();
        let (class, display) = match text(visit.field(2).value()).as_str() {
            "I" => ("IMP", "inpatient encounter"),
            _ => ("AMB", "ambulatory"),
        };
        let diagnoses: Vec<_> = message.segments_named("DG1")
            .map(|diagnosis| object! {
                "condition": reference(&urn(&self.id("Condition", &[&ids.patient, &raw(&diagnosis)]))),
                "use": object! {"coding": list! [object! {
                    "system": "http://terminology.hl7.org/CodeSystem/diagnosis-role",
                    "code": "AD",
                    "display": "Admission diagnosis",
                }], "text": "A"},
            })
            .collect();
        let location = self.location(&visit.field(3));
        let encounter = object! {
            "resourceType": "Encounter",
            "id": bare(&ids.encounter),
            "identifier": list! [identifier],
            "status": "in-progress",
            "class": object! {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": class, "display": display},
            "serviceType": object! {
                "coding": list! [object! {
                    "system": "http://terminology.hl7.org/CodeSystem/service-type",
                    "code": "382",
                    "display": "Medical Services",
                }],
                "text": text(visit.field(10).value()),
            },
            "subject": reference(&ids.patient),
            "participant": participants,
            "period": object! {"start": time(visit.field(44).value())},
            "diagnosis": diagnoses,
            "account": list! [reference(&ids.account)],
            "hospitalization": object! {"admitSource": object! {"coding": list! [object! {"code": text(visit.field(14).value())}], "text": text(visit.field(14).value())}},
            "location": list! [object! {"location": reference(&location), "status": "active"}],
        };
        self.put(encounter);
    }

    /// The bed, and around it the room, the point of care and the facility.
    fn location(&mut self, place: &Field<'_>) -> String {
        let mut whole = String::new();
        for (part, kind) in [(4, Some("si")), (1, None), (2, Some("ro")), (3, Some("bd"))] {
            let name = text(place.component(part));
            let id = self.id("Location", &[&whole, &name]);
            let mut location = object("Location", &id);
            set(&mut location, "identifier", list![object! {"value": name}]);
            set(&mut location, "mode", "instance".into());
            if let Some(kind) = kind {
                set(
                    &mut location,
                    "physicalType",
                    object! {"coding": list! [object! {
                        "system": "http://terminology.hl7.org/CodeSystem/location-physical-type",
                        "code": kind,
                    }]},
                );
            }
            if !whole.is_empty() {
                set(&mut location, "partOf", reference(&whole));
            }
            whole = self.mention(location.into());
        }
        whole
    }

    fn allergy(&mut self, allergy: &Segment<'_>, ids: &Ids) {
        let reactions: Vec<_> = allergy
            .field(5)
            .repetitions()
            .map(|part| object! {"manifestation": list! [object! {"text": text(part)}], "severity": "moderate"})
            .collect();
        let resource = object! {
            "resourceType": "AllergyIntolerance",
            "id": self.id("AllergyIntolerance", &[&ids.patient, &raw(allergy)]),
            "clinicalStatus": object! {"coding": list! [object! {
                "system": "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical",
                "code": "active",
            }]},
            "type": "allergy",
            "category": list! ["medication"],
            "code": concept(allergy.field(3)),
            "patient": reference(&ids.patient),
            "onsetDateTime": time(allergy.field(6).value()),
            "reaction": reactions,
        };
        self.put(resource);
    }

    fn coverage(&mut self, insurance: &Segment<'_>, ids: &Ids) {
        let number = text(insurance.field(3).component(1));
        let payor = object! {
            "resourceType": "Organization",
            "id": self.id("Organization", &[&number]),
            "identifier": list! [object! {"value": number}],
            "name": text(insurance.field(4).component(1)),
            "telecom": telecom(&insurance.field(7)),
            "address": list! [address(&insurance.field(5).value())],
        };
        let payor = self.mention(payor);
        let coverage = object! {
            "resourceType": "Coverage",
            "id": self.id("Coverage", &[&raw(insurance)]),
            "identifier": list! [object! {"value": text(insurance.field(2).component(1))}],
            "status": "active",
            "subscriber": reference(&ids.patient),
            "subscriberId": text(insurance.field(36).value()),
            "beneficiary": reference(&ids.patient),
            "relationship": object! {
                "coding": list! [object! {
                    "system": "http://terminology.hl7.org/CodeSystem/v3-RoleCode",
                    "code": "ONESELF",
                    "display": "self",
                }],
                "text": text(insurance.field(17).value()),
            },
            "period": object! {"start": time(insurance.field(12).value()), "end": time(insurance.field(13).value())},
            "payor": list! [reference(&payor)],
        };
        self.put(coverage);
    }

    fn practitioner(&mut self, person: &Field<'_>) -> String {
        let number = text(person.component(1));
        let id = self.id("Practitioner", &[&number]);
        let mut practitioner = object("Practitioner", &id);
        set(
            &mut practitioner,
            "identifier",
            list![object! {"value": number}],
        );
        let given: Vec<_> = [3, 4]
            .map(|part| text(person.component(part)))
            .into_iter()
            .filter(|name| !name.is_empty())
            .collect();
        let mut name = Map::new();
        set(&mut name, "family", text(person.component(2)).into());
        set(&mut name, "given", given.into());
        let degree = text(person.component(7));
        if !degree.is_empty() {
            set(&mut name, "suffix", list![degree.as_str()]);
            set(
                &mut practitioner,
                "qualification",
                list![object! {"code": object! {"coding": list! [object! {
                    "system": "http://terminology.hl7.org/CodeSystem/v2-0360",
                    "code": degree.as_str(),
                    "display": "Doctor of Medicine",
                }]}}],
            );
        }
        set(&mut practitioner, "name", list![name]);
        self.mention(practitioner.into())
    }

    fn identifier(&mut self, part: &Part<'_>) -> Value {
        let (authority, kind) = (part.part(4), text(part.part(5)));
        let mut identifier = Map::new();
        set(
            &mut identifier,
            "type",
            object! {
                "coding": list! [object! {"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": kind.as_str()}],
                "text": kind,
            },
        );
        set(&mut identifier, "value", text(part.part(1)).into());
        let oid = text(authority.part(2));
        if oid.is_empty() {
            let name = text(authority.part(1));
            set(
                &mut identifier,
                "system",
                format!("urn:kiln:authority:{name}").into(),
            );
            let assigner = self.named("Organization", &name);
            set(&mut identifier, "assigner", reference(&assigner));
        } else {
            set(&mut identifier, "system", format!("urn:oid:{oid}").into());
        }
        identifier.into()
    }
}
