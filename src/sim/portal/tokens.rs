//! Applications, installations and tokens of the authorization server: who may say he is whom, and until when.

use crate::domain::clock::{DAY, HOUR, Ms, SECOND};
use crate::domain::ids::{Ids as _, RandomIds};
use std::collections::BTreeMap;

/// Life of an access token.
pub(crate) const ACCESS_LIFE: Ms = HOUR;
const REFRESH_LIFE: Ms = 180 * DAY;
const CODE_LIFE: Ms = 30 * SECOND;

/// What a token stands for.
#[derive(Debug, Clone)]
pub(crate) struct Grant {
    pub(crate) client_id: String,
    pub(crate) member_id: String,
    pub(crate) user: i64,
    pub(crate) scope: String,
    pub(crate) expires_at: Ms,
}

/// A pair as handed out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokens {
    /// Lives one hour.
    pub access: String,
    /// Lives 180 days or until used.
    pub refresh: String,
    /// When `access` ends, epoch milliseconds.
    pub expires_at: Ms,
}

/// What the authorization server knows about a portal with an application.
#[derive(Debug, Clone, Default)]
pub(crate) struct Install {
    pub(crate) domain: String,
    pub(crate) status: String,
    pub(crate) scope: String,
    pub(crate) installed: bool,
    pub(crate) version: i64,
    pub(crate) unpaid: bool,
    pub(crate) language: String,
    pub(crate) license: String,
}

/// The server's memory.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    /// Secret by client id.
    pub(crate) apps: BTreeMap<String, String>,
    /// By client id and member id.
    pub(crate) installs: BTreeMap<(String, String), Install>,
    access: BTreeMap<String, Grant>,
    refresh: BTreeMap<String, Grant>,
    codes: BTreeMap<String, Grant>,
}

/// 32 hex digits.
pub(crate) fn random32() -> String {
    let mut token = RandomIds.token();
    token.truncate(32);
    token
}

impl Registry {
    /// A new pair for a user of a portal.
    pub(crate) fn mint(&mut self, client_id: &str, member_id: &str, user: i64, now: Ms) -> Tokens {
        let scope =
            self.installs.get(&(client_id.to_owned(), member_id.to_owned())).map(|install| install.scope.clone()).unwrap_or_default();
        let tokens = Tokens { access: RandomIds.token(), refresh: RandomIds.token(), expires_at: now + ACCESS_LIFE };
        let grant = Grant { client_id: client_id.into(), member_id: member_id.into(), user, scope, expires_at: tokens.expires_at };
        self.access.insert(tokens.access.clone(), grant.clone());
        self.refresh.insert(tokens.refresh.clone(), Grant { expires_at: now + REFRESH_LIFE, ..grant });
        tokens
    }

    /// A one-time code for a user, as `/oauth/authorize/` redirects with.
    pub(crate) fn code(&mut self, client_id: &str, member_id: &str, user: i64, now: Ms) -> String {
        let code = random32();
        let grant =
            Grant { client_id: client_id.into(), member_id: member_id.into(), user, scope: String::new(), expires_at: now + CODE_LIFE };
        self.codes.insert(code.clone(), grant);
        code
    }

    pub(crate) fn access(&self, token: &str) -> Option<&Grant> {
        self.access.get(token)
    }

    /// The installation a live refresh token belongs to: payment and removal are told without using the token up.
    pub(crate) fn refresh_of(&self, token: &str) -> Option<&Install> {
        self.refresh.get(token).and_then(|grant| self.installs.get(&(grant.client_id.clone(), grant.member_id.clone())))
    }

    /// Uses a refresh token up; one that is over or of another application is left and refused.
    pub(crate) fn spend_refresh(&mut self, token: &str, client_id: &str, now: Ms) -> Option<Grant> {
        let fits = self.refresh.get(token).is_some_and(|grant| grant.client_id == client_id && grant.expires_at > now);
        if fits { self.refresh.remove(token) } else { None }
    }

    /// Uses a code up.
    pub(crate) fn spend_code(&mut self, code: &str, client_id: &str, now: Ms) -> Option<Grant> {
        self.codes.remove(code).filter(|grant| grant.client_id == client_id && grant.expires_at > now)
    }

    /// Ends every access token of a portal before its time.
    pub(crate) fn expire_access(&mut self, member_id: &str, now: Ms) {
        self.access
            .values_mut()
            .filter(|grant| grant.member_id == member_id)
            .for_each(|grant| grant.expires_at = grant.expires_at.min(now));
    }

    /// Revokes the refresh tokens of a portal: the next refresh answers `invalid_grant`.
    pub(crate) fn revoke_refresh(&mut self, member_id: &str) {
        self.refresh.retain(|_, grant| grant.member_id != member_id);
    }

    /// All tokens of one installation die.
    pub(crate) fn forget(&mut self, client_id: &str, member_id: &str) {
        let theirs = |grant: &Grant| grant.client_id == client_id && grant.member_id == member_id;
        self.refresh.retain(|_, grant| !theirs(grant));
        self.codes.retain(|_, grant| !theirs(grant));
    }
}
