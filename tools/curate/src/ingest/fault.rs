//! What is wrong with a delivery, or with the report that it is meant for.

use database::{InvalidPath, Rejected};
use osv_schema::Pointer;

use crate::Delivery;
use crate::ids::IdsError;

/// A fault of a delivery, before it is known whose.
#[derive(Clone)]
pub(super) struct Fault {
    pub(super) rule: &'static str,
    pub(super) pointer: Pointer,
    pub(super) message: String,
    pub(super) remedy: String,
}

impl Fault {
    pub(super) fn of(&self, delivery: &Delivery) -> Rejected {
        Rejected {
            source: delivery.source.clone(),
            delivery: delivery.name.clone(),
            rule: self.rule,
            pointer: self.pointer.to_string(),
            message: self.message.clone(),
            remedy: self.remedy.clone(),
        }
    }
}

pub(super) fn fault_in_details(message: &str) -> Fault {
    Fault {
        rule: "malformed-details",
        pointer: Pointer::from("/details"),
        message: format!("the report on this package cannot be added to: {message}"),
        remedy: "mend the details of that report and send the record again".into(),
    }
}

pub(super) fn fault_in_ids(error: &IdsError) -> Fault {
    Fault {
        rule: "invalid-id",
        pointer: Pointer::root(),
        message: error.to_string(),
        remedy: "mend the file, and send the record again".into(),
    }
}

pub(super) fn fault_in_path(error: InvalidPath) -> Fault {
    Fault {
        rule: "path-mismatch",
        pointer: Pointer::from("/affected/0/package/name"),
        message: error.to_string(),
        remedy: "check the name of the package".into(),
    }
}
