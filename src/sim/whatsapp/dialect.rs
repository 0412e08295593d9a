//! The seam between the core and the vendors' words. What differs from vendor to vendor stands behind [`Dialect`]; the table below is the
//! one place that lists them. Gupshup's accounts are apps with rules of their own, so they have their own arms.

use super::delivery::{Callback, Proof};
use super::gupshup;
use super::inbound::InboundMessage;
use super::line::Line;
use super::message::{Failure, Message, Status};
use super::person::Person;
use super::server::{Answer, Call};
use super::signature::Signed;
use super::state::{Shared, State};
use super::wire::MediaProblem;
use crate::domain::clock::Ms;
use futures::future::LocalBoxFuture;
use serde::{Deserialize, Serialize};

/// One vendor's words.
pub(super) trait Dialect: Sync {
    /// A fresh account: what its name makes of these digits and hex digits.
    fn fresh(&self, seed: &Seed) -> Fresh;
    /// Answers a path; `None` = not one of the vendor's.
    fn answer<'a>(&'a self, shared: &'a Shared, call: &'a Call) -> LocalBoxFuture<'a, Option<Answer>>;
    /// Words a step of a message.
    fn status(&self, state: &mut State, line: &Line, message: &Message, status: Status, now: Ms);
    /// Words a person's message.
    fn inbound(&self, state: &mut State, line: &Line, inbound: &InboundMessage, now: Ms);
    /// Words a change of the session, where the vendor tells.
    fn session(&self, _state: &mut State, _line: &Line, _now: Ms) {}
    /// The vendor's id of a template; its digest is given.
    fn template_id(&self, digest: &str) -> String {
        digest.bytes().take(15).map(|byte| char::from(b'1'.saturating_add(byte % 9))).collect()
    }
    /// Code and words when a file cannot be had. Gateways tell no codes.
    fn lost_file(&self) -> (u32, &'static str) {
        (0, "file cannot be downloaded")
    }
    /// Where an event goes.
    fn address<'a>(&self, line: &'a Line, _event: &str) -> &'a str {
        &line.hook
    }
    /// Headers of a callback beside its proof.
    fn headers(&self, _state: &mut State, _line: &Line, _now: Ms) -> Vec<(String, String)> {
        Vec::new()
    }
    /// How callbacks of an account are proven.
    fn proof(&self, _line: &Line) -> Proof {
        Proof::None
    }
    /// A callback's bytes with its proof under that key.
    fn sign(&self, callback: &Callback, _key: &str) -> Signed {
        Signed::plain(callback)
    }
}

/// What ids and keys are made of: digits and hex digits that follow from the account's name.
#[derive(Debug)]
pub(super) struct Seed {
    /// Decimal digits, 32.
    pub(super) digits: String,
    /// Hex digits, 64.
    pub(super) hex: String,
}

impl Seed {
    /// Some of the digits.
    pub(super) fn number(&self, from: usize, to: usize) -> &str {
        self.digits.get(from..to).unwrap_or_default()
    }

    /// Some of the hex digits.
    pub(super) fn part(&self, from: usize, to: usize) -> &str {
        self.hex.get(from..to).unwrap_or_default()
    }
}

/// What a fresh account has.
#[derive(Debug, Default)]
pub(super) struct Fresh {
    /// The vendor's id of the sender.
    pub(super) id: String,
    /// Business account, where there is one.
    pub(super) account: String,
    /// Session state in the vendor's word.
    pub(super) state: &'static str,
}

macro_rules! vendors {
    ($($(#[$more:meta])* $name:ident = $word:literal => $dialect:expr;)*) => {
        /// Whose words an account speaks.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        pub enum Vendor {
            $($(#[$more])* #[doc = $word] #[serde(rename = $word)] $name,)*
        }

        impl Vendor {
            /// All of them.
            pub const ALL: &'static [Self] = &[$($(#[$more])* Self::$name,)*];

            /// Its word, as serde writes it.
            pub fn word(self) -> &'static str {
                match self {
                    $($(#[$more])* Self::$name => $word,)*
                }
            }

            /// Its words.
            pub(super) fn dialect(self) -> &'static dyn Dialect {
                match self {
                    $($(#[$more])* Self::$name => &$dialect,)*
                }
            }
        }
    };
}

// One line a vendor.
vendors! {
    Meta = "meta" => super::meta::Words;
    Twilio = "twilio" => super::twilio::Words;
    GreenApi = "green-api" => super::green_api::Words;
    Waha = "waha" => super::waha::Words;
    #[cfg(feature = "test-provider")]
    Heliograph = "heliograph" => super::heliograph::Words;
}

/// Answers a vendor's path; `None` = no dialect knows it.
pub(super) async fn answer(shared: &Shared, call: &Call) -> Option<Answer> {
    for vendor in Vendor::ALL {
        if let Some(answer) = vendor.dialect().answer(shared, call).await {
            return Some(answer);
        }
    }
    gupshup::answer(shared, call).await
}

/// Words a step of a message.
pub(super) fn tell_status(state: &mut State, message: &Message, status: Status, now: Ms) {
    match state.line(&message.account).cloned() {
        Some(line) => line.vendor.dialect().status(state, &line, message, status, now),
        None => gupshup::events::status(state, message, status, now),
    }
}

/// Words a person's message.
pub(super) fn tell_inbound(state: &mut State, inbound: &InboundMessage, now: Ms) {
    match state.line(&inbound.account).cloned() {
        Some(line) => line.vendor.dialect().inbound(state, &line, inbound, now),
        None => gupshup::events::inbound(state, inbound, now),
    }
}

/// Words a person's marketing preference.
pub(super) fn tell_preference(state: &mut State, person: &Person, stop: bool, now: Ms) {
    gupshup::events::preference(state, person, stop, now);
}

/// The failure of a message whose file cannot be had.
pub(super) fn media_failure(state: &State, account: &str, problem: MediaProblem) -> Failure {
    if let Some(line) = state.line(account) {
        let (code, reason) = line.vendor.dialect().lost_file();
        return Failure { code, reason: reason.to_owned(), early: false };
    }
    gupshup::codes::media(state.apps.iter().find(|app| app.name == account), problem)
}

/// Whether the account uploaded a file of that kind under that id.
///
/// # Errors
/// [`MediaProblem::Unusable`].
pub(super) fn uploaded(state: &State, account: &str, kind: &str, id: &str) -> Result<(), MediaProblem> {
    let app = state.apps.iter().find(|app| app.name == account);
    let own = app.and_then(|app| app.uploads.get(id)).is_some_and(|own| own == kind);
    if own { Ok(()) } else { Err(MediaProblem::Unusable) }
}
