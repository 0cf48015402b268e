//! Who sends the made-up reports, and what each of them says.
//!
//! The shares, the members and the sizes are those of the public database at the end of 2024, whose reports came from
//! four feeds and a few people; the words are our own.

use osv_schema::{Credit, Member};

use super::dice::Dice;

/// A source of deliveries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Feed {
    /// Advisories with a boilerplate text, for every version of a package.
    Advisories,
    /// Campaigns of thousands of packages, with an article and indicators.
    Campaigns,
    /// Exact versions with a purl, and no text at all.
    Analysts,
    /// One delivery for each version that a machine looked at.
    Analysis,
    /// Free text by people.
    People,
}

/// Feed and ecosystem, as often as in a thousand reports.
pub(super) const FIRST_DELIVERIES: [(u64, (Feed, &str)); 18] = [
    (470, (Feed::Advisories, "npm")),
    (238, (Feed::Campaigns, "PyPI")),
    (10, (Feed::Campaigns, "npm")),
    (96, (Feed::Analysts, "npm")),
    (60, (Feed::Analysts, "PyPI")),
    (30, (Feed::Analysts, "RubyGems")),
    (27, (Feed::Analysts, "NuGet")),
    (44, (Feed::Analysis, "npm")),
    (10, (Feed::Analysis, "PyPI")),
    (4, (Feed::People, "npm")),
    (2, (Feed::People, "PyPI")),
    (2, (Feed::People, "crates.io")),
    (2, (Feed::People, "Go")),
    (1, (Feed::People, "Maven")),
    (1, (Feed::People, "Packagist")),
    (1, (Feed::People, "VSCode")),
    (1, (Feed::People, "Hex")),
    (1, (Feed::People, "Pub")),
];

/// How many campaigns there are; the first ones are the largest by far.
const CAMPAIGNS: u64 = 60;

const BEHAVIOURS: [&str; 4] = [
    "The package talks to a host that belongs to a known attack.",
    "The package runs commands that have no place in an installation.",
    "The package reads files in which other programs keep their secrets.",
    "The package hides what it does from whoever reads its code.",
];

impl Feed {
    /// The id of the source.
    pub(super) fn id(self) -> &'static str {
        match self {
            Feed::Advisories => "advisory-feed",
            Feed::Campaigns => "campaign-hunters",
            Feed::Analysts => "analyst-lab",
            Feed::Analysis => "dynamic-analysis",
            Feed::People => "open-contributions",
        }
    }

    /// Whether a delivery means every version of the package.
    pub(super) fn means_all(self, dice: &mut Dice) -> bool {
        match self {
            Feed::Advisories | Feed::Campaigns => true,
            Feed::Analysts | Feed::Analysis => false,
            Feed::People => dice.falls(400),
        }
    }

    /// Whom a report with a delivery of this feed thanks.
    pub(super) fn credit(self) -> Option<Credit> {
        let (name, contact): (&str, &[&str]) = match self {
            Feed::Advisories | Feed::People => return None,
            Feed::Campaigns => ("Campaign Hunters", &["hunters@example.org", "https://hunters.example.org/packages"]),
            Feed::Analysts => ("Analyst Lab", &["https://lab.example.com"]),
            Feed::Analysis => (
                "Dynamic Analysis",
                &["https://code.example.org/dynamic-analysis", "https://chat.example.org/analysis"],
            ),
        };
        let contact = Member::Value(contact.iter().map(|&address| address.to_owned()).collect());
        Some(Credit { name: name.into(), contact, kind: "FINDER".into(), ..Credit::default() })
    }

    /// What the delivery tells about the package; some tell nothing.
    pub(super) fn text(self, package: &str, versions: &[String], campaign: u64, dice: &mut Dice) -> Option<String> {
        match self {
            Feed::Advisories => Some(
                "Whoever has this package installed, or had it, should hold the whole machine for compromised. Keys, \
                 tokens and passwords that were kept on it must be replaced without delay, and from another machine. \
                 Take the package away, but do not count on that alone: code that ran with the rights of its user can \
                 have put other software in places where nobody looks, and that stays when the package goes."
                    .to_owned(),
            ),
            Feed::Campaigns => {
                let what = clauses(Dice::new(campaign, 7), 2);
                Some(format!("Part of campaign {campaign}, which published many packages at once: each {what}"))
            }
            Feed::Analysts => dice.falls(80).then(|| sentences(dice, 3)),
            Feed::Analysis => {
                let version = versions.first().map_or("", String::as_str);
                let mut text = format!(
                    "The analysis of '{package}' @ {version} found it malicious.\n\nIt is considered malicious because:"
                );
                for behaviour in BEHAVIOURS.iter().take(1 + dice.below(2) as usize) {
                    text.push_str("\n\n- ");
                    text.push_str(behaviour);
                }
                Some(text)
            }
            Feed::People => {
                let count = 2 + dice.below(14);
                Some(sentences(dice, count))
            }
        }
    }
}

/// The campaign that a delivery belongs to: most belong to the first few.
pub(super) fn campaign(dice: &mut Dice) -> u64 {
    dice.below(CAMPAIGNS) * dice.below(CAMPAIGNS) * dice.below(CAMPAIGNS) / (CAMPAIGNS * CAMPAIGNS)
}

/// What to look for because of a campaign: its kind and the values.
pub(super) fn indicators(campaign: u64) -> Vec<(&'static str, Vec<String>)> {
    let mut dice = Dice::new(campaign, 11);
    let mut some = |count: u64, make: &dyn Fn(&mut Dice) -> String| (0..count).map(|_| make(&mut dice)).collect();
    let domain = |dice: &mut Dice| format!("{}.{}-{}.example", dice.hex(20), dice.word(), dice.below(900));
    let url = |dice: &mut Dice| {
        format!("https://cdn-{}.example/attachments/{}/{}.exe", dice.below(90), dice.roll(), dice.word())
    };
    match campaign % 4 {
        3 => {
            let ip = |dice: &mut Dice| format!("203.0.113.{}", dice.below(256));
            vec![("domains", some(24, &domain)), ("ips", some(7, &ip))]
        }
        _ => vec![("urls", some(2, &url))],
    }
}

/// Sentences of people: letters of other scripts, quotes and line breaks among them.
fn sentences(dice: &mut Dice, count: u64) -> String {
    let mut text = String::new();
    for number in 0..count {
        if number > 0 {
            text.push_str(if dice.falls(300) { "\n\n" } else { " " });
        }
        let (first, second, third) = (dice.word(), dice.word(), dice.word());
        text.push_str(&match dice.below(5) {
            0 => format!(
                "On install, `{first}.js` {} and \"{second}\" is called.",
                clauses(Dice::new(dice.roll(), 1), 1)
            ),
            1 => format!("The {first} holds a Base64 text that {}.", clauses(Dice::new(dice.roll(), 1), 2)),
            2 => format!("Пакет «{first}» отправляет {second} через {third} — see the comments there."),
            3 => format!("```\n{first}({second}, C:\\\\{third}\\\\{})\n```", dice.hex(8)),
            _ => format!("It {}.", clauses(Dice::new(dice.roll(), 1), 3)),
        });
    }
    text
}

fn clauses(mut dice: Dice, count: usize) -> String {
    let clause = |dice: &mut Dice| match dice.below(4) {
        0 => format!("reads the {} of the {}", dice.word(), dice.word()),
        1 => format!("starts a {} {} in the background", dice.word(), dice.word()),
        2 => format!("waits for a {} from its {}", dice.word(), dice.word()),
        _ => format!("puts {} and {} into a hidden folder", dice.word(), dice.word()),
    };
    (0..count).map(|_| clause(&mut dice)).collect::<Vec<_>>().join(" and ")
}
