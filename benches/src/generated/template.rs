/// A text with draws in it.
#[derive(Debug)]
pub(super) struct Template(pub(super) Vec<Piece>);

/// A part of a template.
#[derive(Debug)]
pub(super) enum Piece {
    Text(&'static str),
    /// `{name}`: a value drawn anew.
    Value(&'static str),
    /// `{@name}`: the value that was drawn before in the group or around it, else one drawn anew.
    Kept(&'static str),
    /// `{from..to}`
    Number(u64, u64),
}

impl Template {
    /// Reads one, in which `{}` is nothing; `None` when a brace is left open or a range is none.
    pub(super) fn read(mut text: &'static str) -> Option<Self> {
        let mut pieces = Vec::new();
        while let Some((before, rest)) = text.split_once('{') {
            let (inside, after) = rest.split_once('}')?;
            if !before.is_empty() {
                pieces.push(Piece::Text(before));
            }
            text = after;
            if inside.is_empty() {
                continue;
            }
            pieces.push(if let Some((from, to)) = inside.split_once("..") {
                Piece::Number(from.parse().ok()?, to.parse().ok()?)
            } else if let Some(name) = inside.strip_prefix('@') {
                Piece::Kept(name)
            } else {
                Piece::Value(inside)
            });
        }
        if !text.is_empty() {
            pieces.push(Piece::Text(text));
        }
        Some(Self(pieces))
    }

    /// The names of the values in it.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Value(name) | Piece::Kept(name) => Some(*name),
            Piece::Text(_) | Piece::Number(..) => None,
        })
    }
}
