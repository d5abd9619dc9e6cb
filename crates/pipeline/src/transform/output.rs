//! The outputs of one message.

use bytes::Bytes;
use kiln_fhir::{Conversion, ConvertOptions, Mapper, References, Request, UtcOffset};
use kiln_hl7::{Index, Message};

use super::audit::{self, Came};
use super::convert::{Converted, Unmapped, convert};
use crate::config::Layout;
use crate::record::{Headers, Record, header};
use crate::store::{Output, Position, RawRecord, Target};

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    /// Resources.
    Resources,
    /// A dead letter, for that reason.
    Dead(&'static str),
    /// Nothing: the site's filter of that name drops it.
    Dropped(String),
}

/// Makes outputs of messages; its buffers are reused.
pub(crate) struct Writer<'a> {
    mapper: &'a Mapper,
    layout: Layout,
    default_offset: UtcOffset,
    /// Name of the raw log in the `source` header.
    pub(crate) log: &'a str,
    index: Index,
    pub(crate) conversion: Conversion,
}

impl<'a> Writer<'a> {
    /// With new buffers.
    pub(crate) fn new(
        mapper: &'a Mapper,
        layout: Layout,
        default_offset: UtcOffset,
        log: &'a str,
    ) -> Writer<'a> {
        Writer {
            mapper,
            layout,
            default_offset,
            log,
            index: Index::new(),
            conversion: Conversion::new(),
        }
    }

    /// Adds the outputs of one message: its resources, a dead letter or nothing, and an audit event.
    pub(crate) fn write(&mut self, raw: &RawRecord, out: &mut Vec<Output>) -> Written {
        let headers = self.headers(raw);
        let converted = self.convert(&raw.record, &headers, out);
        if let Err(failed) = &converted {
            let headers = headers
                .clone()
                .with(header::MAPPING, self.mapper.version())
                .with(header::REASON, failed.reason)
                .with(header::PLACE, &failed.place)
                .with(header::DETAIL, &failed.detail);
            let record = Record {
                key: raw.record.key.clone(),
                value: raw.record.value.clone(),
                headers,
            };
            out.push(Output {
                target: Target::Dead,
                feed: raw.record.key.clone(),
                record,
            });
        }
        let written = match converted {
            Ok(Converted::Resources) => Written::Resources,
            Ok(Converted::Dropped(filter)) => Written::Dropped(filter),
            Err(failed) => Written::Dead(failed.reason),
        };
        let came = match &written {
            Written::Resources => Came::Resources(self.conversion.resources().count()),
            Written::Dead(reason) => Came::Dead(reason),
            Written::Dropped(filter) => Came::Dropped(filter),
        };
        self.audit(raw, headers, &came, out);
        written
    }

    /// Adds the audit event of a message that is a resend.
    pub(crate) fn resent(&self, raw: &RawRecord, out: &mut Vec<Output>) {
        self.audit(raw, self.headers(raw), &Came::Resend, out);
    }

    fn audit(&self, raw: &RawRecord, headers: Headers, came: &Came<'_>, out: &mut Vec<Output>) {
        let source = headers.get(header::SOURCE).unwrap_or_default();
        let value = audit::event(&raw.record, source, self.mapper.version(), came);
        let record = Record {
            key: raw.record.key.clone(),
            value: value.into(),
            headers,
        };
        out.push(Output {
            target: Target::Audit,
            feed: raw.record.key.clone(),
            record,
        });
    }

    /// The headers that identify a message and say where it lies.
    fn headers(&self, raw: &RawRecord) -> Headers {
        let Position { partition, offset } = raw.position;
        let source = format!("{}/{partition}/{offset}", self.log);
        identification(&raw.record).with(header::SOURCE, source)
    }

    fn convert(
        &mut self,
        raw: &Record,
        headers: &Headers,
        out: &mut Vec<Output>,
    ) -> Result<Converted, Unmapped> {
        let message = Message::parse(&raw.value, &mut self.index).map_err(|error| Unmapped {
            reason: "unreadable",
            place: format!("byte {}", error.offset),
            detail: error.to_string(),
        })?;
        let references = match self.layout {
            Layout::Resources => References::Relative,
            Layout::Bundles => References::Urn,
        };
        let options = ConvertOptions {
            references,
            default_offset: self.default_offset,
        };
        let converted = convert(self.mapper, &message, options, &mut self.conversion)?;
        if matches!(converted, Converted::Dropped(_)) {
            return Ok(converted);
        }
        let feed = &raw.key;
        let headers = headers.clone().with(header::MAPPING, self.mapper.version());
        match self.layout {
            Layout::Resources => {
                out.extend(self.conversion.resources().map(|resource| {
                    let id = resource.id.to_string();
                    let resource_type = resource.resource_type;
                    let mut headers = headers.clone().with(header::RESOURCE_TYPE, resource_type);
                    match resource.request {
                        Request::Put | Request::PutIfNoneMatch => {
                            headers.push(header::REQUEST_METHOD, "PUT");
                            headers.push(header::REQUEST_URL, format!("{resource_type}/{id}"));
                            if resource.request == Request::PutIfNoneMatch {
                                headers.push(header::REQUEST_IF_NONE_MATCH, "*");
                            }
                        }
                        Request::CreateIfNoneExist { criteria } => {
                            headers.push(header::REQUEST_METHOD, "POST");
                            headers.push(header::REQUEST_URL, resource_type);
                            headers.push(header::REQUEST_IF_NONE_EXIST, criteria);
                        }
                    }
                    let value = Bytes::copy_from_slice(resource.json);
                    let record = Record {
                        key: id,
                        value,
                        headers,
                    };
                    Output {
                        target: Target::Resource(resource_type.to_owned()),
                        feed: feed.clone(),
                        record,
                    }
                }));
            }
            Layout::Bundles => {
                let mut bundle = Vec::new();
                self.conversion.write_bundle(&mut bundle);
                let headers = headers.with(header::RESOURCE_TYPE, "Bundle");
                let record = Record {
                    key: feed.clone(),
                    value: Bytes::from(bundle),
                    headers,
                };
                out.push(Output {
                    target: Target::Bundle,
                    feed: feed.clone(),
                    record,
                });
            }
        }
        Ok(converted)
    }
}

/// The headers that identify a message in every stream.
fn identification(raw: &Record) -> Headers {
    let mut headers = Headers::new();
    for name in [
        header::FEED,
        header::SENDER,
        header::CONTROL_ID,
        header::MESSAGE_TYPE,
        header::RECEIVED_AT,
        header::LETTER,
    ] {
        if let Some(value) = raw.headers.get(name) {
            headers.push(name, value);
        }
    }
    headers
}
