//! Why an accepted message fails: Gupshup's codes, the old ones, Meta's (reference 4.13 and 5.14).

use super::super::message::{Failure, Message};
use super::super::state::State;
use super::super::wire::MediaProblem;
use super::app::App;
use crate::domain::clock::{DAY, Ms};

/// What is wrong, in no vendor's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    WalletLow,
    OptedOut,
    /// Session message to somebody neither opted in nor active.
    NoOptInNoTemplate,
    /// Template to somebody neither opted in nor active.
    NoOptIn,
    NotOnWhatsApp,
    OwnNumber,
    WindowClosed,
    TemplateUnknown,
    TemplatePaused,
    TemplateDisabled,
    ParameterCount,
    ParameterFormat,
    ParameterContent,
    BodyTooLong,
    /// The business reached its daily number of new people.
    MessagingLimit,
    MarketingStopped,
    MarketingCapped,
    BsuidUnsupported,
}

/// The failure as this app's hosting words it. Gupshup's own codes come early, WhatsApp's after `enqueued`.
pub(super) fn failure(app: &App, trouble: Trouble) -> Failure {
    let early = |code: u32, reason: &str| Failure { code, reason: reason.to_owned(), early: true };
    let late = |code: u32, reason: &str| Failure { code, reason: reason.to_owned(), early: false };
    let hosted = app.cloud_api_hosted;
    let no_match = || early(4003, "Template did not match");
    match trouble {
        Trouble::WalletLow => early(1003, "Unable to send message: wallet balance is low"),
        Trouble::OptedOut => early(1012, "User has opted out"),
        Trouble::NoOptInNoTemplate => early(1007, "User is not Opted in, is Inactive and no template matched"),
        Trouble::NoOptIn => early(app.not_opted_in_code, "User is not Opted in and Inactive"),
        Trouble::NotOnWhatsApp if hosted => late(131_026, "Message undeliverable"),
        Trouble::NotOnWhatsApp => early(1002, "Number does not exist on WhatsApp"),
        Trouble::OwnNumber => late(131_021, "Recipient cannot be sender"),
        Trouble::WindowClosed if hosted => late(131_047, "Re-engagement message"),
        Trouble::WindowClosed => late(470, "Message failed to send because more than 24 hours have passed since the customer last replied"),
        Trouble::TemplateUnknown if hosted => late(132_001, "Template name does not exist in the translation"),
        Trouble::TemplatePaused if hosted => late(132_015, "Template is paused"),
        Trouble::TemplatePaused => early(4005, "Template is paused"),
        Trouble::TemplateDisabled if hosted => late(132_016, "Template is disabled"),
        Trouble::ParameterCount if hosted => late(132_000, "Number of parameters does not match the expected number of params"),
        Trouble::ParameterFormat if hosted => late(132_012, "Parameter format does not match"),
        Trouble::ParameterContent if hosted => late(132_018, "Parameter content is invalid"),
        Trouble::BodyTooLong if hosted => late(132_005, "Translated text too long"),
        Trouble::TemplateUnknown
        | Trouble::TemplateDisabled
        | Trouble::ParameterCount
        | Trouble::ParameterFormat
        | Trouble::ParameterContent
        | Trouble::BodyTooLong => no_match(),
        Trouble::MessagingLimit if hosted => late(131_048, "Spam rate limit hit"),
        Trouble::MessagingLimit => late(471, "Rate limit hit"),
        Trouble::MarketingStopped => late(131_050, "User has stopped marketing messages from this business"),
        Trouble::MarketingCapped => late(131_049, "Message was not delivered to maintain a healthy ecosystem engagement"),
        Trouble::BsuidUnsupported => late(131_062, "Business-scoped user id is not supported for this message"),
    }
}

/// The failure of a message whose file cannot be had.
pub(in crate::sim::whatsapp) fn media(app: Option<&App>, problem: MediaProblem) -> Failure {
    let hosted = app.is_some_and(|app| app.cloud_api_hosted);
    let (code, reason) = match problem {
        _ if hosted => (131_053, "Media upload error"),
        MediaProblem::Unusable => (1010, "Invalid Media URL"),
        MediaProblem::TooLarge => (1011, "Invalid Media Size"),
    };
    Failure { code, reason: reason.to_owned(), early: !hosted }
}

/// What stands in the way of any message of this app to this destination; the first trouble wins.
pub(super) fn general(state: &mut State, app: &App, to: &str, template: bool, now: Ms) -> Option<Trouble> {
    let person = state.addressee(to);
    let opt_in = app.opt_ins.get(&person.phone);
    let active = state.window_open(&app.name, &person.phone, now);
    let known = active || opt_in.is_some_and(|row| row.opted_in);
    if app.wallet_empty {
        return Some(Trouble::WalletLow);
    }
    if opt_in.is_some_and(|row| !row.opted_in) {
        return Some(Trouble::OptedOut);
    }
    if app.opt_in_required && !known {
        return Some(if template { Trouble::NoOptIn } else { Trouble::NoOptInNoTemplate });
    }
    if to == app.source {
        return Some(Trouble::OwnNumber);
    }
    if !person.on_whatsapp {
        return Some(Trouble::NotOnWhatsApp);
    }
    if !template && !active {
        return Some(Trouble::WindowClosed);
    }
    (!active && limit_reached(state, app, &person.phone, now)).then_some(Trouble::MessagingLimit)
}

/// Unique people written to outside their windows in a moving 24 h, by all apps of the portfolio; refused ones do not count (reference 2.6).
fn limit_reached(state: &mut State, app: &App, phone: &str, now: Ms) -> bool {
    let Some(limit) = app.messaging_limit else { return false };
    let own = |other: &App| other.name == app.name || (!app.portfolio.is_empty() && other.portfolio == app.portfolio);
    let accounts: Vec<String> = state.apps.iter().filter(|other| own(other)).map(|other| other.name.clone()).collect();
    let counted = |message: &&Message| {
        accounts.contains(&message.account)
            && !message.window_open
            && message.failure.is_none()
            && now.saturating_sub(message.accepted_at) < DAY
    };
    let to: Vec<String> = state.messages.iter().filter(counted).map(|message| message.to.clone()).collect();
    let reached: std::collections::BTreeSet<String> = to.iter().map(|to| state.addressee(to).phone).collect();
    !reached.contains(phone) && u32::try_from(reached.len()).unwrap_or(u32::MAX) >= limit
}

/// What stands in the way of a marketing template to this person.
pub(super) fn marketing(state: &mut State, to: &str, category: &str) -> Option<Trouble> {
    let person = state.addressee(to);
    match category {
        "MARKETING" if person.stopped_marketing => Some(Trouble::MarketingStopped),
        // Templates to the USA are never delivered (reference 2.3).
        "MARKETING" if person.marketing_capped || (to.starts_with('1') && to.len() == 11) => Some(Trouble::MarketingCapped),
        _ => None,
    }
}
