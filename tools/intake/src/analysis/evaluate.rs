//! Whether what was seen meets a rule, and by what.

use std::net::IpAddr;

use super::observed::{Observed, PHASES, Phase};
use super::verdicts::{Condition, Glob, Known, Met, Rule, Verdicts, quoted, quoted_host};

/// Ports of the web, of mail, of DNS, of clocks and of git.
const PORTS: [u64; 13] = [0, 22, 25, 53, 80, 123, 443, 465, 587, 853, 8080, 8443, 9418];
/// A label of a name that is longer than this carries data.
const LABEL_MAX: usize = 40;
/// So do more labels than this.
const LABELS_MAX: usize = 8;
/// The smallest first number of a version that nobody begins with.
const IMPLAUSIBLE: u64 = 90;

/// What meets a condition: what it is, as people are told, and the indicator that it is.
struct Seen {
    what: String,
    indicator: Option<(&'static str, String)>,
}

impl Seen {
    fn of(what: &str) -> Seen {
        Seen { what: quoted(what), indicator: None }
    }
}

impl Verdicts {
    /// The rules that a result meets, each in the first phase in which it does.
    pub(super) fn judge<'v>(&'v self, observed: &Observed<'_>) -> Vec<Met<'v>> {
        let ecosystem = observed.package.ecosystem().as_str().to_ascii_lowercase();
        let normal: Vec<&Known> = ["all", &ecosystem].iter().filter_map(|name| self.normal.get(*name)).collect();
        let meets = |rule: &'v Rule| {
            let phases = observed
                .phases
                .iter()
                .filter(|phase| rule.phases.is_empty() || rule.phases.iter().any(|name| name == phase.name));
            phases.map(|phase| Ground { observed, phase, normal: &normal }).find_map(|ground| ground.met(rule))
        };
        self.rules.iter().filter_map(meets).collect()
    }
}

/// One phase of a result, and what is normal there.
struct Ground<'g, 'd> {
    observed: &'g Observed<'d>,
    phase: &'g Phase<'d>,
    normal: &'g [&'g Known],
}

impl Ground<'_, '_> {
    fn met<'v>(&self, rule: &'v Rule) -> Option<Met<'v>> {
        let seen: Vec<Vec<Seen>> = rule.all.iter().map(|condition| self.seen(condition)).collect();
        if seen.iter().any(Vec::is_empty) || rule.none.iter().any(|condition| !self.seen(condition).is_empty()) {
            return None;
        }
        let mut what: Vec<String> = Vec::new();
        let mut indicators = Vec::new();
        for one in seen.into_iter().flatten() {
            if what.len() < 5 && !what.contains(&one.what) {
                what.push(one.what);
            }
            indicators.extend(one.indicator.filter(|_| rule.names_attacker));
        }
        let says = format!("{}: {}", rule.says, what.join(", "));
        let phase = PHASES.into_iter().find(|phase| *phase == self.phase.name)?;
        Some(Met { rule, phase, says, indicators })
    }

    /// What meets a condition. Of commands, hosts, addresses and files each has to fit all that is said of its sort.
    fn seen(&self, condition: &Condition) -> Vec<Seen> {
        let mut seen = Vec::new();
        let is_any = |globs: &[Glob], text: &str| globs.is_empty() || globs.iter().any(|glob| glob.fits(text));
        if condition.is_about_command() {
            let fits = |command: &&super::observed::Command<'_>| {
                is_any(&condition.command, &command.line)
                    && is_any(&condition.program, command.program)
                    && (condition.environment.is_empty()
                        || command.environment.iter().any(|one| is_any(&condition.environment, one)))
                    && !(condition.program_unknown && self.is_normal_command(command))
            };
            seen.extend(self.phase.commands.iter().filter(fits).map(|command| Seen::of(&command.line)));
        }
        if condition.is_about_host() {
            let named = self.phase.sockets.iter().flat_map(|socket| socket.hosts.iter());
            let mut hosts: Vec<String> =
                self.phase.asked.iter().chain(named).map(|host| host.to_ascii_lowercase()).collect();
            hosts.sort();
            hosts.dedup();
            for host in hosts {
                let fits = is_any(&condition.host, &host)
                    && !(condition.host_unknown && self.is_normal_host(&host))
                    && (!condition.host_carries_data || carries_data(&host));
                if fits {
                    seen.push(Seen {
                        what: quoted_host(&host),
                        indicator: self.is_own(&host).then_some(("domain", host)),
                    });
                }
            }
        }
        if condition.is_about_address() {
            for socket in &self.phase.sockets {
                let fits = is_any(&condition.address, &socket.address)
                    && (!condition.address_bare || self.is_bare(&socket.address))
                    && !(condition.port_odd && PORTS.contains(&socket.port));
                if fits && !socket.address.is_empty() {
                    let what = format!("{} port {}", quoted_host(&socket.address), socket.port);
                    let indicator = is_public(&socket.address).then(|| ("ip", socket.address.clone()));
                    seen.push(Seen { what, indicator });
                }
            }
        }
        for (globs, does) in [
            (&condition.read, (|file| file.is_read) as fn(&super::observed::File<'_>) -> bool),
            (&condition.written, |file| file.is_written),
            (&condition.deleted, |file| file.is_deleted),
        ] {
            let files =
                self.phase.files.iter().filter(|file| !globs.is_empty() && does(file) && is_any(globs, file.path));
            seen.extend(files.map(|file| Seen::of(file.path)));
        }
        let (version, name) = (self.observed.version, self.observed.package.name());
        if !condition.version.is_empty() && is_any(&condition.version, version)
            || condition.version_implausible && is_implausible(version)
        {
            seen.push(Seen { what: format!("version {}", quoted(version)), indicator: None });
        }
        if !condition.name.is_empty() && is_any(&condition.name, name) {
            seen.push(Seen::of(name));
        }
        seen
    }

    fn is_normal_host(&self, host: &str) -> bool {
        !host.contains('.')
            || self.normal.iter().any(|known| {
                known.frequent_hosts.contains(host) || known.hosts.iter().any(|pattern| pattern.fits(host))
            })
    }

    /// Whether a host can be the attacker's own.
    fn is_own(&self, host: &str) -> bool {
        let is_shared = |known: &&Known| known.shared.iter().any(|pattern| pattern.fits(host));
        is_name(host) && !self.is_normal_host(host) && !self.normal.iter().any(is_shared)
    }

    /// A command with the package's own name, its version or a temporary path in it is the same command.
    fn is_normal_command(&self, command: &super::observed::Command<'_>) -> bool {
        self.normal.iter().any(|known| {
            known.frequent_programs.contains(command.program)
                || known.commands.iter().any(|pattern| pattern.fits(&command.line) || pattern.fits(command.program))
        })
    }

    /// Whether an address is somebody's, and nothing in the phase says by what name.
    fn is_bare(&self, address: &str) -> bool {
        let is_named = || self.phase.sockets.iter().any(|one| one.address == address && !one.hosts.is_empty());
        is_public(address)
            && !is_named()
            && !self.normal.iter().any(|known| known.addresses.iter().any(|pattern| pattern.fits(address)))
    }
}

impl Condition {
    fn is_about_command(&self) -> bool {
        !self.command.is_empty() || !self.program.is_empty() || !self.environment.is_empty() || self.program_unknown
    }

    fn is_about_host(&self) -> bool {
        !self.host.is_empty() || self.host_unknown || self.host_carries_data
    }

    fn is_about_address(&self) -> bool {
        !self.address.is_empty() || self.address_bare || self.port_odd
    }

    /// Whether it is about nothing at all.
    pub(super) fn says_nothing(&self) -> bool {
        let files = [&self.read, &self.written, &self.deleted, &self.version, &self.name];
        let is_about_thing = self.is_about_command() || self.is_about_host() || self.is_about_address();
        !is_about_thing && files.iter().all(|globs| globs.is_empty()) && !self.version_implausible
    }
}

/// Whether an address leads out of the machine and its network: one that a registry gives to somebody. What is kept for
/// private networks, translation between both kinds, documents, measurements and later leads nowhere that can be named.
fn is_public(address: &str) -> bool {
    match address.parse::<IpAddr>().map(|address| address.to_canonical()) {
        Ok(IpAddr::V4(v4)) => {
            let is_special = match v4.octets() {
                [0 | 10 | 127, ..] | [224..=255, ..] => true,
                [100, second, ..] => (64..128).contains(&second),
                [198, 18 | 19, ..] | [192, 0, 0, _] | [192, 88, 99, _] => true,
                _ => false,
            };
            !is_special && !v4.is_private() && !v4.is_link_local() && !v4.is_documentation()
        }
        Ok(IpAddr::V6(v6)) => match v6.segments() {
            // Protocols and measurements, documents, and what carries an address of IPv4 through IPv6.
            [0x2001, second, ..] => second > 0x01ff && second != 0x0db8,
            [0x2002, ..] | [0x3fff, 0..=0x0fff, ..] => false,
            [first, ..] => first & 0xe000 == 0x2000,
        },
        Err(_) => false,
    }
}

fn is_name(host: &str) -> bool {
    let is_label = |label: &str| {
        let is_plain = label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        !label.is_empty() && label.len() <= 63 && is_plain
    };
    host.len() <= 253 && host.contains('.') && host.split('.').all(is_label) && host.parse::<IpAddr>().is_err()
}

fn carries_data(host: &str) -> bool {
    host.split('.').count() > LABELS_MAX || host.split('.').any(|label| label.len() > LABEL_MAX)
}

fn is_implausible(version: &str) -> bool {
    let first = version.trim_start_matches('v').split(['.', '-', '+']).next().unwrap_or_default();
    let is_year = |number: u64| (1990..2100).contains(&number);
    first.parse::<u64>().is_ok_and(|number| number >= IMPLAUSIBLE && !is_year(number) && number < 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_registry_gives_to_somebody_is_public() {
        for address in
            ["45.9.1.1", "8.8.8.8", "::ffff:8.8.8.8", "2001:4860:4860::8888", "2606:4700:4700::1111", "100.63.1.1"]
        {
            assert!(is_public(address), "{address}");
        }
        for address in [
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.1.1",
            "172.16.0.1",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.1",
            "198.18.0.1",
            "198.19.255.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::8.8.8.8",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:2::1",
            "2001:10::1",
            "2001:db8::1",
            "2002:a00:1::",
            "3fff::1",
            "4000::1",
            "fd00::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "",
            "host",
            "1.2.3",
        ] {
            assert!(!is_public(address), "{address}");
        }
    }
}
