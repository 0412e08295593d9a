//! How a send ended, the same rule for every provider (DESIGN.md 4, reference/whatsapp.md 10.6).
//!
//! A 2xx without a readable id, 502/504/52x, and any 5xx that is not the vendor's own error body are *unknown*: a gateway in between may
//! have lost an answer to a message that went out. Certainly not sent and worth another try: 429, the vendor's own temporary errors.

use crate::domain::http::HttpResponse;
use crate::domain::outcome::{ErrorClass, ProviderError, SendOutcome};

/// What an adapter read in an answer.
pub(super) struct Reading {
    /// The provider's id of the message, and WhatsApp's where told.
    pub(super) id: Option<(String, Option<String>)>,
    /// The refusal that the answer states.
    pub(super) error: ProviderError,
    /// The body is the vendor's own error, not a gateway's.
    pub(super) own: bool,
}

/// The ending of a send.
pub(super) fn of(answer: &HttpResponse, reading: Reading) -> SendOutcome {
    let Reading { id, error, own } = reading;
    let retry = |error| SendOutcome::Retry { after_ms: answer.retry_after_ms(None), error };
    match answer.status {
        200..=299 => match id.filter(|(id, _)| !id.trim().is_empty()) {
            Some((provider_id, wa_id)) => SendOutcome::Accepted { provider_id, wa_id },
            None => SendOutcome::Unknown { reason: format!("HTTP {} without a message id", answer.status) },
        },
        429 => retry(error),
        // Told by a proxy after it took the request: nobody knows what became of it.
        408 | 499 if !own => SendOutcome::Unknown { reason: format!("HTTP {} without the provider's own words", answer.status) },
        500 | 503 if own => match error.class {
            // A 5xx whose code says that a person has to act.
            class if class.retryable() || class == ErrorClass::Unknown => retry(error),
            _ => SendOutcome::Rejected(error),
        },
        500.. => SendOutcome::Unknown { reason: format!("HTTP {} without the provider's own words", answer.status) },
        _ if error.class.retryable() => retry(error),
        _ => SendOutcome::Rejected(error),
    }
}

/// The class of an answer by its status alone.
pub(super) fn class_by_status(status: u16) -> ErrorClass {
    match status {
        401 => ErrorClass::Auth,
        402 => ErrorClass::Billing,
        403 => ErrorClass::Permission,
        429 => ErrorClass::RateLimit,
        500.. => ErrorClass::Transient,
        _ => ErrorClass::Payload,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn ended(status: u16, class: ErrorClass, own: bool, id: Option<&str>) -> &'static str {
        let answer = HttpResponse { status, headers: Vec::new(), body: Bytes::new() };
        let reading = Reading { id: id.map(|id| (id.to_owned(), None)), error: ProviderError::new(class, None, "told"), own };
        match of(&answer, reading) {
            SendOutcome::Accepted { .. } => "accepted",
            SendOutcome::Rejected(_) => "rejected",
            SendOutcome::Retry { .. } => "retry",
            SendOutcome::Unknown { .. } => "unknown",
        }
    }

    #[test]
    fn only_what_certainly_was_not_sent_is_tried_again() {
        use ErrorClass::{Auth, Payload, Permission, RateLimit, Session, Transient, Unknown};
        let table = [
            (200, Unknown, false, Some("id"), "accepted"),
            (201, Unknown, false, Some(" "), "unknown"),
            (200, Unknown, false, None, "unknown"),
            (429, Unknown, false, None, "retry"),
            (500, Transient, true, None, "retry"),
            (500, Permission, true, None, "rejected"),
            (500, Transient, false, None, "unknown"),
            (503, Unknown, true, None, "retry"),
            (502, Transient, true, None, "unknown"),
            (504, Transient, false, None, "unknown"),
            (520, Transient, true, None, "unknown"),
            (400, RateLimit, true, None, "retry"),
            (422, Session, true, None, "retry"),
            (400, Payload, true, None, "rejected"),
            (401, Auth, false, None, "rejected"),
            (408, Payload, false, None, "unknown"),
            (499, Payload, false, None, "unknown"),
            (408, Payload, true, None, "rejected"),
        ];
        for (status, class, own, id, wanted) in table {
            assert_eq!(ended(status, class, own, id), wanted, "{status} {class:?} own={own}");
        }
    }
}
