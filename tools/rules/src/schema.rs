//! The OSV JSON Schema over our own tree: `schema/osv.json`, compiled once, with its formats asserted.

use std::borrow::Cow;
use std::sync::OnceLock;

use jsonschema::error::ValidationErrorKind;
use jsonschema::json::{Array, Json, JsonNumber, Node as SchemaNode, NodeIdentity, Object};
use jsonschema::{JsonType, Validator};
use osv_schema::{Document, Kind, Node, Pointer, Value, json, write};

use crate::accept::{is_surely_osv, is_surely_ours};
use crate::text;

/// The text of our OSV schema.
pub(crate) const OSV_SCHEMA: &str = include_str!("../../../schema/osv.json");

/// The text of the schema of what we add.
pub(crate) const ADDITIONS_SCHEMA: &str = include_str!("../../../schema/database-specific.json");

/// How many are told of one document. A hostile one could have a million.
const REFUSALS_MAX: usize = 200;

/// One thing that the schema refuses.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Refusal {
    /// Where.
    pub pointer: Pointer,
    /// What is wrong.
    pub message: String,
    /// The member that is missing, where that is what is wrong.
    pub missing: Option<String>,
}

/// Everything that the OSV schema refuses in a document, sorted; empty where it takes it.
pub fn refusals(document: &Document) -> Vec<Refusal> {
    if is_surely_osv(document.root()) {
        return Vec::new();
    }
    told_refusals(document)
}

/// As [`refusals`], by jsonschema alone.
pub(crate) fn told_refusals(document: &Document) -> Vec<Refusal> {
    static OSV: OnceLock<Option<Validator<Tree>>> = OnceLock::new();
    let validator = OSV.get_or_init(|| compile(&serde_json::from_str(OSV_SCHEMA).ok()?));
    refused_by(validator.as_ref(), document.root())
}

/// What our own schema refuses in `database_specific.malpkg`, with pointers from there.
pub(crate) fn addition_refusals(ours: Node<'_>) -> Vec<Refusal> {
    if is_surely_ours(ours) {
        return Vec::new();
    }
    told_addition_refusals(ours)
}

/// As [`addition_refusals`], by jsonschema alone.
pub(crate) fn told_addition_refusals(ours: Node<'_>) -> Vec<Refusal> {
    static OURS: OnceLock<Option<Validator<Tree>>> = OnceLock::new();
    let validator = OURS.get_or_init(|| {
        let mut schema: serde_json::Value = serde_json::from_str(ADDITIONS_SCHEMA).ok()?;
        // Only our own part: upstream's members are read as they are.
        let whole = schema.as_object_mut()?;
        whole.remove("properties");
        whole.insert("$ref".into(), "#/$defs/malpkg".into());
        compile(&schema)
    });
    refused_by(validator.as_ref(), ours)
}

fn compile(schema: &serde_json::Value) -> Option<Validator<Tree>> {
    jsonschema::options_for::<Tree>().should_validate_formats(true).build(schema).ok()
}

fn refused_by(validator: Option<&Validator<Tree>>, node: Node<'_>) -> Vec<Refusal> {
    let Some(validator) = validator else {
        // `the_schemas_compile` keeps this from ever being reached.
        let message = "a schema that is built into this tool cannot be compiled".to_owned();
        return vec![Refusal { pointer: Pointer::root(), message, missing: None }];
    };
    let root = TreeNode::Value(node);
    if validator.is_valid(root) {
        return Vec::new();
    }
    // The validator sees every member; of a repeated one the last counts.
    let last = Document::parse(write::compact(&Value::from(node)).as_bytes());
    let root = last.as_ref().map_or(root, |last| TreeNode::Value(last.root()));
    let mut found: Vec<Refusal> =
        validator.iter_errors(root).take(REFUSALS_MAX).flat_map(|error| tell(&error)).collect();
    found.sort();
    found.dedup();
    found
}

/// The validator's error in words for whoever wrote the report.
fn tell(error: &jsonschema::ValidationError<'_>) -> Vec<Refusal> {
    let pointer = Pointer::from(error.instance_path().as_str());
    let one = |pointer: Pointer, message: String| Refusal { pointer, message, missing: None };
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected }
        | ValidationErrorKind::UnevaluatedProperties { unexpected } => unexpected
            .iter()
            .take(REFUSALS_MAX)
            .map(|name| one(pointer.member(name), format!("the OSV schema has no member `{name}` here")))
            .collect(),
        ValidationErrorKind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            let missing = Some(name.to_owned());
            vec![Refusal { missing, ..one(pointer, format!("the member `{name}` is missing")) }]
        }
        ValidationErrorKind::Format { format } => {
            let what = match format.as_str() {
                "date-time" => "a time such as 2026-01-31T12:00:00Z",
                "uri" => "an absolute URL",
                other => other,
            };
            vec![one(pointer, format!("{} is not {what}", shorten(error.instance())))]
        }
        ValidationErrorKind::Pattern { .. } => {
            let what = expected_by_pattern(pointer.as_str());
            vec![one(pointer, format!("{} is not {what}", shorten(error.instance())))]
        }
        ValidationErrorKind::Enum { options } => {
            let words: Vec<String> = options.as_array().into_iter().flatten().map(ToString::to_string).collect();
            vec![one(pointer, format!("{} is none of {}", shorten(error.instance()), words.join(", ")))]
        }
        ValidationErrorKind::Type { kind } => {
            let expected = match kind {
                jsonschema::error::TypeKind::Single(expected) => expected.to_string(),
                jsonschema::error::TypeKind::Multiple(set) => {
                    set.iter().map(|expected| expected.to_string()).collect::<Vec<_>>().join(" or ")
                }
            };
            vec![one(pointer, format!("expected {expected}, found {}", kind_of(error.instance())))]
        }
        ValidationErrorKind::MinItems { .. } => vec![one(pointer, "the list must not be empty".into())],
        ValidationErrorKind::OneOfNotValid { .. } | ValidationErrorKind::OneOfMultipleValid { .. } => {
            let message = if pointer.as_str().contains("/events/") {
                "an event says exactly one of `introduced`, `fixed`, `last_affected` and `limit`, each a string"
            } else {
                "exactly one of the forms that the OSV schema has for this must fit"
            };
            vec![one(pointer, message.into())]
        }
        ValidationErrorKind::Contains => {
            vec![one(pointer, "a range needs an event that says `introduced`".into())]
        }
        ValidationErrorKind::Not { .. } | ValidationErrorKind::FalseSchema => {
            vec![one(pointer.clone(), refused_together(pointer.as_str()).into())]
        }
        _ => vec![one(pointer, text::shorten(&error.masked_with("the value").to_string()))],
    }
}

fn expected_by_pattern(pointer: &str) -> &'static str {
    match pointer.rsplit('/').next() {
        Some("id") => "an id with a prefix that the OSV schema knows, such as MAL-2026-1",
        Some("ecosystem") => "an ecosystem that the OSV schema knows",
        Some("score") => "a score in the form that its type has",
        Some("modified" | "published" | "withdrawn") => "a time such as 2026-01-31T12:00:00Z",
        Some("introduced" | "fixed" | "last_affected" | "limit") => {
            "`0` or a commit id of 40 or 64 lower-case hex digits"
        }
        _ => "in the form that the schema asks for",
    }
}

fn refused_together(pointer: &str) -> &'static str {
    if pointer.contains("/events") {
        "a range must not say both `fixed` and `last_affected`"
    } else if pointer.ends_with("/severity") {
        "`severity` stands at the record or at the affected packages, not at both"
    } else {
        "the OSV schema does not let these stand together"
    }
}

fn kind_of(value: &serde_json::Value) -> &'static str {
    match value {
        serde_json::Value::Null => "null",
        serde_json::Value::Bool(_) => "a boolean",
        serde_json::Value::Number(_) => "a number",
        serde_json::Value::String(_) => "a string",
        serde_json::Value::Array(_) => "an array",
        serde_json::Value::Object(_) => "an object",
    }
}

fn shorten(value: &serde_json::Value) -> String {
    text::shorten(&value.to_string())
}

/// Our tree as the validator's kind of JSON.
struct Tree;

#[derive(Clone, Copy)]
enum TreeNode<'d> {
    Value(Node<'d>),
    /// The name of a member, where the schema looks at names.
    Name(&'d str),
}

struct Number<'d>(&'d str);

impl Json for Tree {
    type Node<'d> = TreeNode<'d>;
    type PreparedKey = Box<str>;
    type StringBuffer = ();
    const ACYCLIC: bool = true;

    fn prepare_key(key: &str) -> Box<str> {
        key.into()
    }

    fn with_string_node<T>((): &mut (), string: &str, f: impl FnOnce(TreeNode<'_>) -> T) -> T {
        f(TreeNode::Name(string))
    }
}

impl<'d> SchemaNode<'d, Tree> for TreeNode<'d> {
    type Object = Members<'d>;
    type Array = Items<'d>;
    type Number = Number<'d>;

    fn as_object(&self) -> Option<Members<'d>> {
        self.value_of(Kind::Object).map(Members)
    }

    fn as_array(&self) -> Option<Items<'d>> {
        self.value_of(Kind::Array).map(Items)
    }

    fn as_string(&self) -> Option<Cow<'d, str>> {
        match self {
            TreeNode::Value(node) => node.as_str().map(Cow::Borrowed),
            TreeNode::Name(name) => Some(Cow::Borrowed(name)),
        }
    }

    fn as_number(&self) -> Option<Number<'d>> {
        self.value_of(Kind::Number).map(|node| Number(node.spelling()))
    }

    fn as_boolean(&self) -> Option<bool> {
        self.value_of(Kind::Bool).map(|node| node.spelling() == "true")
    }

    fn is_null(&self) -> bool {
        self.value_of(Kind::Null).is_some()
    }

    fn json_type(&self) -> JsonType {
        match self {
            TreeNode::Name(_) => JsonType::String,
            TreeNode::Value(node) => match node.kind() {
                Kind::Null => JsonType::Null,
                Kind::Bool => JsonType::Boolean,
                Kind::Number => JsonType::Number,
                Kind::String => JsonType::String,
                Kind::Array => JsonType::Array,
                Kind::Object => JsonType::Object,
            },
        }
    }

    fn to_value(&self) -> Cow<'d, serde_json::Value> {
        Cow::Owned(match self {
            TreeNode::Name(name) => serde_json::Value::from(*name),
            TreeNode::Value(node) => free_value(*node),
        })
    }

    fn identity(&self) -> Option<NodeIdentity> {
        match self {
            TreeNode::Value(node) => {
                let (document, index) = node.identity();
                Some(NodeIdentity::tagged(document, index))
            }
            // A name holds nothing, so nothing can be found in it again.
            TreeNode::Name(_) => None,
        }
    }
}

impl<'d> TreeNode<'d> {
    fn value_of(&self, kind: Kind) -> Option<Node<'d>> {
        match self {
            TreeNode::Value(node) if node.kind() == kind => Some(*node),
            _ => None,
        }
    }
}

fn free_value(node: Node<'_>) -> serde_json::Value {
    match node.kind() {
        Kind::Null => serde_json::Value::Null,
        Kind::Bool => (node.spelling() == "true").into(),
        Kind::Number => serde_json::Value::Number(Number(node.spelling()).to_number().into_owned()),
        Kind::String => node.as_str().unwrap_or_default().into(),
        Kind::Array => node.items().map(free_value).collect(),
        Kind::Object => node.members().map(|(name, value)| (name.to_owned(), free_value(value))).collect(),
    }
}

impl JsonNumber for Number<'_> {
    fn as_u64(&self) -> Option<u64> {
        self.0.parse().ok()
    }

    fn as_i64(&self) -> Option<i64> {
        self.0.parse().ok()
    }

    fn as_f64(&self) -> Option<f64> {
        self.0.parse().ok()
    }

    fn as_str(&self) -> Cow<'_, str> {
        Cow::Borrowed(self.0)
    }

    fn to_number(&self) -> Cow<'_, serde_json::Number> {
        // The OSV schema asks of numbers only that they are none; beyond 64 bits the nearest one will do.
        let number = self.as_u64().map(serde_json::Number::from);
        let number = number.or_else(|| self.as_i64().map(serde_json::Number::from));
        let finite = self.as_f64().map_or(0.0, |number| number.clamp(f64::MIN, f64::MAX));
        Cow::Owned(number.or_else(|| serde_json::Number::from_f64(finite)).unwrap_or_else(|| 0.into()))
    }
}

struct Members<'d>(Node<'d>);

impl<'d> Object<'d, Tree> for Members<'d> {
    type Node = TreeNode<'d>;
    type MemberName = &'d str;
    type MembersIter = MembersIter<'d>;

    fn len(&self) -> usize {
        self.0.members().count()
    }

    fn get(&self, key: &Box<str>) -> Option<TreeNode<'d>> {
        self.0.get(key).map(TreeNode::Value)
    }

    fn members(&self) -> MembersIter<'d> {
        MembersIter(self.0.members())
    }
}

struct MembersIter<'d>(json::Members<'d>);

impl<'d> Iterator for MembersIter<'d> {
    type Item = (&'d str, TreeNode<'d>);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(name, value)| (name, TreeNode::Value(value)))
    }
}

struct Items<'d>(Node<'d>);

impl<'d> Array<'d, Tree> for Items<'d> {
    type Node = TreeNode<'d>;
    type ElementsIter = ElementsIter<'d>;

    fn len(&self) -> usize {
        self.0.items().count()
    }

    fn elements(&self) -> ElementsIter<'d> {
        ElementsIter(self.0.items())
    }
}

struct ElementsIter<'d>(json::Items<'d>);

impl<'d> Iterator for ElementsIter<'d> {
    type Item = TreeNode<'d>;

    fn next(&mut self) -> Option<TreeNode<'d>> {
        self.0.next().map(TreeNode::Value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schemas_compile() {
        let empty = Document::parse(b"{}").unwrap();
        assert_eq!(addition_refusals(empty.root()), []);
        let refused: Vec<_> = refusals(&empty).into_iter().map(|refusal| refusal.missing).collect();
        assert_eq!(refused, [Some("id".to_owned()), Some("modified".to_owned())]);
    }
}
