//! How typed content is read from a document and written again, losing nothing.

use crate::json::{Kind, Node, Pointer, Value};
use crate::member::{Member, Object};
use crate::write::Writer;

/// Something that one JSON value can be read as.
pub trait Shape: Sized {
    /// The value, or none where the node is of another shape.
    fn read(node: Node<'_>) -> Option<Self>;

    /// Writes the value in its one order.
    fn write(&self, writer: &mut Writer);

    /// The first place below `at` where a member that the schema names has another type than it names.
    fn misfit(&self, _at: &Pointer) -> Option<Pointer> {
        None
    }
}

impl Shape for String {
    fn read(node: Node<'_>) -> Option<String> {
        node.as_str().map(str::to_owned)
    }

    fn write(&self, writer: &mut Writer) {
        writer.string(self);
    }
}

/// All items must have the shape: a list with one misfit stays free content as a whole.
impl<T: Shape> Shape for Vec<T> {
    fn read(node: Node<'_>) -> Option<Vec<T>> {
        if node.kind() != Kind::Array {
            return None;
        }
        let mut items = Vec::with_capacity(node.items().count());
        for item in node.items() {
            items.push(T::read(item)?);
        }
        Some(items)
    }

    fn write(&self, writer: &mut Writer) {
        writer.array(self.iter(), |writer, item| item.write(writer));
    }

    fn misfit(&self, at: &Pointer) -> Option<Pointer> {
        self.iter().enumerate().find_map(|(index, item)| item.misfit(&at.item(index)))
    }
}

impl Shape for Object {
    fn read(node: Node<'_>) -> Option<Object> {
        match Value::from(node) {
            Value::Object(members) => Some(members),
            _ => None,
        }
    }

    fn write(&self, writer: &mut Writer) {
        writer.object(|writer| {
            for (name, value) in self {
                writer.member(name, |writer| value.write(writer));
            }
        });
    }
}

impl Shape for Value {
    fn read(node: Node<'_>) -> Option<Value> {
        Some(Value::from(node))
    }

    fn write(&self, writer: &mut Writer) {
        match self {
            Value::Null => writer.raw("null"),
            Value::Bool(true) => writer.raw("true"),
            Value::Bool(false) => writer.raw("false"),
            Value::Number(spelling) => writer.raw(spelling),
            Value::String(text) => writer.string(text),
            Value::Array(items) => items.write(writer),
            Value::Object(members) => members.write(writer),
        }
    }
}

/// Takes a member if it is null or of the shape asked for; else it goes to the rest.
pub(crate) fn take<T: Shape>(name: &str, node: Option<Node<'_>>, rest: &mut Object) -> Member<T> {
    let Some(node) = node else { return Member::Absent };
    if node.kind() == Kind::Null {
        return Member::Null;
    }
    match T::read(node) {
        Some(value) => Member::Value(value),
        None => {
            rest.insert(name.to_owned(), Value::from(node));
            Member::Absent
        }
    }
}

impl<T: Shape> Member<T> {
    pub(crate) fn write(&self, name: &str, writer: &mut Writer) {
        match self {
            Member::Absent => {}
            Member::Null => writer.member(name, |writer| writer.raw("null")),
            Member::Value(value) => writer.member(name, |writer| value.write(writer)),
        }
    }
}

/// A type for one object of the schema: its members in the order they are written, and the rest in `extra`.
///
/// Members of another type than declared are kept in `extra` under their own name, so reading loses nothing.
macro_rules! shape {
    (
        $(#[$attribute:meta])*
        pub struct $Name:ident {
            $( $(#[$field_attribute:meta])* $field:ident: $Type:ty = $json:literal, )*
        }
    ) => {
        $(#[$attribute])*
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct $Name {
            $( $(#[$field_attribute])* pub $field: $crate::Member<$Type>, )*
            /// Members that the schema does not name, or names with another type, as they are.
            pub extra: $crate::Object,
        }

        impl $Name {
            /// The members that the schema names, in the order they are written.
            pub const MEMBERS: &[&str] = &[$($json),*];
        }

        impl $crate::shape::Shape for $Name {
            fn read(node: $crate::Node<'_>) -> Option<$Name> {
                if node.kind() != $crate::Kind::Object {
                    return None;
                }
                $( let mut $field = None; )*
                let mut extra = $crate::Object::new();
                for (name, value) in node.members() {
                    // Of a repeated member the last one counts.
                    match name {
                        $( $json => $field = Some(value), )*
                        _ => drop(extra.insert(name.to_owned(), $crate::Value::from(value))),
                    }
                }
                Some($Name {
                    $( $field: $crate::shape::take($json, $field, &mut extra), )*
                    extra,
                })
            }

            fn misfit(&self, at: &$crate::Pointer) -> Option<$crate::Pointer> {
                let named = self.extra.keys().find(|name| $Name::MEMBERS.contains(&name.as_str()));
                named.map(|name| at.member(name))
                    $( .or_else(|| self.$field.value()?.misfit(&at.member($json))) )*
            }

            fn write(&self, writer: &mut $crate::write::Writer) {
                writer.object(|writer| {
                    $( self.$field.write($json, writer); )*
                    for (name, value) in &self.extra {
                        writer.member(name, |writer| $crate::shape::Shape::write(value, writer));
                    }
                });
            }
        }
    };
}
pub(crate) use shape;
