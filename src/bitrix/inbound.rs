//! What Bitrix24 sends us: robot calls, events, frame POSTs. Pure and lenient readers that never panic.
//!
//! Every field but the ones that identify the sender is optional, since portals of different age send different sets
//! (reference/bitrix24.md A.3, A.4, C.1, G.2, H). The `auth` block is cut out of whatever is kept.

use super::RobotCall;
use super::form::{self, FormError};
use crate::domain::money::Decimal;
use crate::domain::secret::Secret;
use serde_json::{Map, Value};

/// Why a body is not understood: the web answers 400.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InboundError {
    /// Not a form within the limits.
    #[error(transparent)]
    Form(#[from] FormError),
    /// A field without which the sender or the call cannot be told.
    #[error("{0} is missing")]
    Missing(&'static str),
}

/// Who sent it and with which tokens; every part may be empty.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sender {
    /// Portal.
    pub member_id: String,
    /// Proof of the sender.
    pub application_token: Secret,
    /// Token of the acting user.
    pub access_token: Secret,
    /// Its refresh token; usually absent in events.
    pub refresh_token: Secret,
    /// Lifetime of the access token, seconds.
    pub expires_in: Option<i64>,
    /// Authorization server's REST base; believed only when allow-listed.
    pub server_endpoint: String,
    /// Acting user.
    pub user_id: String,
    /// Granted scopes, comma list.
    pub scope: String,
}

/// An event of the portal's queue, or the install call of an application without pages.
#[derive(Debug, Clone, PartialEq)]
pub struct PortalEvent {
    /// Upper-case name.
    pub event: String,
    /// Who.
    pub sender: Sender,
    /// `data` as folded: usually a map, sometimes one value (reference/bitrix24.md M.25).
    pub data: Value,
    /// Portal's time of creation, seconds.
    pub ts: Option<i64>,
}

/// A page opened in the portal: query and body of the frame's POST.
#[derive(Debug, Clone, PartialEq)]
pub struct FramePost {
    /// Who; `access_token` is the viewer's `AUTH_ID`, `user_id` is empty.
    pub sender: Sender,
    /// Host as the browser says: for showing only, never an address to call.
    pub domain: String,
    /// Language of the viewer.
    pub lang: String,
    /// Needed for `postMessage`.
    pub app_sid: String,
    /// Placement code, `DEFAULT` for the main page.
    pub placement: String,
    /// Context; empty when absent.
    pub options: Map<String, Value>,
}

/// First contact: a frame of the installer, or the install call.
#[derive(Debug, Clone, PartialEq)]
pub enum InstallPost {
    /// An administrator opened the installer page.
    Frame(FramePost),
    /// The portal's queue called (application without pages).
    Event(PortalEvent),
}

fn number(map: &Map<String, Value>, key: &str) -> Option<i64> {
    form::text(map, key).trim().parse().ok()
}

/// Whole seconds, rounded down: answering a little early is safe, and no timeout at all is not. What is no number, or negative, is none.
fn whole_seconds(text: &str) -> i64 {
    let text = text.trim();
    let whole = text.split_once(['.', ',']).map_or(text, |(whole, _)| whole);
    let digits = Decimal::parse(text).and_then(|_| whole.parse::<i64>().ok());
    digits.unwrap_or(0).max(0)
}

fn secret(map: &Map<String, Value>, key: &str) -> Secret {
    Secret::new(form::text(map, key))
}

fn sender_of_auth(auth: &Map<String, Value>) -> Sender {
    Sender {
        member_id: form::text(auth, "member_id"),
        application_token: secret(auth, "application_token"),
        access_token: secret(auth, "access_token"),
        refresh_token: secret(auth, "refresh_token"),
        expires_in: number(auth, "expires_in"),
        server_endpoint: form::text(auth, "server_endpoint"),
        user_id: form::text(auth, "user_id"),
        scope: form::text(auth, "scope"),
    }
}

fn take_auth(body: &mut Map<String, Value>) -> Map<String, Value> {
    let key = body.keys().find(|key| key.eq_ignore_ascii_case("auth")).cloned();
    match key.and_then(|key| body.shift_remove(&key)) {
        Some(Value::Object(auth)) => auth,
        _ => Map::new(),
    }
}

/// A property: one text, or the texts of a list. Anything deeper is kept as the list of its leaves.
fn property(value: &Value) -> Value {
    match value {
        Value::Object(_) | Value::Array(_) => {
            let mut leaves = Vec::new();
            collect_leaves(value, &mut leaves);
            Value::Array(leaves)
        }
        Value::String(_) | Value::Number(_) | Value::Bool(_) | Value::Null => Value::String(form::scalar(value)),
    }
}

fn collect_leaves(value: &Value, leaves: &mut Vec<Value>) {
    for item in form::list(value) {
        match item {
            Value::Object(_) | Value::Array(_) => collect_leaves(item, leaves),
            _ => leaves.push(Value::String(form::scalar(item))),
        }
    }
}

impl RobotCall {
    /// Reads a robot's or activity's call.
    ///
    /// # Errors
    /// [`InboundError`] when the body is no form or lacks `auth[member_id]` or `event_token`; what else is wrong is decided later.
    pub fn parse(body: &[u8]) -> Result<Self, InboundError> {
        let mut body = form::fold(body)?;
        let sender = sender_of_auth(&take_auth(&mut body));
        if sender.member_id.is_empty() {
            return Err(InboundError::Missing("auth[member_id]"));
        }
        let event_token = form::text(&body, "event_token");
        if event_token.is_empty() {
            return Err(InboundError::Missing("event_token"));
        }
        let mut document = form::field(&body, "document_id").map(form::list).unwrap_or_default().into_iter().map(form::scalar);
        let document_id = std::array::from_fn(|_| document.next().unwrap_or_default());
        let properties = match form::field(&body, "properties") {
            Some(Value::Object(map)) => map.iter().map(|(key, value)| (key.clone(), property(value))).collect(),
            _ => Map::new(),
        };
        Ok(Self {
            member_id: sender.member_id,
            application_token: sender.application_token,
            access_token: sender.access_token,
            code: form::text(&body, "code"),
            event_token,
            workflow_id: form::text(&body, "workflow_id"),
            document_id,
            properties,
            use_subscription: form::text(&body, "use_subscription").eq_ignore_ascii_case("y"),
            timeout_seconds: whole_seconds(&form::text(&body, "timeout_duration")),
            ts: number(&body, "ts"),
            user_id: Some(sender.user_id).filter(|id| !id.is_empty()),
        })
    }
}

impl PortalEvent {
    /// Reads an event.
    ///
    /// # Errors
    /// [`InboundError`] when the body is no form or lacks `event` or `auth[member_id]`.
    pub fn parse(body: &[u8]) -> Result<Self, InboundError> {
        Self::from_fields(form::fold(body)?)
    }

    fn from_fields(mut body: Map<String, Value>) -> Result<Self, InboundError> {
        let sender = sender_of_auth(&take_auth(&mut body));
        let event = form::text(&body, "event").trim().to_ascii_uppercase();
        if event.is_empty() {
            return Err(InboundError::Missing("event"));
        }
        if sender.member_id.is_empty() {
            return Err(InboundError::Missing("auth[member_id]"));
        }
        Ok(Self { event, sender, data: form::field(&body, "data").cloned().unwrap_or(Value::Null), ts: number(&body, "ts") })
    }

    /// A value of `data`, empty when absent.
    pub fn text(&self, key: &str) -> String {
        self.data.as_object().map(|data| form::text(data, key)).unwrap_or_default()
    }
}

/// `PLACEMENT_OPTIONS` is JSON text; PHP prints an empty context as `[]` (reference/bitrix24.md A.3).
fn placement_options(text: &str) -> Map<String, Value> {
    match serde_json::from_str(text) {
        Ok(Value::Object(map)) => map,
        _ => Map::new(),
    }
}

impl FramePost {
    /// Reads a frame's POST.
    ///
    /// # Errors
    /// [`InboundError`] when query or body is no form or `member_id` is missing.
    pub fn parse(query: &str, body: &[u8]) -> Result<Self, InboundError> {
        Self::from_fields(&form::fold(query.as_bytes())?, &form::fold(body)?)
    }

    fn from_fields(query: &Map<String, Value>, body: &Map<String, Value>) -> Result<Self, InboundError> {
        let either = |key: &str| {
            let text = form::text(query, key);
            if text.is_empty() { form::text(body, key) } else { text }
        };
        let sender = Sender {
            member_id: form::text(body, "member_id"),
            application_token: secret(body, "APPLICATION_TOKEN"),
            access_token: secret(body, "AUTH_ID"),
            refresh_token: secret(body, "REFRESH_ID"),
            expires_in: number(body, "AUTH_EXPIRES"),
            server_endpoint: form::text(body, "SERVER_ENDPOINT"),
            user_id: String::new(),
            scope: form::text(body, "APPLICATION_SCOPE"),
        };
        if sender.member_id.is_empty() {
            return Err(InboundError::Missing("member_id"));
        }
        let placement = form::text(body, "PLACEMENT");
        Ok(Self {
            sender,
            domain: either("DOMAIN"),
            lang: either("LANG"),
            app_sid: either("APP_SID"),
            placement: if placement.is_empty() { "DEFAULT".to_owned() } else { placement },
            options: placement_options(&form::text(body, "PLACEMENT_OPTIONS")),
        })
    }
}

impl InstallPost {
    /// Reads a first contact: with `event` or an `auth` block it is the queue's call, else a frame.
    ///
    /// # Errors
    /// [`InboundError`] as its two shapes.
    pub fn parse(query: &str, body: &[u8]) -> Result<Self, InboundError> {
        let fields = form::fold(body)?;
        if form::field(&fields, "event").is_some() || form::field(&fields, "auth").is_some_and(Value::is_object) {
            let mut fields = fields;
            if form::field(&fields, "event").is_none() {
                fields.insert("event".to_owned(), Value::String("ONAPPINSTALL".to_owned()));
            }
            return PortalEvent::from_fields(fields).map(Self::Event);
        }
        FramePost::from_fields(&form::fold(query.as_bytes())?, &fields).map(Self::Frame)
    }

    /// Who sent it.
    pub fn sender(&self) -> &Sender {
        match self {
            Self::Frame(frame) => &frame.sender,
            Self::Event(event) => &event.sender,
        }
    }

    /// Language told: the viewer's, or the installer's.
    pub fn lang(&self) -> String {
        match self {
            Self::Frame(frame) => frame.lang.clone(),
            Self::Event(event) => event.text("LANGUAGE_ID"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const CALL: &str = "workflow_id=68c1f2a3b4c5d6.12345678&code=send_text&document_id%5B0%5D=crm&document_id%5B1%5D=CCrmDocumentDeal\
        &document_id%5B2%5D=DEAL_512&event_token=68c1%7CA1%7CQ7w.ab&properties%5Btext%5D=Hi+there&properties%5Bphone%5D%5B1%5D=b\
        &properties%5Bphone%5D%5B0%5D=%2B7900&use_subscription=Y&timeout_duration=600&ts=1790000001&auth%5Bmember_id%5D=m1\
        &auth%5Bapplication_token%5D=tok&auth%5Baccess_token%5D=secret&auth%5Buser_id%5D=4";

    #[test]
    fn a_robot_call_is_read() {
        let call = RobotCall::parse(CALL.as_bytes()).unwrap();
        assert_eq!(call.document_id, ["crm", "CCrmDocumentDeal", "DEAL_512"]);
        assert_eq!(call.event_token, "68c1|A1|Q7w.ab");
        assert_eq!(Value::Object(call.properties), json!({"text": "Hi there", "phone": ["+7900", "b"]}));
        assert!(call.use_subscription && call.timeout_seconds == 600 && call.ts == Some(1_790_000_001));
        assert!(call.application_token.matches("tok"));
        assert_eq!(call.user_id.as_deref(), Some("4"));
    }

    #[test]
    fn a_robot_call_without_properties_or_tokens_is_read() {
        let call = RobotCall::parse(b"event_token=t&auth[member_id]=m&use_subscription=N").unwrap();
        assert!(call.properties.is_empty() && !call.use_subscription && call.application_token.is_empty());
        assert_eq!(RobotCall::parse(b"event_token=t"), Err(InboundError::Missing("auth[member_id]")));
        assert_eq!(RobotCall::parse(b"auth[member_id]=m&auth=1"), Err(InboundError::Missing("auth[member_id]")));
    }

    #[test]
    fn a_timeout_in_odd_writing_is_still_a_timeout() {
        for (written, seconds) in
            [("600", 600), (" 600 ", 600), ("600.0", 600), ("59.9", 59), ("+60", 60), ("", 0), ("0", 0), ("-5", 0), ("10m", 0), ("ten", 0)]
        {
            let body = format!(
                "event_token=t&auth[member_id]=m&timeout_duration={}",
                form_urlencoded::byte_serialize(written.as_bytes()).collect::<String>()
            );
            assert_eq!(RobotCall::parse(body.as_bytes()).unwrap().timeout_seconds, seconds, "{written:?}");
        }
    }

    #[test]
    fn scalar_event_data_is_kept() {
        let event = PortalEvent::parse(b"event=onImConnectorLineDelete&data=12&auth[member_id]=m").unwrap();
        assert_eq!((event.event.as_str(), event.data), ("ONIMCONNECTORLINEDELETE", json!("12")));
    }

    #[test]
    fn empty_placement_options_are_no_context() {
        for options in ["", "&PLACEMENT_OPTIONS=[]", "&PLACEMENT_OPTIONS={}", "&PLACEMENT_OPTIONS=", "&PLACEMENT_OPTIONS=x"] {
            let frame = FramePost::parse("DOMAIN=a.b&LANG=ru", format!("member_id=m&AUTH_ID=t{options}").as_bytes()).unwrap();
            assert!(frame.options.is_empty() && frame.placement == "DEFAULT" && frame.lang == "ru");
        }
    }

    #[test]
    fn both_shapes_of_a_first_contact() {
        assert!(matches!(InstallPost::parse("", b"event=ONAPPINSTALL&auth[member_id]=m").unwrap(), InstallPost::Event(_)));
        assert!(matches!(InstallPost::parse("", b"auth[member_id]=m").unwrap(), InstallPost::Event(_)));
        assert!(matches!(InstallPost::parse("LANG=en", b"member_id=m&AUTH_ID=x").unwrap(), InstallPost::Frame(_)));
        assert_eq!(InstallPost::parse("", b"AUTH_ID=x"), Err(InboundError::Missing("member_id")));
    }
}
