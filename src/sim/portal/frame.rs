//! Pages of the application opened inside the portal: the form POST of an iframe (reference/bitrix24.md A.3).
//!
//! The four upper-case parameters of the address are only in the query, the rest only in the body.

use super::error::SimError;
use super::form;
use super::simulation::Portal;
use super::tokens::{ACCESS_LIFE, random32};
use serde_json::Value;

/// `PLACEMENT_OPTIONS` in the shapes portals really send.
#[derive(Debug, Clone, Default)]
pub enum Options {
    /// No such field.
    #[default]
    Missing,
    /// An empty text.
    Empty,
    /// `[]`, PHP's empty context.
    EmptyList,
    /// A JSON object; `URI` is added as the portal does.
    Json(Value),
    /// This text, whatever it is.
    Raw(String),
}

/// A page being opened.
#[derive(Debug, Clone)]
#[must_use = "nothing happens before `open`"]
pub struct Frame {
    portal: Portal,
    url: String,
    client_id: String,
    user: i64,
    placement: String,
    options: Options,
    language: Option<String>,
    overrides: Vec<(String, Option<String>)>,
}

/// What the application answered.
#[derive(Debug, Clone)]
pub struct FrameReply {
    /// HTTP status.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The page.
    pub body: String,
}

impl FrameReply {
    /// First header of that lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// A form ready to be submitted.
#[derive(Debug, Clone)]
pub(crate) struct FrameForm {
    pub(crate) action: String,
    pub(crate) app_sid: String,
    pub(crate) fields: Vec<(String, String)>,
}

impl Portal {
    /// A page at any address, opened by administrator 1 as `DEFAULT` unless told otherwise.
    pub fn frame(&self, url: &str) -> Frame {
        Frame {
            portal: self.clone(),
            url: url.to_owned(),
            client_id: self.app_keys().0.to_owned(),
            user: 1,
            placement: "DEFAULT".into(),
            options: Options::Missing,
            language: None,
            overrides: Vec::new(),
        }
    }

    /// Installation mode 2: the application appears, not yet finished, and its installer opens for a user.
    ///
    /// # Errors
    /// The address cannot be reached.
    pub async fn open_installer(&self, url: &str, user: i64) -> Result<FrameReply, SimError> {
        if self.application_token().is_none() {
            self.put_installation(self.app_keys().0, false);
        }
        self.frame(url).by(user).open().await
    }

    /// A bound placement of the main application, or the settings dialog of a robot as `BIZPROC_ACTIVITY_PROPERTIES_DIALOG:CODE`.
    ///
    /// # Errors
    /// Nothing is bound there.
    pub fn placement(&self, code: &str) -> Result<Frame, SimError> {
        let dialog = code.strip_prefix("BIZPROC_ACTIVITY_PROPERTIES_DIALOG:");
        let handler = match dialog {
            Some(robot) => self.robot(robot).and_then(|robot| robot.placement_handler),
            None => self.placements().into_iter().find(|one| one.placement == code).map(|one| one.handler),
        };
        let handler = handler.ok_or_else(|| SimError::NotBound(code.to_owned()))?;
        Ok(self.frame(&handler).in_placement(if dialog.is_some() { "BIZPROC_ACTIVITY_PROPERTIES_DIALOG" } else { code }))
    }
}

impl Frame {
    /// Whose tokens the page gets.
    pub fn by(mut self, user: i64) -> Self {
        self.user = user;
        self
    }

    /// `PLACEMENT`.
    pub fn in_placement(mut self, code: &str) -> Self {
        code.clone_into(&mut self.placement);
        self
    }

    /// `PLACEMENT_OPTIONS`.
    pub fn options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// `LANG` instead of the portal's.
    pub fn language(mut self, language: &str) -> Self {
        self.language = Some(language.to_owned());
        self
    }

    /// Tokens and `application_token` of another application.
    pub fn of_app(mut self, client_id: &str) -> Self {
        client_id.clone_into(&mut self.client_id);
        self
    }

    /// A field of query or body with another value: material of attack stories.
    pub fn forged(mut self, field: &str, value: &str) -> Self {
        self.overrides.push((field.to_owned(), Some(value.to_owned())));
        self
    }

    /// Without a field.
    pub fn without(mut self, field: &str) -> Self {
        self.overrides.push((field.to_owned(), None));
        self
    }

    /// The form a browser would submit.
    pub(crate) fn form(&self) -> FrameForm {
        let core = &self.portal.core;
        let now = core.clock.now();
        let tokens = self.portal.tokens_of(&self.client_id, self.user);
        let app_sid = random32();
        let (application_token, scope, status, domain) = {
            let state = core.state();
            let install = state.installs.get(&self.client_id);
            let token = install.map(|install| install.application_token.clone()).unwrap_or_default();
            let scope = install.map(|install| install.scopes.join(",")).unwrap_or_default();
            (token, scope, core.config.app_status.clone(), state.domain.clone())
        };
        let language = self.language.clone().unwrap_or_else(|| core.config.language.clone());
        let mut query = vec![("DOMAIN", domain), ("PROTOCOL", "0".to_owned()), ("LANG", language), ("APP_SID", app_sid.clone())];
        let mut fields = vec![
            ("AUTH_ID", tokens.access),
            ("AUTH_EXPIRES", (ACCESS_LIFE / 1_000).min((tokens.expires_at - now) / 1_000).to_string()),
            ("REFRESH_ID", tokens.refresh),
        ];
        if !core.config.old_edition {
            fields.push(("SERVER_ENDPOINT", core.auth.server_endpoint()));
            fields.push(("APPLICATION_TOKEN", application_token));
            fields.push(("APPLICATION_SCOPE", scope));
        }
        fields.push(("member_id", core.member_id.clone()));
        fields.push(("status", status));
        fields.push(("PLACEMENT", self.placement.clone()));
        fields.extend(self.options_text().map(|text| ("PLACEMENT_OPTIONS", text)));
        let query = self.overridden(&mut query);
        let fields = self.overridden(&mut fields);
        let query: Vec<String> = query.iter().map(|(key, value)| format!("{}={}", form::urlencode(key), form::urlencode(value))).collect();
        let separator = if self.url.contains('?') { '&' } else { '?' };
        FrameForm { action: format!("{}{separator}{}", self.url, query.join("&")), app_sid, fields }
    }

    fn options_text(&self) -> Option<String> {
        match &self.options {
            Options::Missing => None,
            Options::Empty => Some(String::new()),
            Options::EmptyList => Some("[]".into()),
            Options::Raw(text) => Some(text.clone()),
            Options::Json(value) => {
                let mut options = value.as_object().cloned().unwrap_or_default();
                options.entry("URI").or_insert_with(|| Value::String("/crm/deal/details/".into()));
                // PHP's encoder writes slashes with a backslash.
                Some(Value::Object(options).to_string().replace('/', "\\/"))
            }
        }
    }

    fn overridden(&self, pairs: &mut Vec<(&str, String)>) -> Vec<(String, String)> {
        let mut out: Vec<(String, String)> = pairs.drain(..).map(|(key, value)| (key.to_owned(), value)).collect();
        for (field, value) in &self.overrides {
            match value {
                Some(value) => out.iter_mut().filter(|(key, _)| key == field).for_each(|(_, old)| old.clone_from(value)),
                None => out.retain(|(key, _)| key != field),
            }
        }
        out
    }

    /// Opens the page as the browser's form does.
    ///
    /// # Errors
    /// The address cannot be reached.
    pub async fn open(self) -> Result<FrameReply, SimError> {
        let prepared = self.form();
        let body: Vec<String> =
            prepared.fields.iter().map(|(key, value)| format!("{}={}", form::urlencode(key), form::urlencode(value))).collect();
        let runtime = self.portal.core.runtime().cloned().ok_or_else(|| SimError::Unreachable("the portal has stopped".into()))?;
        let core = self.portal.core.clone();
        let sent = runtime.spawn(async move { core.post_form(&prepared.action, body.join("&")).await });
        let (status, headers, body) = sent.await.map_err(|error| SimError::Unreachable(error.to_string()))??;
        Ok(FrameReply { status, headers, body })
    }
}
