#![doc = include_str!("id_beyond_mark.md")]

use std::collections::BTreeMap;

use database::{Snapshot, numbers, read_marks};
use osv_schema::Pointer;

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "id-beyond-mark",
    level: Level::Warning,
    page: include_str!("id_beyond_mark.md"),
    check: Check::Ids(check),
};

fn check(file: &[u8], snapshot: &Snapshot, sink: &mut Sink<'_>) {
    let Some(marks) = read_marks(file) else { return };
    let mut highest: BTreeMap<i32, u64> = BTreeMap::new();
    for (year, number) in numbers(snapshot, &sink.settings.prefix) {
        let known = highest.entry(year).or_default();
        *known = number.max(*known);
    }
    for (year, mark) in &marks {
        let Some(&number) = highest.get(year).filter(|number| **number > mark.highest) else { continue };
        let id = format!("{}-{year:04}-{number}", sink.settings.prefix);
        let message = format!("{} is said to be the highest number of {year}, and there is {id}", mark.highest);
        let remedy = format!("write {number}: if that report were ever gone, its id would be given again");
        sink.at(Pointer::root().member(&format!("{year:04}")).member("highest"), message, remedy);
    }
}
