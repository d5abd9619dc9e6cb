//! Where the log is at a time. At every so many messages there is a mark: the latest time at which any message before it was
//! received. So nothing that was received later lies before the mark, whatever the clock did meanwhile.

use redb::{ReadTransaction, ReadableTable, Table, TableDefinition, WriteTransaction};

use super::log::RAW;
use crate::record::{Record, header};

/// The latest time of reception before the message of that number, in milliseconds since 1970-01-01T00:00Z.
const MARKS: TableDefinition<u64, i64> = TableDefinition::new("times");
/// Messages between two marks.
const MARK_EVERY: u64 = 256;

/// When a message was received, as its record says; 0 when it does not.
pub(super) fn received_at(record: &Record) -> i64 {
    record.header(header::RECEIVED_AT).parse().unwrap_or(0)
}

/// The number of a message before which none was received at `since_ms` or later.
pub(super) fn begin(transaction: &ReadTransaction, since_ms: i64) -> Result<u64, redb::Error> {
    for mark in transaction.open_table(MARKS)?.iter()?.rev() {
        let (number, latest) = mark?;
        if latest.value() < since_ms {
            return Ok(number.value());
        }
    }
    Ok(0)
}

/// Who sets the marks.
pub(super) struct Times {
    /// The latest time of all messages so far. A message that was not kept after all may have a part in it, which does no
    /// harm.
    latest: i64,
}

impl Times {
    /// Of a log as it is: from the last mark on, message by message.
    pub(super) fn of(transaction: &WriteTransaction) -> Result<Times, redb::Error> {
        let marks = transaction.open_table(MARKS)?;
        let raw = transaction.open_table(RAW)?;
        let last = marks.last()?;
        let (from, mut latest) = last.map_or((0, i64::MIN), |(number, latest)| {
            (number.value(), latest.value())
        });
        for entry in raw.range(from..)? {
            let (_, bytes) = entry?;
            let received = Record::decode(bytes.value()).map_or(0, |record| received_at(&record));
            latest = latest.max(received);
        }
        Ok(Times { latest })
    }

    /// The marks of a transaction.
    pub(super) fn marks<'a>(
        &'a mut self,
        transaction: &'a WriteTransaction,
    ) -> Result<Marks<'a>, redb::Error> {
        Ok(Marks {
            times: self,
            table: transaction.open_table(MARKS)?,
        })
    }
}

/// The marks of one transaction.
pub(super) struct Marks<'a> {
    times: &'a mut Times,
    table: Table<'a, u64, i64>,
}

impl Marks<'_> {
    /// A message is appended.
    pub(super) fn append(&mut self, number: u64, received_at: i64) -> Result<(), redb::Error> {
        if number.is_multiple_of(MARK_EVERY) {
            self.table.insert(number, self.times.latest)?;
        }
        self.times.latest = self.times.latest.max(received_at);
        Ok(())
    }

    /// What lies before a message was removed.
    pub(super) fn forget_before(&mut self, number: u64) -> Result<(), redb::Error> {
        self.table.retain_in(..number, |_, _| false)?;
        Ok(())
    }
}
