//! Channels in use: settings opened for an adapter, the `channel` property of a robot resolved, a webhook's address proven.
//!
//! Reading only; changes are in `channel/change.rs`. Secrets are opened here and nowhere else.

mod account;
mod change;
pub mod pairing;
pub mod profile;

pub(super) use account::{learn, note_account, note_address, note_proven};
pub use change::{ChannelChange, ChannelError, Created, NewChannel, create, disconnect, update};
pub(super) use change::{NOT_PAUSED, cancel_key, note_state, sync_job};

use super::Ctx;
use crate::db::crypto::Place;
use crate::db::entity::channel::Model;
use crate::db::store;
use crate::db::{DbError, DbResult};
use crate::domain::outcome::ErrorClass;
use crate::domain::refusal::{Code, Refusal};
use crate::domain::secret::Secret;
use crate::provider::{ChannelConfig, Provider, registry};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A channel ready for its adapter.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The row.
    pub row: Model,
    /// Settings and opened secrets.
    pub config: ChannelConfig,
    /// The adapter.
    pub provider: &'static dyn Provider,
}

/// The live channel that a robot's property names: by id, else by exact unique name; empty = `default`, else the oldest one.
///
/// # Errors
/// `channel_not_found`; another channel is never taken instead of a named one.
pub fn resolve<'a>(channels: &'a [Model], default: Option<&str>, wanted: &str) -> Result<&'a Model, Refusal> {
    let wanted = wanted.trim();
    let live = || channels.iter().filter(|row| row.deleted_at.is_none());
    if wanted.is_empty() {
        let named = default.and_then(|id| live().find(|row| row.id == id));
        let oldest = || live().min_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
        return named.or_else(oldest).ok_or_else(|| not_found("the portal has no channel", ""));
    }
    if let Some(row) = live().find(|row| row.id == wanted) {
        return Ok(row);
    }
    // A deleted channel is named by its name: people know no ids.
    let deleted = channels.iter().find(|row| row.id == wanted).map(|row| row.name.as_str());
    let named: Vec<&Model> = live().filter(|row| row.name == wanted).collect();
    match named.as_slice() {
        [only] => Ok(only),
        [] => Err(not_found("no channel of that id or name", deleted.unwrap_or(wanted))),
        _ => Err(not_found("several channels have that name", wanted)),
    }
}

fn not_found(rule: &str, name: &str) -> Refusal {
    Refusal::new(Code::ChannelNotFound, rule).with("name", name)
}

/// Settings and secrets of a channel for its adapter.
///
/// # Errors
/// [`DbError::Corrupt`] when the stored settings cannot be read or the secrets do not open.
pub fn config(ctx: &Ctx, row: &Model) -> Result<ChannelConfig, DbError> {
    let settings: Map<String, Value> =
        serde_json::from_str(&row.settings).map_err(|_| DbError::Corrupt(format!("settings of channel {}", row.id)))?;
    Ok(ChannelConfig {
        channel_id: row.id.clone(),
        settings,
        secrets: open_secrets(ctx, row)?,
        bases: ctx.settings.provider_bases.clone(),
        webhook_url: Secret::new(webhook_url(ctx, row)?),
        siblings: Vec::new(),
    })
}

fn open_secrets(ctx: &Ctx, row: &Model) -> Result<BTreeMap<String, Secret>, DbError> {
    let corrupt = |_| DbError::Corrupt(format!("secrets of channel {}", row.id));
    let opened = ctx.sealer.open(secrets_place(&row.portal, &row.id), &row.secrets).map_err(|error| corrupt(error.to_string()))?;
    serde_json::from_str(opened.expose()).map_err(|error| corrupt(error.to_string()))
}

fn secrets_place<'a>(portal: &'a str, channel_id: &'a str) -> Place<'a> {
    Place { table: "channel", column: "secrets", portal, row: channel_id }
}

fn hook_place<'a>(portal: &'a str, channel_id: &'a str) -> Place<'a> {
    Place { table: "channel", column: "hook_secret", portal, row: channel_id }
}

/// The row with its opened settings and its adapter.
///
/// # Errors
/// [`DbError::Corrupt`] as in [`config`], also for a kind this binary does not know.
pub fn open(ctx: &Ctx, row: Model) -> DbResult<Loaded> {
    let provider = registry::find(&row.kind).ok_or_else(|| DbError::Corrupt(format!("channel kind {}", row.kind)))?;
    Ok(Loaded { config: config(ctx, &row)?, provider, row })
}

/// A live channel of a portal; `None` when there is none.
///
/// # Errors
/// The database failed, or [`DbError::Corrupt`].
pub async fn load(ctx: &Ctx, portal: &str, channel_id: &str) -> DbResult<Option<Loaded>> {
    store::channel::find(ctx.db.read(), portal, channel_id).await?.map(|row| open(ctx, row)).transpose()
}

/// The channel whose webhook address was called, when kind and secret fit. A deleted one still answers: reports about its messages
/// go on coming.
///
/// # Errors
/// The database failed, or [`DbError::Corrupt`].
pub async fn for_hook(ctx: &Ctx, kind: &str, channel_id: &str, secret: &str) -> DbResult<Option<Loaded>> {
    let Some(row) = store::channel::find_for_hook(ctx.db.read(), channel_id).await?.filter(|row| row.kind == kind) else {
        return Ok(None);
    };
    let own = hook_secret(ctx, &row)?;
    if own.matches(secret) { open(ctx, row).map(Some) } else { Ok(None) }
}

fn hook_secret(ctx: &Ctx, row: &Model) -> DbResult<Secret> {
    let place = hook_place(&row.portal, &row.id);
    ctx.sealer.open(place, &row.hook_secret).map_err(|_| DbError::Corrupt(format!("hook secret of channel {}", row.id)))
}

/// Where the provider reports to: `{public}/hooks/{kind}/{id}/{secret}`. The address itself is a secret.
///
/// # Errors
/// [`DbError::Corrupt`] when the secret does not open.
pub fn webhook_url(ctx: &Ctx, row: &Model) -> DbResult<String> {
    let secret = hook_secret(ctx, row)?;
    Ok(format!("{}/hooks/{}/{}/{}", ctx.settings.public_url, row.kind, row.id, secret.expose()))
}

/// The state that an error puts a channel into; `None` = as it is. A channel in one of these needs a person.
pub fn state_after(class: ErrorClass) -> Option<&'static str> {
    match class {
        ErrorClass::Auth | ErrorClass::Permission => Some("auth_failed"),
        ErrorClass::Policy => Some("blocked"),
        ErrorClass::Billing => Some("paused"),
        ErrorClass::Session => Some("disconnected"),
        ErrorClass::RateLimit
        | ErrorClass::PairLimit
        | ErrorClass::MarketingCap
        | ErrorClass::WindowClosed
        | ErrorClass::OptedOut
        | ErrorClass::BadRecipient
        | ErrorClass::Template
        | ErrorClass::Payload
        | ErrorClass::Media
        | ErrorClass::Transient
        | ErrorClass::Unknown => None,
    }
}

#[cfg(test)]
pub(in crate::flow) mod sample;

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: &str, name: &str, created_at: i64, deleted: bool) -> Model {
        Model { name: name.to_owned(), created_at, updated_at: created_at, deleted_at: deleted.then_some(9), ..sample::row(id) }
    }

    #[test]
    fn a_property_names_a_channel_by_id_or_unique_name_and_never_another() {
        let rows = [
            row("ch_b", "Sales", 2, false),
            row("ch_a", "Support", 1, false),
            row("ch_c", "Twin", 3, false),
            row("ch_d", "Twin", 4, false),
            row("ch_e", "Gone", 0, true),
        ];
        let pick = |default: Option<&str>, wanted: &str| {
            resolve(&rows, default, wanted).map(|row| row.id.clone()).map_err(|refusal| refusal.args["name"].clone())
        };
        assert_eq!(pick(None, "ch_b"), Ok("ch_b".to_owned()));
        assert_eq!(pick(None, " Sales "), Ok("ch_b".to_owned()));
        assert_eq!(pick(None, "sales"), Err("sales".to_owned()));
        assert_eq!(pick(None, "Twin"), Err("Twin".to_owned()));
        assert_eq!(pick(Some("ch_b"), "ch_e"), Err("Gone".to_owned()));
        assert_eq!(pick(None, "Gone"), Err("Gone".to_owned()));
        assert_eq!(pick(None, ""), Ok("ch_a".to_owned()), "the oldest live one");
        assert_eq!(pick(Some("ch_c"), ""), Ok("ch_c".to_owned()));
        assert_eq!(pick(Some("ch_e"), ""), Ok("ch_a".to_owned()), "a deleted default does not count");
        assert_eq!(resolve(&[], None, "").unwrap_err().code, Code::ChannelNotFound);
    }
}
