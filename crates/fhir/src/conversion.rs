//! The reused output of conversions.

use std::ops::Range;

use uuid::Uuid;

use crate::execute::Work;
use crate::identity::Id;
use crate::issue::Issue;

/// The resources of one converted message, in buffers that the next conversion reuses.
#[derive(Debug, Default)]
pub struct Conversion {
    pub(crate) bytes: Vec<u8>,
    pub(crate) criteria: Vec<u8>,
    pub(crate) entries: Vec<Entry>,
    pub(crate) issues: Vec<Issue>,
    pub(crate) work: Work,
}

/// Where one resource lies in the buffers.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) resource_type: &'static str,
    pub(crate) id: Id,
    pub(crate) json: Range<usize>,
    /// `None`: the message is the authority on the resource; empty: only its id identifies it.
    pub(crate) criteria: Option<Range<usize>>,
}

/// One resource of a conversion.
#[derive(Clone, Copy, Debug)]
pub struct Resource<'c> {
    /// R4 resource type.
    pub resource_type: &'c str,
    /// Deterministic logical id (UUIDv5).
    pub id: Uuid,
    /// The resource as compact JSON.
    pub json: &'c [u8],
    /// What the resource is for.
    pub request: Request<'c>,
}

/// What a resource is for: a statement by its authority, or a mention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request<'c> {
    /// The message is the authority: `PUT Type/id`.
    Put,
    /// The message only mentions it, and it has an identifier: `POST Type` with `ifNoneExist`.
    CreateIfNoneExist {
        /// The search criteria: `identifier=<system>|<value>`.
        criteria: &'c str,
    },
    /// The message only mentions it, and nothing but its id identifies it: `PUT Type/id` with `ifNoneMatch: *`. A server that
    /// creates chooses the id itself, so that a search for this one would never find it.
    PutIfNoneMatch,
}

impl Conversion {
    /// An empty conversion; its buffers grow with the first messages and stay.
    pub fn new() -> Self {
        Self::default()
    }

    /// The resources, in the order of the message map; nested ones after the resource that first mentioned them.
    pub fn resources(&self) -> impl ExactSizeIterator<Item = Resource<'_>> {
        self.entries.iter().map(|entry| Resource {
            resource_type: entry.resource_type,
            id: entry.id.uuid,
            json: &self.bytes[entry.json.clone()],
            request: match &entry.criteria {
                None => Request::Put,
                Some(criteria) if criteria.is_empty() => Request::PutIfNoneMatch,
                Some(criteria) => Request::CreateIfNoneExist {
                    criteria: std::str::from_utf8(&self.criteria[criteria.clone()])
                        .unwrap_or_default(),
                },
            },
        })
    }

    /// Appends a `transaction` Bundle of all resources to `out` (FHIR R4, http, transactions).
    pub fn write_bundle(&self, out: &mut Vec<u8>) {
        crate::bundle::write(self, out);
    }

    /// Values that could not be mapped: path and reason, no content.
    pub fn issues(&self) -> &[Issue] {
        &self.issues
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.criteria.clear();
        self.entries.clear();
        self.issues.clear();
    }
}
