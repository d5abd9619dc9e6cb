//! Conditions in the guide's grammar: `PID-25 NOT VALUED`, `OBX-2 IN ("ST", "TX") AND NOT (OBX-8 VALUED)`.

use super::path::{self, SourcePath};

/// Parentheses and NOTs nest no deeper than this.
const MAX_DEPTH: usize = 16;

/// A parsed condition over places `P`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Condition<P> {
    Valued(P),
    Among(P, Vec<String>),
    Length(P, Comparison, usize),
    Count(P, Comparison, usize),
    Not(Box<Condition<P>>),
    And(Vec<Condition<P>>),
    Or(Vec<Condition<P>>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Comparison {
    Equal,
    Greater,
    Less,
}

impl Comparison {
    pub(crate) fn holds(self, value: usize, limit: usize) -> bool {
        match self {
            Comparison::Equal => value == limit,
            Comparison::Greater => value > limit,
            Comparison::Less => value < limit,
        }
    }
}

impl<P> Condition<P> {
    /// Shows every place that the condition looks at.
    pub(crate) fn visit(&self, visit: &mut impl FnMut(&P)) {
        match self {
            Condition::Valued(place)
            | Condition::Among(place, _)
            | Condition::Length(place, ..)
            | Condition::Count(place, ..) => visit(place),
            Condition::Not(inner) => inner.visit(visit),
            Condition::And(all) | Condition::Or(all) => {
                for condition in all {
                    condition.visit(visit);
                }
            }
        }
    }

    /// Shows every place that the condition looks at, to be changed.
    pub(crate) fn visit_mut(&mut self, visit: &mut impl FnMut(&mut P)) {
        match self {
            Condition::Valued(place)
            | Condition::Among(place, _)
            | Condition::Length(place, ..)
            | Condition::Count(place, ..) => visit(place),
            Condition::Not(inner) => inner.visit_mut(visit),
            Condition::And(all) | Condition::Or(all) => {
                for condition in all {
                    condition.visit_mut(visit);
                }
            }
        }
    }

    /// The same condition over other places.
    pub(crate) fn map<Q, E>(
        self,
        place: &mut impl FnMut(P) -> Result<Q, E>,
    ) -> Result<Condition<Q>, E> {
        Ok(match self {
            Condition::Valued(p) => Condition::Valued(place(p)?),
            Condition::Among(p, values) => Condition::Among(place(p)?, values),
            Condition::Length(p, c, n) => Condition::Length(place(p)?, c, n),
            Condition::Count(p, c, n) => Condition::Count(place(p)?, c, n),
            Condition::Not(inner) => Condition::Not(Box::new(inner.map(place)?)),
            Condition::And(all) => Condition::And(
                all.into_iter()
                    .map(|c| c.map(place))
                    .collect::<Result<_, _>>()?,
            ),
            Condition::Or(any) => Condition::Or(
                any.into_iter()
                    .map(|c| c.map(place))
                    .collect::<Result<_, _>>()?,
            ),
        })
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Open,
    Close,
    Comma,
}

/// Parses a condition; the error says what was expected.
pub(crate) fn parse(text: &str) -> Result<Condition<SourcePath>, String> {
    let tokens = tokens(text)?;
    let mut parser = Conditions {
        tokens: &tokens,
        at: 0,
    };
    let condition = parser.any(0)?;
    match parser.tokens.get(parser.at) {
        None => Ok(condition),
        Some(token) => Err(format!(
            "condition `{text}`: unexpected {}",
            describe(token)
        )),
    }
}

fn describe(token: &Token) -> String {
    match token {
        Token::Word(word) => format!("`{word}`"),
        Token::Text(text) => format!("\"{text}\""),
        Token::Open => "`(`".to_owned(),
        Token::Close => "`)`".to_owned(),
        Token::Comma => "`,`".to_owned(),
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut chars = text.char_indices().peekable();
    while let Some((start, c)) = chars.next() {
        match c {
            ' ' | '\t' | '\n' | '\r' => {}
            '(' => tokens.push(Token::Open),
            ')' => tokens.push(Token::Close),
            ',' => tokens.push(Token::Comma),
            '"' | '\'' => {
                let rest = &text[start + 1..];
                let end = rest
                    .find(c)
                    .ok_or_else(|| format!("condition `{text}`: a quote is not closed"))?;
                tokens.push(Token::Text(rest[..end].to_owned()));
                while chars.next_if(|(n, _)| *n <= start + 1 + end).is_some() {}
            }
            _ => {
                let mut end = start + c.len_utf8();
                while let Some((n, c)) = chars.next_if(|(_, c)| {
                    !matches!(c, ' ' | '\t' | '\n' | '\r' | '(' | ')' | ',' | '"')
                }) {
                    end = n + c.len_utf8();
                }
                tokens.push(Token::Word(text[start..end].to_owned()));
            }
        }
    }
    Ok(tokens)
}

struct Conditions<'t> {
    tokens: &'t [Token],
    at: usize,
}

impl Conditions<'_> {
    fn keyword(&mut self, keyword: &str) -> bool {
        let found = matches!(self.tokens.get(self.at), Some(Token::Word(word)) if word.eq_ignore_ascii_case(keyword));
        self.at += usize::from(found);
        found
    }

    fn symbol(&mut self, symbol: &Token) -> bool {
        let found = self.tokens.get(self.at) == Some(symbol);
        self.at += usize::from(found);
        found
    }

    fn any(&mut self, depth: usize) -> Result<Condition<SourcePath>, String> {
        let mut terms = vec![self.all(depth)?];
        while self.keyword("OR") {
            terms.push(self.all(depth)?);
        }
        Ok(if terms.len() == 1 {
            terms.remove(0)
        } else {
            Condition::Or(terms)
        })
    }

    fn all(&mut self, depth: usize) -> Result<Condition<SourcePath>, String> {
        let mut terms = vec![self.one(depth)?];
        while self.keyword("AND") {
            terms.push(self.one(depth)?);
        }
        Ok(if terms.len() == 1 {
            terms.remove(0)
        } else {
            Condition::And(terms)
        })
    }

    fn one(&mut self, depth: usize) -> Result<Condition<SourcePath>, String> {
        if depth > MAX_DEPTH {
            return Err(format!("the condition nests deeper than {MAX_DEPTH}"));
        }
        if self.keyword("NOT") {
            return Ok(Condition::Not(Box::new(self.one(depth + 1)?)));
        }
        if self.symbol(&Token::Open) {
            let inner = self.any(depth + 1)?;
            if !self.symbol(&Token::Close) {
                return Err("the condition has a `(` that is not closed".to_owned());
            }
            return Ok(inner);
        }
        let Some(Token::Word(word)) = self.tokens.get(self.at) else {
            return Err(
                "the condition lacks a path such as PID-3 where one is expected".to_owned(),
            );
        };
        let place = path::source(word).ok_or_else(|| {
            format!("the condition has `{word}` where a path such as PID-3 or CX.4 is expected")
        })?;
        self.at += 1;
        self.test(place)
    }

    fn test(&mut self, place: SourcePath) -> Result<Condition<SourcePath>, String> {
        let is = self.keyword("IS");
        let negated = self.keyword("NOT");
        let condition = if self.keyword("VALUED") {
            Condition::Valued(place)
        } else if self.keyword("IN") {
            Condition::Among(place, self.list()?)
        } else if self.keyword("EQUALS") || self.keyword("EQUAL") || is {
            Condition::Among(place, vec![self.text()?])
        } else if self.keyword("LENGTH") {
            let (comparison, limit) = self.comparison()?;
            Condition::Length(place, comparison, limit)
        } else if self.keyword("COUNT") {
            let (comparison, limit) = self.comparison()?;
            Condition::Count(place, comparison, limit)
        } else {
            return Err(
                "the condition lacks VALUED, EQUALS, IN, LENGTH or COUNT after a path".to_owned(),
            );
        };
        Ok(if negated {
            Condition::Not(Box::new(condition))
        } else {
            condition
        })
    }

    fn text(&mut self) -> Result<String, String> {
        match self.tokens.get(self.at) {
            Some(Token::Text(text)) => {
                self.at += 1;
                Ok(text.clone())
            }
            _ => Err("the condition lacks a quoted value".to_owned()),
        }
    }

    fn list(&mut self) -> Result<Vec<String>, String> {
        if !self.symbol(&Token::Open) {
            return Err("the condition lacks `(` after IN".to_owned());
        }
        let mut values = vec![self.text()?];
        while self.symbol(&Token::Comma) {
            values.push(self.text()?);
        }
        if !self.symbol(&Token::Close) {
            return Err("the condition has a `(` that is not closed".to_owned());
        }
        Ok(values)
    }

    fn comparison(&mut self) -> Result<(Comparison, usize), String> {
        let comparison = if self.keyword("EQUALS") || self.keyword("EQUAL") {
            Comparison::Equal
        } else if self.keyword("GREATER") && self.keyword("THAN") {
            Comparison::Greater
        } else if self.keyword("LESS") && self.keyword("THAN") {
            Comparison::Less
        } else {
            return Err("the condition lacks EQUALS, GREATER THAN or LESS THAN".to_owned());
        };
        match self.tokens.get(self.at) {
            Some(Token::Word(word) | Token::Text(word)) if word.parse::<usize>().is_ok() => {
                self.at += 1;
                Ok((comparison, word.parse().unwrap_or(0)))
            }
            _ => Err("the condition lacks a number".to_owned()),
        }
    }
}
