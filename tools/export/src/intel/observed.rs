//! Indicators in the one form that machines compare: names in ASCII, addresses as numbers, hashes in lower case.

use std::fmt;
use std::net::IpAddr;

use crate::indicators::Indicator;
use crate::intel::shared::Shared;

/// What something is to an attack when meeting it means harm.
const HARMFUL: [&str; 14] = [
    "beacon",
    "botnet",
    "c2",
    "command-and-control",
    "delivery",
    "download",
    "dropper",
    "exfiltration",
    "malware",
    "mining-pool",
    "payload",
    "phishing",
    "second-stage",
    "staging",
];

/// What something is that was met beside an attack.
const HARMLESS: [&str; 6] = ["benign", "contacted", "legitimate", "research", "shared", "victim"];

/// The longest name that a resolver takes, less room for the zone that it is put into and for the star before it.
const NAME_MAX: usize = 200;
const LABEL_MAX: usize = 63;

/// Something that can be looked for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Observed {
    /// A domain, in lower case and ASCII, without a dot at its end.
    Domain(String),
    /// An address, or all that begin with so many bits of it.
    Address(IpAddr, u8),
    /// A URL.
    Url(String),
    /// The hash of a file by one of three functions, in hex.
    Hash(Hash, String),
}

/// A hash function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Hash {
    /// SHA-256.
    Sha256,
    /// SHA-1.
    Sha1,
    /// MD5.
    Md5,
}

impl Observed {
    /// What an indicator says to look for; none where it is of another kind, or not what it says that it is.
    pub(crate) fn of(indicator: &Indicator) -> Option<Observed> {
        let value = indicator.value.trim();
        match indicator.kind.to_ascii_lowercase().as_str() {
            "domain" | "host" | "hostname" => domain(value).map(Observed::Domain),
            "ip" | "ipv4" | "ipv6" => address(value),
            "url" => is_url(value).then(|| Observed::Url(value.to_owned())),
            "sha256" => hash(Hash::Sha256, 64, value),
            "sha1" => hash(Hash::Sha1, 40, value),
            "md5" => hash(Hash::Md5, 32, value),
            _ => None,
        }
    }

    /// The host that it is, if it is one and not a part of one.
    fn host(&self) -> Option<String> {
        match self {
            Observed::Domain(name) => Some(name.clone()),
            Observed::Address(address, _) => Some(address.to_string()),
            Observed::Url(_) | Observed::Hash(..) => None,
        }
    }
}

impl fmt::Display for Observed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Observed::Domain(text) | Observed::Url(text) | Observed::Hash(_, text) => f.write_str(text),
            Observed::Address(address, bits) if *bits == bits_of(address) => write!(f, "{address}"),
            Observed::Address(address, bits) => write!(f, "{address}/{bits}"),
        }
    }
}

/// How many bits an address has.
pub(crate) fn bits_of(address: &IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// Whether meeting it is worth an alarm: nobody said that it is harmless, and not everybody uses it.
pub(crate) fn is_alarm(indicator: &Indicator, observed: &Observed, shared: &Shared) -> bool {
    let role = indicator.role.as_deref().unwrap_or_default().to_ascii_lowercase();
    !HARMLESS.contains(&role.as_str()) && !is_of_all(observed, shared)
}

/// Whether it may be refused unseen: somebody said what harm it does, and not everybody uses it.
pub(crate) fn is_to_refuse(indicator: &Indicator, observed: &Observed, shared: &Shared) -> bool {
    let role = indicator.role.as_deref().unwrap_or_default().to_ascii_lowercase();
    HARMFUL.contains(&role.as_str()) && !is_of_all(observed, shared)
}

fn is_of_all(observed: &Observed, shared: &Shared) -> bool {
    match observed {
        Observed::Address(address, bits) => !is_single_and_public(address, *bits) || shared.has(&address.to_string()),
        _ => observed.host().is_some_and(|host| shared.has(&host)),
    }
}

/// Whether an address is one machine's on the Internet. A block has neighbours in it.
fn is_single_and_public(address: &IpAddr, bits: u8) -> bool {
    let is_special = match address {
        IpAddr::V4(v4) => {
            let [first, second, ..] = v4.octets();
            v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_broadcast()
                || v4.is_multicast()
                || first == 0
                || first >= 240
                || (first == 100 && (64..128).contains(&second))
        }
        IpAddr::V6(v6) => {
            let first = v6.segments()[0];
            v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_multicast()
                || first & 0xfe00 == 0xfc00
                || first & 0xffc0 == 0xfe80
        }
    };
    !is_special && bits == bits_of(address)
}

/// A name as resolvers know it; none where a text is none.
pub(crate) fn domain(text: &str) -> Option<String> {
    let text = text.strip_suffix('.').unwrap_or(text);
    let ascii = idna::domain_to_ascii(text).ok()?;
    let is_label = |label: &str| {
        let is_byte = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
        !label.is_empty()
            && label.len() <= LABEL_MAX
            && label.bytes().all(is_byte)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last = ascii.rsplit('.').next().unwrap_or_default();
    // What ends in a number is an address, or a mistake in one.
    let is_name = ascii.contains('.')
        && ascii.len() <= NAME_MAX
        && ascii.split('.').all(is_label)
        && !last.bytes().all(|b| b.is_ascii_digit());
    is_name.then_some(ascii)
}

fn address(text: &str) -> Option<Observed> {
    let (text, bits) = match text.split_once('/') {
        Some((text, bits)) => (text, Some(bits.parse::<u8>().ok()?)),
        None => (text, None),
    };
    let address: IpAddr = text.parse().ok()?;
    let most = bits_of(&address);
    let bits = bits.unwrap_or(most);
    if bits > most {
        return None;
    }
    match address.to_canonical() {
        IpAddr::V4(v4) if most == 128 => (bits >= 96).then(|| Observed::Address(v4.into(), bits - 96)),
        address => Some(Observed::Address(address, bits)),
    }
}

fn is_url(text: &str) -> bool {
    let is_scheme = |scheme: &str| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
    };
    let unfit = |c: char| c.is_control() || c.is_whitespace() || osv_schema::write::is_unseen(c);
    text.split_once("://").is_some_and(|(scheme, rest)| is_scheme(scheme) && !rest.is_empty()) && !text.contains(unfit)
}

fn hash(function: Hash, length: usize, text: &str) -> Option<Observed> {
    let is_hex = text.len() == length && text.bytes().all(|b| b.is_ascii_hexdigit());
    is_hex.then(|| Observed::Hash(function, text.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn indicator(kind: &str, value: &str, role: Option<&str>) -> Indicator {
        Indicator { kind: kind.into(), value: value.into(), role: role.map(Into::into), first_seen: None }
    }

    #[track_caller]
    fn check(kind: &str, value: &str, expected: Option<&str>) {
        let found = Observed::of(&indicator(kind, value, None)).map(|observed| observed.to_string());
        assert_eq!(found.as_deref(), expected, "{kind} {value:?}");
    }

    #[test]
    fn what_is_none_is_not_looked_for() {
        check("domain", "Evil.Example.", Some("evil.example"));
        check("domain", "b\u{fc}cher.example", Some("xn--bcher-kva.example"));
        check("hostname", "_x.evil.example", Some("_x.evil.example"));
        let label = format!("{}.example", "a".repeat(64));
        let name = format!("{}example", "a.".repeat(120));
        for text in ["", "evil", "a b.example", "a..b", "evil[.]example", "1.2.3.4", "x/y.example", &label, &name] {
            check("domain", text, None);
        }
        check("domain", "evil.example\n0.0.0.0 google.com", None);
        check("domain", "a\u{202e}b.example", None);
        check("ip", "192.0.2.1", Some("192.0.2.1"));
        check("ip", "192.0.2.0/24", Some("192.0.2.0/24"));
        check("ip", "2001:db8::1", Some("2001:db8::1"));
        check("ip", "::ffff:192.0.2.1", Some("192.0.2.1"));
        check("ip", "192.0.2.1/33", None);
        check("ip", "evil.example", None);
        check("url", "https://evil.example/a?b='", Some("https://evil.example/a?b='"));
        check("url", "evil.example/a", None);
        check("url", "https://evil.example/\r\nx", None);
        check("sha256", &"A".repeat(64), Some(&"a".repeat(64)));
        check("sha256", "aa", None);
        check("wallet", "0xabc", None);
    }

    #[test]
    fn only_what_harms_is_refused() {
        let shared = Shared::parse("*.discord.com\n198.51.100.1");
        let all = |kind: &str, value: &str, role: Option<&str>| {
            let indicator = indicator(kind, value, role);
            let observed = Observed::of(&indicator).unwrap();
            (is_alarm(&indicator, &observed, &shared), is_to_refuse(&indicator, &observed, &shared))
        };
        assert_eq!(all("domain", "evil.example", Some("C2")), (true, true));
        assert_eq!(all("domain", "evil.example", None), (true, false));
        assert_eq!(all("domain", "evil.example", Some("contacted")), (false, false));
        assert_eq!(all("domain", "evil.example", Some("a word of its own")), (true, false));
        assert_eq!(all("domain", "cdn.discord.com", Some("c2")), (false, false));
        assert_eq!(all("ip", "203.0.113.7", Some("c2")), (true, true));
        for own in
            ["127.0.0.1", "10.1.2.3", "0.0.0.0", "169.254.169.254", "100.64.0.1", "::1", "fe80::1", "203.0.113.0/24"]
        {
            assert_eq!(all("ip", own, Some("c2")), (false, false), "{own}");
        }
        assert_eq!(all("ip", "198.51.100.1", Some("c2")), (false, false));
        assert_eq!(all("url", "https://cdn.discord.com/x", Some("payload")), (true, true));
    }
}
