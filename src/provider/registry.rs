//! The table of providers: one line an adapter.

use super::Provider;
use super::green_api::GreenApi;
use super::gupshup::Gupshup;
use super::meta::Meta;
use super::twilio::Twilio;
use super::waha::Waha;

/// All adapters of this binary.
pub fn all() -> &'static [&'static dyn Provider] {
    &[&Gupshup, &Meta, &GreenApi, &Waha, &Twilio]
}

/// The adapter of a kind.
pub fn find(kind: &str) -> Option<&'static dyn Provider> {
    all().iter().copied().find(|provider| provider.kind() == kind)
}
