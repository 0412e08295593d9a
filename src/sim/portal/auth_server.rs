//! The authorization server: an origin of its own, shared by any number of portals (reference/bitrix24.md A.6).
//!
//! Refresh tokens rotate and die when used; a wrong client id is told with HTTP 200; nothing is ever redirected.

use super::faults::{Fault, FaultRule, Faults};
use super::form;
use super::params::{Params, as_text};
use super::server::{self, Incoming, Listening, Outgoing, Site};
use super::tokens::{ACCESS_LIFE, Grant, Install, Registry};
use crate::domain::clock::{Clock, Ms};
use futures::FutureExt as _;
use futures::future::LocalBoxFuture;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

#[derive(Debug)]
struct Core {
    clock: Arc<dyn Clock>,
    port: u16,
    registry: Mutex<Registry>,
    faults: Mutex<Faults>,
    calls: Mutex<Vec<AuthCall>>,
    nameless: AtomicBool,
}

/// One request the authorization server answered.
#[derive(Debug, Clone, serde::Serialize)]
pub struct AuthCall {
    /// When, by the clock.
    pub at: Ms,
    /// `oauth/token` or `oauth/app.info`.
    pub method: String,
    /// HTTP status; 0 when the connection was cut.
    pub status: u16,
    /// `error` of the answer; empty on success.
    pub code: String,
}

/// The authorization server. Cheap to clone; stops when the last owner is gone.
#[derive(Debug, Clone)]
pub struct AuthServer {
    core: Arc<Core>,
    _listening: Option<Arc<Listening>>,
}

impl AuthServer {
    /// Starts one on a free loopback port.
    ///
    /// # Errors
    /// No port or no thread to be had.
    pub fn start(clock: Arc<dyn Clock>) -> std::io::Result<Self> {
        let (listener, port) = server::listen(0)?;
        let core = Core {
            clock,
            port,
            registry: Mutex::default(),
            faults: Mutex::default(),
            calls: Mutex::default(),
            nameless: AtomicBool::new(false),
        };
        let site = Self { core: Arc::new(core), _listening: None };
        let listening = server::serve(listener, port, site.clone())?;
        Ok(Self { _listening: Some(Arc::new(listening)), ..site })
    }

    /// `http://127.0.0.1:port`, the origin to allow as an authorization host.
    pub fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.core.port)
    }

    /// `server_endpoint` of events and iframes.
    pub fn server_endpoint(&self) -> String {
        format!("{}/rest/", self.origin())
    }

    /// Makes an application card; an existing one keeps its secret.
    pub fn register_app(&self, client_id: &str, client_secret: &str) {
        self.registry().apps.entry(client_id.into()).or_insert_with(|| client_secret.into());
    }

    /// Adds a fault for `oauth/token`, `oauth/app.info` or `*`.
    pub fn fault(&self, method: &str, times: Option<u32>, fault: Fault) {
        let rule = FaultRule { method: method.into(), skip: 0, times, fault };
        self.core.faults.lock().unwrap_or_else(PoisonError::into_inner).rules.push(rule);
    }

    /// An authorization server whose `app.info` names no application: neither `client_id` nor `CODE`.
    pub fn name_no_application(&self, nameless: bool) {
        self.core.nameless.store(nameless, Ordering::SeqCst);
    }

    /// Ends all faults.
    pub fn clear_faults(&self) {
        self.core.faults.lock().unwrap_or_else(PoisonError::into_inner).rules.clear();
    }

    /// Everything asked so far.
    pub fn calls(&self) -> Vec<AuthCall> {
        self.core.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn registry(&self) -> MutexGuard<'_, Registry> {
        self.core.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn answer_incoming(self, incoming: Incoming) -> Outgoing {
        let path = incoming.path.trim_end_matches('/').trim_end_matches(".json").to_owned();
        let mut params = form::decode(incoming.query.as_bytes());
        if incoming.content_type.contains("json") {
            params.extend(
                serde_json::from_slice::<Value>(&incoming.body).ok().and_then(|body| body.as_object().cloned()).unwrap_or_default(),
            );
        } else {
            params.extend(form::decode(&incoming.body));
        }
        let method = match path.as_str() {
            "/oauth/token" => "oauth/token",
            "/rest/app.info" => "oauth/app.info",
            _ => return Outgoing::json(404, &error("ERROR_METHOD_NOT_FOUND", "Method not found!")),
        };
        let fault = self.core.faults.lock().unwrap_or_else(PoisonError::into_inner).for_request(&[method]);
        if let Some(answer) = fault.as_ref().and_then(Fault::instead) {
            return self.log(method, answer);
        }
        match fault {
            Some(Fault::Hang) => futures::future::pending().await,
            Some(Fault::Slow { ms }) => tokio::time::sleep(Duration::from_millis(ms)).await,
            _ => {}
        }
        let (status, body) = if method == "oauth/token" { self.token(&Params(params)) } else { self.app_info(&Params(params)) };
        match fault {
            Some(Fault::LoseReply) => self.log(method, Outgoing::Cut),
            Some(Fault::HangReply) => futures::future::pending().await,
            Some(Fault::FailReply) => self.log(method, Outgoing::json(500, &error("INTERNAL_SERVER_ERROR", "Internal server error"))),
            _ => self.log(method, Outgoing::json(status, &body)),
        }
    }

    fn log(&self, method: &str, outgoing: Outgoing) -> Outgoing {
        let (status, code) = match &outgoing {
            Outgoing::Reply { status, body, .. } => {
                let code = serde_json::from_slice::<Value>(body).ok().and_then(|body| body.get("error").and_then(as_text));
                (*status, code.unwrap_or_default())
            }
            Outgoing::Cut => (0, String::new()),
        };
        let call = AuthCall { at: self.core.clock.now(), method: method.into(), status, code };
        self.core.calls.lock().unwrap_or_else(PoisonError::into_inner).push(call);
        outgoing
    }

    fn token(&self, params: &Params) -> (u16, Value) {
        let word = |name: &str| params.get(name).and_then(as_text).filter(|text| !text.is_empty());
        let Some(grant_type) = word("grant_type") else { return (400, error("invalid_request", "No grant_type parameter found")) };
        let Some(client_id) = word("client_id") else { return (400, error("invalid_request", "No client_id parameter found")) };
        let now = self.core.clock.now();
        let mut registry = self.registry();
        let Some(secret) = registry.apps.get(&client_id) else { return (200, error("wrong_client", "Wrong client")) };
        if word("client_secret").as_ref() != Some(secret) {
            return (400, error("invalid_client", "The client credentials are invalid"));
        }
        let grant = match grant_type.as_str() {
            "refresh_token" => match word("refresh_token") {
                Some(token) => match registry.refresh_of(&token).and_then(standing) {
                    Some(refused) => return refused,
                    None => registry.spend_refresh(&token, &client_id, now),
                },
                None => return (400, error("invalid_request", "No refresh_token parameter found")),
            },
            "authorization_code" => match word("code") {
                Some(code) => registry.spend_code(&code, &client_id, now),
                None => return (400, error("invalid_request", "No code parameter found")),
            },
            _ => return (400, error("invalid_request", "Invalid grant_type parameter or parameter missing")),
        };
        let Some(grant) = grant else { return (400, error("invalid_grant", "Invalid grant")) };
        self.hand_out(&mut registry, &grant, grant_type == "refresh_token", now)
    }

    fn hand_out(&self, registry: &mut Registry, grant: &Grant, refresh: bool, now: Ms) -> (u16, Value) {
        let install = registry.installs.get(&(grant.client_id.clone(), grant.member_id.clone())).cloned().unwrap_or_default();
        if let Some(refused) = standing(&install) {
            return refused;
        }
        let tokens = registry.mint(&grant.client_id, &grant.member_id, grant.user, now);
        let mut body = json!({
            "access_token": tokens.access, "refresh_token": tokens.refresh, "expires_in": ACCESS_LIFE / 1_000,
            "client_endpoint": format!("http://{}/rest/", install.domain), "server_endpoint": self.server_endpoint(),
            "domain": format!("127.0.0.1:{}", self.core.port), "member_id": grant.member_id, "scope": install.scope, "status": install.status,
        });
        if let Some(body) = body.as_object_mut().filter(|_| refresh) {
            body.insert("expires".into(), json!(tokens.expires_at / 1_000));
            body.insert("user_id".into(), json!(grant.user));
        }
        (200, body)
    }

    fn app_info(&self, params: &Params) -> (u16, Value) {
        let Some(token) = params.get("auth").and_then(as_text) else { return (401, error("NO_AUTH_FOUND", "Wrong authorization data")) };
        let registry = self.registry();
        let Some(grant) = registry.access(&token) else { return (401, error("invalid_token", "Unable to get application by token")) };
        if grant.expires_at <= self.core.clock.now() {
            return (401, error("expired_token", "The access token provided has expired"));
        }
        let install = registry.installs.get(&(grant.client_id.clone(), grant.member_id.clone())).cloned().unwrap_or_default();
        if !install.installed {
            return (401, error("NOT_INSTALLED", "Application not installed"));
        }
        let kind = if install.status == "L" { "local" } else { "mass-market" };
        let named = if self.core.nameless.load(Ordering::SeqCst) { "" } else { grant.client_id.as_str() };
        let result = json!({
            "client_id": named, "CODE": named, "VERSION": install.version, "STATUS": install.status,
            "LANGUAGE_ID": install.language, "LICENSE": install.license, "scope": grant.scope.split(',').collect::<Vec<_>>(),
            "expires": grant.expires_at / 1_000, "user_id": grant.user,
            "install": {
                "installed": true, "version": install.version.to_string(), "status": install.status, "scope": install.scope,
                "domain": install.domain, "uri": "", "client_endpoint": format!("http://{}/rest/", install.domain),
                "member_id": grant.member_id, "member_type": kind,
            },
        });
        (200, json!({ "result": result }))
    }
}

/// Why an installation gets no tokens.
fn standing(install: &Install) -> Option<(u16, Value)> {
    if !install.installed {
        return Some((401, error("NOT_INSTALLED", "Application not installed")));
    }
    install.unpaid.then(|| (401, error("PAYMENT_REQUIRED", "Payment required")))
}

fn error(code: &str, text: &str) -> Value {
    json!({"error": code, "error_description": text})
}

impl Site for AuthServer {
    fn answer(&self, incoming: Incoming) -> LocalBoxFuture<'static, Outgoing> {
        self.clone().answer_incoming(incoming).boxed_local()
    }
}
