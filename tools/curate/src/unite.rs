//! Uniting lists and free content: what is in either is in both, once, and sorted.

use std::collections::{BTreeMap, BTreeSet};

use osv_schema::{Credit, Member, Shape, Value, write};

/// The written form of content, by which it is told from other content.
pub(crate) fn written(content: &impl Shape) -> String {
    write::compact(content)
}

/// A list that is empty says nothing, and goes away.
pub(crate) fn drop_empty<T>(list: &mut Member<Vec<T>>) {
    if list.value().is_some_and(Vec::is_empty) {
        *list = Member::Absent;
    }
}

/// Unites lists; what has the same key is the same. The list is sorted afterwards, if it got anything new.
pub(crate) fn unite<T, K: Ord>(list: &mut Member<Vec<T>>, more: impl IntoIterator<Item = T>, key: impl Fn(&T) -> K) {
    let mut new: BTreeMap<K, T> = more.into_iter().map(|item| (key(&item), item)).collect();
    for item in list.items() {
        new.remove(&key(item));
    }
    if !new.is_empty() {
        let list = list.or_default();
        list.extend(new.into_values());
        list.sort_by_cached_key(|item| key(item));
    }
}

/// Unites credits: one for each name and type, with all contacts.
pub(crate) fn unite_credits(credits: &mut Member<Vec<Credit>>, more: &[Credit]) {
    let without_contact = |credit: &Credit| written(&Credit { contact: Member::Absent, ..credit.clone() });
    let mut known: BTreeMap<String, usize> =
        credits.items().iter().enumerate().map(|(at, credit)| (without_contact(credit), at)).collect();
    let mut is_changed = false;
    for credit in more {
        let key = without_contact(credit);
        let list = match known.get(&key) {
            Some(&at) => {
                if let Some(same) = credits.value_mut().and_then(|credits| credits.get_mut(at)) {
                    unite(&mut same.contact, credit.contact.items().iter().cloned(), Clone::clone);
                }
                continue;
            }
            None => credits.or_default(),
        };
        known.insert(key, list.len());
        let mut credit = credit.clone();
        let contacts: BTreeSet<String> = credit.contact.items().iter().cloned().collect();
        if !contacts.is_empty() {
            credit.contact = Member::Value(contacts.into_iter().collect());
        }
        list.push(credit);
        is_changed = true;
    }
    if let (true, Some(list)) = (is_changed, credits.value_mut()) {
        list.sort_by_cached_key(written);
    }
}

/// Unites free content that fits: lists unite, objects unite member by member.
pub(crate) fn unite_values(home: &mut Value, value: &Value) {
    match (home, value) {
        (home @ Value::Null, Value::Array(items)) => {
            *home = Value::Array(Vec::new());
            unite_values(home, &Value::Array(items.clone()));
        }
        (home @ Value::Null, Value::Object(members)) => {
            *home = Value::Object(osv_schema::Object::new());
            unite_values(home, &Value::Object(members.clone()));
        }
        (home @ Value::Null, value) => *home = value.clone(),
        (Value::Array(home), Value::Array(items)) => {
            let known: BTreeSet<String> = home.iter().map(written).collect();
            let new: BTreeMap<String, &Value> =
                items.iter().map(|item| (written(item), item)).filter(|(key, _)| !known.contains(key)).collect();
            if !new.is_empty() {
                home.extend(new.into_values().cloned());
                home.sort_by_cached_key(written);
            }
        }
        (Value::Object(home), Value::Object(members)) => {
            for (name, value) in members {
                unite_values(home.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        _ => {}
    }
}
