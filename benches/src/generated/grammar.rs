use std::collections::HashMap;

use super::template::Template;

const MESSAGES: Text = Text {
    file: "messages.txt",
    lines: include_str!("../../grammar/messages.txt"),
};
const SEGMENTS: Text = Text {
    file: "segments.txt",
    lines: include_str!("../../grammar/segments.txt"),
};
const VALUES: Text = Text {
    file: "values.txt",
    lines: include_str!("../../grammar/values.txt"),
};
/// What a message says of itself; [`super::draw::Draw`] knows them.
pub(super) const OWN: [&str; 4] = ["type", "event", "message", "set"];

/// What messages may look like.
pub(super) struct Grammar {
    kinds: Vec<Kind>,
    segments: HashMap<&'static str, Vec<Field>>,
    values: HashMap<&'static str, Vec<Template>>,
}

/// One type of message.
pub(super) struct Kind {
    /// MSH-9.
    pub(super) name: String,
    pub(super) items: Vec<Item>,
}

/// A segment or a group of them, and how often.
#[derive(Clone)]
pub(super) struct Item {
    pub(super) part: Part,
    pub(super) times: Times,
}

#[derive(Clone)]
pub(super) enum Part {
    Segment(&'static str),
    Group(Vec<Item>),
}

#[derive(Clone, Copy)]
pub(super) enum Times {
    Once,
    Half,
    UpToThree,
    OneToFour,
}

/// One field of a segment.
pub(super) struct Field {
    pub(super) number: usize,
    pub(super) percent: u64,
    pub(super) template: Template,
}

/// A file of the grammar.
struct Text {
    file: &'static str,
    lines: &'static str,
}

impl Text {
    /// Its lines that say something, with their numbers.
    fn lines(&self) -> impl Iterator<Item = (usize, &'static str)> {
        (1..)
            .zip(self.lines.lines())
            .filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'))
    }

    fn wrong(&self, line: usize, what: &str) -> ! {
        panic!("benches/grammar/{}, line {line}: {what}", self.file)
    }
}

impl Grammar {
    /// The one in `benches/grammar`.
    pub(super) fn embedded() -> Self {
        let (values, segments) = (values(), segments());
        let known = |name: &str| OWN.contains(&name) || values.contains_key(name);
        let templates = values.values().flatten();
        let fields = segments.values().flatten().map(|field| &field.template);
        for name in templates.chain(fields).flat_map(Template::names) {
            assert!(known(name), "benches/grammar: no value {name}");
        }
        Self {
            kinds: kinds(&segments),
            segments,
            values,
        }
    }

    /// The kind of the message with that number.
    pub(super) fn kind(&self, number: usize) -> &Kind {
        &self.kinds[number % self.kinds.len()]
    }

    pub(super) fn segment(&self, name: &str) -> &[Field] {
        &self.segments[name]
    }

    pub(super) fn value(&self, name: &str) -> &[Template] {
        &self.values[name]
    }
}

/// `name = template; template`, which may go on in lines that are indented.
fn values() -> HashMap<&'static str, Vec<Template>> {
    let mut values: HashMap<_, Vec<Template>> = HashMap::new();
    let mut current = "";
    for (number, line) in VALUES.lines() {
        let mut templates = line;
        if !line.starts_with(' ') {
            let Some((name, rest)) = line.split_once('=') else {
                VALUES.wrong(number, "neither `name = …` nor indented");
            };
            (current, templates) = (name.trim(), rest);
        }
        // A line that goes on ends in the divider.
        let read = templates
            .trim_end_matches([' ', ';'])
            .split(';')
            .map(|text| Template::read(text.trim()))
            .map(|read| read.unwrap_or_else(|| VALUES.wrong(number, "an open brace or range")));
        values.entry(current).or_default().extend(read);
    }
    values
}

/// A name, then fields in lines that are indented: number, chance, template.
fn segments() -> HashMap<&'static str, Vec<Field>> {
    let mut segments: HashMap<_, Vec<Field>> = HashMap::new();
    let mut current = "";
    for (number, line) in SEGMENTS.lines() {
        let Some(field) = line.strip_prefix("  ") else {
            current = line.trim();
            segments.insert(current, Vec::new());
            continue;
        };
        let field = read_field(field)
            .unwrap_or_else(|| SEGMENTS.wrong(number, "no field `number ?percent template`"));
        segments.entry(current).or_default().push(field);
    }
    segments
}

/// `number template`, with `?` or `?percent` between them.
fn read_field(text: &'static str) -> Option<Field> {
    let (number, rest) = text.split_once(' ')?;
    let (percent, template) = match rest.strip_prefix('?') {
        None => (100, rest),
        Some(optional) => match optional.split_once(' ')? {
            ("", template) => (50, template),
            (percent, template) => (percent.parse().ok()?, template),
        },
    };
    Some(Field {
        number: number.parse().ok()?,
        percent,
        template: Template::read(template)?,
    })
}

/// `name = items`, or `TYPE TYPE as STRUCTURE` and below it, indented, its items.
fn kinds(segments: &HashMap<&'static str, Vec<Field>>) -> Vec<Kind> {
    let mut groups: HashMap<&'static str, Vec<Item>> = HashMap::new();
    let (mut kinds, mut waiting) = (Vec::new(), Vec::new());
    for (number, line) in MESSAGES.lines() {
        let read = |text: &'static str| {
            let mut words = Words::of(text);
            items(&mut words, segments, &groups)
                .filter(|_| words.0.is_empty())
                .unwrap_or_else(|| MESSAGES.wrong(number, "an unknown name or an open group"))
        };
        if line.starts_with(' ') {
            let items = read(line);
            kinds.extend(waiting.drain(..).map(|name| Kind {
                name,
                items: items.clone(),
            }));
        } else if let Some((name, text)) = line.split_once('=') {
            let items = read(text);
            groups.insert(name.trim(), items);
        } else if let Some((types, structure)) = line.split_once(" as ") {
            let names = types.split_whitespace();
            waiting = names.map(|name| format!("{name}^{structure}")).collect();
        } else {
            MESSAGES.wrong(
                number,
                "neither `name = …`, nor `TYPE as STRUCTURE`, nor indented",
            );
        }
    }
    kinds
}

/// The words of a line that are yet to be read, brackets apart, the next one last.
struct Words(Vec<&'static str>);

impl Words {
    fn of(text: &'static str) -> Self {
        let (mut words, mut rest) = (Vec::new(), text.trim_start());
        while let Some(first) = rest.chars().next() {
            let end = match first {
                '(' => 1,
                ')' => 1 + usize::from(rest[1..].starts_with(['?', '*', '+'])),
                _ => rest.find([' ', '(', ')']).unwrap_or(rest.len()),
            };
            words.push(&rest[..end]);
            rest = rest[end..].trim_start();
        }
        words.reverse();
        Self(words)
    }
}

/// Items up to the end of the group or of the line; `None` when a name is unknown or a bracket is missing.
fn items(
    words: &mut Words,
    segments: &HashMap<&'static str, Vec<Field>>,
    groups: &HashMap<&'static str, Vec<Item>>,
) -> Option<Vec<Item>> {
    let mut found = Vec::new();
    while let Some(word) = words.0.pop() {
        if word.starts_with(')') {
            words.0.push(word);
            break;
        }
        if word == "(" {
            let of = items(words, segments, groups)?;
            let (_, times) = times(words.0.pop()?);
            found.push(Item {
                part: Part::Group(of),
                times,
            });
            continue;
        }
        let (name, times) = times(word);
        let part = match segments.get_key_value(name) {
            Some((name, _)) => Part::Segment(name),
            None => Part::Group(groups.get(name)?.clone()),
        };
        found.push(Item { part, times });
    }
    Some(found)
}

/// A name and how often it comes.
fn times(word: &'static str) -> (&'static str, Times) {
    for (mark, times) in [
        ('?', Times::Half),
        ('*', Times::UpToThree),
        ('+', Times::OneToFour),
    ] {
        if let Some(name) = word.strip_suffix(mark) {
            return (name, times);
        }
    }
    (word, Times::Once)
}
