//! Proves a request of a portal that never told an `application_token`, and adopts the one it brings.
//!
//! Old self-hosted editions open the installer without `APPLICATION_TOKEN` (reference/bitrix24.md A.3), so nothing stored proves their
//! robot calls; yet a call that is refused is never repeated. Then the call's own access token is asked for: our application and this
//! portal, by the authorization server stored at install. An administrator's token lets the request's `application_token` be stored,
//! only where none is; anybody else's vouches for this one request. Strangers cost one proof at a time a portal, and a pause each.

use super::portal_cache::{self, PortalFacts};
use super::{Ctx, install};
use crate::bitrix::oauth::Application;
use crate::bitrix::{BitrixError, Command, ProofError, form};
use crate::db::store::portal as store;
use crate::db::store::portal::PortalStatus;
use crate::db::{DbError, DbResult};
use crate::domain::secret::Secret;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::Mutex as AsyncMutex;

/// A request waits this long for its turn and its proof; real time, since the portal waits at the other end of the line.
const PATIENCE: Duration = Duration::from_secs(10);
/// Pause after a failed proof, before the next one of that portal.
const PAUSE: Duration = Duration::from_millis(250);
/// Requests of one portal that wait for a turn; more are told to come again.
const QUEUE: usize = 64;

/// What a request shows of its sender.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    /// Portal.
    pub member_id: &'a str,
    /// `auth[application_token]`.
    pub application_token: &'a Secret,
    /// `auth[access_token]` of the acting user.
    pub access_token: &'a Secret,
}

/// A request whose sender is known.
#[derive(Debug, Clone)]
pub struct Proven {
    /// The portal.
    pub facts: Arc<PortalFacts>,
    /// The `application_token` proves it. Else somebody who works there does, which is enough for one call, never for a removal.
    pub told: bool,
}

/// Why nobody vouches for a request.
#[derive(Debug, thiserror::Error)]
pub enum Doubt {
    /// Unknown portal, or neither token proves it.
    #[error("forged")]
    Forged,
    /// Nobody could say just now; nothing is stored.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// Our database did not answer.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<ProofError> for Doubt {
    fn from(error: ProofError) -> Self {
        match error {
            ProofError::HostRefused | ProofError::Rejected(_) => Self::Forged,
            ProofError::Unavailable(why) => Self::Unavailable(why),
        }
    }
}

impl From<BitrixError> for Doubt {
    fn from(error: BitrixError) -> Self {
        match error {
            BitrixError::Refused(_) => Self::Forged,
            BitrixError::Budget { .. } | BitrixError::Later { .. } | BitrixError::Unknown { .. } | BitrixError::Token(_) => {
                Self::Unavailable(error.to_string())
            }
        }
    }
}

/// Who is proving which portal now; one for an application.
#[derive(Debug, Default)]
pub struct Turns {
    portals: Mutex<HashMap<String, Weak<AsyncMutex<()>>>>,
}

impl Turns {
    /// The turn of a portal, and whether there is room to wait for it. Turns nobody waits for are forgotten.
    fn of(&self, portal: &str) -> Option<Arc<AsyncMutex<()>>> {
        let mut portals = self.portals.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turn) = portals.get(portal).and_then(Weak::upgrade) {
            return (Arc::strong_count(&turn) <= QUEUE).then_some(turn);
        }
        portals.retain(|_, turn| turn.strong_count() > 0);
        let turn = Arc::<AsyncMutex<()>>::default();
        portals.insert(portal.to_owned(), Arc::downgrade(&turn));
        Some(turn)
    }
}

/// The installed portal that sent this: by its `application_token`, or, while none is known, by the access token shown.
///
/// # Errors
/// [`Doubt`].
pub async fn prove(ctx: &Ctx, shown: Shown<'_>) -> Result<Proven, Doubt> {
    if let Some(facts) = ctx.portals.prove(shown.member_id, shown.application_token).await? {
        return Ok(Proven { facts, told: true });
    }
    if shown.access_token.is_empty() || untold(ctx, shown.member_id).await?.is_none() {
        return Err(Doubt::Forged);
    }
    let late = || Doubt::Unavailable("another proof of this portal is under way".to_owned());
    let turn = ctx.turns.of(shown.member_id).ok_or_else(late)?;
    match tokio::time::timeout(PATIENCE, in_turn(ctx, shown, turn)).await {
        Ok(outcome) => outcome,
        Err(_) => Err(late()),
    }
}

/// The portal when it is installed and no `application_token` is stored.
async fn untold(ctx: &Ctx, portal: &str) -> DbResult<Option<Arc<PortalFacts>>> {
    let facts = ctx.portals.get(portal).await?;
    Ok(facts.filter(|facts| facts.application_token.is_empty() && facts.status != PortalStatus::Uninstalled))
}

async fn in_turn(ctx: &Ctx, shown: Shown<'_>, turn: Arc<AsyncMutex<()>>) -> Result<Proven, Doubt> {
    let mine = Arc::clone(&turn).lock_owned().await;
    // Whoever had the turn before may have adopted the token that this request shows as well, or another one.
    if let Some(facts) = ctx.portals.prove(shown.member_id, shown.application_token).await? {
        return Ok(Proven { facts, told: true });
    }
    let facts = untold(ctx, shown.member_id).await?.ok_or(Doubt::Forged)?;
    match vouch(ctx, &facts, shown).await {
        Ok(true) => adopt(ctx, shown, facts).await,
        Ok(false) => Ok(Proven { facts, told: false }),
        Err(doubt) => {
            tracing::warn!(portal.id = shown.member_id, %doubt, "a request of a portal without application token is not proven");
            // The turn is kept for the pause, the refusal is told at once.
            tokio::spawn(async move {
                tokio::time::sleep(PAUSE).await;
                drop((mine, turn));
            });
            Err(doubt)
        }
    }
}

/// Whether the access token is an administrator's; a doubt when it is not even our application's in this portal.
async fn vouch(ctx: &Ctx, facts: &PortalFacts, shown: Shown<'_>) -> Result<bool, Doubt> {
    let info = ctx.bitrix.app_info(&facts.server_endpoint, shown.access_token).await?;
    let application = info.application(&ctx.settings.client_id);
    if info.member_id != shown.member_id || application == Application::Alien {
        return Err(Doubt::Forged);
    }
    let endpoint = info.endpoint(ctx.settings.allow_private).ok_or(Doubt::Forged)?;
    let commands = [ask("app", "app.info"), ask("user", "profile")];
    let address = (endpoint.as_str(), shown.access_token);
    let told = ctx.bitrix.batch_with("adopt.prove", shown.member_id, address, &commands).await?;
    let mut told = told.into_iter().map(|one| one.unwrap_or_default());
    let (app, profile) = (told.next().unwrap_or_default(), told.next().unwrap_or_default());
    // A marketplace application has a catalogue code instead of our client id: it is ours when our own token has the same one.
    if application == Application::Unnamed && (code(&app).is_empty() || code(&app) != own_code(ctx, facts).await?) {
        return Err(Doubt::Forged);
    }
    Ok(install::admin_of(&profile).is_ok())
}

async fn own_code(ctx: &Ctx, facts: &PortalFacts) -> Result<String, Doubt> {
    Ok(code(&ctx.bitrix.call("adopt.own_app", &facts.member_id, "app.info", json!({})).await?))
}

fn code(info: &Value) -> String {
    info.as_object().map(|info| form::text(info, "CODE")).unwrap_or_default()
}

fn ask(key: &str, method: &str) -> Command {
    Command { key: key.to_owned(), method: method.to_owned(), params: json!({}) }
}

async fn adopt(ctx: &Ctx, shown: Shown<'_>, facts: Arc<PortalFacts>) -> Result<Proven, Doubt> {
    if shown.application_token.is_empty() {
        return Ok(Proven { facts, told: false });
    }
    let portal = shown.member_id;
    let sealed = ctx.sealer.seal(portal_cache::place("application_token", portal), shown.application_token);
    let tx = ctx.db.begin().await?;
    let adopted = store::adopt_application_token(&*tx, portal, &sealed, ctx.clock.now()).await?;
    tx.commit("adopt.stored").await?;
    ctx.portals.forget(portal).await;
    tracing::info!(portal.id = portal, adopted, "application token adopted");
    if adopted {
        return Ok(Proven { facts, told: true });
    }
    let facts = ctx.portals.prove(portal, shown.application_token).await?.ok_or(Doubt::Forged)?;
    Ok(Proven { facts, told: true })
}
