//! Which reports have errors in a tree, and in each of the trees that led to it, without reading more than what differs.

use std::collections::BTreeMap;
use std::sync::Arc;

use database::{CONFIG_FILE, Difference, Place, Snapshot, TreeId, TreePath};
use export::{Changed, Changes, CommitStep, DELTA_REPORTS_MAX, DELTAS_MAX, History, IsKnown, Side, Take};
use osv_schema::Timestamp;
use rayon::prelude::*;
use rules::{By, CAMPAIGNS_FILE, Check, Comparison, Finding, Level, PROTECTED_FOLDER, Settings, Standing, Touched};
use store::{Commit, Store};

use crate::change::{Judging, Trouble};
use crate::config::Config;
use crate::failure::Failure;

/// The rules of level error that a report breaks, each with how often.
type Broken = BTreeMap<&'static str, usize>;

/// What is known of one tree, and can be moved to the next.
pub(crate) struct Walker<'w> {
    judging: Judging<'w>,
    standing: Standing,
    /// Every file with errors.
    broken: BTreeMap<TreePath, Broken>,
}

impl<'w> Walker<'w> {
    /// What is known of a commit.
    pub(crate) fn at(
        store: &'w Store,
        settings: &'w Settings,
        commit: &Commit,
        listed: Option<&Snapshot>,
    ) -> Result<Walker<'w>, Failure> {
        let judging = Judging { store, settings, by: By::Maintainer };
        let (standing, differences) = judging.nearest(commit, listed)?;
        let (found, unread, _) = judging.elsewhere(&standing).map_err(Failure::from)?;
        if unread > 0 {
            return Err(Failure::new(format!("{unread} files are not here, as in a partial clone")));
        }
        let mut broken: BTreeMap<TreePath, Broken> = BTreeMap::new();
        for finding in found {
            *broken.entry(finding.path.clone()).or_default().entry(finding.rule.name).or_default() += 1;
        }
        let mut walker = Walker { judging, standing, broken };
        if !differences.is_empty() {
            walker.step(differences, commit.tree)?;
        }
        Ok(walker)
    }

    /// The first rule that a report breaks, by name; none for one that is right.
    fn rule(&self, path: &TreePath) -> Option<&'static str> {
        self.broken.get(path)?.keys().next().copied()
    }

    /// The reports with errors, each with the first rule that it breaks.
    pub(crate) fn held(&self) -> impl Iterator<Item = (&TreePath, &'static str)> {
        self.broken.keys().filter_map(|path| Some((path, self.rule(path)?)))
    }

    /// Goes on to the next tree. What comes back is also what was not touched and is held now, or no more, because of
    /// what was.
    fn step(&mut self, differences: Vec<Difference>, tree: TreeId) -> Result<Vec<Changed>, Failure> {
        let (touched, unread) = self.judging.read(differences, None)?;
        if unread > 0 {
            return Err(Failure::new(format!("{unread} files are not here, as in a partial clone")));
        }
        let before: Vec<Option<&'static str>> = touched.iter().map(|file| self.rule(&file.path)).collect();
        let advanced = self.standing.advance(&touched, By::Maintainer, self.judging.settings);
        let comparison = advanced.map_err(Trouble::from)?;
        let is_touched = |path: &TreePath| touched.binary_search_by(|file| file.path.cmp(path)).is_ok();
        let about = comparison.introduced.iter().chain(&comparison.healed).map(|finding| &finding.path);
        let elsewhere: BTreeMap<TreePath, Option<&'static str>> =
            about.filter(|path| !is_touched(path)).map(|path| (path.clone(), self.rule(path))).collect();
        self.note(&touched, &comparison);
        let side = |bytes: Option<rules::Bytes>, rule: Option<&'static str>| {
            bytes.map(|bytes| Side { bytes: bytes.ok(), held: rule.map(str::to_owned) })
        };
        let changed = touched.into_iter().zip(before).map(|(file, rule)| {
            let after = side(file.after, self.rule(&file.path));
            Changed { before: side(file.before, rule), after, path: file.path }
        });
        let mut changed: Vec<Changed> = changed.collect();
        for (path, before) in elsewhere {
            let after = self.rule(&path);
            if before.is_some() != after.is_some() {
                let bytes: Option<Arc<[u8]>> = self.judging.store.file(tree, &path)?.map(Into::into);
                let side = |rule: Option<&str>| Some(Side { bytes: bytes.clone(), held: rule.map(str::to_owned) });
                changed.push(Changed { before: side(before), after: side(after), path });
            }
        }
        Ok(changed)
    }

    /// What is touched is judged anew; elsewhere only what came or went is known.
    fn note(&mut self, touched: &[Touched], comparison: &Comparison) {
        for file in touched {
            self.broken.remove(&file.path);
        }
        let is_touched = |path: &TreePath| touched.binary_search_by(|file| file.path.cmp(path)).is_ok();
        let is_fault = |finding: &&Finding| {
            finding.level == Level::Error && !matches!(finding.rule.check, Check::History(_) | Check::Contribution(_))
        };
        let present = comparison.present.iter().filter(|finding| is_touched(&finding.path));
        for finding in comparison.introduced.iter().chain(present).filter(is_fault) {
            *self.broken.entry(finding.path.clone()).or_default().entry(finding.rule.name).or_default() += 1;
        }
        for finding in comparison.healed.iter().filter(|finding| !is_touched(&finding.path)).filter(is_fault) {
            let Some(broken) = self.broken.get_mut(&finding.path) else { continue };
            if let Some(count) = broken.get_mut(finding.rule.name) {
                *count = count.saturating_sub(1);
            }
            broken.retain(|_, count| *count > 0);
            if broken.is_empty() {
                self.broken.remove(&finding.path);
            }
        }
    }
}

/// The commits that led to one.
pub(crate) struct Past<'p> {
    pub store: &'p Store,
    pub settings: &'p Settings,
    pub commit: &'p Commit,
    /// How many commits lead to it.
    pub sequence: u64,
}

/// What is to be told of one commit on the way.
enum Told {
    Known,
    Many,
    These(Vec<Difference>),
}

/// One commit on the way.
struct Leg {
    step: CommitStep,
    from: Commit,
    tree: TreeId,
    told: Told,
}

impl Past<'_> {
    fn legs(&self, known: &IsKnown<'_>) -> Result<Vec<Leg>, Failure> {
        let commits = self.store.first_parents(self.commit.id, DELTAS_MAX + 1)?;
        let pairs: Vec<(usize, &Commit, &Commit)> =
            commits.windows(2).enumerate().map(|(at, pair)| (at, &pair[0], &pair[1])).collect();
        let leg = |&(at, to, from): &(usize, &Commit, &Commit)| -> Result<Leg, Failure> {
            let time = Timestamp::from_unix(to.time).unwrap_or(Timestamp::EPOCH);
            let sequence = self.sequence - at as u64;
            let step = CommitStep { from: from.id.to_string(), to: to.id.to_string(), time, sequence };
            let told = match known(&step.from, &step.to) {
                true => Told::Known,
                false => self.told(from, to)?,
            };
            Ok(Leg { step, from: from.clone(), tree: to.tree, told })
        };
        let mut legs: Vec<Leg> = pairs.par_iter().map(leg).collect::<Result<_, _>>()?;
        // What lies behind a commit that takes the archive leads nowhere, and may have been judged by other rules.
        let whole = legs.iter().position(|leg| matches!(leg.told, Told::Many)).unwrap_or(legs.len());
        legs.iter_mut().skip(whole).for_each(|leg| leg.told = Told::Many);
        legs.reverse();
        Ok(legs)
    }

    fn told(&self, from: &Commit, to: &Commit) -> Result<Told, Failure> {
        let differences = self.store.difference(from.tree, to.tree)?;
        let reports = differences.iter().filter(|one| Place::of(&one.path).is_some()).count();
        let is_told = reports <= DELTA_REPORTS_MAX && self.keeps_settings(from, to, &differences)?;
        Ok(if is_told { Told::These(differences) } else { Told::Many })
    }

    /// Whether both trees are judged alike.
    fn keeps_settings(&self, from: &Commit, to: &Commit, differences: &[Difference]) -> Result<bool, Failure> {
        let is_setting =
            |path: &TreePath| [CONFIG_FILE, CAMPAIGNS_FILE].contains(&path.as_str()) || path.is_in(PROTECTED_FOLDER);
        if !differences.iter().any(|one| is_setting(&one.path)) {
            return Ok(true);
        }
        // A configuration that cannot be read judged nothing alike.
        let settings = |commit: &Commit| -> Result<_, Failure> {
            let read = Config::read(&self.store.configuration(commit.tree)?);
            Ok(read.ok().map(|config| (rules::fingerprint("", &config.settings), config.settings.rules().to_vec())))
        };
        let told = |(words, levels): (Vec<u8>, Vec<(&rules::Rule, Level)>)| {
            (words, levels.into_iter().map(|(rule, level)| (rule.name, level)).collect::<Vec<_>>())
        };
        let (before, after) = (settings(from)?.map(told), settings(to)?.map(told));
        Ok(before.is_some() && before == after)
    }

    fn tell(&self, known: &IsKnown<'_>, take: &mut Take<'_>) -> Result<Result<(), export::Error>, Failure> {
        let mut walker: Option<Walker<'_>> = None;
        for leg in self.legs(known)? {
            let changes = match leg.told {
                Told::Known => Changes::Known,
                Told::Many => Changes::Many,
                Told::These(differences) => {
                    let walker = match &mut walker {
                        Some(walker) => walker,
                        none => none.insert(Walker::at(self.store, self.settings, &leg.from, None)?),
                    };
                    Changes::These(walker.step(differences, leg.tree)?)
                }
            };
            // A commit that is known is passed over, and what is known of its tree with it.
            if matches!(changes, Changes::Known) {
                walker = None;
            }
            if let Err(error) = take(leg.step, changes) {
                return Ok(Err(error));
            }
        }
        Ok(Ok(()))
    }
}

impl History for Past<'_> {
    fn walk(&self, known: &IsKnown<'_>, take: &mut Take<'_>) -> Result<(), export::Error> {
        self.tell(known, take).unwrap_or_else(|failure| Err(export::Error::History(failure.told())))
    }
}
