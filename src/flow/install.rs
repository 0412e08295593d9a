//! Installs, re-installs, updates and re-seeding: four proofs before anything is stored (INTERFACE.md "Details").
//!
//! The authorization server (allow-listed) accepts the token; the token is our application's (where the server names none, a refresh
//! with our keys must succeed); the portal it names is the request's; `profile` at the address *it* names says that the user is an
//! administrator. Domain and address come from the proof, never from the request; a refusal changes nothing.

mod refusal;
mod rejections;
mod seeds;
mod viewer;

pub use refusal::InstallRefusal;
pub use rejections::Rejections;
pub use viewer::{Viewer, prove_viewer};

use super::portal_cache;
use super::portal_state::{self, Subject};
use super::{Ctx, register, token};
use crate::bitrix::inbound::{FramePost, InstallPost, Sender};
use crate::bitrix::oauth::{self, AppInfo, Application, RefreshAnswer, TokenPair};
use crate::bitrix::{ADDRESS_REFUSED, BitrixError, form};
use crate::db::store::portal as store;
use crate::db::store::portal::PortalStatus;
use crate::db::{DbError, DbResult};
use crate::domain::clock::Ms;
use crate::domain::secret::Secret;
use crate::outbound::Peer;
use crate::queue::{self, Job, NewJob};
use seeds::{seed_entry, seed_hash, seeds_with, tells_a_new_token, was_taken};
use serde_json::{Value, json};

/// A stored install.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// Portal.
    pub member_id: String,
    /// Host, by proof.
    pub domain: String,
    /// Administrator who installed.
    pub user_id: String,
    /// Whether the portal was unknown or removed before.
    pub first: bool,
}

/// What the proofs brought.
struct Proof {
    info: AppInfo,
    server_endpoint: String,
    client_endpoint: String,
    user_id: String,
    tokens: TokenPair,
}

/// First contact by the installer's frame or the install call.
///
/// # Errors
/// [`InstallRefusal`].
pub async fn install(ctx: &Ctx, post: &InstallPost) -> Result<Installed, InstallRefusal> {
    seed(ctx, post.sender(), &post.lang(), "install").await
}

/// Proves a sender's tokens and stores them: installs, re-installs, updates, and the way back from `auth_lost`.
///
/// # Errors
/// [`InstallRefusal`].
pub async fn seed(ctx: &Ctx, sender: &Sender, lang: &str, reason: &str) -> Result<Installed, InstallRefusal> {
    let proof = match prove(ctx, sender).await {
        Ok(proof) => proof,
        Err(refusal) => {
            tracing::warn!(portal.id = sender.member_id, reason, code = refusal.code(), %refusal, "tokens not taken");
            return Err(refusal);
        }
    };
    let installed = match store_proof(ctx, sender, &proof, lang, reason).await {
        // Another replica inserted the same portal at this moment; now it is there.
        Err(DbError::Duplicate) => store_proof(ctx, sender, &proof, lang, reason).await?,
        other => other?,
    };
    ctx.portals.forget(&sender.member_id).await;
    ctx.wake.notify_waiters();
    tracing::info!(portal.id = sender.member_id, reason, first = installed.first, "tokens taken");
    Ok(installed)
}

/// Re-seeds a portal whose authorization is lost from the tokens of a page that its administrator opened. `false` when there was
/// nothing to mend or the viewer may not.
///
/// # Errors
/// [`DbError`] when the portal cannot be read.
pub async fn reseed(ctx: &Ctx, frame: &FramePost) -> DbResult<bool> {
    let facts = ctx.portals.fresh(&frame.sender.member_id).await?;
    if facts.is_none_or(|facts| facts.status != PortalStatus::AuthLost) {
        return Ok(false);
    }
    Ok(seed(ctx, &frame.sender, &frame.lang, "page opened").await.is_ok())
}

async fn prove(ctx: &Ctx, sender: &Sender) -> Result<Proof, InstallRefusal> {
    if sender.access_token.is_empty() || sender.refresh_token.is_empty() {
        return Err(InstallRefusal::TokensMissing);
    }
    let (server_endpoint, info) = ask_authorization(ctx, sender).await?;
    if info.member_id != sender.member_id {
        return Err(InstallRefusal::OtherPortal);
    }
    let application = info.application(&ctx.settings.client_id);
    if application == Application::Alien {
        return Err(InstallRefusal::OtherApplication);
    }
    let Some(client_endpoint) = info.endpoint(ctx.settings.allow_private) else {
        return Err(InstallRefusal::EndpointRefused("the proof names no address".to_owned()));
    };
    let profile = ctx
        .bitrix
        .call_with("proof.profile", &sender.member_id, &client_endpoint, &sender.access_token, "profile", json!({}))
        .await
        .map_err(|error| refused(&error))?;
    let user_id = admin_of(&profile)?;
    // Last, since it uses the pair up: by now only our application, or the refresh token itself, is in doubt.
    let tokens = match application {
        Application::Ours if !replaces_a_working_pair(ctx, sender).await? => pair_of(sender),
        _ => refresh_as_ours(ctx, sender, &server_endpoint, application).await?,
    };
    Ok(Proof { info, server_endpoint, client_endpoint, user_id, tokens })
}

/// Whether a live portal would get this pair in place of one that works: then the refresh token has to prove itself too, since the
/// access token alone says nothing about it.
async fn replaces_a_working_pair(ctx: &Ctx, sender: &Sender) -> Result<bool, InstallRefusal> {
    let known = store::find(ctx.db.read(), &sender.member_id).await?;
    Ok(known.is_some_and(|row| row.status == PortalStatus::Active.as_str() && !was_taken(&row, &seed_hash(ctx, sender))))
}

/// The authorization server that the request names; a request of an old portal names none, then the known one or each of the list.
async fn ask_authorization(ctx: &Ctx, sender: &Sender) -> Result<(String, AppInfo), InstallRefusal> {
    if !sender.server_endpoint.is_empty() {
        let info = ctx.bitrix.app_info(&sender.server_endpoint, &sender.access_token).await?;
        return Ok((sender.server_endpoint.clone(), info));
    }
    let known = ctx.portals.get(&sender.member_id).await?.map(|facts| facts.server_endpoint.clone());
    let candidates = match known {
        Some(known) => vec![known],
        None => ctx.settings.auth_hosts.iter().filter_map(|host| oauth::origin(host)).map(|origin| oauth::endpoint(&origin)).collect(),
    };
    let mut last = InstallRefusal::HostRefused;
    for endpoint in candidates {
        match ctx.bitrix.app_info(&endpoint, &sender.access_token).await {
            Ok(info) => return Ok((endpoint, info)),
            Err(error) => last = error.into(),
        }
    }
    Err(last)
}

fn pair_of(sender: &Sender) -> TokenPair {
    TokenPair {
        access_token: sender.access_token.clone(),
        refresh_token: sender.refresh_token.clone(),
        expires_in: sender.expires_in.unwrap_or(3_600),
        member_id: sender.member_id.clone(),
        user_id: String::new(),
    }
}

async fn refresh_as_ours(ctx: &Ctx, sender: &Sender, server_endpoint: &str, application: Application) -> Result<TokenPair, InstallRefusal> {
    let origin = oauth::allowed_origin(server_endpoint, &ctx.settings.auth_hosts).ok_or(InstallRefusal::HostRefused)?;
    let request = oauth::refresh_request(&origin, &ctx.settings.client_id, &ctx.settings.client_secret, &sender.refresh_token);
    let answer = ctx.outbound.send("install.refresh", Peer::Authorization, request).await;
    let answer = answer.map_err(|error| InstallRefusal::Unavailable(error.to_string()))?;
    match oauth::read_refresh(&answer) {
        RefreshAnswer::Pair(pair) if pair.member_id.is_empty() || pair.member_id == sender.member_id => Ok(pair),
        RefreshAnswer::Pair(_) => Err(InstallRefusal::OtherPortal),
        RefreshAnswer::Later(why) => Err(InstallRefusal::Unavailable(why)),
        RefreshAnswer::Lost(why) if application == Application::Ours => Err(InstallRefusal::TokenRejected(why)),
        RefreshAnswer::Lost(_) | RefreshAnswer::WrongClient(_) => Err(InstallRefusal::OtherApplication),
        RefreshAnswer::NotInstalled(why) => Err(InstallRefusal::TokenRejected(why)),
        RefreshAnswer::Payment => Err(InstallRefusal::TokenRejected("payment required".to_owned())),
    }
}

fn refused(error: &BitrixError) -> InstallRefusal {
    match error {
        BitrixError::Refused(told) if told.code == ADDRESS_REFUSED => InstallRefusal::EndpointRefused(told.text.clone()),
        BitrixError::Refused(told) => InstallRefusal::TokenRejected(told.line()),
        BitrixError::Budget { .. } | BitrixError::Later { .. } | BitrixError::Unknown { .. } | BitrixError::Token(_) => {
            InstallRefusal::Unavailable(error.to_string())
        }
    }
}

pub(super) fn admin_of(profile: &Value) -> Result<String, InstallRefusal> {
    let empty = serde_json::Map::new();
    let profile = profile.as_object().unwrap_or(&empty);
    let user_id = form::text(profile, "ID");
    if user_id.is_empty() || !is_yes(form::field(profile, "ADMIN")) { Err(InstallRefusal::NotAdmin) } else { Ok(user_id) }
}

fn is_yes(value: Option<&Value>) -> bool {
    value.map(form::scalar).is_some_and(|text| matches!(text.as_str(), "1" | "Y" | "y" | "true"))
}

async fn store_proof(ctx: &Ctx, sender: &Sender, proof: &Proof, lang: &str, reason: &str) -> DbResult<Installed> {
    let portal = sender.member_id.as_str();
    let now = ctx.clock.now();
    let (seed_hash, entry) = (seed_hash(ctx, sender), seed_entry(ctx, sender));
    let domain = oauth::authority(&proof.client_endpoint).unwrap_or_default();
    let tx = ctx.db.begin().await?;
    let known = store::find(&*tx, portal).await?;
    let first = known.as_ref().is_none_or(|row| row.status == PortalStatus::Uninstalled.as_str());
    let installed = Installed { member_id: portal.to_owned(), domain: domain.clone(), user_id: proof.user_id.clone(), first };
    let live = known.as_ref().filter(|row| row.status == PortalStatus::Active.as_str());
    let refreshed = proof.tokens.refresh_token != sender.refresh_token;
    let seeds = seeds_with(known.as_ref(), &entry);
    if let Some(row) = live.filter(|row| !refreshed && was_taken(row, &seed_hash)) {
        // A repeated delivery, or a replay: nothing in it is news, except an application token told for the first time.
        if !tells_a_new_token(row, sender, &entry) {
            return Ok(installed);
        }
        let seal = ctx.sealer.seal(portal_cache::place("application_token", portal), &sender.application_token);
        store::set_application_token(&*tx, portal, (seal, seeds), now).await?;
    } else {
        let install = sealed_install(ctx, sender, proof, (&domain, seeds, lang), now);
        store::save_install(&*tx, portal, &install, now).await?;
    }
    queue::cancel(&tx, portal, portal_state::PURGE_KEY).await?;
    register::schedule(&tx, &*ctx.ids, portal, reason, (now, now)).await?;
    let idle = Job::RefreshToken { reason: token::IDLE.to_owned() };
    let idle = NewJob::at(portal, idle, now.saturating_add(token::IDLE_AFTER)).once(token::IDLE);
    queue::enqueue(&tx, &*ctx.ids, now, &[idle]).await?;
    portal_state::resume(&tx, Subject { portal, version: 0, ids: &*ctx.ids, now }).await?;
    tx.commit("install.stored").await?;
    Ok(installed)
}

fn sealed_install(ctx: &Ctx, sender: &Sender, proof: &Proof, (domain, seed_hash, lang): (&str, String, &str), now: Ms) -> store::Install {
    let seal = |column, secret: &Secret| ctx.sealer.seal(portal_cache::place(column, &sender.member_id), secret);
    let application_token = &sender.application_token;
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    store::Install {
        domain: domain.to_owned(),
        client_endpoint: proof.client_endpoint.clone(),
        server_endpoint: proof.server_endpoint.clone(),
        application_token: (!application_token.is_empty()).then(|| seal("application_token", application_token)),
        access_token: seal("access_token", &proof.tokens.access_token),
        refresh_token: seal("refresh_token", &proof.tokens.refresh_token),
        access_expires_at: token::expiry(now, proof.tokens.expires_in),
        seed_hash,
        installer_user_id: proof.user_id.clone(),
        lang: lang.to_lowercase().chars().take(2).collect(),
        scope: sender.scope.clone(),
        license: text(&proof.info.license),
        app_version: text(&proof.info.version),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_named_administrator_installs() {
        assert_eq!(admin_of(&json!({"ID": "7", "ADMIN": true})), Ok("7".to_owned()));
        for profile in [json!({"ID": "7", "ADMIN": false}), json!({"ID": "7"}), json!({"ADMIN": true}), json!([]), json!(null)] {
            assert_eq!(admin_of(&profile), Err(InstallRefusal::NotAdmin), "{profile}");
        }
    }
}
