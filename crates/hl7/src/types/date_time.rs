use std::fmt;
use std::str::FromStr;

use crate::types::error::TypeError;
use crate::types::number::innermost;
use crate::value::Value;

/// How exact a date or time is: what was written last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Precision {
    /// `YYYY`.
    Year,
    /// `YYYYMM`.
    Month,
    /// `YYYYMMDD`.
    Day,
    /// `HH`.
    Hour,
    /// `HHMM`.
    Minute,
    /// `HHMMSS`.
    Second,
    /// `HHMMSS.S` to `HHMMSS.SSSS`: so many digits of the second.
    Fraction(u8),
}

/// DT, a date: a year, a month of one or a day of one (§2A.3.21).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Date {
    year: u16,
    month: Option<u8>,
    day: Option<u8>,
}

/// TM, a time of day, as exact as it was written, with the offset from UTC if there is one (§2A.3.77).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Time {
    hour: u8,
    minute: Option<u8>,
    second: Option<u8>,
    fraction: Option<Fraction>,
    offset: Option<Offset>,
}

/// DTM, a date and, maybe, a time of it (§2A.3.22). `YYYY[MM[DD[HH[MM[SS[.S[S[S[S]]]]]]]]][+/-ZZZZ]`.
///
/// Nothing is made up: what was not written is `None`, and writing it gives what was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DateTime {
    date: Date,
    /// Without an offset of its own.
    time: Option<Time>,
    offset: Option<Offset>,
}

/// Digits of a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Fraction {
    digits: u16,
    count: u8,
}

/// `-0000` is not `+0000` to those who write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Offset {
    west: bool,
    minutes: u16,
}

impl Date {
    /// Reads a value; `None` when there is nothing in it.
    pub fn from_value(value: Value<'_>) -> Result<Option<Self>, TypeError> {
        read(value, Reader::date)
    }

    /// The year, 0 to 9999.
    pub fn year(self) -> u16 {
        self.year
    }

    /// The month, from 1, if it was written.
    pub fn month(self) -> Option<u8> {
        self.month
    }

    /// The day of the month, from 1, if it was written.
    pub fn day(self) -> Option<u8> {
        self.day
    }

    /// What was written last.
    pub fn precision(self) -> Precision {
        match (self.month, self.day) {
            (None, _) => Precision::Year,
            (Some(_), None) => Precision::Month,
            (Some(_), Some(_)) => Precision::Day,
        }
    }
}

impl Time {
    /// Reads a value; `None` when there is nothing in it.
    pub fn from_value(value: Value<'_>) -> Result<Option<Self>, TypeError> {
        read(value, Reader::time_and_offset)
    }

    /// The hour, 0 to 23.
    pub fn hour(self) -> u8 {
        self.hour
    }

    /// The minute, if it was written.
    pub fn minute(self) -> Option<u8> {
        self.minute
    }

    /// The second, if it was written.
    pub fn second(self) -> Option<u8> {
        self.second
    }

    /// The part of the second, in nanoseconds, if it was written.
    pub fn nanosecond(self) -> Option<u32> {
        self.fraction
            .map(|fraction| u32::from(fraction.digits) * 10_u32.pow(9 - u32::from(fraction.count)))
    }

    /// Minutes east of UTC, if they were written.
    pub fn offset_minutes(self) -> Option<i16> {
        self.offset.map(Offset::minutes)
    }

    /// What was written last.
    pub fn precision(self) -> Precision {
        match (self.minute, self.second, self.fraction) {
            (_, _, Some(fraction)) => Precision::Fraction(fraction.count),
            (_, Some(_), None) => Precision::Second,
            (Some(_), None, None) => Precision::Minute,
            (None, None, None) => Precision::Hour,
        }
    }

    /// Without what is more exact than that.
    fn at_most(self, precision: Precision) -> Option<Self> {
        let keeps = |least| precision >= least;
        keeps(Precision::Hour).then(|| Self {
            minute: self.minute.filter(|_| keeps(Precision::Minute)),
            second: self.second.filter(|_| keeps(Precision::Second)),
            fraction: self.fraction.filter(|_| keeps(Precision::Fraction(0))),
            ..self
        })
    }
}

impl DateTime {
    /// Reads a value; `None` when there is nothing in it. A TS says in its second component how exact the first is
    /// (`Y L D H M S`, §2A.3.79); what it says is not exact is left out.
    pub fn from_value(value: Value<'_>) -> Result<Option<Self>, TypeError> {
        let read = read(value, Reader::date_time)?;
        let most = match value.part(2).raw() {
            b"Y" => Precision::Year,
            b"L" => Precision::Month,
            b"D" => Precision::Day,
            b"H" => Precision::Hour,
            b"M" => Precision::Minute,
            b"S" => Precision::Second,
            _ => return Ok(read),
        };
        Ok(read.map(|read| read.at_most(most)))
    }

    /// The date.
    pub fn date(self) -> Date {
        self.date
    }

    /// The time of day, if it was written, with the offset.
    pub fn time(self) -> Option<Time> {
        self.time.map(|time| Time {
            offset: self.offset,
            ..time
        })
    }

    /// Minutes east of UTC, if they were written.
    pub fn offset_minutes(self) -> Option<i16> {
        self.offset.map(Offset::minutes)
    }

    /// What was written last.
    pub fn precision(self) -> Precision {
        self.time
            .map_or_else(|| self.date.precision(), Time::precision)
    }

    fn at_most(self, precision: Precision) -> Self {
        let keeps = |least| precision >= least;
        Self {
            date: Date {
                month: self.date.month.filter(|_| keeps(Precision::Month)),
                day: self.date.day.filter(|_| keeps(Precision::Day)),
                ..self.date
            },
            time: self.time.and_then(|time| time.at_most(precision)),
            ..self
        }
    }
}

impl Offset {
    fn minutes(self) -> i16 {
        let minutes = self.minutes.cast_signed();
        if self.west { -minutes } else { minutes }
    }
}

fn read<'a, T>(
    value: Value<'a>,
    part: impl FnOnce(&mut Reader<'a>) -> Result<T, TypeError>,
) -> Result<Option<T>, TypeError> {
    let value = innermost(value);
    if !value.is_valued() {
        return Ok(None);
    }
    Reader::whole(value.raw(), part)
        .map(Some)
        .map_err(|error| error.behind(value.offset()))
}

struct Reader<'t> {
    bytes: &'t [u8],
    at: usize,
}

impl<'t> Reader<'t> {
    fn whole<T>(
        bytes: &'t [u8],
        part: impl FnOnce(&mut Reader<'t>) -> Result<T, TypeError>,
    ) -> Result<T, TypeError> {
        let mut reader = Reader { bytes, at: 0 };
        let read = part(&mut reader)?;
        if reader.at < bytes.len() {
            return Err(reader.unexpected("the end of the date or time"));
        }
        Ok(read)
    }

    fn unexpected(&self, expected: &'static str) -> TypeError {
        TypeError {
            expected,
            offset: self.at,
        }
    }

    fn has_digit(&self) -> bool {
        self.bytes.get(self.at).is_some_and(u8::is_ascii_digit)
    }

    /// So many digits, if they are a number from `least` to `most`.
    fn digits(
        &mut self,
        count: usize,
        least: u16,
        most: u16,
        expected: &'static str,
    ) -> Result<u16, TypeError> {
        let number = self
            .bytes
            .get(self.at..self.at + count)
            .filter(|digits| digits.iter().all(u8::is_ascii_digit))
            .map(|digits| {
                digits
                    .iter()
                    .fold(0, |number, digit| number * 10 + u16::from(digit - b'0'))
            })
            .filter(|number| (least..=most).contains(number))
            .ok_or_else(|| self.unexpected(expected))?;
        self.at += count;
        Ok(number)
    }

    /// Two digits, if there are more.
    fn pair(
        &mut self,
        least: u16,
        most: u16,
        expected: &'static str,
    ) -> Result<Option<u8>, TypeError> {
        if !self.has_digit() {
            return Ok(None);
        }
        // At most 99.
        self.digits(2, least, most, expected)
            .map(|number| u8::try_from(number).ok())
    }

    fn date(&mut self) -> Result<Date, TypeError> {
        let year = self.digits(4, 0, 9999, "a year, YYYY")?;
        let month = self.pair(1, 12, "a month, 01 to 12")?;
        let day = match month {
            Some(month) => {
                let last = days(year, month);
                self.pair(1, last, "a day of that month, DD")?
            }
            None => None,
        };
        Ok(Date { year, month, day })
    }

    fn time(&mut self) -> Result<Time, TypeError> {
        let hour = self.digits(2, 0, 23, "an hour, 00 to 23")?;
        let minute = self.pair(0, 59, "a minute, 00 to 59")?;
        let second = match minute {
            Some(_) => self.pair(0, 59, "a second, 00 to 59")?,
            None => None,
        };
        let fraction = match second {
            Some(_) => self.fraction()?,
            None => None,
        };
        Ok(Time {
            // At most 23.
            hour: u8::try_from(hour).unwrap_or_default(),
            minute,
            second,
            fraction,
            offset: None,
        })
    }

    fn fraction(&mut self) -> Result<Option<Fraction>, TypeError> {
        if self.bytes.get(self.at) != Some(&b'.') {
            return Ok(None);
        }
        self.at += 1;
        let begin = self.at;
        let mut digits = 0;
        while self.has_digit() && self.at < begin + 4 {
            digits = digits * 10 + u16::from(self.bytes[self.at] - b'0');
            self.at += 1;
        }
        match u8::try_from(self.at - begin) {
            Ok(count) if count > 0 => Ok(Some(Fraction { digits, count })),
            _ => Err(self.unexpected("one to four digits of a second")),
        }
    }

    fn offset(&mut self) -> Result<Option<Offset>, TypeError> {
        let west = match self.bytes.get(self.at) {
            Some(b'+') => false,
            Some(b'-') => true,
            _ => return Ok(None),
        };
        self.at += 1;
        // Places lie up to 14 hours from UTC.
        let hours = self.digits(2, 0, 14, "hours from UTC, 00 to 14")?;
        let minutes = self.digits(2, 0, 59, "minutes of the offset from UTC, 00 to 59")?;
        Ok(Some(Offset {
            west,
            minutes: hours * 60 + minutes,
        }))
    }

    fn time_and_offset(&mut self) -> Result<Time, TypeError> {
        let time = self.time()?;
        let offset = self.offset()?;
        Ok(Time { offset, ..time })
    }

    fn date_time(&mut self) -> Result<DateTime, TypeError> {
        let date = self.date()?;
        let time = if self.has_digit() {
            Some(self.time()?)
        } else {
            None
        };
        let offset = self.offset()?;
        Ok(DateTime { date, time, offset })
    }
}

fn days(year: u16, month: u8) -> u16 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl FromStr for Date {
    type Err = TypeError;

    fn from_str(text: &str) -> Result<Self, TypeError> {
        Reader::whole(text.as_bytes(), Reader::date)
    }
}

impl FromStr for Time {
    type Err = TypeError;

    fn from_str(text: &str) -> Result<Self, TypeError> {
        Reader::whole(text.as_bytes(), Reader::time_and_offset)
    }
}

impl FromStr for DateTime {
    type Err = TypeError;

    fn from_str(text: &str) -> Result<Self, TypeError> {
        Reader::whole(text.as_bytes(), Reader::date_time)
    }
}

/// As HL7v2 writes it.
impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}", self.year)?;
        for number in self.month.iter().chain(&self.day) {
            write!(f, "{number:02}")?;
        }
        Ok(())
    }
}

/// As HL7v2 writes it.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}", self.hour)?;
        for number in self.minute.iter().chain(&self.second) {
            write!(f, "{number:02}")?;
        }
        if let Some(fraction) = self.fraction {
            let width = usize::from(fraction.count);
            write!(f, ".{:0width$}", fraction.digits)?;
        }
        self.offset.map_or(Ok(()), |offset| offset.fmt(f))
    }
}

/// As HL7v2 writes it.
impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.date.fmt(f)?;
        if let Some(time) = self.time {
            time.fmt(f)?;
        }
        self.offset.map_or(Ok(()), |offset| offset.fmt(f))
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.west { '-' } else { '+' };
        write!(f, "{sign}{:02}{:02}", self.minutes / 60, self.minutes % 60)
    }
}
