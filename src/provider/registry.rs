//! The table of providers: one line an adapter.

use super::Provider;
use super::gupshup::Gupshup;

/// All adapters of this binary.
pub fn all() -> &'static [&'static dyn Provider] {
    &[&Gupshup]
}

/// The adapter of a kind.
pub fn find(kind: &str) -> Option<&'static dyn Provider> {
    all().iter().copied().find(|provider| provider.kind() == kind)
}
