//! The table of providers: one line an adapter.

use super::Provider;

/// All adapters of this binary.
pub fn all() -> &'static [&'static dyn Provider] {
    &[
        &super::gupshup::Gupshup,
        &super::meta::Meta,
        &super::green_api::GreenApi,
        &super::waha::Waha,
        &super::twilio::Twilio,
        #[cfg(feature = "test-provider")]
        &super::heliograph::Heliograph,
    ]
}

/// The adapter of a kind.
pub fn find(kind: &str) -> Option<&'static dyn Provider> {
    all().iter().copied().find(|provider| provider.kind() == kind)
}
