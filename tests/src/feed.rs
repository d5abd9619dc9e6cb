//! Feeds of invented messages.

/// A message and the control id that it carries.
#[derive(Clone, Debug)]
pub struct Message {
    /// MSH-10: the feed's name, a dash, and the place in the feed, so that order can be read from it.
    pub control_id: String,
    /// The message, segments ended by CR.
    pub bytes: Vec<u8>,
}

/// A sending application whose messages are numbered. Every patient is invented and, but for those that are merged, in one
/// message only.
#[derive(Clone, Debug)]
pub struct Feed {
    name: String,
}

impl Feed {
    /// A feed; the name becomes MSH-3 and must hold no dash and no delimiter.
    pub fn new(name: &str) -> Feed {
        Feed {
            name: name.to_owned(),
        }
    }

    /// The first messages, in their order.
    pub fn messages(&self, count: u32) -> Vec<Message> {
        (0..count).map(|place| self.message(place)).collect()
    }

    /// The message at a place, of six in turn: ADT^A01, ADT^A08, ORU^R01, and then one patient's ADT^A08 under an identifier,
    /// ADT^A40 that retires it for another, ADT^A08 under that one.
    pub fn message(&self, place: u32) -> Message {
        let name = &self.name;
        let control_id = format!("{name}-{place}");
        let head = |kind: &str| {
            format!(
                "MSH|^~\\&|{name}|HILLTOP|KILN|HUB|20260301080000+0000||{kind}|{control_id}|P|2.5.1\r"
            )
        };
        let identifier =
            |number: &str| format!("{name}{number}^^^HILLTOP&2.16.840.1.113883.19.5&ISO^MR");
        let (retired, kept) = (format!("{}R", place / 6), format!("{}K", place / 6));
        let number = match place % 6 {
            3 => retired.clone(),
            4 | 5 => kept,
            _ => place.to_string(),
        };
        let patient = format!(
            "PID|1||{}||Thistle{number}^Ada^B||1961{:02}12|F\r",
            identifier(&number),
            place % 12 + 1
        );
        let visit = format!(
            "PV1|1|I|W{}^12^A^HILLTOP||||77^Marrow^Ivo|||MED||||||||IP|{name}V{place}^^^HILLTOP&2.16.840.1.113883.19.5&ISO^VN|||||||||||||||||||||||||20260301075500+0000\r",
            place % 9
        );
        let text = match place % 6 {
            0 => format!(
                "{}EVN|A01|20260301080000+0000\r{patient}{visit}",
                head("ADT^A01^ADT_A01")
            ),
            1 | 3 | 5 => format!(
                "{}EVN|A08|20260301080000+0000\r{patient}{visit}",
                head("ADT^A08^ADT_A01")
            ),
            4 => format!(
                "{}EVN|A40|20260301080000+0000\r{patient}MRG|{}\r",
                head("ADT^A40^ADT_A39"),
                identifier(&retired)
            ),
            _ => format!(
                "{}{patient}{visit}ORC|RE|{name}P{place}|{name}F{place}\r\
                 OBR|1|{name}P{place}|{name}F{place}|2345-7^Glucose^LN|||20260301073000+0000|||||||||77^Marrow^Ivo||||||20260301080000+0000||CH|F\r\
                 OBX|1|NM|2345-7^Glucose^LN||{}|mg/dL^mg/dL^UCUM|70-99|N|||F|||20260301073000+0000\r\
                 OBX|2|NM|2951-2^Sodium^LN||{}|mmol/L^mmol/L^UCUM|135-145|N|||F|||20260301073000+0000\r",
                head("ORU^R01^ORU_R01"),
                70 + place % 30,
                135 + place % 10
            ),
        };
        Message {
            control_id,
            bytes: text.into_bytes(),
        }
    }
}
