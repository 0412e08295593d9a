//! The portal itself: start and stop, identity, tokens, standing conditions.
//!
//! One `Portal` is one customer's portal with its own `member_id`; the authorization server beside it may be shared by many.

use super::auth_server::AuthServer;
use super::config::PortalConfig;
use super::error::SimError;
use super::rest;
use super::server::{self, Incoming, Listening, Outgoing, Site};
use super::state::{Installation, State};
use super::steps::StepId;
use super::tokens::{self, Tokens, random32};
use crate::domain::clock::Clock;
use crate::sim::wire;
use futures::FutureExt as _;
use futures::future::LocalBoxFuture;
use hmac::{Hmac, KeyInit as _, Mac as _};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use tokio::sync::{Notify, Semaphore};

const QUEUE_SLOTS: usize = 64;

/// What all owners and the listeners share.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) config: PortalConfig,
    pub(crate) auth: AuthServer,
    pub(crate) member_id: String,
    state: Mutex<State>,
    signing_key: String,
    listeners: Mutex<Vec<Listening>>,
    runtime: OnceLock<tokio::runtime::Handle>,
    outstanding: AtomicUsize,
    quiet: Notify,
    /// How many deliveries the queue has on the way at once.
    pub(crate) slots: Semaphore,
}

/// Stops the listeners when the last owner is gone.
#[derive(Debug)]
struct Alive(Arc<Core>);

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.listeners.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// A simulated Bitrix24 portal. Cheap to clone; stops when the last clone is dropped.
#[derive(Debug, Clone)]
pub struct Portal {
    pub(crate) core: Arc<Core>,
    _alive: Option<Arc<Alive>>,
}

impl Portal {
    /// Starts a portal on loopback, with an authorization server of its own unless the configuration brings one.
    ///
    /// Nothing is installed yet: see [`Portal::install_app`], [`Portal::install_by_callback`], [`Portal::open_installer`].
    ///
    /// # Errors
    /// No port or no thread to be had.
    pub fn start(clock: Arc<dyn Clock>, config: PortalConfig) -> std::io::Result<Self> {
        let auth = match &config.auth {
            Some(auth) => auth.clone(),
            None => AuthServer::start(clock.clone())?,
        };
        auth.register_app(&config.client_id, &config.client_secret);
        let (listener, port) = server::listen(config.port)?;
        let state = State::new(&config, format!("{}:{port}", config.host));
        let core = Arc::new(Core {
            clock,
            auth,
            member_id: config.member_id.clone().unwrap_or_else(random32),
            config,
            state: Mutex::new(state),
            signing_key: random32(),
            listeners: Mutex::default(),
            runtime: OnceLock::new(),
            outstanding: AtomicUsize::new(0),
            quiet: Notify::new(),
            slots: Semaphore::new(QUEUE_SLOTS),
        });
        let portal = Self { _alive: Some(Arc::new(Alive(core.clone()))), core };
        portal.listen_on(listener, port)?;
        Ok(portal)
    }

    pub(crate) fn listen_on(&self, listener: std::net::TcpListener, port: u16) -> std::io::Result<()> {
        let listening = server::serve(listener, port, self.site())?;
        self.core.runtime.get_or_init(|| listening.runtime.clone());
        self.core.listeners.lock().unwrap_or_else(PoisonError::into_inner).push(listening);
        Ok(())
    }

    /// A handle that does not keep the portal alive: for its own threads.
    pub(crate) fn site(&self) -> Self {
        Self { core: self.core.clone(), _alive: None }
    }

    /// Stable identity.
    pub fn member_id(&self) -> &str {
        &self.core.member_id
    }

    /// Current host and port.
    pub fn domain(&self) -> String {
        self.core.state().domain.clone()
    }

    /// `http://{domain}`.
    pub fn origin(&self) -> String {
        format!("http://{}", self.domain())
    }

    /// The authorization server it trusts.
    pub fn auth(&self) -> &AuthServer {
        &self.core.auth
    }

    /// Keys of the main application: id and secret.
    pub fn app_keys(&self) -> (&str, &str) {
        (&self.core.config.client_id, &self.core.config.client_secret)
    }

    /// `application_token` of the main application, once it is installed.
    pub fn application_token(&self) -> Option<String> {
        self.core.state().installs.get(&self.core.config.client_id).map(|install| install.application_token.clone())
    }

    /// A fresh pair of the main application for a user.
    pub fn tokens(&self, user: i64) -> Tokens {
        self.tokens_of(&self.core.config.client_id, user)
    }

    /// A fresh pair of any application for a user: material of attack stories.
    pub fn tokens_of(&self, client_id: &str, user: i64) -> Tokens {
        self.core.auth.registry().mint(client_id, &self.core.member_id, user, self.core.clock.now())
    }

    /// A one-time code of `/oauth/authorize/`, good for 30 seconds.
    pub fn authorization_code(&self, user: i64) -> String {
        self.core.auth.registry().code(&self.core.config.client_id, &self.core.member_id, user, self.core.clock.now())
    }

    /// Secret of a new incoming webhook of a user: it has no application context.
    pub fn webhook(&self, user: i64) -> String {
        let secret: String = random32().chars().take(16).collect();
        self.core.state().webhooks.insert(secret.clone(), user);
        secret
    }

    /// Whether something is still being delivered; returns when nothing is.
    pub async fn idle(&self) {
        loop {
            let quiet = self.core.quiet.notified();
            if self.core.outstanding.load(Ordering::SeqCst) == 0 {
                return;
            }
            quiet.await;
        }
    }

    /// Lets timeouts happen that the clock has passed.
    pub(crate) fn tick(&self) {
        let posts = super::engine::tick(&self.core, &mut self.core.state(), self.core.clock.now());
        drop(self.dispatch(posts));
    }

    /// Writes an installation and tells the authorization server.
    pub(crate) fn put_installation(&self, client_id: &str, finished: bool) -> String {
        let application_token = random32();
        let install = Installation {
            application_token: application_token.clone(),
            scopes: self.core.config.scopes.clone(),
            finished,
            version: 1,
            status: self.core.config.app_status.clone(),
            ..Installation::default()
        };
        self.core.state().installs.insert(client_id.to_owned(), install);
        self.sync_auth();
        application_token
    }

    /// Tells the authorization server what it has to know about this portal.
    pub(crate) fn sync_auth(&self) {
        let state = self.core.state();
        let mut registry = self.core.auth.registry();
        registry
            .installs
            .iter_mut()
            .filter(|((_, member), _)| *member == self.core.member_id)
            .for_each(|(_, install)| install.installed = false);
        for (client_id, install) in &state.installs {
            let known = tokens::Install {
                domain: state.domain.clone(),
                status: install.status.clone(),
                scope: install.scopes.join(","),
                installed: true,
                version: install.version,
                unpaid: state.switches.unpaid,
                language: self.core.config.language.clone(),
                license: state.license.clone(),
            };
            registry.installs.insert((client_id.clone(), self.core.member_id.clone()), known);
        }
    }
}

impl Core {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn runtime(&self) -> Option<&tokio::runtime::Handle> {
        self.runtime.get()
    }

    pub(crate) fn delivery_started(&self) {
        self.outstanding.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn delivery_ended(&self) {
        if self.outstanding.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.quiet.notify_waiters();
        }
    }

    /// `{workflow}|{activity}|{random}.{hmac}`; opaque to everyone else.
    pub(crate) fn sign_step(&self, workflow: &str, step: StepId) -> String {
        let number = step.0.rem_euclid(100_000);
        let unsigned = format!(
            "{workflow}|A{number:05}_{:05}_{:05}_{:05}|{}",
            number * 7 % 99_991,
            number * 31 % 99_991,
            number * 97 % 99_991,
            random32()
        );
        format!("{unsigned}.{}", self.mac(&unsigned))
    }

    pub(crate) fn is_signed(&self, token: &str) -> bool {
        token.rsplit_once('.').is_some_and(|(unsigned, signature)| signature == self.mac(unsigned))
    }

    fn mac(&self, text: &str) -> String {
        match Hmac::<sha2::Sha256>::new_from_slice(self.signing_key.as_bytes()) {
            Ok(mut mac) => {
                mac.update(text.as_bytes());
                hex::encode(mac.finalize().into_bytes())
            }
            Err(_) => String::new(),
        }
    }

    /// POSTs a form and reads the whole answer: status, headers, body.
    pub(crate) async fn post_form(&self, url: &str, body: String) -> Result<(u16, Vec<(String, String)>, String), SimError> {
        let client = wire::client().ok_or_else(|| SimError::Unreachable("no TLS".into()))?;
        let request = client.post(url).header("content-type", "application/x-www-form-urlencoded").body(body);
        let request = request.timeout(self.config.delivery_timeout);
        let failed = |error: reqwest::Error| SimError::Unreachable(error.without_url().to_string());
        let response = wire::send(request).await.map_err(failed)?;
        let status = response.status().as_u16();
        let headers =
            response.headers().iter().map(|(key, value)| (key.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
        let headers = headers.collect();
        let body = response.bytes().await.map_err(failed)?;
        Ok((status, headers, String::from_utf8_lossy(&body).into_owned()))
    }
}

impl Site for Portal {
    fn answer(&self, incoming: Incoming) -> LocalBoxFuture<'static, Outgoing> {
        let portal = self.clone();
        async move {
            if incoming.path.starts_with("/_sim") {
                super::control::answer(&portal, &incoming).await
            } else {
                rest::answer(&portal, &incoming).await
            }
        }
        .boxed_local()
    }
}
