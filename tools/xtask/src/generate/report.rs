//! One made-up report, at one time of its life.

use ecosystem::version::Order;
use ecosystem::{Ecosystem, Package};
use osv_schema::additions::MALPKG;
use osv_schema::{Affected, Event, Member, Object, Origin, Range, Record, Reference, Timestamp, Value, write};

use super::dice::Dice;
use super::feed::{self, FIRST_DELIVERIES, Feed};

/// The letters of an advisory's id.
const ADVISORY_LETTERS: &[u8] = b"23456789cfghjmpqrvwx";
/// The first moment at which a report is published: the beginning of 2022.
const EPOCH: i64 = 1_640_995_200;
const DAY: i64 = 86_400;

/// How far a report has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Life {
    /// How many deliveries were joined in it.
    pub(super) deliveries: u8,
    /// How often its first delivery came again with other content.
    pub(super) edits: u8,
    /// Whether it is taken back.
    pub(super) is_withdrawn: bool,
}

/// How many deliveries a report has at most.
pub(super) const DELIVERIES_MAX: u8 = 19;

impl Life {
    /// A report when it is made.
    pub(super) fn first(dice: &mut Dice) -> Life {
        let deliveries = match dice.below(1000) {
            0..930 => 1,
            930..980 => 2,
            980..992 => 3,
            _ => 4 + dice.below(6) as u8,
        };
        Life { deliveries, edits: 0, is_withdrawn: dice.falls(2) }
    }

    /// The next thing that happens to it.
    pub(super) fn go_on(&mut self, dice: &mut Dice) {
        let again = self.edits.saturating_add(1);
        match dice.below(100) {
            0..60 if self.deliveries < DELIVERIES_MAX => self.deliveries += 1,
            60..65 if !self.is_withdrawn => self.is_withdrawn = true,
            60..65 => *self = Life { is_withdrawn: false, edits: again.saturating_add(1), ..*self },
            _ => self.edits = again,
        }
    }

    /// What counts its changes, so that time only goes on.
    fn age(self) -> i64 {
        i64::from(self.deliveries) + i64::from(self.edits) + i64::from(self.is_withdrawn)
    }
}

/// One delivery that went into a report.
struct Delivery {
    feed: Feed,
    origin: Origin,
    text: Option<String>,
    campaign: u64,
}

/// Path and canonical text of a report.
pub(super) fn report(seed: u64, number: u64, life: Life) -> (String, String) {
    let mut dice = Dice::new(seed, number << 8);
    let &(feed, ecosystem) = dice.weighted(&FIRST_DELIVERIES);
    let package = package(ecosystem, number, &mut dice);
    let published = EPOCH + dice.below(3 * 365) as i64 * DAY + dice.below(DAY as u64) as i64;
    let deliveries: Vec<Delivery> =
        (0..life.deliveries).map(|at| delivery(seed, number, at, life.edits, feed, &package, published)).collect();

    let id = format!("MAL-{}-{}", time(published).get(..4).unwrap_or_default(), number + 1);
    let mut record = Record {
        schema_version: "1.7.5".into(),
        id: id.as_str().into(),
        published: time(published).into(),
        modified: time(published + life.age() * DAY).into(),
        summary: format!("Malicious code in {} ({})", package.name(), package.ecosystem()).into(),
        details: details(&deliveries).into(),
        affected: Member::Value(vec![affected(&package, &deliveries)]),
        ..Record::default()
    };
    if life.is_withdrawn {
        record.withdrawn = time(published + life.age() * DAY).into();
    }
    let mut feeds: Vec<Feed> = deliveries.iter().map(|delivery| delivery.feed).collect();
    feeds.sort_unstable();
    feeds.dedup();
    let credits: Vec<_> = feeds.iter().filter_map(|feed| feed.credit()).collect();
    if !credits.is_empty() {
        record.credits = Member::Value(credits);
    }
    sources(&mut record, &deliveries);
    let mut ours = Object::new();
    ours.insert(
        "kind".into(),
        dice.one_of(&["malware", "malware", "malware", "typosquat", "dependency-confusion"]).into(),
    );
    ours.insert("confidence".into(), dice.one_of(&["confirmed", "likely", "claimed"]).into());
    record.database_specific.or_default().insert(MALPKG.into(), Value::Object(ours));
    deliveries.iter().for_each(|delivery| record.add_origin(&delivery.origin));

    let base = if life.is_withdrawn { "withdrawn" } else { "malicious" };
    // Every name that is made here has a folder: an empty one would show as a report at the wrong place.
    let folder = package.folder().map(|folder| folder.as_str().to_owned()).unwrap_or_default();
    (format!("osv/{base}/{folder}/{id}.json"), write::canonical(&record))
}

/// Aliases, references and indicators.
fn sources(record: &mut Record, deliveries: &[Delivery]) {
    let page = |kind: &str, url: String| Reference { kind: kind.into(), url: url.into(), ..Reference::default() };
    let (mut aliases, mut references) = (Vec::new(), Vec::new());
    for delivery in deliveries {
        match (delivery.feed, delivery.origin.id.as_str()) {
            (Feed::Advisories, Some(id)) if !aliases.iter().any(|alias| alias == id) => {
                aliases.push(id.to_owned());
                references.push(page("ADVISORY", format!("https://advisories.example.org/{id}")));
            }
            (Feed::Campaigns, _) => {
                let article = format!("https://blog.example.com/security/inside-campaign-{}", delivery.campaign);
                references.push(page("ARTICLE", article));
                let found = feed::indicators(delivery.campaign).into_iter().map(|(kind, values)| {
                    (kind.to_owned(), Value::Array(values.iter().map(|value| value.as_str().into()).collect()))
                });
                record.database_specific.or_default().insert("iocs".into(), Value::Object(found.collect()));
            }
            _ => {}
        }
    }
    aliases.sort_unstable();
    references.sort_by(|a, b| a.url.as_str().cmp(&b.url.as_str()));
    references.dedup();
    if !aliases.is_empty() {
        record.aliases = Member::Value(aliases);
    }
    if !references.is_empty() {
        record.references = Member::Value(references);
    }
}

fn package(ecosystem: &str, number: u64, dice: &mut Dice) -> Package {
    // The number at the end keeps names apart.
    let mut words: Vec<String> =
        (0..=dice.below(2) + u64::from(dice.falls(50)) * 4).map(|_| dice.word().into()).collect();
    words.push(base36(number));
    let (vendor, tail) = (format!("{}{}", dice.word(), dice.below(500)), words.join("-"));
    let name = match ecosystem {
        "npm" if dice.falls(145) => format!("@{vendor}/{tail}"),
        "npm" | "PyPI" | "RubyGems" => tail,
        "NuGet" => words.iter().map(|word| capital(word)).collect::<Vec<_>>().join("."),
        "crates.io" | "Hex" | "Pub" => words.join("_"),
        "Go" => format!("github.com/{vendor}/{tail}"),
        "Maven" => format!("org.{vendor}:{tail}"),
        _ => format!("{vendor}/{tail}"),
    };
    // The ecosystems of the table are all known; the fallback only keeps the types whole.
    Package::new(Ecosystem::parse(ecosystem).unwrap_or_else(|_| Ecosystem::git()), name)
}

fn delivery(seed: u64, number: u64, at: u8, edits: u8, first: Feed, package: &Package, published: i64) -> Delivery {
    let edits = if at == 0 { edits } else { 0 };
    let mut dice = Dice::new(seed, (number << 8) | (u64::from(at) + 1));
    let feed = match at {
        0 => first,
        _ if first == Feed::Analysis => {
            *dice.weighted(&[(80, Feed::Analysis), (10, Feed::Analysts), (10, Feed::Campaigns)])
        }
        _ => *dice.weighted(&[(60, Feed::Analysis), (30, Feed::Analysts), (10, Feed::Campaigns)]),
    };
    // What clients cannot order is listed: a range would keep the report out of every release.
    let has_order = Order::of(package.ecosystem().base()).is_some();
    let means_all = feed.means_all(&mut dice) && has_order;
    let versions = if means_all { Vec::new() } else { versions(&mut dice, at, edits) };
    let campaign = feed::campaign(&mut dice);
    let text = feed.text(package.name(), &versions, campaign, &mut dice);
    let id = match feed {
        Feed::Advisories => {
            let parts: Vec<String> = (0..3).map(|_| dice.letters(ADVISORY_LETTERS, 4)).collect();
            Member::from(format!("GHSA-{}", parts.join("-")))
        }
        Feed::Analysts => Member::from(format!("LAB-{}-{}", number, at)),
        _ => Member::Absent,
    };
    let came = published + i64::from(at) * DAY;
    let import_time = format!("{}.{:09}Z", time(came + 1800).trim_end_matches('Z'), dice.below(1_000_000_000));
    let mut content = Dice::new(dice.roll(), u64::from(edits));
    let mut origin = Origin {
        source: feed.id().into(),
        sha256: content.hex(64).into(),
        import_time: import_time.into(),
        modified_time: time(came + i64::from(edits) * DAY).into(),
        id,
        ..Origin::default()
    };
    if versions.is_empty() {
        origin.ranges = Member::Value(vec![every_version(package)]);
    } else {
        origin.versions = Member::Value(versions);
    }
    Delivery { feed, origin, text, campaign }
}

/// Mostly one version, sometimes a handful, rarely hundreds; one more with each edit.
fn versions(dice: &mut Dice, at: u8, edits: u8) -> Vec<String> {
    let count = match dice.below(1000) {
        0..600 => 1,
        600..950 => 1 + dice.below(4),
        950..995 => 5 + dice.below(16),
        _ => 40 + dice.below(300),
    };
    let (major, minor) = (dice.one_of(&[0, 1, 1, 1, 2, 9, 99]), dice.below(9) + u64::from(at) * 10);
    (0..count + u64::from(edits)).map(|patch| format!("{major}.{minor}.{patch}")).collect()
}

fn every_version(package: &Package) -> Range {
    let kind = match package.ecosystem().as_str() {
        "npm" | "crates.io" | "Go" | "Hex" => "SEMVER",
        _ => "ECOSYSTEM",
    };
    let from_the_start = Event { introduced: "0".into(), ..Event::default() };
    Range { kind: kind.into(), events: Member::Value(vec![from_the_start]), ..Range::default() }
}

/// Every version where any delivery says so, else the versions of all.
fn affected(package: &Package, deliveries: &[Delivery]) -> Affected {
    let mut affected = Affected::default();
    let about = affected.package.or_default();
    about.ecosystem = package.ecosystem().as_str().into();
    about.name = package.name().into();
    if deliveries.iter().any(|delivery| delivery.feed == Feed::Analysts) {
        about.purl = package.purl().into();
    }
    if deliveries.iter().any(|delivery| !delivery.origin.ranges.is_absent()) {
        affected.ranges = Member::Value(vec![every_version(package)]);
    } else {
        let mut versions: Vec<String> =
            deliveries.iter().flat_map(|delivery| delivery.origin.versions.items()).cloned().collect();
        versions.sort_unstable();
        versions.dedup();
        affected.versions = Member::Value(versions);
    }
    if deliveries.iter().any(|delivery| delivery.feed == Feed::Advisories) {
        let weakness = [
            ("cweId", "CWE-506"),
            ("description", "The code was put there in order to do harm."),
            ("name", "Embedded Malicious Code"),
        ];
        let weakness = weakness.into_iter().map(|(name, text)| (name.to_owned(), text.into())).collect();
        affected.database_specific.or_default().insert("cwes".into(), Value::Array(vec![Value::Object(weakness)]));
    }
    affected
}

fn details(deliveries: &[Delivery]) -> String {
    let mut details = "\n---\n_-= Per source details. Do not edit below this line.=-_\n".to_owned();
    for Delivery { feed, origin, text, .. } in deliveries {
        if let Some(text) = text {
            let sha256 = origin.sha256.as_str().unwrap_or_default();
            details.push_str(&format!("\n## Source: {} ({sha256})\n{text}\n", feed.id()));
        }
    }
    details
}

fn time(unix: i64) -> String {
    Timestamp::from_unix(unix).map(|time| time.to_string()).unwrap_or_default()
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn base36(mut number: u64) -> String {
    let mut digits = Vec::new();
    loop {
        digits.push(b"0123456789abcdefghijklmnopqrstuvwxyz"[(number % 36) as usize]);
        number /= 36;
        if number == 0 {
            digits.push(b'x');
            return digits.iter().rev().map(|&digit| char::from(digit)).collect();
        }
    }
}
