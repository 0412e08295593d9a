//! Linking a phone to a gateway's channel, for the API: start, look how far it is, end the link.
//!
//! The gateway is asked anew at each look; nothing of a code is stored. What the look tells of the account goes the way of every such
//! news (`learn`), but while a code waits to be scanned the channel stays `pairing`.

use super::account::learn;
use super::{Loaded, load, note_state, sync_job};
use crate::db::store;
use crate::db::store::channel::When;
use crate::db::{DbError, DbResult};
use crate::domain::outcome::ProviderError;
use crate::domain::secret::Secret;
use crate::flow::{Ctx, provider_ask};
use crate::outbound::OutboundError;
use crate::provider::AccountState;
use crate::provider::pairing::{Ask, Stage, Told};
use crate::queue;

/// States from which a linking begins.
const UNLINKED: When<'static> = When::From(&["new", "disconnected", "auth_failed"]);

/// How far it is, with what there is to show.
#[derive(Debug, Clone)]
pub struct Pairing {
    /// The step; `None` while the gateway says nothing clear.
    pub stage: Option<Stage>,
    /// PNG in base64, to be scanned.
    pub picture: Option<Secret>,
    /// To be typed on the phone.
    pub code: Option<Secret>,
    /// The number that is linked, digits.
    pub phone: Option<String>,
    /// The gateway's own word of its state.
    pub word: Option<String>,
}

/// Why there is nothing to show.
#[derive(Debug, thiserror::Error)]
pub enum PairingError {
    /// No live channel of that id in this portal.
    #[error("no such channel")]
    NotFound,
    /// No phone is linked to channels of this kind.
    #[error("no phone is linked to this kind of channel")]
    Unsupported,
    /// The gateway refused.
    #[error("provider: {}", .0.text)]
    Provider(ProviderError),
    /// The gateway was not reached.
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Begins to link a phone; with a number, a code to type on it is asked for instead of a picture.
///
/// # Errors
/// [`PairingError`].
pub async fn start(ctx: &Ctx, portal: &str, channel_id: &str, phone: Option<&str>) -> Result<Pairing, PairingError> {
    let channel = loaded(ctx, portal, channel_id).await?;
    let account = account(ctx, &channel).await?;
    if account.pairing == Some(Stage::Connected) {
        return shown(ctx, &channel, account, None).await;
    }
    ask(ctx, &channel, &Ask::Start { state: account.reason.clone().unwrap_or_default() }).await?;
    let now = ctx.clock.now();
    let tx = ctx.db.begin().await?;
    note_state(&tx, portal, channel_id, ("pairing", Some("waiting for the phone")), UNLINKED, now).await?;
    tx.commit("channel.pairing_begun").await?;
    let channel = loaded(ctx, portal, channel_id).await?;
    let account = self::account(ctx, &channel).await?;
    let code = match phone.filter(|_| account.pairing == Some(Stage::Waiting)) {
        Some(phone) => ask(ctx, &channel, &Ask::Code { phone: phone.to_owned() }).await?,
        None => Told::Nothing,
    };
    shown(ctx, &channel, account, Some(code).filter(|told| matches!(told, Told::Code(_)))).await
}

/// How far the linking is now.
///
/// # Errors
/// [`PairingError`].
pub async fn look(ctx: &Ctx, portal: &str, channel_id: &str) -> Result<Pairing, PairingError> {
    let channel = loaded(ctx, portal, channel_id).await?;
    let account = account(ctx, &channel).await?;
    shown(ctx, &channel, account, None).await
}

/// Ends the link: the phone forgets the gateway, the channel stops.
///
/// # Errors
/// [`PairingError`].
pub async fn unlink(ctx: &Ctx, portal: &str, channel_id: &str) -> Result<Pairing, PairingError> {
    let channel = loaded(ctx, portal, channel_id).await?;
    ask(ctx, &channel, &Ask::Unlink).await?;
    let told = AccountState {
        state: Some("disconnected"),
        reason: Some("unlinked".to_owned()),
        pairing: Some(Stage::Expired),
        ..AccountState::default()
    };
    note(ctx, &channel, &told).await?;
    Ok(Pairing { stage: told.pairing, picture: None, code: None, phone: None, word: told.reason })
}

async fn loaded(ctx: &Ctx, portal: &str, channel_id: &str) -> Result<Loaded, PairingError> {
    let channel = load(ctx, portal, channel_id).await?.ok_or(PairingError::NotFound)?;
    if channel.provider.capabilities().pairing { Ok(channel) } else { Err(PairingError::Unsupported) }
}

async fn account(ctx: &Ctx, channel: &Loaded) -> Result<AccountState, PairingError> {
    let request = channel.provider.build_account(&channel.config).ok_or(PairingError::Unsupported)?;
    let answer = provider_ask::ask(ctx, request).await?;
    channel.provider.read_account(&answer).map_err(PairingError::Provider)
}

async fn ask(ctx: &Ctx, channel: &Loaded, step: &Ask) -> Result<Told, PairingError> {
    let Some(request) = channel.provider.build_pairing(&channel.config, step) else { return Ok(Told::Nothing) };
    let answer = provider_ask::ask(ctx, request).await?;
    channel.provider.read_pairing(step, &answer).map_err(PairingError::Provider)
}

/// The step with its picture, unless a code was asked for.
async fn shown(ctx: &Ctx, channel: &Loaded, account: AccountState, code: Option<Told>) -> Result<Pairing, PairingError> {
    let waited = channel.row.state == "pairing";
    let mut stage = account.pairing;
    // A session that only starts has not been scanned yet, unless a code was shown before.
    if stage == Some(Stage::Scanned) && !waited {
        stage = Some(Stage::Waiting);
    }
    let told = match (code, account.pairing) {
        (Some(code), _) => code,
        (None, Some(Stage::Waiting)) => ask(ctx, channel, &Ask::Picture).await?,
        (None, _) => Told::Nothing,
    };
    let mut pairing = Pairing { stage, picture: None, code: None, phone: account.phone.clone(), word: account.reason.clone() };
    match told {
        Told::Picture(picture) => pairing.picture = Some(picture),
        Told::Code(code) => pairing.code = Some(code),
        Told::Linked => pairing.stage = Some(Stage::Connected),
        Told::Expired => pairing.stage = Some(Stage::Expired),
        Told::Nothing => {}
    }
    let waits = matches!(pairing.stage, Some(Stage::Waiting | Stage::Scanned)) && waited;
    if !waits {
        note(ctx, channel, &account).await?;
    }
    Ok(pairing)
}

/// Stores the news; a channel that is linked now looks at its webhook's registration again.
async fn note(ctx: &Ctx, channel: &Loaded, told: &AccountState) -> DbResult<()> {
    let (portal, channel_id, now) = (channel.row.portal.as_str(), channel.row.id.as_str(), ctx.clock.now());
    let tx = ctx.db.begin().await?;
    let Some(row) = store::channel::find(&*tx, portal, channel_id).await? else { return Ok(()) };
    let before = row.state.clone();
    let after = learn(&tx, &row, told, now).await?;
    if after == before && told.phone.is_none() {
        return Ok(());
    }
    if after == "connected" && before != "connected" {
        queue::enqueue(&tx, ctx.ids.as_ref(), now, &[sync_job(portal, channel_id, now)]).await?;
    }
    tx.commit("channel.pairing_told").await?;
    ctx.wake.notify_waiters();
    Ok(())
}
