//! All files, over threads; output in the order of the inputs.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{fs, thread};

use kiln_fhir::{Mapper, UtcOffset};

use super::Format;
use super::conversion::{Converted, Converter, Unconverted};
use super::progress::Progress;
use super::summary::Summary;
use crate::failure::Failure;
use crate::messages::Input;
use crate::output::print;

/// Files whose output may wait in memory for its turn, for each thread.
const FILES_IN_HAND: usize = 32;

/// What to do with each file.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    pub(crate) mapper: &'a Mapper,
    pub(crate) format: Format,
    pub(crate) time_zone: UtcOffset,
    pub(crate) out: Option<&'a Path>,
    pub(crate) jobs: usize,
}

pub(crate) fn convert_all(plan: &Plan<'_>, inputs: &[Input]) -> Result<Summary, Failure> {
    if plan.out.is_some() {
        no_output_twice(inputs)?;
    }
    let mut summary = Summary::default();
    let progress = Progress::over(inputs.len());
    for some in inputs.chunks(plan.jobs * FILES_IN_HAND) {
        for (input, converted) in some.iter().zip(convert_some(plan, some, &progress)) {
            if plan.out.is_none() {
                print(&converted.bytes)?;
            }
            summary.add(&input.name(), converted);
        }
    }
    progress.done();
    Ok(summary)
}

/// Two arguments may hold files of one name.
fn no_output_twice(inputs: &[Input]) -> Result<(), Failure> {
    let mut seen = HashMap::new();
    for input in inputs {
        if let Some(other) = seen.insert(&input.relative, input) {
            let (one, two) = (other.name(), input.name());
            return Err(Failure::wrong(format!(
                "{one} and {two} would be written to one file: convert them apart"
            )));
        }
    }
    Ok(())
}

fn convert_some(plan: &Plan<'_>, inputs: &[Input], progress: &Progress) -> Vec<Converted> {
    let next = AtomicUsize::new(0);
    let done: Vec<Mutex<Converted>> = inputs.iter().map(|_| Mutex::default()).collect();
    thread::scope(|scope| {
        for _ in 0..plan.jobs.min(inputs.len()) {
            scope.spawn(|| {
                let mut converter = Converter::new(plan.mapper, plan.format, plan.time_zone);
                while let Some((input, place)) = take(&next, inputs, &done) {
                    let result = convert_one(plan, &mut converter, input);
                    progress.step();
                    if let Ok(mut place) = place.lock() {
                        *place = result;
                    }
                }
            });
        }
    });
    done.into_iter()
        .map(|place| place.into_inner().unwrap_or_default())
        .collect()
}

fn take<'a, T>(
    next: &AtomicUsize,
    inputs: &'a [Input],
    done: &'a [T],
) -> Option<(&'a Input, &'a T)> {
    let n = next.fetch_add(1, Ordering::Relaxed);
    Some((inputs.get(n)?, done.get(n)?))
}

fn convert_one(plan: &Plan<'_>, converter: &mut Converter<'_>, input: &Input) -> Converted {
    let failed = |why| Converted {
        failures: vec![Unconverted { message: 0, why }],
        ..Converted::default()
    };
    let bytes = match input.read() {
        Ok(bytes) => bytes,
        Err(error) => return failed(format!("cannot read it: {error}")),
    };
    let mut result = converter.file(&bytes);
    if let Some(out) = plan.out
        && !result.bytes.is_empty()
    {
        let path = out.join(output_name(&input.relative, plan.format));
        let made = path.parent().map_or(Ok(()), fs::create_dir_all);
        if let Err(error) = made.and_then(|()| fs::write(&path, &result.bytes)) {
            let why = format!("cannot write {}: {error}", path.display());
            result.failures.push(Unconverted { message: 0, why });
        }
        result.bytes = Vec::new();
    }
    result
}

/// Refuses inputs of which one would overwrite another's output, such as `a.hl7` and `a.HL7`.
pub(super) fn check_outputs(inputs: &[Input], format: Format) -> Result<(), Failure> {
    let mut outputs = BTreeSet::new();
    for input in inputs {
        let output = output_name(&input.relative, format);
        if !outputs.insert(output.clone()) {
            return Err(Failure::wrong(format!(
                "two inputs would be written to {}; convert them into directories of their own",
                output.display()
            )));
        }
    }
    Ok(())
}

/// The input's path, its `.hl7` replaced; any other extension stays and gets another one behind it.
fn output_name(relative: &Path, format: Format) -> PathBuf {
    let message = relative
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("hl7"));
    let mut name = if message {
        relative.with_extension("")
    } else {
        relative.to_owned()
    }
    .into_os_string();
    name.push(match format {
        Format::Bundle => ".json",
        Format::Ndjson => ".ndjson",
    });
    PathBuf::from(name)
}
