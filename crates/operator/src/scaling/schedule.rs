//! When a peak that is known beforehand begins and ends.

use jiff::Timestamp;
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;

use crate::api::{Day, Schedule};

/// A time zone that the tz database does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("schedule {schedule}: there is no time zone `{zone}`; take a name like Europe/Vienna")]
pub struct UnknownZone {
    /// Name of the schedule.
    pub schedule: String,
    /// The name that is not known.
    pub zone: String,
}

/// Whether the schedule holds at that time. What counts is what the clocks on the wall of its zone show, so a peak from 02:30
/// to 03:30 is one hour shorter or longer on two nights of the year.
pub fn is_active(schedule: &Schedule, now: Timestamp) -> Result<bool, UnknownZone> {
    let wall = now.to_zoned_datetime(zone(schedule)?);
    let (from, to) = (time(&schedule.from), time(&schedule.to));
    let (today, clock) = (wall.date(), wall.time());
    let overnight = from >= to;
    let begun_today = begins(schedule, today) && clock >= from && (overnight || clock < to);
    let begun_yesterday =
        overnight && clock < to && today.yesterday().is_ok_and(|date| begins(schedule, date));
    Ok(begun_today || begun_yesterday)
}

fn zone(schedule: &Schedule) -> Result<TimeZone, UnknownZone> {
    TimeZone::get(&schedule.time_zone).map_err(|_| UnknownZone {
        schedule: schedule.name.clone(),
        zone: schedule.time_zone.clone(),
    })
}

/// The schema lets nothing but `hh:mm` through.
fn time(text: &str) -> Time {
    let (hour, minute) = text.split_once(':').unwrap_or(("0", "0"));
    let (hour, minute) = (hour.parse().unwrap_or(0), minute.parse().unwrap_or(0));
    Time::new(hour, minute, 0, 0).unwrap_or(Time::midnight())
}

fn begins(schedule: &Schedule, date: Date) -> bool {
    let day = match date.weekday() {
        Weekday::Monday => Day::Mon,
        Weekday::Tuesday => Day::Tue,
        Weekday::Wednesday => Day::Wed,
        Weekday::Thursday => Day::Thu,
        Weekday::Friday => Day::Fri,
        Weekday::Saturday => Day::Sat,
        Weekday::Sunday => Day::Sun,
    };
    schedule.days.is_empty() || schedule.days.contains(&day)
}
