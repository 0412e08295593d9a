//! The token store: sealed pairs, their refresh, and what portals say about themselves.
//!
//! A pair is refreshed only when its time is past or the portal said `expired_token`, by one caller of this process (a mutex a
//! portal) and by one replica (a short claim in the portal's row, kept alive while the answer is awaited). The new pair is
//! committed before anybody may use it; a kill between answer and commit loses the pair, the next refresh then says so and the
//! portal becomes `auth_lost` until an administrator opens the application.

mod tend;

pub use tend::handle;

use super::FlowSettings;
use super::portal_cache::{self, PortalCache, PortalFacts};
use super::portal_state::{self, Subject};
use crate::bitrix::oauth::{self, RefreshAnswer, TokenPair};
use crate::bitrix::{Access, Observation, TokenError, TokenStore};
use crate::db::crypto::Sealer;
use crate::db::store::portal as store;
use crate::db::store::portal::{PortalStatus, RefreshClaim, SealedPair};
use crate::db::{Db, DbError, DbResult, Engine};
use crate::domain::clock::{Clock, DAY, Ms, SECOND};
use crate::domain::http::HttpResponse;
use crate::domain::ids::Ids;
use crate::domain::secret::Secret;
use crate::outbound::{Outbound, OutboundError, Peer};
use futures::future::BoxFuture;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Mutex as AsyncMutex, Notify};

/// Reason of the job that refreshes a pair nobody used for [`IDLE_AFTER`].
pub const IDLE: &str = "idle";
/// Reason of the job that looks whether a portal works (daily while it does not, at once after a hint).
pub const RECHECK: &str = "recheck";
/// An idle pair is refreshed after this long: inside the 28 to 180 days that the vendor's papers name.
pub const IDLE_AFTER: Ms = 25 * DAY;
/// Life of a refresh claim; a replica that died holds the others up no longer.
const CLAIM: Ms = 10 * SECOND;
/// How often a claim is renewed while the answer is awaited.
const CLAIM_BEAT: Duration = Duration::from_secs(3);
/// Tries to store a pair that exists nowhere else.
const STORE_TRIES: u32 = 5;

/// What the token store works with.
#[derive(Debug, Clone)]
pub struct TokenParts {
    /// Database.
    pub db: Db,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids of jobs.
    pub ids: Arc<dyn Ids>,
    /// HTTP to the authorization server.
    pub outbound: Outbound,
    /// Secrets at rest.
    pub sealer: Arc<Sealer>,
    /// Application keys, authorization servers, boot id.
    pub settings: Arc<FlowSettings>,
    /// Shared cache of portals.
    pub portals: Arc<PortalCache>,
    /// Wakes workers after a change that stored jobs.
    pub wake: Arc<Notify>,
}

/// Tokens of all portals; one for an application.
#[derive(Debug)]
pub struct PortalTokens {
    parts: TokenParts,
    flights: Mutex<HashMap<String, Arc<AsyncMutex<()>>>>,
}

/// Which states may be asked for a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// Ordinary work: active portals only.
    Work,
    /// Looking whether a portal works again.
    Recheck,
}

fn unavailable(error: &DbError) -> TokenError {
    TokenError::Unavailable(error.to_string())
}

fn check_state(facts: &PortalFacts, purpose: Purpose) -> Result<(), TokenError> {
    match (facts.status, purpose) {
        (PortalStatus::Active, _) | (PortalStatus::Paused | PortalStatus::AuthLost, Purpose::Recheck) => Ok(()),
        (PortalStatus::Paused, Purpose::Work) => Err(TokenError::Paused(facts.status_reason.clone().unwrap_or_default())),
        (PortalStatus::AuthLost, Purpose::Work) => Err(TokenError::AuthLost),
        (PortalStatus::Uninstalled, _) => Err(TokenError::NotInstalled),
    }
}

fn access_of(facts: &PortalFacts) -> Access {
    Access {
        client_endpoint: facts.client_endpoint.clone(),
        server_endpoint: facts.server_endpoint.clone(),
        access_token: facts.access_token.clone(),
        version: facts.token_version,
    }
}

/// End of an access token that lives `expires_in` seconds; absurd lifetimes are read as one hour.
pub(super) fn expiry(now: Ms, expires_in: i64) -> Ms {
    let seconds = if (1..=86_400).contains(&expires_in) { expires_in } else { 3_600 };
    now.saturating_add(seconds.saturating_mul(SECOND))
}

impl PortalTokens {
    /// A store without anything in flight.
    pub fn new(parts: TokenParts) -> Self {
        Self { parts, flights: Mutex::default() }
    }

    fn now(&self) -> Ms {
        self.parts.clock.now()
    }

    fn subject<'a>(&'a self, portal: &'a str, version: i64) -> Subject<'a> {
        Subject { portal, version, ids: &*self.parts.ids, now: self.now() }
    }

    fn flight(&self, portal: &str) -> Arc<AsyncMutex<()>> {
        let mut flights = self.flights.lock().unwrap_or_else(PoisonError::into_inner);
        if flights.len() > 1_000 {
            flights.retain(|_, flight| Arc::strong_count(flight) > 1);
        }
        Arc::clone(flights.entry(portal.to_owned()).or_default())
    }

    async fn current(&self, portal: &str, purpose: Purpose) -> Result<Access, TokenError> {
        let mut facts = self.parts.portals.get(portal).await.map_err(|error| unavailable(&error))?.ok_or(TokenError::NotInstalled)?;
        if check_state(&facts, purpose).is_err() {
            // The state may just have been mended by another replica.
            facts = self.parts.portals.fresh(portal).await.map_err(|error| unavailable(&error))?.ok_or(TokenError::NotInstalled)?;
            check_state(&facts, purpose)?;
        }
        // A lost pair is proven alive only by a refresh.
        if facts.access_expires_at > self.now() && facts.status != PortalStatus::AuthLost {
            return Ok(access_of(&facts));
        }
        self.renew(portal, facts.token_version, purpose).await
    }

    /// A newer pair than `stale`: somebody else's if there is one, else by a refresh.
    async fn renew(&self, portal: &str, stale: i64, purpose: Purpose) -> Result<Access, TokenError> {
        let flight = self.flight(portal);
        let _one_at_a_time = flight.lock().await;
        let row = store::find(self.parts.db.read(), portal).await.map_err(|error| unavailable(&error))?;
        let row = row.ok_or(TokenError::NotInstalled)?;
        let sealed = row.refresh_token.clone();
        let facts = portal_cache::facts(&self.parts.sealer, row, self.now()).map_err(|error| unavailable(&error))?;
        check_state(&facts, purpose)?;
        if facts.token_version != stale && facts.access_expires_at > self.now() {
            self.parts.portals.forget(portal).await;
            return Ok(access_of(&facts));
        }
        let origin = oauth::allowed_origin(&facts.server_endpoint, &self.parts.settings.auth_hosts)
            .ok_or_else(|| TokenError::Unavailable("authorization server is not in BITRIX_AUTH_HOSTS".to_owned()))?;
        let refresh_token = portal_cache::open(&self.parts.sealer, "refresh_token", portal, &sealed)
            .map_err(|error| TokenError::Unavailable(error.to_string()))?;
        if !self.claim(portal, facts.token_version, "first").await.map_err(|error| unavailable(&error))? {
            return Err(TokenError::Unavailable("another replica refreshes the token".to_owned()));
        }
        let answer = self.ask(portal, facts.token_version, &origin, &refresh_token).await;
        self.settle(facts, answer).await
    }

    async fn claim(&self, portal: &str, version: i64, which: &str) -> DbResult<bool> {
        let now = self.now();
        let claim = RefreshClaim { owner: &self.parts.settings.boot_id, version, until: now.saturating_add(CLAIM) };
        let alone = self.parts.db.engine() == Engine::Sqlite;
        let tx = self.parts.db.begin().await?;
        let claimed = store::claim_refresh(&*tx, portal, &claim, alone, now).await?;
        if claimed {
            tracing::debug!(portal.id = portal, which, "refresh claimed");
            tx.commit("token.refresh_claimed").await?;
        }
        Ok(claimed)
    }

    /// Asks the authorization server, renewing the claim while it thinks.
    async fn ask(&self, portal: &str, version: i64, origin: &str, refresh_token: &Secret) -> Result<HttpResponse, OutboundError> {
        let settings = &self.parts.settings;
        let request = oauth::refresh_request(origin, &settings.client_id, &settings.client_secret, refresh_token);
        let answer = self.parts.outbound.send("token.refresh", Peer::Authorization, request);
        tokio::pin!(answer);
        loop {
            match tokio::time::timeout(CLAIM_BEAT, &mut answer).await {
                Ok(answer) => return answer,
                Err(_) => {
                    if let Err(error) = self.claim(portal, version, "beat").await {
                        tracing::warn!(portal.id = portal, %error, "refresh claim not renewed");
                    }
                }
            }
        }
    }

    async fn settle(&self, facts: PortalFacts, answer: Result<HttpResponse, OutboundError>) -> Result<Access, TokenError> {
        let portal = facts.member_id.as_str();
        let read = match answer {
            Ok(answer) => oauth::read_refresh(&answer),
            Err(error) => RefreshAnswer::Later(error.to_string()),
        };
        metrics::counter!("courier24_token_refresh_total", "outcome" => outcome_word(&read)).increment(1);
        let observation = match read {
            RefreshAnswer::Pair(pair) if pair.member_id.is_empty() || pair.member_id == portal => return self.keep(facts, pair).await,
            RefreshAnswer::Pair(_) => Observation::AuthLost("the authorization server answered for another portal".to_owned()),
            RefreshAnswer::Lost(why) | RefreshAnswer::WrongClient(why) => Observation::AuthLost(why),
            RefreshAnswer::NotInstalled(why) => Observation::Uninstalled(why),
            RefreshAnswer::Payment => Observation::Paused("payment".to_owned()),
            RefreshAnswer::Later(why) => {
                self.release(portal).await.map_err(|error| unavailable(&error))?;
                return Err(TokenError::Unavailable(why));
            }
        };
        let error = match &observation {
            Observation::Uninstalled(_) => TokenError::NotInstalled,
            Observation::Paused(why) => TokenError::Paused(why.clone()),
            Observation::AuthLost(_) | Observation::Back => TokenError::AuthLost,
        };
        tracing::warn!(portal.id = portal, why = ?observation, "refresh refused");
        self.note(portal, facts.token_version, observation).await.map_err(|error| unavailable(&error))?;
        self.release(portal).await.map_err(|error| unavailable(&error))?;
        let fresh = self.parts.portals.fresh(portal).await.map_err(|error| unavailable(&error))?;
        if fresh.is_some_and(|fresh| fresh.status == PortalStatus::Active && fresh.token_version != facts.token_version) {
            return Err(TokenError::Unavailable("a newer token was stored meanwhile".to_owned()));
        }
        Err(error)
    }

    async fn release(&self, portal: &str) -> DbResult<()> {
        let tx = self.parts.db.begin().await?;
        store::release_refresh(&*tx, portal, &self.parts.settings.boot_id).await?;
        tx.commit("token.refresh_released").await
    }

    /// Stores the new pair; it exists nowhere else, so a database that stumbles is asked again.
    async fn keep(&self, mut facts: PortalFacts, pair: TokenPair) -> Result<Access, TokenError> {
        let portal = facts.member_id.clone();
        let now = self.now();
        let seal = |column, secret: &Secret| self.parts.sealer.seal(portal_cache::place(column, &portal), secret);
        let sealed = SealedPair {
            access_token: seal("access_token", &pair.access_token),
            refresh_token: seal("refresh_token", &pair.refresh_token),
            access_expires_at: expiry(now, pair.expires_in),
        };
        let mut tries = 1;
        let stored = loop {
            match self.store_pair(&portal, facts.token_version, &sealed).await {
                Ok(stored) => break stored,
                Err(error) if tries >= STORE_TRIES => return Err(unavailable(&error)),
                Err(error) => tracing::warn!(portal.id = portal, %error, tries, "new token pair not stored yet"),
            }
            tries += 1;
            tokio::time::sleep(Duration::from_millis(200)).await;
        };
        self.parts.portals.forget(&portal).await;
        if !stored {
            // An install was faster; its pair is the newer one.
            let fresh = self.parts.portals.fresh(&portal).await.map_err(|error| unavailable(&error))?.ok_or(TokenError::NotInstalled)?;
            check_state(&fresh, Purpose::Work)?;
            return Ok(access_of(&fresh));
        }
        facts.access_token = pair.access_token;
        facts.token_version = facts.token_version.saturating_add(1);
        Ok(access_of(&facts))
    }

    async fn store_pair(&self, portal: &str, version: i64, pair: &SealedPair) -> DbResult<bool> {
        let tx = self.parts.db.begin().await?;
        let stored = store::store_pair(&*tx, portal, version, pair, self.now()).await?;
        tx.commit("token.refreshed").await?;
        Ok(stored)
    }

    async fn note(&self, portal: &str, version: i64, observation: Observation) -> DbResult<()> {
        let subject = self.subject(portal, version);
        let tx = self.parts.db.begin().await?;
        let changed = match &observation {
            Observation::AuthLost(why) => portal_state::lose(&tx, subject, why).await?,
            Observation::Paused(why) => portal_state::pause(&tx, subject, why).await?,
            Observation::Uninstalled(_) => portal_state::remove(&tx, subject, false).await?,
            Observation::Back => portal_state::back(&tx, subject).await?,
        };
        if !changed {
            return Ok(());
        }
        tx.commit("token.observed").await?;
        self.parts.portals.forget(portal).await;
        self.parts.wake.notify_waiters();
        tracing::warn!(portal.id = portal, observation = ?observation, "portal state changed");
        Ok(())
    }

    async fn move_to(&self, portal: &str, client_endpoint: &str) -> DbResult<()> {
        let domain = oauth::authority(client_endpoint).unwrap_or_default();
        let tx = self.parts.db.begin().await?;
        store::set_address(&*tx, portal, &domain, client_endpoint, self.now()).await?;
        tx.commit("token.renamed").await?;
        self.parts.portals.forget(portal).await;
        Ok(())
    }
}

fn outcome_word(answer: &RefreshAnswer) -> &'static str {
    match answer {
        RefreshAnswer::Pair(_) => "refreshed",
        RefreshAnswer::Lost(_) => "lost",
        RefreshAnswer::WrongClient(_) => "wrong_client",
        RefreshAnswer::NotInstalled(_) => "not_installed",
        RefreshAnswer::Payment => "payment",
        RefreshAnswer::Later(_) => "later",
    }
}

impl TokenStore for PortalTokens {
    fn access<'a>(&'a self, portal: &'a str) -> BoxFuture<'a, Result<Access, TokenError>> {
        Box::pin(self.current(portal, Purpose::Work))
    }

    fn access_while_paused<'a>(&'a self, portal: &'a str) -> BoxFuture<'a, Result<Access, TokenError>> {
        Box::pin(self.current(portal, Purpose::Recheck))
    }

    fn refresh<'a>(&'a self, portal: &'a str, stale_version: i64) -> BoxFuture<'a, Result<Access, TokenError>> {
        Box::pin(async move {
            // What the cache holds is what just failed.
            self.parts.portals.forget(portal).await;
            self.renew(portal, stale_version, Purpose::Work).await
        })
    }

    fn renamed<'a>(&'a self, portal: &'a str, client_endpoint: &'a str) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            if let Err(error) = self.move_to(portal, client_endpoint).await {
                // The old address still redirects, so the next call proves the move again.
                tracing::warn!(portal.id = portal, %error, "new address not stored");
            }
        })
    }

    fn observed<'a>(&'a self, portal: &'a str, version: i64, observation: Observation) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            if let Err(error) = self.note(portal, version, observation).await {
                tracing::warn!(portal.id = portal, %error, "portal state not stored");
            }
        })
    }
}
