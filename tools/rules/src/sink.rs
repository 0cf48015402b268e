//! Where rules put what they find.

use std::borrow::Cow;
use std::collections::BTreeSet;

use database::{Facts, TreePath};
use osv_schema::{Document, Kind, Pointer, Position};

use crate::{Finding, Level, Rule, Settings, Spot};

/// How many findings of one rule are told of one report.
pub const FINDINGS_MAX: usize = 200;

/// Where the rules about one file put what they find.
pub struct Sink<'s> {
    /// What the configuration says.
    pub settings: &'s Settings,
    path: &'s TreePath,
    id: &'s str,
    document: Option<&'s Document>,
    /// The rule whose turn it is, its level, and how many findings of it there are.
    rule: &'static Rule,
    level: Level,
    put: usize,
    findings: &'s mut Vec<Finding>,
}

impl<'s> Sink<'s> {
    /// A sink for one file; the rule is told by [`turn`](Self::turn).
    pub(crate) fn new(
        rule: &'static Rule,
        settings: &'s Settings,
        path: &'s TreePath,
        id: &'s str,
        document: Option<&'s Document>,
        findings: &'s mut Vec<Finding>,
    ) -> Sink<'s> {
        Sink { settings, path, id, document, rule, level: rule.level, put: 0, findings }
    }

    /// It is the turn of this rule, at this level.
    pub(crate) fn turn(&mut self, rule: &'static Rule, level: Level) {
        (self.rule, self.level, self.put) = (rule, level, 0);
    }

    /// Puts a finding at a value.
    pub fn at(
        &mut self,
        pointer: Pointer,
        message: impl Into<Cow<'static, str>>,
        remedy: impl Into<Cow<'static, str>>,
    ) {
        self.push(Spot::Pointer(pointer.clone()), pointer, message.into(), remedy.into());
    }

    /// Puts a finding at a value that is about several things: with fewer of them it is no new fault.
    pub fn at_parts(
        &mut self,
        pointer: Pointer,
        message: impl Into<Cow<'static, str>>,
        remedy: impl Into<Cow<'static, str>>,
        parts: BTreeSet<Box<str>>,
    ) {
        if !self.is_full() {
            self.at(pointer, message, remedy);
            if let Some(finding) = self.findings.last_mut() {
                finding.parts = parts.into_iter().collect();
            }
        }
    }

    /// Puts a finding at a byte; the pointer says as much as can be said.
    pub fn at_byte(
        &mut self,
        at: usize,
        pointer: Pointer,
        message: impl Into<Cow<'static, str>>,
        remedy: impl Into<Cow<'static, str>>,
    ) {
        self.push(Spot::Offset(at), pointer, message.into(), remedy.into());
    }

    /// Puts a finding at the file itself.
    pub fn at_file(&mut self, message: impl Into<Cow<'static, str>>, remedy: impl Into<Cow<'static, str>>) {
        self.push(Spot::File, Pointer::root(), message.into(), remedy.into());
    }

    /// Whether the report has as many findings of this rule as are told. A hostile file could have a million.
    pub fn is_full(&self) -> bool {
        self.put >= FINDINGS_MAX
    }

    fn push(&mut self, spot: Spot, pointer: Pointer, message: Cow<'static, str>, remedy: Cow<'static, str>) {
        if self.is_full() {
            return;
        }
        self.put += 1;
        // Words made for the finding name the offending value. Fixed ones do not, so what stands there speaks; of a whole
        // list or object, and of what is missing, nothing can.
        let is_fixed = matches!(message, Cow::Borrowed(_));
        let node = self.document.filter(|_| is_fixed).and_then(|document| document.at(pointer.as_str()));
        let value = match node.filter(|node| !matches!(node.kind(), Kind::Array | Kind::Object)) {
            Some(node) => format!("{}\0{message}", node.spelling()).into(),
            None => (*message).into(),
        };
        let (path, id) = (self.path.clone(), self.id.into());
        let (rule, level) = (self.rule, self.level);
        let (position, parts) = (None, Box::default());
        self.findings.push(Finding { rule, level, path, id, spot, pointer, position, value, parts, message, remedy });
    }
}

/// Finds line and column of every finding in one file, in one walk along it.
pub(crate) fn locate(findings: &mut [Finding], bytes: &[u8], document: Option<&Document>) {
    let mut places: Vec<(usize, usize)> = Vec::with_capacity(findings.len());
    for (number, finding) in findings.iter().enumerate() {
        if let Some(offset) = offset_of(&finding.spot, document) {
            places.push((offset.min(bytes.len()), number));
        }
    }
    places.sort_unstable();
    let (mut line, mut line_start, mut from) = (1, 0, 0);
    for (offset, number) in places {
        for at in memchr::memchr_iter(b'\n', &bytes[from..offset]) {
            line += 1;
            line_start = from + at + 1;
        }
        from = offset;
        // Nearly all text is ASCII, where characters are bytes.
        let before = &bytes[line_start..offset];
        let column = if before.is_ascii() { before.len() + 1 } else { Position::of(before, before.len()).column };
        findings[number].position = Some(Position { line, column });
    }
}

/// The byte at which a finding is; none where it is the file itself.
fn offset_of(spot: &Spot, document: Option<&Document>) -> Option<usize> {
    match spot {
        Spot::File => None,
        Spot::Offset(at) => Some(*at),
        Spot::Pointer(pointer) => {
            let mut pointer = Cow::Borrowed(pointer);
            // A member that is missing has no place; what should hold it has.
            loop {
                match document?.at(pointer.as_str()) {
                    Some(node) => return Some(node.span().start),
                    None => pointer = Cow::Owned(pointer.parent()?),
                }
            }
        }
    }
}

/// Where the rules about reports that share a key put what they find.
pub struct SharedSink<'s> {
    pub(crate) rule: &'static Rule,
    pub(crate) level: Level,
    /// The key in words: what makes this fault the same one wherever the reports lie.
    pub(crate) value: &'s str,
    pub(crate) findings: &'s mut Vec<Finding>,
}

impl SharedSink<'_> {
    /// Puts a finding at one of the reports.
    pub fn at(&mut self, facts: &Facts, pointer: Pointer, message: String, remedy: impl Into<Cow<'static, str>>) {
        let (rule, level, path) = (self.rule, self.level, facts.path.clone());
        let id = facts.id.as_deref().unwrap_or_else(|| facts.path.file_name().trim_end_matches(".json")).into();
        let spot = if pointer.as_str().is_empty() { Spot::File } else { Spot::Pointer(pointer.clone()) };
        let (value, message, remedy) = (self.value.into(), message.into(), remedy.into());
        let (position, parts) = (None, Box::default());
        self.findings.push(Finding { rule, level, path, id, spot, pointer, position, value, parts, message, remedy });
    }
}
