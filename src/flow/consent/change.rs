//! One word about consent: the row, the evidence, and what follows from it, in the caller's transaction.

use super::people;
use super::standing::of_row;
use crate::db::entity::{consent, consent_event, conversation};
use crate::db::store::{self, consent as rows};
use crate::db::{DbResult, Tx};
use crate::domain::clock::Ms;
use crate::domain::consent::{Action, Choice, Scope};
use crate::domain::identity::Identity;
use crate::flow::follow_up::{self, Reason};
use crate::flow::{Ctx, channel, mark_opt_in};
use crate::queue::{self, NewJob};

/// Longest text kept as evidence, in characters.
const TEXT_MOST: usize = 1_000;

/// Where a word came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The client wrote it.
    Word,
    /// The client pressed it.
    Button,
    /// The robot `set_consent`.
    Robot,
    /// A script or page.
    Api,
    /// The provider told, or refused a send for that reason.
    Provider,
}

impl Source {
    /// The stored word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Word => "word",
            Self::Button => "button",
            Self::Robot => "robot",
            Self::Api => "api",
            Self::Provider => "provider",
        }
    }
}

/// Proof of a word.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// Where it came from.
    pub source: Source,
    /// On which channel.
    pub channel_id: Option<String>,
    /// Our id of the message that said it, or that was refused.
    pub message_id: Option<String>,
    /// What was said.
    pub text: Option<String>,
    /// Who said it, where it was not the client: the robot call, the script's name, the provider's code.
    pub actor: Option<String>,
}

/// A word about consent.
#[derive(Debug, Clone)]
pub struct Change {
    /// Whose.
    pub who: Identity,
    /// What.
    pub action: Action,
    /// About what.
    pub scope: Scope,
    /// When it was said.
    pub at: Ms,
    /// Proof.
    pub evidence: Evidence,
}

/// Writes a word down; returns the person's row as it is now.
///
/// # Errors
/// The database failed; the caller drops the transaction.
pub async fn apply(tx: &Tx, ctx: &Ctx, portal: &str, talk: Option<&conversation::Model>, change: &Change) -> DbResult<consent::Model> {
    let now = ctx.clock.now();
    rows::alone(tx, portal).await?;
    let mut row = person(tx, ctx, portal, &change.who, talk, now).await?;
    let before = of_row(&row);
    let applied = decide(&mut row, change);
    row.updated_at = now;
    rows::put(tx, &row).await?;
    rows::note(tx, event(ctx, portal, &row.id, change, applied, now)).await?;
    let after = of_row(&row);
    let refused = |scope| before.choice(scope) != Choice::OptedOut && after.choice(scope) == Choice::OptedOut;
    if refused(Scope::Marketing) || refused(Scope::All) {
        tracing::info!(
            portal.id = portal,
            consent.scope = change.scope.as_str(),
            consent.source = change.evidence.source.as_str(),
            "opt-out"
        );
        // Boxed: messages that it cancels are settled, and a settlement may teach consent.
        Box::pin(follow_up::stop(tx, ctx, portal, &change.who, Reason::OptOut, now)).await?;
    }
    if applied && change.action == Action::OptIn {
        let jobs = marks(tx, ctx, portal, &row, now).await?;
        queue::enqueue(tx, ctx.ids.as_ref(), now, &jobs).await?;
    }
    Ok(row)
}

/// As [`apply`], in a transaction of its own: the API's way.
///
/// # Errors
/// The database failed; nothing was changed.
pub async fn apply_alone(ctx: &Ctx, portal: &str, change: &Change) -> DbResult<consent::Model> {
    let tx = ctx.db.begin().await?;
    let row = apply(&tx, ctx, portal, None, change).await?;
    tx.commit("consent.put").await?;
    ctx.wake.notify_waiters();
    Ok(row)
}

/// The person's row, made when there is none; two rows that turn out to be one person become one.
pub(super) async fn person(
    tx: &Tx,
    ctx: &Ctx,
    portal: &str,
    who: &Identity,
    talk: Option<&conversation::Model>,
    now: Ms,
) -> DbResult<consent::Model> {
    let mut found = people::rows(&**tx, portal, &people::wanted(&ctx.sealer, portal, who, talk)).await?.into_iter();
    let phone = who.phone.clone().or_else(|| talk.and_then(|talk| talk.phone.clone()));
    let bsuid = who.bsuid.clone().or_else(|| talk.and_then(|talk| talk.bsuid.clone()));
    let mut row = match found.next() {
        Some(row) => row,
        None => fresh(ctx.ids.id("cons", now), portal, now),
    };
    for other in found {
        absorb(&mut row, &other);
        rows::merge(tx, portal, &other.id, &row.id).await?;
    }
    row.phone = phone.or(row.phone);
    row.bsuid = bsuid.or(row.bsuid);
    rows::put(tx, &row).await?;
    rows::link(tx, portal, &row.id, &people::known(who, talk)).await?;
    Ok(row)
}

fn fresh(id: String, portal: &str, now: Ms) -> consent::Model {
    let unknown = || Choice::Unknown.as_str().to_owned();
    consent::Model {
        id,
        portal: portal.to_owned(),
        phone: None,
        bsuid: None,
        marketing: unknown(),
        marketing_at: None,
        marketing_by: None,
        everything: unknown(),
        everything_at: None,
        everything_by: None,
        capped_until: None,
        capped_at: None,
        caps: 0,
        created_at: now,
        updated_at: now,
    }
}

/// The later word of both counts.
fn absorb(row: &mut consent::Model, other: &consent::Model) {
    if other.marketing_at > row.marketing_at {
        row.marketing.clone_from(&other.marketing);
        row.marketing_at = other.marketing_at;
        row.marketing_by.clone_from(&other.marketing_by);
    }
    if other.everything_at > row.everything_at {
        row.everything.clone_from(&other.everything);
        row.everything_at = other.everything_at;
        row.everything_by.clone_from(&other.everything_by);
    }
    row.capped_until = row.capped_until.max(other.capped_until);
    row.capped_at = row.capped_at.max(other.capped_at);
    row.caps = row.caps.max(other.caps);
    row.phone = row.phone.take().or_else(|| other.phone.clone());
    row.bsuid = row.bsuid.take().or_else(|| other.bsuid.clone());
}

/// Lays the word over the row; false when something later is known already.
fn decide(row: &mut consent::Model, change: &Change) -> bool {
    let to = Choice::from(change.action);
    let source = change.evidence.source.as_str();
    let mut applied = false;
    if change.scope == Scope::All && newer(row.everything_at, &row.everything, change) {
        (row.everything, row.everything_at) = (to.as_str().to_owned(), Some(change.at));
        row.everything_by = Some(source.to_owned());
        applied = true;
    }
    // Who agrees to everything agrees to marketing; who refuses everything is not asked about marketing.
    let marketing = change.scope == Scope::Marketing || change.action == Action::OptIn;
    if marketing && newer(row.marketing_at, &row.marketing, change) {
        (row.marketing, row.marketing_at) = (to.as_str().to_owned(), Some(change.at));
        row.marketing_by = Some(source.to_owned());
        applied = true;
    }
    applied
}

/// Words are judged by when they were said, in whatever order they come; of the same moment the refusal wins.
fn newer(known_at: Option<Ms>, known: &str, change: &Change) -> bool {
    match known_at {
        None => true,
        Some(at) if at == change.at => change.action == Action::OptOut || Choice::read(known) != Choice::OptedOut,
        Some(at) => at < change.at,
    }
}

pub(super) fn event(ctx: &Ctx, portal: &str, consent_id: &str, change: &Change, applied: bool, now: Ms) -> consent_event::Model {
    let evidence = &change.evidence;
    consent_event::Model {
        id: ctx.ids.id("cev", now),
        portal: portal.to_owned(),
        consent_id: consent_id.to_owned(),
        action: change.action.as_str().to_owned(),
        scope: change.scope.as_str().to_owned(),
        source: evidence.source.as_str().to_owned(),
        applied: i64::from(applied),
        channel_id: evidence.channel_id.clone(),
        message_id: evidence.message_id.clone(),
        text: evidence.text.as_ref().map(|text| text.chars().filter(|c| *c != '\0').take(TEXT_MOST).collect()),
        actor: evidence.actor.clone(),
        happened_at: change.at,
        recorded_at: now,
    }
}

/// Providers with an opt-in list of their own learn that the person agreed.
async fn marks(tx: &Tx, ctx: &Ctx, portal: &str, row: &consent::Model, now: Ms) -> DbResult<Vec<NewJob>> {
    let Some(phone) = &row.phone else { return Ok(Vec::new()) };
    let mut jobs = Vec::new();
    for row in store::channel::list(&**tx, portal).await? {
        // A channel whose secrets do not open cannot be told; that is shown where it sends.
        if let Ok(loaded) = channel::open(ctx, row) {
            jobs.extend(mark_opt_in::on_consent(&loaded, phone, now));
        }
    }
    Ok(jobs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(action: Action, scope: Scope, at: Ms) -> Change {
        let evidence = Evidence { source: Source::Word, channel_id: None, message_id: None, text: None, actor: None };
        Change { who: Identity::phone("79160000001"), action, scope, at, evidence }
    }

    /// Any order of the same words ends in the same state.
    #[test]
    fn words_in_any_order_end_in_the_same_state() {
        let words = [
            word(Action::OptOut, Scope::Marketing, 10),
            word(Action::OptIn, Scope::Marketing, 20),
            word(Action::OptOut, Scope::All, 20),
            word(Action::OptOut, Scope::Marketing, 30),
            word(Action::OptIn, Scope::All, 30),
        ];
        let mut ends = std::collections::BTreeSet::new();
        for start in 0..words.len() {
            for step in [1, 2, 3, 4] {
                let mut row = fresh("c".to_owned(), "p", 0);
                for n in 0..words.len() {
                    decide(&mut row, &words[(start + n * step) % words.len()]);
                }
                ends.insert((row.marketing, row.everything));
            }
        }
        assert_eq!(ends.into_iter().collect::<Vec<_>>(), [("opted_out".to_owned(), "opted_in".to_owned())]);
    }

    #[test]
    fn refusing_everything_says_nothing_about_marketing_alone() {
        let mut row = fresh("c".to_owned(), "p", 0);
        assert!(decide(&mut row, &word(Action::OptOut, Scope::All, 5)));
        assert_eq!((row.marketing.as_str(), row.everything.as_str()), ("unknown", "opted_out"));
        assert!(decide(&mut row, &word(Action::OptIn, Scope::Marketing, 6)));
        assert_eq!(of_row(&row).choice(Scope::Marketing), Choice::OptedOut, "everything still rules");
        assert!(!decide(&mut row, &word(Action::OptIn, Scope::All, 4)), "older than what is known");
        assert!(decide(&mut row, &word(Action::OptIn, Scope::All, 7)));
        assert_eq!(of_row(&row).choice(Scope::Marketing), Choice::OptedIn);
    }
}
