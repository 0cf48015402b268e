//! What is wrong with a delivery, or with the report that it is meant for.

use database::{InvalidPath, Rejected, TreePath};
use osv_schema::Pointer;

use crate::Delivery;
use crate::ids::IdsError;

/// A fault of a delivery, before it is known whose.
#[derive(Clone)]
pub(crate) struct Fault {
    pub(crate) rule: &'static str,
    pub(crate) pointer: Pointer,
    pub(crate) message: String,
    pub(crate) remedy: String,
}

impl Fault {
    /// The fault as that of a report of the tree.
    pub(crate) fn at(self, path: &TreePath) -> Rejected {
        Rejected {
            source: String::new(),
            delivery: path.to_string(),
            rule: self.rule,
            pointer: self.pointer.to_string(),
            message: self.message,
            remedy: self.remedy,
        }
    }

    pub(crate) fn of(&self, delivery: &Delivery) -> Rejected {
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

pub(crate) fn fault_in_details(message: &str) -> Fault {
    Fault {
        rule: "malformed-details",
        pointer: Pointer::from("/details"),
        message: format!("the report on this package cannot be added to: {message}"),
        remedy: "mend the details of that report and send the record again".into(),
    }
}

pub(crate) fn fault_in_ids(error: &IdsError) -> Fault {
    Fault {
        rule: "invalid-id",
        pointer: Pointer::root(),
        message: error.to_string(),
        remedy: "mend the file, and send the record again".into(),
    }
}

pub(crate) fn fault_in_path(error: InvalidPath) -> Fault {
    Fault {
        rule: "path-mismatch",
        pointer: Pointer::from("/affected/0/package/name"),
        message: error.to_string(),
        remedy: "check the name of the package".into(),
    }
}
