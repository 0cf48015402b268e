//! A member of an object: absent, null or there.

use std::collections::BTreeMap;

use crate::json::Value;

/// Free content: members by name, in the order of their bytes.
pub type Object = BTreeMap<String, Value>;

/// A member of an object. JSON tells an absent member from a null one, and so do we.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Member<T> {
    /// The object has no such member.
    #[default]
    Absent,
    /// The member is `null`.
    Null,
    /// The member has a value.
    Value(T),
}

impl<T> Member<T> {
    /// The value, if there is one.
    pub fn value(&self) -> Option<&T> {
        match self {
            Member::Value(value) => Some(value),
            Member::Absent | Member::Null => None,
        }
    }

    /// The value to change, if there is one.
    pub fn value_mut(&mut self) -> Option<&mut T> {
        match self {
            Member::Value(value) => Some(value),
            Member::Absent | Member::Null => None,
        }
    }

    /// Whether the object has no such member.
    pub fn is_absent(&self) -> bool {
        matches!(self, Member::Absent)
    }
}

impl<T: Default> Member<T> {
    /// The value to change, made empty first where there was none.
    pub fn or_default(&mut self) -> &mut T {
        if !matches!(self, Member::Value(_)) {
            *self = Member::Value(T::default());
        }
        match self {
            Member::Value(value) => value,
            Member::Absent | Member::Null => unreachable!("the line above put a value"),
        }
    }
}

impl<T> Member<Vec<T>> {
    /// The items; none where the member is absent or null.
    pub fn items(&self) -> &[T] {
        self.value().map_or(&[], Vec::as_slice)
    }
}

impl Member<String> {
    /// The text, if there is one.
    pub fn as_str(&self) -> Option<&str> {
        self.value().map(String::as_str)
    }
}

impl<T> From<Option<T>> for Member<T> {
    fn from(value: Option<T>) -> Member<T> {
        value.map_or(Member::Absent, Member::Value)
    }
}

impl From<&str> for Member<String> {
    fn from(text: &str) -> Member<String> {
        Member::Value(text.to_owned())
    }
}

impl From<String> for Member<String> {
    fn from(text: String) -> Member<String> {
        Member::Value(text)
    }
}
