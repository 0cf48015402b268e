//! Numbers and words that are a function of a seed.

use std::fmt::Write as _;

const WORDS: [&str; 64] = [
    "account",
    "agent",
    "analytics",
    "archive",
    "async",
    "author",
    "beacon",
    "bridge",
    "browser",
    "buffer",
    "build",
    "bundle",
    "cache",
    "chain",
    "client",
    "cloud",
    "color",
    "command",
    "config",
    "cookie",
    "core",
    "crypto",
    "data",
    "deploy",
    "design",
    "discord",
    "driver",
    "editor",
    "encoded",
    "engine",
    "environment",
    "event",
    "fetch",
    "folder",
    "gateway",
    "graph",
    "hidden",
    "hook",
    "host",
    "install",
    "keys",
    "layout",
    "ledger",
    "loader",
    "logger",
    "login",
    "metrics",
    "module",
    "parser",
    "payload",
    "payment",
    "profile",
    "proxy",
    "queue",
    "reads",
    "remote",
    "router",
    "schema",
    "script",
    "sends",
    "server",
    "token",
    "uploads",
    "wallet",
];

/// SplitMix64: small, and the same numbers everywhere.
pub(super) struct Dice(u64);

impl Dice {
    /// Dice for one purpose: the same seed and purpose always roll the same.
    pub(super) fn new(seed: u64, purpose: u64) -> Dice {
        let mut dice = Dice(seed.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ purpose);
        dice.roll();
        dice
    }

    pub(super) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.roll() % bound
    }

    /// True so many times out of a thousand.
    pub(super) fn falls(&mut self, of_thousand: u64) -> bool {
        self.below(1000) < of_thousand
    }

    pub(super) fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize]
    }

    /// One of several, each as often as its weight says.
    pub(super) fn weighted<'c, T>(&mut self, choices: &'c [(u64, T)]) -> &'c T {
        let mut rest = self.below(choices.iter().map(|(weight, _)| weight).sum());
        let found = choices.iter().find(|(weight, _)| {
            let is_it = rest < *weight;
            rest = rest.saturating_sub(*weight);
            is_it
        });
        &found.unwrap_or(&choices[0]).1
    }

    pub(super) fn word(&mut self) -> &'static str {
        self.one_of(&WORDS)
    }

    pub(super) fn hex(&mut self, digits: usize) -> String {
        let mut text = String::with_capacity(digits + 16);
        while text.len() < digits {
            let _ = write!(text, "{:016x}", self.roll());
        }
        text.truncate(digits);
        text
    }

    /// Letters and digits out of an alphabet.
    pub(super) fn letters(&mut self, alphabet: &[u8], count: usize) -> String {
        (0..count).map(|_| char::from(self.one_of(alphabet))).collect()
    }
}
