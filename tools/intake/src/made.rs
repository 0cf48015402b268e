//! What every format needs that makes records of something else: reading JSON with its places, and the parts of a record.

use database::Rejected;
use ecosystem::Package;
use osv_schema::{Affected, Document as Json, Event, Kind, Member, Node, Pointer, Position, Range, Record, Timestamp};
use osv_schema::{Value, write};

use crate::Document;
use crate::taking::short;

/// The version of the OSV schema that the records claim.
pub(crate) const SCHEMA_VERSION: &str = "1.7.5";

/// What is wrong with a document, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(crate) rule: &'static str,
    pub(crate) pointer: Pointer,
    pub(crate) message: String,
    pub(crate) remedy: String,
}

impl Wrong {
    pub(crate) fn new(
        rule: &'static str,
        pointer: Pointer,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Wrong {
        Wrong { rule, pointer, message: message.into(), remedy: remedy.into() }
    }

    /// The same about a delivery of a source.
    pub(crate) fn of(self, source: &str, delivery: &str) -> Box<Rejected> {
        let Wrong { rule, pointer, message, remedy } = self;
        let remedy = remedy.replace("[source.ID", &format!("[source.{source}"));
        let (source, delivery, pointer) = (source.to_owned(), delivery.to_owned(), pointer.to_string());
        Box::new(Rejected { source, delivery, rule, pointer, message, remedy })
    }
}

/// A document as JSON in which no member stands twice.
pub(crate) fn parse(document: &Document) -> Result<Json, Wrong> {
    let unread =
        |unread: &crate::Unread| Wrong::new("unreadable-report", Pointer::root(), unread.to_string(), unread.remedy());
    let bytes = document.bytes.as_ref().map_err(unread)?;
    let json = Json::parse(bytes).map_err(|error| {
        let Position { line, column } = Position::of(bytes, error.offset);
        let message = format!("line {line}, column {column}: {error}");
        Wrong::new("malformed-json", Pointer::root(), message, "send one valid JSON object")
    })?;
    let twice = json.duplicates().next().map(|duplicate| {
        let message = format!("the member `{}` stands twice in one object", short(duplicate.name()));
        Wrong::new("malformed-json", duplicate.pointer(), message, "send each member once")
    });
    twice.map_or(Ok(json), Err)
}

/// A value and where it stands.
#[derive(Clone)]
pub(crate) struct At<'d> {
    pub(crate) node: Node<'d>,
    pub(crate) pointer: Pointer,
}

impl<'d> At<'d> {
    pub(crate) fn root(json: &'d Json) -> At<'d> {
        At { node: json.root(), pointer: Pointer::root() }
    }

    /// A member; one that is null is as good as none.
    pub(crate) fn get(&self, name: &str) -> Option<At<'d>> {
        let node = self.node.get(name).filter(|node| node.kind() != Kind::Null)?;
        Some(At { node, pointer: self.pointer.member(name) })
    }

    /// The first of these members that is there.
    pub(crate) fn any(&self, names: &[&str]) -> Option<At<'d>> {
        names.iter().find_map(|name| self.get(name))
    }

    /// A member that must be there, under one of its names.
    pub(crate) fn need(&self, names: &[&str]) -> Result<At<'d>, Wrong> {
        self.object()?;
        self.any(names).ok_or_else(|| {
            let message = format!("there is no member `{}`", names.join("` or `"));
            self.wrong(message, format!("send `{}` with it", names[0]))
        })
    }

    pub(crate) fn object(&self) -> Result<(), Wrong> {
        match self.node.kind() {
            Kind::Object => Ok(()),
            other => Err(self.is_no("an object", other)),
        }
    }

    pub(crate) fn text(&self) -> Result<&'d str, Wrong> {
        self.node.as_str().ok_or_else(|| self.is_no("a text", self.node.kind()))
    }

    /// A text that says something.
    pub(crate) fn word(&self) -> Result<&'d str, Wrong> {
        let text = self.text()?;
        match text.trim().is_empty() {
            true => Err(self.wrong("the text is empty", "fill it in")),
            false => Ok(text),
        }
    }

    pub(crate) fn items(&self) -> Result<Vec<At<'d>>, Wrong> {
        match self.node.kind() {
            Kind::Array => {
                let items = self.node.items().enumerate();
                Ok(items.map(|(number, node)| At { node, pointer: self.pointer.item(number) }).collect())
            }
            other => Err(self.is_no("a list", other)),
        }
    }

    /// The items of a member that is a list; none where it is not there.
    pub(crate) fn list(&self, name: &str) -> Result<Vec<At<'d>>, Wrong> {
        self.get(name).map_or(Ok(Vec::new()), |list| list.items())
    }

    pub(crate) fn text_of(&self, names: &[&str]) -> Result<Option<&'d str>, Wrong> {
        self.any(names).map(|member| member.text()).transpose()
    }

    pub(crate) fn time_of(&self, names: &[&str]) -> Result<Option<Timestamp>, Wrong> {
        let Some(member) = self.any(names) else { return Ok(None) };
        let text = member.text()?;
        let fault = |_| {
            let message = format!("`{}` is no time", short(text));
            member.wrong(message, "write it as 2026-01-31T12:00:00Z")
        };
        text.parse().map(Some).map_err(fault)
    }

    pub(crate) fn wrong(&self, message: impl Into<String>, remedy: impl Into<String>) -> Wrong {
        Wrong::new("schema-violation", self.pointer.clone(), message, remedy)
    }

    /// It is something else than it must be.
    pub(crate) fn is_no(&self, must_be: &str, is: Kind) -> Wrong {
        let is = match is {
            Kind::Null => "null",
            Kind::Bool => "true or false",
            Kind::Number => "a number",
            Kind::String => "a text",
            Kind::Array => "a list",
            Kind::Object => "an object",
        };
        self.wrong(format!("it is {is} and must be {must_be}"), format!("send {must_be} there"))
    }
}

/// The versions of a package that a statement names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    /// All there are and will be.
    All,
    /// These.
    These(Vec<String>),
}

/// What a record says of one package.
pub(crate) fn affected(package: &Package, named: Named) -> Affected {
    let mut affected = Affected { package: Member::Value(package_of(package)), ..Affected::default() };
    match named {
        Named::All => {
            let events = vec![Event { introduced: "0".into(), ..Event::default() }];
            affected.ranges = Member::Value(vec![range(package, events)]);
        }
        Named::These(mut versions) => {
            versions.sort();
            versions.dedup();
            affected.versions = Member::Value(versions);
        }
    }
    affected
}

/// The package as a record names it.
pub(crate) fn package_of(package: &Package) -> osv_schema::Package {
    osv_schema::Package {
        ecosystem: package.ecosystem().as_str().into(),
        name: package.name().into(),
        purl: package.purl().into(),
        ..osv_schema::Package::default()
    }
}

/// A range of the type that the package's ecosystem has.
pub(crate) fn range(package: &Package, events: Vec<Event>) -> Range {
    let kind = if package.ecosystem().allows_semver() { "SEMVER" } else { "ECOSYSTEM" };
    Range { kind: kind.into(), events: Member::Value(events), ..Range::default() }
}

/// A list that is not there where it is empty.
pub(crate) fn list<T>(items: Vec<T>) -> Member<Vec<T>> {
    if items.is_empty() { Member::Absent } else { Member::Value(items) }
}

/// Free content out of texts.
pub(crate) fn object<const N: usize>(members: [(&str, String); N]) -> Value {
    Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), Value::String(value))).collect())
}

/// What of a record that was made is not as the OSV schema has it: what it was made of can hold anything. Its id is its
/// source's affair.
pub(crate) fn refusal(record: &Record) -> Result<(), Wrong> {
    let text = write::compact(record);
    let json = Json::parse(text.as_bytes())
        .map_err(|error| Wrong::new("malformed-json", Pointer::root(), error.to_string(), "send less of it at once"))?;
    let is_about_id =
        |refusal: &rules::Refusal| refusal.pointer.as_str() == "/id" || refusal.missing.as_deref() == Some("id");
    match rules::refusals(&json).into_iter().find(|refusal| !is_about_id(refusal)) {
        None => Ok(()),
        Some(refusal) => {
            let message =
                format!("the record made of it is not as OSV has it: {}: {}", refusal.pointer, refusal.message);
            Err(Wrong::new("schema-violation", Pointer::root(), message, "mend what that member was made of"))
        }
    }
}
