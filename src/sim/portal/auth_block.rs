//! The `auth[...]` block of deliveries in its several shapes (reference/bitrix24.md A.4, C.3).

use super::simulation::Core;
use super::state::State;
use super::tokens::ACCESS_LIFE;
use crate::domain::clock::Ms;
use serde_json::{Map, Value, json};

/// Builds one block.
pub(crate) struct AuthBlock<'a> {
    client_id: &'a str,
    user: Option<i64>,
    refresh: bool,
    application_token: bool,
}

impl<'a> AuthBlock<'a> {
    /// Without tokens, with `application_token`.
    pub(crate) fn of(client_id: &'a str) -> Self {
        Self { client_id, user: None, refresh: false, application_token: true }
    }

    /// With tokens of this user, if he exists and works here.
    pub(crate) fn user(mut self, user: Option<i64>) -> Self {
        self.user = user;
        self
    }

    /// With a refresh token beside the access token.
    pub(crate) fn refresh(mut self, refresh: bool) -> Self {
        self.refresh = refresh;
        self
    }

    /// Without `application_token`.
    pub(crate) fn anonymous(mut self, anonymous: bool) -> Self {
        self.application_token = !anonymous;
        self
    }

    pub(crate) fn build(self, core: &Core, state: &State, now: Ms) -> Value {
        let install = state.installs.get(self.client_id);
        let mut block = Map::new();
        let user = self.user.filter(|user| state.users.get(user).is_some_and(|user| user.active));
        let mut put = |key: &str, value: Value| drop(block.insert(key.to_owned(), value));
        let tokens = user.map(|user| core.auth.registry().mint(self.client_id, &core.member_id, user, now));
        if let (Some(tokens), Some(install)) = (&tokens, install) {
            put("access_token", json!(tokens.access));
            put("expires", json!(tokens.expires_at / 1_000));
            put("expires_in", json!(ACCESS_LIFE / 1_000));
            put("scope", json!(install.scopes.join(",")));
            put("status", json!(install.status));
        }
        put("domain", json!(state.domain));
        put("server_endpoint", json!(core.auth.server_endpoint()));
        put("client_endpoint", json!(format!("http://{}/rest/", state.domain)));
        put("member_id", json!(core.member_id));
        if let (Some(tokens), Some(user)) = (tokens, user) {
            put("user_id", json!(user));
            if self.refresh {
                put("refresh_token", json!(tokens.refresh));
            }
        }
        if let Some(install) = install.filter(|_| self.application_token) {
            put("application_token", json!(install.application_token));
        }
        Value::Object(block)
    }
}
