//! The life of an application in the portal: installed, updated, paid, removed; and any other event (reference/bitrix24.md A.2, A.4, A.9).

use super::auth_block::AuthBlock;
use super::error::SimError;
use super::events;
use super::queue::{Delivery, Mishap, Post};
use super::simulation::Portal;
use super::tokens::random32;
use serde_json::{Value, json};

/// An event being put together.
#[derive(Debug)]
#[must_use = "nothing happens before `send`"]
pub struct EventDraft {
    portal: Portal,
    name: String,
    data: Value,
    client_id: String,
    cause: Option<i64>,
    refresh: bool,
    anonymous: bool,
    to: Option<String>,
    mishaps: Vec<Mishap>,
}

impl Portal {
    /// The main application is there and installed to the end, and nobody was told. Returns the `application_token`.
    pub fn install_app(&self) -> String {
        self.put_installation(self.app_keys().0, true)
    }

    /// Another application is there as well (its card is made if needed): material of attack stories.
    pub fn install_other_app(&self, client_id: &str, client_secret: &str) -> String {
        self.core.auth.register_app(client_id, client_secret);
        self.put_installation(client_id, true)
    }

    /// Installation mode 1, without interface: the queue POSTs `ONAPPINSTALL` with tokens of `user` to this address.
    ///
    /// # Errors
    /// Never reached the address at all.
    pub async fn install_by_callback(&self, url: &str, user: i64) -> Result<Delivery, SimError> {
        let client = self.app_keys().0.to_owned();
        self.put_installation(&client, true);
        if let Some(install) = self.core.state().installs.get_mut(&client) {
            install.callback = Some(url.to_owned());
        }
        let data = json!({"VERSION": "1", "ACTIVE": "Y", "INSTALLED": "Y", "LANGUAGE_ID": self.core.config.language});
        let sent = self.event("ONAPPINSTALL").data(data).caused_by(Some(user)).with_refresh_token().to(url).send().await;
        sent.into_iter().next().ok_or_else(|| SimError::Unreachable(url.to_owned()))
    }

    /// The browser called `installFinish`.
    pub fn finish_install(&self) {
        if let Some(install) = self.core.state().installs.get_mut(self.app_keys().0) {
            install.finished = true;
        }
    }

    /// The application is removed: tokens die, robots, bindings, placements and triggers go, handlers of `ONAPPUNINSTALL` hear of it.
    pub async fn uninstall(&self, clean: bool) -> Vec<Delivery> {
        let client = self.app_keys().0.to_owned();
        let now = self.core.clock.now();
        let data = json!({"LANGUAGE_ID": self.core.config.language, "CLEAN": if clean { "1" } else { "0" }});
        let posts = {
            let mut state = self.core.state();
            let posts = self.lifecycle_posts(&state, "ONAPPUNINSTALL", &data, None, now);
            state.installs.remove(&client);
            posts
        };
        self.core.auth.registry().forget(&client, self.member_id());
        self.sync_auth();
        self.collect(posts).await
    }

    /// A new version is installed: robots, activities and bindings are deleted, `ONAPPUPDATE` is delivered with tokens of `user`.
    pub async fn update_app(&self, user: i64, new_application_token: bool) -> Vec<Delivery> {
        let client = self.app_keys().0.to_owned();
        let now = self.core.clock.now();
        let posts = {
            let mut state = self.core.state();
            let Some(install) = state.installs.get_mut(&client) else { return Vec::new() };
            let previous = install.version;
            install.version += 1;
            if new_application_token {
                install.application_token = random32();
            }
            let data = json!({"VERSION": previous + 1, "PREVIOUS_VERSION": previous, "LANGUAGE_ID": self.core.config.language});
            let posts = self.lifecycle_posts(&state, "ONAPPUPDATE", &data, Some(user), now);
            if let Some(install) = state.installs.get_mut(&client) {
                install.robots.clear();
                install.bindings.clear();
            }
            posts
        };
        self.sync_auth();
        self.collect(posts).await
    }

    /// `ONAPPPAYMENT`, which carries neither tokens nor `application_token`.
    pub async fn payment_event(&self, expired: bool) -> Vec<Delivery> {
        let data = json!({
            "CODE": self.app_keys().0, "VERSION": "1", "STATUS": "P", "PAYMENT_EXPIRED": if expired { "Y" } else { "N" }, "DAYS": if expired { "0" } else { "30" },
            "LANGUAGE_ID": self.core.config.language,
        });
        self.event("ONAPPPAYMENT").data(data).without_application_token().send().await
    }

    /// Posts for the bound handlers of the main application and its install callback, each address once.
    fn lifecycle_posts(&self, state: &super::state::State, event: &str, data: &Value, user: Option<i64>, now: i64) -> Vec<Post> {
        let client = self.app_keys().0;
        let Some(install) = state.installs.get(client) else { return Vec::new() };
        let mut urls: Vec<&String> = install.bindings.iter().filter(|one| one.event == event).map(|one| &one.handler).collect();
        urls.extend(install.callback.iter().filter(|_| event == "ONAPPUPDATE"));
        urls.sort();
        urls.dedup();
        let auth = || AuthBlock::of(client).user(user).refresh(user.is_some());
        urls.into_iter().map(|url| events::event_post(&self.core, state, url, event, data, auth(), now)).collect()
    }

    async fn collect(&self, posts: Vec<Post>) -> Vec<Delivery> {
        let mut ended = Vec::new();
        for running in self.dispatch(posts) {
            ended.extend(running.await.unwrap_or_default());
        }
        ended
    }

    /// Any event: to the bound handlers of the main application, or to one address.
    pub fn event(&self, name: &str) -> EventDraft {
        EventDraft {
            portal: self.clone(),
            name: name.to_uppercase(),
            data: Value::Null,
            client_id: self.app_keys().0.to_owned(),
            cause: None,
            refresh: false,
            anonymous: false,
            to: None,
            mishaps: Vec::new(),
        }
    }
}

impl EventDraft {
    /// `data[…]`.
    pub fn data(mut self, data: Value) -> Self {
        self.data = data;
        self
    }

    /// Whose tokens come along; `None` (the start) = no user, no tokens.
    pub fn caused_by(mut self, user: Option<i64>) -> Self {
        self.cause = user;
        self
    }

    /// A refresh token comes along.
    pub fn with_refresh_token(mut self) -> Self {
        self.refresh = true;
        self
    }

    /// No `application_token`.
    pub fn without_application_token(mut self) -> Self {
        self.anonymous = true;
        self
    }

    /// As another application installed here would be told.
    pub fn of_app(mut self, client_id: &str) -> Self {
        client_id.clone_into(&mut self.client_id);
        self
    }

    /// To this address, bound or not.
    pub fn to(mut self, url: &str) -> Self {
        self.to = Some(url.to_owned());
        self
    }

    /// The delivery meets a mishap.
    pub fn with(mut self, mishap: Mishap) -> Self {
        self.mishaps.push(mishap);
        self
    }

    /// Delivers it; returns what became of each delivery.
    pub async fn send(self) -> Vec<Delivery> {
        let now = self.portal.core.clock.now();
        let mut posts = Vec::new();
        {
            let state = self.portal.core.state();
            let Some(install) = state.installs.get(&self.client_id) else { return Vec::new() };
            let bound = install.bindings.iter().filter(|one| one.event == self.name && install.finished).map(|one| one.handler.clone());
            let urls: Vec<String> = self.to.clone().map_or_else(|| bound.collect(), |url| vec![url]);
            for url in urls {
                let auth = AuthBlock::of(&self.client_id).user(self.cause).refresh(self.refresh).anonymous(self.anonymous);
                let mut post = events::event_post(&self.portal.core, &state, &url, &self.name, &self.data, auth, now);
                post.mishaps.clone_from(&self.mishaps);
                posts.push(post);
            }
        }
        self.portal.collect(posts).await
    }
}
