//! JSON content without places, for what the schema leaves free.

use super::{Kind, Node};
use crate::member::Object;

/// Any JSON value. Members are ordered by name, numbers are kept as they are spelled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number as it is spelled.
    Number(Box<str>),
    /// A string.
    String(String),
    /// An array.
    Array(Vec<Value>),
    /// An object.
    Object(Object),
}

impl Value {
    /// The members, if it is an object.
    pub fn as_object(&self) -> Option<&Object> {
        match self {
            Value::Object(members) => Some(members),
            _ => None,
        }
    }

    /// The items, if it is an array.
    pub fn as_array(&self) -> Option<&[Value]> {
        match self {
            Value::Array(items) => Some(items),
            _ => None,
        }
    }

    /// The text, if it is a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(text) => Some(text),
            _ => None,
        }
    }
}

/// Of a repeated member the last one is taken, as JSON readers do that take any.
impl From<Node<'_>> for Value {
    fn from(node: Node<'_>) -> Value {
        match node.kind() {
            Kind::Null => Value::Null,
            Kind::Bool => Value::Bool(node.spelling() == "true"),
            Kind::Number => Value::Number(node.spelling().into()),
            Kind::String => Value::String(node.as_str().unwrap_or_default().to_owned()),
            Kind::Array => Value::Array(node.items().map(Value::from).collect()),
            Kind::Object => {
                // One by one: collecting them would sort them in a list of its own first.
                let mut members = Object::new();
                for (name, value) in node.members() {
                    members.insert(name.to_owned(), Value::from(value));
                }
                Value::Object(members)
            }
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::String(text.to_owned())
    }
}
