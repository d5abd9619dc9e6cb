use crate::random::Random;

const FAMILIES: &[&str] = &[
    "Marlow",
    "Okonkwo",
    "Lindqvist",
    "Ferreira",
    "Tanaka",
    "Novak",
    "van der Meer",
    "O'Hare",
    "Castellanos",
    "Haugen",
    "Ibrahim",
    "Petrossian",
    "Quigley",
    "Rautio",
    "Szabo",
    "Thorne",
    "Ulrich",
    "Vasquez",
    "Wren",
    "Yilmaz",
];
const GIVEN: &[&str] = &[
    "Ida",
    "Tomas",
    "Amara",
    "Joon",
    "Elin",
    "Rafael",
    "Mirjam",
    "Olu",
    "Petra",
    "Sami",
    "Greta",
    "Hal",
    "Noor",
    "Bo",
    "Clementine",
    "Dov",
    "Freya",
    "Ivo",
    "Kirsi",
    "Lamar",
];
const STREETS: &[&str] = &[
    "Mill Lane",
    "Harbour Road",
    "Elm Street",
    "Station Approach",
    "Quarry Hill",
    "Orchard Row",
];
const TOWNS: &[&str] = &[
    "Northby",
    "Eastmere",
    "Saltford",
    "Kingsholt",
    "Upper Tarn",
    "Wexley",
];
const WARDS: &[&str] = &["2 WEST", "ICU", "MAT", "ED", "5N", "ONC"];
const DIAGNOSES: &[&str] = &[
    "I10^Essential (primary) hypertension^I10",
    "E11.9^Type 2 diabetes mellitus without complications^I10",
    "J18.9^Pneumonia, unspecified organism^I10",
    "S72.001A^Fracture of neck of right femur^I10",
];
const ALLERGENS: &[&str] = &[
    "70618^Penicillin^RXNORM",
    "1191^Aspirin^RXNORM",
    "256349002^Peanut^SCT",
];
/// Code, unit and reference range of laboratory tests, with the bounds of values times ten.
const TESTS: &[(&str, &str, &str, u64, u64)] = &[
    (
        "718-7^Hemoglobin [Mass/volume] in Blood^LN",
        "g/dL^gram per deciliter^UCUM",
        "12.0-16.0",
        80,
        180,
    ),
    (
        "4544-3^Hematocrit [Volume Fraction] of Blood^LN",
        "%^percent^UCUM",
        "36.0-46.0",
        250,
        550,
    ),
    (
        "6690-2^Leukocytes [#/volume] in Blood^LN",
        "10*3/uL^^UCUM",
        "4.5-11.0",
        20,
        190,
    ),
    (
        "777-3^Platelets [#/volume] in Blood^LN",
        "10*3/uL^^UCUM",
        "150-400",
        900,
        5000,
    ),
    (
        "2345-7^Glucose [Mass/volume] in Serum or Plasma^LN",
        "mg/dL^^UCUM",
        "70-99",
        500,
        3000,
    ),
    (
        "2160-0^Creatinine [Mass/volume] in Serum or Plasma^LN",
        "mg/dL^^UCUM",
        "0.6-1.2",
        4,
        60,
    ),
    (
        "2951-2^Sodium [Moles/volume] in Serum or Plasma^LN",
        "mmol/L^^UCUM",
        "136-145",
        1200,
        1600,
    ),
    (
        "2823-3^Potassium [Moles/volume] in Serum or Plasma^LN",
        "mmol/L^^UCUM",
        "3.5-5.1",
        25,
        70,
    ),
];
const NOTES: &[&str] = &[
    "Specimen slightly hemolysed",
    "Result checked on repeat",
    "Smith \\T\\ Sons reference laboratory",
    "Patient fasting\\.br\\Collected at bedside",
    "See previous report",
];

/// The seed that all benchmarks share.
pub const SEED: u64 = 20_240_501;
/// How many messages they pass over.
pub const MESSAGES: usize = 5_000;

/// `count` messages of that seed, admissions (ADT^A01) and results (ORU^R01) in turn, of 1 to 3 KB, no two alike.
pub fn messages(seed: u64, count: usize) -> Vec<Vec<u8>> {
    let mut writer = Writer {
        random: Random::new(seed),
        number: 0,
        out: String::new(),
    };
    (0..count)
        .map(|place| {
            writer.number = place;
            if place % 2 == 0 {
                writer.admission();
            } else {
                writer.result();
            }
            std::mem::take(&mut writer.out).into_bytes()
        })
        .collect()
}

/// One result (ORU^R01) of at least that many bytes: a panel with as many observations as it takes.
pub fn long_result(seed: u64, bytes: usize) -> Vec<u8> {
    let mut writer = Writer {
        random: Random::new(seed),
        number: 0,
        out: String::new(),
    };
    let at = writer.order();
    let mut place = 0;
    while writer.out.len() < bytes {
        place += 1;
        writer.observation(place, &at);
    }
    writer.out.into_bytes()
}

struct Writer {
    random: Random,
    /// Of the message; makes identifiers differ.
    number: usize,
    out: String,
}

impl Writer {
    fn admission(&mut self) {
        let at = self.time();
        self.header("ADM", "ADT^A01^ADT_A01", &at);
        self.segment(&format!("EVN|A01|{at}|||OP{}^Clerk^Ana", self.number % 97));
        self.patient();
        for place in 1..=self.random.within(1..4) {
            self.next_of_kin(place);
        }
        self.visit("I");
        for place in 1..=self.random.below(4) {
            let allergen = self.random.pick(ALLERGENS);
            self.segment(&format!(
                "AL1|{place}|DA|{allergen}|MO|Hives~Swelling|20150{place}12"
            ));
        }
        for place in 1..=self.random.within(1..4) {
            let (diagnosis, time) = (self.random.pick(DIAGNOSES), self.time());
            self.segment(&format!("DG1|{place}||{diagnosis}||{time}|A"));
        }
        let (insured, policy) = (self.name(), self.random.within(100_000..999_999));
        let address = self.address();
        self.segment(&format!(
            "IN1|1|PPO^Preferred provider^L|4400|Northby Mutual|{address}||^PRN^PH^^1^555^0100|GRP{policy}||||20240101|20241231|||{insured}|SEL|19600101|{address}|||||||||||||||||P{policy}"
        ));
        if self.random.chance(40) {
            let note = self.random.pick(NOTES);
            self.segment(&format!("ZPI|1|{note}|Y||{}", self.number));
        }
    }

    fn result(&mut self) {
        let at = self.order();
        for place in 1..=self.random.within(5..15) {
            self.observation(place, &at);
        }
        self.segment(&format!(
            "SPM|1|S{}||119297000^Blood specimen^SCT|||||||||||||{at}|{at}",
            self.number
        ));
    }

    /// A result up to its observations; answers when it was ordered.
    fn order(&mut self) -> String {
        let at = self.time();
        self.header("LAB", "ORU^R01^ORU_R01", &at);
        self.patient();
        self.visit("O");
        let (ordered, doctor) = (self.random.within(10_000..99_999), self.name());
        let order = format!("ORD{ordered}-{}^EHR|ACC{}^LAB", self.number, self.number);
        self.segment(&format!(
            "ORC|RE|{order}|||CM||||{at}|||D{}^{doctor}",
            ordered % 400
        ));
        self.segment(&format!(
            "OBR|1|{order}|58410-2^CBC panel - Blood by Automated count^LN|||{at}|||||||||D{}^{doctor}||||||{at}||HM|F",
            ordered % 400
        ));
        at
    }

    fn observation(&mut self, place: u64, at: &str) {
        let test = usize::try_from(self.random.below(TESTS.len() as u64)).unwrap_or_default();
        let (code, unit, range, low, high) = TESTS[test];
        let value = self.random.within(low..high);
        let flag = self.random.pick(&["N", "N", "H", "L", ""]);
        self.segment(&format!(
            "OBX|{place}|NM|{code}||{}.{}|{unit}|{range}|{flag}|||F|||{at}||T{}^Tech^Max",
            value / 10,
            value % 10,
            value % 13
        ));
        if self.random.chance(15) {
            let note = self.random.pick(NOTES);
            self.segment(&format!("NTE|1|L|{note}"));
        }
    }

    fn header(&mut self, application: &str, kind: &str, at: &str) {
        let facility = self.random.pick(TOWNS);
        let control_id = format!("{:X}{:07}", self.random.below(1 << 32), self.number);
        self.segment(&format!(
            "MSH|^~\\&|{application}|{facility}^1.2.3.4.{}^ISO|KILN|REGION|{at}||{kind}|{control_id}|P|2.5.1|||AL|NE||UNICODE UTF-8",
            self.number % 50
        ));
    }

    fn patient(&mut self) {
        let (name, alias, mother) = (self.name(), self.name(), self.name());
        let (born, address, record) = (
            self.date(),
            self.address(),
            self.random.within(1_000_000..9_999_999),
        );
        let sex = self.random.pick(&["F", "M", "O", "U"]);
        let alias = if self.random.chance(20) {
            format!("~{alias}^^^^A")
        } else {
            String::new()
        };
        let died = if self.random.chance(3) {
            format!("{}|Y", self.time())
        } else {
            "|N".to_owned()
        };
        self.segment(&format!(
            "PID|1||{record}^^^NORTH&1.2.3.4.5&ISO^MR~{}-{}^^^NHS^NH||{name}{alias}|{mother}|{born}|{sex}||2106-3^White^CDCREC|{address}||^PRN^PH^^1^555^01{:02}~^NET^Internet^p{}@example.org|^WPN^PH^^1^555^0199|en^English^ISO639|M||V{record}^^^NORTH^VN|||||||1|||||{died}",
            record % 1_000,
            self.number,
            record % 100,
            self.number
        ));
    }

    fn next_of_kin(&mut self, place: u64) {
        let (name, address) = (self.name(), self.address());
        let relation = self.random.pick(&[
            "SPO^Spouse^HL70063",
            "MTH^Mother^HL70063",
            "FND^Friend^HL70063",
        ]);
        self.segment(&format!("NK1|{place}|{name}|{relation}|{address}|^PRN^PH^^1^555^01{place:02}||C^Emergency^HL70131"));
    }

    fn visit(&mut self, class: &str) {
        let (ward, room, bed) = (
            self.random.pick(WARDS),
            self.random.within(1..40),
            self.random.within(1..5),
        );
        let (attending, referring, at) = (self.name(), self.name(), self.time());
        let facility = self.random.pick(TOWNS);
        self.segment(&format!(
            "PV1|1|{class}|{ward}^{room}^{bed}^{facility}||||D{room}^{attending}^^^MD|D{bed}^{referring}^^^MD||MED||||7|||D{room}^{attending}^^^MD|IN|V{}^^^NORTH^VN|||||||||||||||||||||||||{at}",
            self.number
        ));
    }

    fn name(&mut self) -> String {
        let (family, given, middle) = (
            self.random.pick(FAMILIES),
            self.random.pick(GIVEN),
            self.random.pick(GIVEN),
        );
        format!("{family}^{given}^{middle}")
    }

    fn address(&mut self) -> String {
        let (house, code) = (
            self.random.within(1..300),
            self.random.within(10_000..99_999),
        );
        let (street, town) = (self.random.pick(STREETS), self.random.pick(TOWNS));
        format!("{house} {street}^^{town}^ST^{code}^USA^H")
    }

    fn date(&mut self) -> String {
        let random = &mut self.random;
        format!(
            "{}{:02}{:02}",
            random.within(1930..2020),
            random.within(1..13),
            random.within(1..29)
        )
    }

    fn time(&mut self) -> String {
        let random = &mut self.random;
        let (month, day) = (random.within(1..13), random.within(1..29));
        format!(
            "2024{month:02}{day:02}{:02}{:02}{:02}",
            random.below(24),
            random.below(60),
            random.below(60)
        )
    }

    fn segment(&mut self, text: &str) {
        self.out.push_str(text);
        self.out.push('\r');
    }
}
