//! What a delivery would say by itself.

use database::subject;
use osv_schema::{Affected, Member, Record};

use crate::Delivery;
use crate::computed::{Statement, listed};

/// What would be affected if nobody else spoke of the package. Where others do, what is wrong with it may be hidden behind
/// theirs, and come to light when they take it back; so each delivery has to be right by itself.
pub fn alone(delivery: &Delivery) -> Option<Record> {
    let about = subject(&delivery.record).ok()?;
    let affected = delivery.record.affected.items().first()?;
    let statement = Statement::of(affected.versions.items(), affected.ranges.items());
    let (versions, ranges) = listed(&statement, about.package.ecosystem().base());
    let affected = Affected {
        package: affected.package.clone(),
        versions: Some(versions).filter(|versions| !versions.is_empty()).into(),
        ranges: Some(ranges).filter(|ranges| !ranges.is_empty()).into(),
        ..Affected::default()
    };
    let (id, modified) = (delivery.record.id.clone(), delivery.record.modified.clone());
    Some(Record { id, modified, affected: Member::Value(vec![affected]), ..Record::default() })
}
