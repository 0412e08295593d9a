//! What Meta's Cloud API and those who pass it through (Gupshup V3) share: body of a send, error codes, webhook values.
//! Pure; nothing here knows an address or a token.

mod account;
pub(super) mod body;
pub(super) mod buttons;
pub(super) mod errors;
pub(super) mod inbound;
pub(super) mod kinds;
pub(super) mod webhook;
