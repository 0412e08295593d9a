//! Asks the provider how the account behind a channel is. For gateways without templates this look is the whole reading: it proves the
//! credentials and shows whether the phone is paired.

use super::subscribe::Registered;
use super::{SyncError, Synced, again, again_in, refused};
use crate::db::store;
use crate::db::store::channel::When;
use crate::domain::clock::{HOUR, Ms};
use crate::domain::outcome::{ErrorClass, ProviderError};
use crate::flow::Ctx;
use crate::flow::channel::{self, Loaded};
use crate::outbound::Peer;
use crate::provider::AccountState;
use crate::queue::{self, Claimed};

/// A gateway's session is looked at this often: its own notices may be lost with it.
const GATEWAY_LOOK: Ms = HOUR;

/// What the provider says; `None` when there is nothing to ask.
pub(super) async fn ask(ctx: &Ctx, channel: &Loaded) -> Result<Option<AccountState>, SyncError> {
    let Some(request) = channel.provider.build_account(&channel.config) else { return Ok(None) };
    let answer = ctx.outbound.send("sync_templates.account", Peer::Provider, request).await?;
    match channel.provider.read_account(&answer) {
        Ok(told) => Ok(Some(told)),
        Err(error) => Err(refused(ctx, &answer, error)),
    }
}

/// The end of a reading where there is no template list.
pub(super) async fn note(
    ctx: &Ctx,
    channel: &Loaded,
    job: Option<&Claimed>,
    registered: Result<Registered, SyncError>,
    account: Result<Option<AccountState>, SyncError>,
) -> Result<Synced, SyncError> {
    let (portal, channel_id) = (channel.row.portal.as_str(), channel.row.id.as_str());
    let told = account?.unwrap_or_default();
    let now = ctx.clock.now();
    let tx = ctx.db.begin().await?;
    if let Some(row) = store::channel::find(&*tx, portal, channel_id).await? {
        if registered.is_ok() {
            channel::note_state(&tx, portal, channel_id, ("new", None), When::From(&["auth_failed"]), now).await?;
        }
        let row = store::channel::find(&*tx, portal, channel_id).await?.unwrap_or(row);
        channel::learn(&tx, &row, &told, now).await?;
        if let Ok(registered) = &registered {
            channel::note_address(&tx, portal, channel_id, *registered == Registered::Here, now).await?;
        }
    }
    // A limit of the registration is waited for by the job itself.
    let settled = match &registered {
        Ok(_) => true,
        Err(SyncError::Provider { error, .. }) => !repeats(error),
        Err(_) => false,
    };
    if let (Some(job), true) = (job, settled) {
        queue::complete(&tx, &[job]).await?;
    }
    let next = if channel.provider.build_account(&channel.config).is_some() {
        again_in(portal, channel_id, now, GATEWAY_LOOK)
    } else {
        again(portal, channel_id, now)
    };
    queue::enqueue(&tx, ctx.ids.as_ref(), now, &[next]).await?;
    tx.commit("sync_templates.account_noted").await?;
    if job.is_some() && !settled {
        registered?;
    }
    match job {
        Some(_) => Ok(Synced { total: 0, vanished: 0 }),
        None => Err(SyncError::Unsupported),
    }
}

fn repeats(error: &ProviderError) -> bool {
    error.class.retryable() || error.class == ErrorClass::Unknown
}
