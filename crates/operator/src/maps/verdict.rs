//! From the reports of instances to what is true of one mapping.

use super::report::Report;

/// The status shows so many mistakes at most; the log of an instance has them all.
const MAX_MISTAKES: usize = 10;
/// And so much of each, in bytes.
const MAX_MISTAKE_BYTES: usize = 500;

/// A pipeline that uses a mapping.
#[derive(Clone, Debug)]
pub struct Use {
    /// The pipeline's name.
    pub pipeline: String,
    /// Where its instances have the mapping.
    pub directory: String,
    /// What its instances say.
    pub reports: Vec<Report>,
}

/// What is true of a mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// No pipeline has it in force or in shadow.
    Unused,
    /// No instance that uses it has said anything yet.
    NotTold,
    /// It is in force.
    Compiled {
        /// Digest of all maps of the first pipeline that uses it.
        version: String,
    },
    /// Nothing is said against it, but another mapping of that pipeline is wrong.
    HeldBack {
        /// The pipeline.
        pipeline: String,
    },
    /// It is wrong.
    Refused {
        /// The pipeline whose instances say so.
        pipeline: String,
        /// Each mistake as `file:line: what, and the nearest that is right`.
        mistakes: Vec<String>,
    },
}

impl Verdict {
    /// Whether the condition `Valid` holds; none: not known.
    pub fn holds(&self) -> Option<bool> {
        match self {
            Verdict::Compiled { .. } => Some(true),
            Verdict::Refused { .. } => Some(false),
            Verdict::Unused | Verdict::NotTold | Verdict::HeldBack { .. } => None,
        }
    }

    /// The condition's reason.
    pub fn reason(&self) -> &'static str {
        match self {
            Verdict::Unused => "Unused",
            Verdict::NotTold => "NotTold",
            Verdict::Compiled { .. } => "Compiled",
            Verdict::HeldBack { .. } => "HeldBack",
            Verdict::Refused { .. } => "Refused",
        }
    }

    /// The condition's message.
    pub fn message(&self) -> String {
        match self {
            Verdict::Unused => {
                "no Hl7Pipeline has it in force or in shadow, so that nothing compiles it: name it in spec.mappings".to_owned()
            }
            Verdict::NotTold => "no instance that uses it has answered yet".to_owned(),
            Verdict::Compiled { .. } => "the maps compile and are in force".to_owned(),
            Verdict::HeldBack { pipeline } => format!(
                "another mapping of Hl7Pipeline {pipeline} is refused, and its mappings are taken together or not at all"
            ),
            Verdict::Refused { pipeline, mistakes } => format!(
                "Hl7Pipeline {pipeline} does not take it:\n{}",
                mistakes.join("\n")
            ),
        }
    }
}

/// What is true of a mapping that is used so: the worst of what is said.
pub fn verdict(uses: &[Use]) -> Verdict {
    if uses.is_empty() {
        return Verdict::Unused;
    }
    let rejected = || {
        uses.iter().flat_map(|used| {
            let reports = used.reports.iter();
            reports.filter_map(move |report| match report {
                Report::Rejected { why } => Some((used, why)),
                Report::InForce { .. } => None,
            })
        })
    };
    for (used, why) in rejected() {
        let mistakes = mistakes(why, &used.directory);
        if !mistakes.is_empty() {
            return Verdict::Refused {
                pipeline: used.pipeline.clone(),
                mistakes,
            };
        }
    }
    if let Some((used, _)) = rejected().next() {
        return Verdict::HeldBack {
            pipeline: used.pipeline.clone(),
        };
    }
    let mut reports = uses.iter().flat_map(|used| &used.reports);
    reports
        .find_map(|report| match report {
            Report::InForce { version } => Some(version.clone()),
            Report::Rejected { .. } => None,
        })
        .map_or(Verdict::NotTold, |version| Verdict::Compiled { version })
}

/// The lines that name a file of the directory, from the file's name on.
fn mistakes(why: &str, directory: &str) -> Vec<String> {
    let below = format!("{directory}/");
    why.lines()
        .filter_map(|line| Some(line.split_once(&below)?.1))
        .take(MAX_MISTAKES)
        .map(|mistake| {
            let mut end = mistake.len().min(MAX_MISTAKE_BYTES);
            while !mistake.is_char_boundary(end) {
                end -= 1;
            }
            mistake[..end].to_owned()
        })
        .collect()
}
