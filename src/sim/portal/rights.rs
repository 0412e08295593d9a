//! Who calls, and what he may: token, application context, administrator, scope (reference/bitrix24.md F.3).

use super::error::Refusal;
use super::simulation::Core;
use super::state::State;
use crate::domain::clock::Ms;

/// The authorized caller of one request.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) user: i64,
    pub(crate) admin: bool,
    pub(crate) crm: bool,
    /// `None` for an incoming webhook.
    pub(crate) client_id: Option<String>,
    pub(crate) token: String,
}

impl Caller {
    /// Key of the per-method time budget.
    pub(crate) fn budget(&self) -> &str {
        self.client_id.as_deref().unwrap_or("webhook")
    }
}

/// What the request showed as proof.
pub(crate) enum Proof {
    None,
    Token(String),
    Webhook { user: String, secret: String },
}

/// Reads the proof; the checks stand in the order the portal makes them.
pub(crate) fn authorize(core: &Core, state: &State, proof: &Proof, now: Ms) -> Result<Caller, Refusal> {
    if state.switches.deleted {
        return Err(Refusal::new(410, "PORTAL_DELETED", "Portal was deleted"));
    }
    let (user_id, client_id, token) = match proof {
        Proof::None => return Err(Refusal::new(401, "NO_AUTH_FOUND", "Wrong authorization data")),
        Proof::Webhook { user, secret } => {
            let owner = state.webhooks.get(secret).filter(|owner| owner.to_string() == *user);
            let Some(owner) = owner else { return Err(Refusal::new(401, "INVALID_CREDENTIALS", "Invalid request credentials")) };
            (*owner, None, String::new())
        }
        Proof::Token(token) => {
            let grant = core.auth.registry().access(token).cloned();
            let grant = grant.filter(|grant| grant.member_id == core.member_id);
            let Some(grant) = grant else { return Err(Refusal::new(401, "invalid_token", "Unable to get application by token")) };
            if grant.expires_at <= now {
                return Err(Refusal::new(401, "expired_token", "The access token provided has expired."));
            }
            if !state.installs.contains_key(&grant.client_id) {
                return Err(Refusal::new(401, "APPLICATION_NOT_FOUND", "Application not found"));
            }
            (grant.user, Some(grant.client_id), token.clone())
        }
    };
    if state.switches.unpaid && client_id.is_some() {
        return Err(Refusal::new(401, "PAYMENT_REQUIRED", "Subscription has been ended"));
    }
    if state.switches.plan_ended {
        return Err(Refusal::denied("REST is available only on commercial plans."));
    }
    let user = state.users.get(&user_id).filter(|user| user.active);
    let Some(user) = user else { return Err(Refusal::new(401, "authorization_error", "Unable to authorize user")) };
    if !user.may_use_app && client_id.is_some() {
        return Err(Refusal::new(403, "user_access_error", "The user does not have access to the application."));
    }
    Ok(Caller { user: user.id, admin: user.admin, crm: user.crm, client_id, token })
}

/// Whether one of the alternatives is granted; no alternatives = no scope needed.
pub(crate) fn check_scope(state: &State, caller: &Caller, alternatives: &[&str]) -> Result<(), Refusal> {
    let granted = match &caller.client_id {
        None => true,
        Some(client) => state.installs.get(client).is_some_and(|install| {
            alternatives.is_empty() || alternatives.iter().any(|scope| install.scopes.iter().any(|granted| granted == scope))
        }),
    };
    if granted {
        Ok(())
    } else {
        Err(Refusal::new(403, "insufficient_scope", "The request requires higher privileges than provided by the access token"))
    }
}
