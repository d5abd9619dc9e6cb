//! Feeds of invented messages.

/// A message and the control id that it carries.
#[derive(Clone, Debug)]
pub struct Message {
    /// MSH-10: the feed's name, a dash, and the place in the feed, so that order can be read from it.
    pub control_id: String,
    /// The message, segments ended by CR.
    pub bytes: Vec<u8>,
}

/// A sending application whose messages are numbered. Every patient is invented and in one message only.
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

    /// The message at a place: ADT^A01, ADT^A08 and ORU^R01 in turn.
    pub fn message(&self, place: u32) -> Message {
        let name = &self.name;
        let control_id = format!("{name}-{place}");
        let head = |kind: &str| {
            format!(
                "MSH|^~\\&|{name}|HILLTOP|KILN|HUB|20260301080000+0000||{kind}|{control_id}|P|2.5.1\r"
            )
        };
        let patient = format!(
            "PID|1||{name}{place}^^^HILLTOP&2.16.840.1.113883.19.5&ISO^MR||Thistle{place}^Ada^B||1961{:02}12|F\r",
            place % 12 + 1
        );
        let visit = format!(
            "PV1|1|I|W{}^12^A^HILLTOP||||77^Marrow^Ivo|||MED||||||||IP|{name}V{place}^^^HILLTOP&2.16.840.1.113883.19.5&ISO^VN|||||||||||||||||||||||||20260301075500+0000\r",
            place % 9
        );
        let text = match place % 3 {
            0 => format!(
                "{}EVN|A01|20260301080000+0000\r{patient}{visit}",
                head("ADT^A01^ADT_A01")
            ),
            1 => format!(
                "{}EVN|A08|20260301080000+0000\r{patient}{visit}",
                head("ADT^A08^ADT_A01")
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
