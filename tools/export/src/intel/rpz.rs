//! Target `rpz`: names and addresses that resolvers are to refuse, as a response policy zone, a hosts file and for dnsmasq.
//!
//! Whoever puts this into a resolver looks at no entry. So only what somebody called harmful is in it, and nothing that
//! others than the attacker have.

use std::collections::BTreeSet;
use std::io;
use std::net::IpAddr;

use crate::body::Inflater;
use crate::indicators;
use crate::intel::observed::{Observed, is_to_refuse};
use crate::intel::shared::Shared;
use crate::material::Material;
use crate::output::{Out, Planned};

/// How long an answer may be kept, in seconds.
const SECONDS: u32 = 300;

/// What is refused.
#[derive(Default)]
struct Refused {
    names: BTreeSet<String>,
    addresses: BTreeSet<IpAddr>,
}

/// The files of the target.
pub(crate) fn plan<'m>(material: &'m Material<'_>) -> Vec<Planned<'m>> {
    vec![
        Planned::new("rpz/mal.rpz", |out| write_zone(material, out)),
        Planned::new("rpz/hosts.txt", |out| {
            let refused = refused(material)?;
            refused.names.iter().try_for_each(|name| writeln!(out, "0.0.0.0 {name}"))
        }),
        Planned::new("rpz/dnsmasq.conf", |out| {
            let refused = refused(material)?;
            refused.names.iter().try_for_each(|name| writeln!(out, "address=/{name}/"))
        }),
    ]
}

/// A number that grows with each commit, as secondaries ask of a zone.
fn write_zone(material: &Material<'_>, out: &mut Out<'_>) -> io::Result<()> {
    let sequence = material.input.commit.as_ref().map_or(1, |commit| commit.sequence);
    let serial = u32::try_from(sequence).unwrap_or(u32::MAX);
    write!(
        out,
        "$TTL {SECONDS}\n@ SOA localhost. root.localhost. ( {serial} 3600 600 86400 {SECONDS} )\n@ NS localhost.\n"
    )?;
    let refused = refused(material)?;
    for name in &refused.names {
        write!(out, "{name} CNAME .\n*.{name} CNAME .\n")?;
    }
    refused.addresses.iter().try_for_each(|address| writeln!(out, "{} CNAME .", trigger(*address)))
}

/// An address as the owner of a record: how many bits, and its parts from the last to the first.
fn trigger(address: IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, d] = v4.octets();
            format!("32.{d}.{c}.{b}.{a}.rpz-ip")
        }
        // The longest run of zeros is left out in both forms, and called `zz` in this one.
        IpAddr::V6(v6) => {
            let text = v6.to_string().replace("::", ":zz:");
            let parts: Vec<&str> = text.split(':').filter(|part| !part.is_empty()).rev().collect();
            format!("128.{}.rpz-ip", parts.join("."))
        }
    }
}

fn refused(material: &Material<'_>) -> io::Result<Refused> {
    let shared = Shared::of(material).map_err(io::Error::other)?;
    let mut refused = Refused::default();
    let mut inflater = Inflater::new();
    let standing = material.items.iter().filter(|item| {
        let told = item.facts.told();
        told.has_roles && !told.is_test && !item.facts.is_withdrawn
    });
    for item in standing {
        let found = item.reread(&mut inflater, |record| indicators::of(&record))?;
        for indicator in found {
            match Observed::of(&indicator).filter(|observed| is_to_refuse(&indicator, observed, &shared)) {
                Some(Observed::Domain(name)) => refused.names.insert(name),
                Some(Observed::Address(address, _)) => refused.addresses.insert(address),
                _ => false,
            };
        }
    }
    Ok(refused)
}

#[cfg(test)]
mod tests {
    use super::trigger;

    #[test]
    fn addresses_are_written_backwards() {
        let trigger = |text: &str| trigger(text.parse().unwrap());
        assert_eq!(trigger("192.0.2.1"), "32.1.2.0.192.rpz-ip");
        assert_eq!(trigger("2001:db8::1"), "128.1.zz.db8.2001.rpz-ip");
        assert_eq!(trigger("2001:db8:1:2:3:4:5:6"), "128.6.5.4.3.2.1.db8.2001.rpz-ip");
    }
}
