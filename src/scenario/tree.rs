//! A TOML text as a tree in which every key and value knows its place, so that files can be merged without losing it.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::diagnostic::Diagnostic;
use super::source::At;

/// A value and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    pub at: At,
    pub value: Tree,
}

/// A value of TOML.
#[derive(Clone, Debug, PartialEq)]
pub enum Tree {
    Text(String),
    /// As written, without `_`, in base ten; `None` where it does not fit.
    Integer(Option<i128>),
    Float(f64),
    Bool(bool),
    /// Nothing in a scenario is a date.
    Date,
    List(Vec<Node>),
    Table(Branch),
}

/// A table: its entries, each with the place of its key.
pub type Branch = BTreeMap<String, Entry>;

/// An entry of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub key_at: At,
    pub node: Node,
}

impl Node {
    /// In words, for "expected …, found …".
    #[must_use]
    pub fn found(&self) -> &'static str {
        match self.value {
            Tree::Text(_) => "a text",
            Tree::Integer(_) => "a whole number",
            Tree::Float(_) => "a number",
            Tree::Bool(_) => "true or false",
            Tree::Date => "a date",
            Tree::List(_) => "a list",
            Tree::Table(_) => "a table",
        }
    }

    /// The text, if it is one.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        if let Tree::Text(text) = &self.value { Some(text) } else { None }
    }

    /// The table, if it is one.
    #[must_use]
    pub fn table(&self) -> Option<&Branch> {
        if let Tree::Table(branch) = &self.value { Some(branch) } else { None }
    }

    /// The number, whole or not, if it is one.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a number that the user wrote as a whole one")]
    pub fn number(&self) -> Option<f64> {
        match self.value {
            Tree::Integer(Some(integer)) => Some(integer as f64),
            Tree::Float(float) => Some(float),
            Tree::Integer(None) | Tree::Text(_) | Tree::Bool(_) | Tree::Date | Tree::List(_) | Tree::Table(_) => None,
        }
    }
}

/// The text of a whole file as a tree, as far as it can be read, and what is wrong with it.
#[must_use]
pub fn parse(source: usize, text: &str) -> (Branch, Vec<Diagnostic>) {
    let (table, errors) = DeTable::parse_recoverable(text);
    let mistakes = errors.iter().map(|error| syntax(source, text, error)).collect();
    (branch(source, table.get_ref()), mistakes)
}

/// A single value that begins at `offset` of its source.
pub fn parse_value(source: usize, text: &str, offset: usize) -> Result<Node, Box<Diagnostic>> {
    match DeValue::parse(text) {
        Ok(value) => {
            let mut node = node(source, &value);
            shift(&mut node, offset);
            Ok(node)
        }
        Err(error) => {
            let mut mistake = syntax(source, text, &error);
            if let Some(at) = &mut mistake.at {
                at.span = at.span.start + offset..at.span.end + offset;
            }
            Err(Box::new(mistake))
        }
    }
}

fn shift(node: &mut Node, by: usize) {
    let moved = |at: &mut At| at.span = at.span.start + by..at.span.end + by;
    moved(&mut node.at);
    match &mut node.value {
        Tree::List(list) => list.iter_mut().for_each(|node| shift(node, by)),
        Tree::Table(branch) => branch.values_mut().for_each(|entry| {
            moved(&mut entry.key_at);
            shift(&mut entry.node, by);
        }),
        Tree::Text(_) | Tree::Integer(_) | Tree::Float(_) | Tree::Bool(_) | Tree::Date => {}
    }
}

fn syntax(source: usize, text: &str, error: &toml::de::Error) -> Diagnostic {
    let span = error.span().unwrap_or(text.len()..text.len());
    let mistake = Diagnostic::new("E001", error.message()).at(&At { source, span }, "");
    if error.message().contains("must be quoted") {
        return mistake.help("durations, rates and words stand in quotation marks");
    }
    mistake
}

fn branch(source: usize, table: &DeTable<'_>) -> Branch {
    table
        .iter()
        .map(|(key, value): (&Spanned<DeString<'_>>, _)| {
            let entry = Entry { key_at: At { source, span: key.span() }, node: node(source, value) };
            (key.get_ref().to_string(), entry)
        })
        .collect()
}

fn node(source: usize, value: &Spanned<DeValue<'_>>) -> Node {
    let at = At { source, span: value.span() };
    let value = match value.get_ref() {
        DeValue::String(text) => Tree::Text(text.to_string()),
        DeValue::Integer(integer) => Tree::Integer(i128::from_str_radix(integer.as_str(), integer.radix()).ok()),
        DeValue::Float(float) => Tree::Float(float.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(value) => Tree::Bool(*value),
        DeValue::Datetime(_) => Tree::Date,
        DeValue::Array(list) => Tree::List(list.iter().map(|value| node(source, value)).collect()),
        DeValue::Table(table) => Tree::Table(branch(source, table)),
    };
    Node { at, value }
}
