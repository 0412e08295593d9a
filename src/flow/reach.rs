//! The daily limit: unique people written to outside an open window in a moving 24 hours, counted for a portfolio (reference 2.6).
//!
//! A place is taken in the transaction that marks the message as sending, so the count is exact whoever else sends. A person reached in
//! the last 24 hours needs no new place. At the limit a message waits for the moment at which enough places have become free for all who
//! wait before it. What certainly did not go gives its place back; what nobody knows about keeps it.

use super::Ctx;
use crate::db::entity::{channel, portfolio};
use crate::db::store::reach as store;
use crate::db::{Conn, DbResult, Tx};
use crate::domain::clock::{DAY, Ms};
use crate::domain::event::LimitEvent;
use crate::domain::state::Status;
use crate::domain::warm_up;
use crate::flow::settle::Moved;
use crate::provider::registry;
use crate::queue;
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashSet};

/// A message waits that long for a place; then it would be stale.
pub(super) const LONGEST_WAIT: Ms = 7 * DAY;

/// A channel's own words about its limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// The business.
    pub portfolio: String,
    /// Typed limit.
    pub daily_limit: Option<i64>,
    /// At the limit: refuse instead of holding.
    pub refuses: bool,
    /// A phone behind a gateway begins with few strangers a day.
    pub warms_up: bool,
    /// Typed limit of all messages of such a phone in 24 hours.
    pub daily_cap: Option<i64>,
}

/// Reads a channel's terms; without a portfolio's name a channel is its own.
pub fn terms(row: &channel::Model) -> Terms {
    let settings: Value = serde_json::from_str(&row.settings).unwrap_or_default();
    let text = |name: &str| settings.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
    let count = |name: &str| text(name).and_then(|digits| digits.parse().ok()).filter(|limit| *limit > 0);
    Terms {
        portfolio: text("portfolio").map_or_else(|| row.id.clone(), |name| format!("name:{name}")),
        daily_limit: count("daily_limit"),
        refuses: text("on_limit") == Some("refuse"),
        warms_up: text("warm_up") != Some("off"),
        daily_cap: count("daily_cap"),
    }
}

/// How many strangers the phone behind a gateway may write to in 24 hours: typed, else by the age of the channel.
pub(super) fn strangers(row: &channel::Model, terms: &Terms, now: Ms) -> i64 {
    let by_age = || if terms.warms_up { warm_up::strangers(row.created_at, now) } else { warm_up::ESTABLISHED };
    terms.daily_limit.unwrap_or_else(by_age)
}

/// Under which name all messages of a phone are counted, and how many there may be in 24 hours.
pub(super) fn cap(row: &channel::Model, terms: &Terms) -> (String, i64) {
    (format!("cap:{}", row.id), terms.daily_cap.unwrap_or(warm_up::CAP))
}

/// Whether the channel is a phone behind a gateway, which WhatsApp may ban.
fn is_phone(row: &channel::Model) -> bool {
    registry::find(&row.kind).is_some_and(|provider| !provider.capabilities().official)
}

/// The smallest limit typed at a live channel of the portfolio.
pub fn typed<'a>(channels: impl Iterator<Item = &'a channel::Model>, name: &str) -> Option<i64> {
    let live = channels.filter(|row| row.deleted_at.is_none()).map(terms);
    live.filter(|terms| terms.portfolio == name).filter_map(|terms| terms.daily_limit).min()
}

/// The limit that counts: what was typed goes before what the provider told.
fn effective(typed: Option<i64>, row: Option<&portfolio::Model>) -> Option<i64> {
    typed.or_else(|| row.and_then(|row| row.told_limit).filter(|limit| *limit > 0))
}

/// Somebody new to reach.
#[derive(Debug, Clone)]
pub(super) struct Wish {
    /// The person's key.
    pub(super) person: String,
    /// Which message.
    pub(super) message_id: String,
}

/// Whether there is a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Taken.
    Taken,
    /// None: the next one for this message.
    Full {
        /// When.
        next: Ms,
        /// The limit.
        limit: i64,
    },
}

/// Takes places in the order of the wishes; holds the portfolio until the transaction ends.
pub(super) async fn take(tx: &Tx, portal: &str, name: &str, typed: Option<i64>, wishes: &[Wish], now: Ms) -> DbResult<Vec<Place>> {
    let mut row = store::hold(tx, portal, name, now).await?;
    let limit = effective(typed, Some(&row));
    let people: Vec<String> = wishes.iter().map(|wish| wish.person.clone()).collect();
    let mut reached: HashSet<String> = store::among(&**tx, portal, name, &people).await?;
    let before = row.used;
    let (mut sends, mut out, mut full) = (Vec::new(), Vec::new(), Vec::new());
    for (index, wish) in wishes.iter().enumerate() {
        let free = limit.is_none_or(|limit| row.used < limit);
        if reached.contains(&wish.person) || free {
            if reached.insert(wish.person.clone()) {
                row.used = row.used.saturating_add(1);
            }
            sends.push((wish.person.clone(), wish.message_id.clone()));
            out.push(Place::Taken);
        } else {
            full.push(index);
            out.push(Place::Full { next: now, limit: limit.unwrap_or_default() });
        }
    }
    store::note(tx, portal, name, &sends, now).await?;
    if row.used != before {
        store::put_used(tx, &row).await?;
    }
    if let Some(limit) = limit.filter(|_| !full.is_empty()) {
        let line = line(&**tx, &row, limit, full.len(), now).await?;
        for (index, next) in full.into_iter().zip(line) {
            if let Some(place) = out.get_mut(index) {
                *place = Place::Full { next, limit };
            }
        }
    }
    Ok(out)
}

/// When places become free for `count` newcomers behind all who wait.
async fn line(db: &impl Conn, row: &portfolio::Model, limit: i64, count: usize, now: Ms) -> DbResult<Vec<Ms>> {
    let (portal, name) = (row.portal.as_str(), row.name.as_str());
    let used = u64::try_from(row.used).unwrap_or_default();
    let limit = u64::try_from(limit).unwrap_or(1).max(1);
    let waiting = store::waiting(db, portal, name, now).await?;
    let places: Vec<(u64, Ms)> = (0..u64::try_from(count).unwrap_or_default()).map(|n| turn(used, limit, waiting + n)).collect();
    let wanted: BTreeSet<u64> = places.iter().map(|(place, _)| *place).collect();
    let reached = store::reached_at(db, portal, name, &wanted, now).await?;
    Ok(places.into_iter().map(|(place, days)| reached.get(&place).copied().unwrap_or(now).saturating_add(days)).collect())
}

/// Whose place the `n`th waiting message takes (by order of being reached), and how long after that one was reached. Who takes a place
/// keeps it for a day, so a line longer than the limit goes round.
fn turn(used: u64, limit: u64, n: u64) -> (u64, Ms) {
    let place = used.saturating_sub(limit).saturating_add(n);
    if place < used || used == 0 {
        return (place, DAY);
    }
    let rounds = (place - used) / limit + 1;
    let days = i64::try_from(rounds).unwrap_or(i64::MAX).saturating_add(1);
    (place.saturating_sub(rounds.saturating_mul(limit)), days.saturating_mul(DAY))
}

/// Gives back the places of messages that have just failed: nobody was reached.
///
/// # Errors
/// The database failed.
pub(super) async fn give_back(tx: &Tx, portal: &str, moved: &[&Moved], now: Ms) -> DbResult<()> {
    let failed = |one: &&&Moved| one.message.status == Status::Failed.as_str() && !matches!(one.before, Status::Queued | Status::Held);
    let ids: Vec<String> = moved.iter().filter(failed).map(|one| one.message.id.clone()).collect();
    if ids.is_empty() { Ok(()) } else { store::give_back(tx, portal, &ids, now).await }
}

/// The provider told the limit of the business behind a channel; a higher one lets go what was held.
///
/// # Errors
/// The database failed.
pub(super) async fn told_by_provider(tx: &Tx, ctx: &Ctx, place: (&str, &str), at: Ms, told: &LimitEvent) -> DbResult<Value> {
    let (portal, channel_id) = place;
    let now = ctx.clock.now();
    let channels = crate::db::store::channel::list(&**tx, portal).await?;
    let Some(row) = channels.iter().find(|row| row.id == channel_id) else { return Ok(json!({"kept": "no such channel"})) };
    let name = terms(row).portfolio;
    let changed = store::told(tx, portal, &name, told.limit, at, now).await?;
    if changed {
        release(tx, portal, &channels, &name, now).await?;
    }
    Ok(json!({"daily_limit": told.limit, "changed": changed}))
}

/// What a portfolio's channels hold is looked at again now.
///
/// # Errors
/// The database failed.
pub(super) async fn release(tx: &Tx, portal: &str, channels: &[channel::Model], name: &str, now: Ms) -> DbResult<()> {
    for row in channels.iter().filter(|row| terms(row).portfolio == name) {
        queue::release_held(tx, portal, &row.id, now).await?;
    }
    Ok(())
}

/// A portfolio as the API shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// Its name, `None` when the channel is its own.
    pub portfolio: Option<String>,
    /// People reached in the last 24 h.
    pub used: u64,
    /// `None` = unlimited or not known.
    pub limit: Option<i64>,
    /// `typed`, `provider`, `warm_up` (a phone behind a gateway, by its age), or `none`.
    pub source: &'static str,
    /// When the next new person may be written to, if not now.
    pub next_free_at: Option<Ms>,
}

/// Looks at a channel's portfolio.
///
/// # Errors
/// The database failed.
pub async fn view(db: &impl Conn, portal: &str, channels: &[channel::Model], row: &channel::Model, now: Ms) -> DbResult<View> {
    let own = terms(row);
    let by_age = (is_phone(row) && own.daily_limit.is_none()).then(|| strangers(row, &own, now));
    let name = own.portfolio;
    let typed = typed(channels.iter(), &name).or(by_age);
    let stored = store::find(db, portal, &name).await?;
    let limit = effective(typed, stored.as_ref());
    let used = store::used(db, portal, &name, now).await?;
    let full = limit.filter(|limit| used >= u64::try_from(*limit).unwrap_or_default());
    let next_free_at = match full {
        Some(limit) => {
            let seen = portfolio::Model {
                portal: portal.to_owned(),
                name: name.clone(),
                used: i64::try_from(used).unwrap_or(i64::MAX),
                told_limit: None,
                told_at: None,
                updated_at: now,
            };
            line(db, &seen, limit, 1, now).await?.first().copied()
        }
        None => None,
    };
    let source = match (typed, stored.and_then(|row| row.told_limit)) {
        _ if by_age.is_some() => "warm_up",
        (Some(_), _) => "typed",
        (None, Some(_)) => "provider",
        (None, None) => "none",
    };
    Ok(View { portfolio: name.strip_prefix("name:").map(str::to_owned), used, limit, source, next_free_at })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::channel::sample;

    #[test]
    fn the_line_goes_round_when_it_is_longer_than_the_limit() {
        let days = |used, limit, n| {
            let (place, after) = turn(used, limit, n);
            (place, after / DAY)
        };
        // Two places, both taken: the first to wait takes the one that was reached first.
        assert_eq!([days(2, 2, 0), days(2, 2, 1), days(2, 2, 2), days(2, 2, 3), days(2, 2, 4)], [(0, 1), (1, 1), (0, 2), (1, 2), (0, 3)]);
        // The limit was lowered from three to two: two have to be over before one may begin.
        assert_eq!([days(3, 2, 0), days(3, 2, 1), days(3, 2, 2)], [(1, 1), (2, 1), (1, 2)]);
    }

    #[test]
    fn without_a_name_a_channel_is_its_own_portfolio() {
        let row = |settings: &str| channel::Model { settings: settings.to_owned(), ..sample::row("ch_1") };
        assert_eq!(
            terms(&row("{}")),
            Terms { portfolio: "ch_1".to_owned(), daily_limit: None, refuses: false, warms_up: true, daily_cap: None }
        );
        let shared = row(r#"{"portfolio":" Ромашка ","daily_limit":"250","on_limit":"refuse"}"#);
        let expected =
            Terms { portfolio: "name:Ромашка".to_owned(), daily_limit: Some(250), refuses: true, warms_up: true, daily_cap: None };
        assert_eq!(terms(&shared), expected);
        let other = row(r#"{"portfolio":"Ромашка","daily_limit":"100"}"#);
        assert_eq!(typed([&shared, &other].into_iter(), "name:Ромашка"), Some(100));
    }
}
