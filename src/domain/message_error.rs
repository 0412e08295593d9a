//! Why a message did not go, as it is stored and shown: `{code, class, provider_code, text, retryable}` (INTERFACE.md).
//!
//! The code is of the closed list of ROBOTS.md; the class and the provider's own code and words stand beside it, so that a
//! refusal of WhatsApp is never mistaken for one of ours.

use super::outcome::{ErrorClass, ProviderError};
use super::refusal::{Code, Refusal};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The stored reason of a message that failed, is held, or was skipped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageError {
    /// Word of the closed list.
    pub code: Code,
    /// The provider's class; `None` = our own decision.
    pub class: Option<ErrorClass>,
    /// The provider's code.
    pub provider_code: Option<String>,
    /// The provider's words, or our rule, in English.
    pub text: String,
    /// Whether the same message may be sent again without a change.
    pub retryable: bool,
    /// Values that the text for people names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub args: BTreeMap<String, String>,
}

impl MessageError {
    /// A provider's refusal of a message. `free_form` = it needed an open window.
    pub fn of_provider(error: &ProviderError, free_form: bool) -> Self {
        let code = match error.class {
            // Of a template it says "not opted in or not matched", which no open window of ours would change.
            ErrorClass::WindowClosed if free_form && !opt_in_missing(error) => Code::WindowClosed,
            ErrorClass::RateLimit | ErrorClass::PairLimit | ErrorClass::MarketingCap => Code::LimitReached,
            ErrorClass::Media => Code::MediaInvalid,
            ErrorClass::Auth | ErrorClass::Permission | ErrorClass::Session => Code::ChannelUnavailable,
            ErrorClass::WindowClosed
            | ErrorClass::OptedOut
            | ErrorClass::BadRecipient
            | ErrorClass::Template
            | ErrorClass::Payload
            | ErrorClass::Billing
            | ErrorClass::Policy
            | ErrorClass::Transient
            | ErrorClass::Unknown => Code::ProviderRejected,
        };
        Self {
            code,
            class: Some(error.class),
            provider_code: error.provider_code.clone(),
            text: error.text.clone(),
            retryable: error.class.retryable(),
            args: BTreeMap::new(),
        }
    }

    /// Our own refusal.
    pub fn of_refusal(refusal: &Refusal) -> Self {
        Self {
            code: refusal.code,
            class: None,
            provider_code: None,
            text: refusal.rule.clone(),
            retryable: false,
            args: refusal.args.clone(),
        }
    }

    /// Nobody knows whether it was sent.
    pub fn unknown(reason: &str) -> Self {
        Self {
            code: Code::UnknownOutcome,
            class: Some(ErrorClass::Unknown),
            provider_code: None,
            text: reason.to_owned(),
            retryable: false,
            args: BTreeMap::new(),
        }
    }

    /// Reads the stored column.
    pub fn read(stored: Option<&str>) -> Option<Self> {
        stored.and_then(|text| serde_json::from_str(text).ok())
    }

    /// The stored shape.
    pub fn to_json(&self) -> serde_json::Value {
        // A struct of texts always serializes.
        serde_json::to_value(self).unwrap_or_default()
    }

    /// The client's number is neither opted in at the provider nor active: said as such, never counted as our opt-out.
    pub fn opt_in_missing(&self) -> bool {
        self.class.is_some() && is_opt_in_code(self.provider_code.as_deref())
    }
}

fn opt_in_missing(error: &ProviderError) -> bool {
    is_opt_in_code(error.provider_code.as_deref())
}

/// Gupshup 1006, 1007, 1008 (reference/whatsapp.md 4.13).
fn is_opt_in_code(code: Option<&str>) -> bool {
    matches!(code, Some("1006" | "1007" | "1008"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(class: ErrorClass, code: &str) -> ProviderError {
        ProviderError { class, provider_code: Some(code.to_owned()), text: "told".to_owned() }
    }

    #[test]
    fn a_missing_opt_in_is_the_providers_refusal_and_nothing_of_ours() {
        for (class, code) in [(ErrorClass::OptedOut, "1006"), (ErrorClass::WindowClosed, "1007"), (ErrorClass::OptedOut, "1008")] {
            let error = MessageError::of_provider(&told(class, code), true);
            assert_eq!(error.code, Code::ProviderRejected, "{code}");
            assert!(error.opt_in_missing(), "{code}");
        }
    }

    #[test]
    fn a_closed_window_is_one_only_for_what_needed_it() {
        assert_eq!(MessageError::of_provider(&told(ErrorClass::WindowClosed, "470"), true).code, Code::WindowClosed);
        assert_eq!(MessageError::of_provider(&told(ErrorClass::WindowClosed, "1005"), false).code, Code::ProviderRejected);
    }

    #[test]
    fn what_is_stored_is_read_back() {
        let error = MessageError::of_refusal(&Refusal::new(Code::WindowClosed, "window").with("until", "12:00"));
        assert_eq!(MessageError::read(Some(&error.to_json().to_string())), Some(error));
        assert_eq!(MessageError::read(Some("{}")), None);
    }
}
