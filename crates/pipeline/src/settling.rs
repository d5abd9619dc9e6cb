//! When what was read again and again has changed and come to rest, so that files which are being copied are not taken by
//! half.
//!
//! ```text
//!            same as judged            changed              same as last time
//!  judged ─────────────────▶ judged ───────────▶ settling ─────────────────▶ settled: judged
//!                                        ▲          │ changed
//!                                        └──────────┘
//! ```

/// What was judged last, and what may come to rest.
pub(crate) struct Settling<T> {
    judged: T,
    last: Option<T>,
}

impl<T: PartialEq + Clone> Settling<T> {
    /// Begins with what is judged already.
    pub(crate) fn new(judged: T) -> Settling<T> {
        Settling { judged, last: None }
    }

    /// Takes a reading; returns it when it is to be judged now.
    pub(crate) fn look(&mut self, reading: T) -> Option<T> {
        if self.judged == reading {
            self.last = None;
            return None;
        }
        if self.last.as_ref() != Some(&reading) {
            self.last = Some(reading);
            return None;
        }
        self.last = None;
        self.judged = reading.clone();
        Some(reading)
    }
}

#[cfg(test)]
mod tests {
    use super::Settling;

    #[test]
    fn a_change_counts_once_two_readings_agree() {
        let mut settling = Settling::new("a");
        for (reading, judged) in [
            ("a", None),
            ("b", None),
            ("c", None),
            ("c", Some("c")),
            ("c", None),
            ("d", None),
            ("c", None),
            ("d", None),
            ("d", Some("d")),
        ] {
            assert_eq!(settling.look(reading), judged);
        }
    }
}
