//! Why an install is refused, and what the portal and its frame are told.

use crate::bitrix::ProofError;
use crate::db::DbError;

/// Why an install was refused. Nothing was stored and a live portal is unchanged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InstallRefusal {
    /// No access or refresh token in the request.
    #[error("tokens are missing")]
    TokensMissing,
    /// The authorization server named is not on our list.
    #[error("authorization server not allowed")]
    HostRefused,
    /// The authorization server or the portal does not accept the token.
    #[error("token rejected: {0}")]
    TokenRejected(String),
    /// The token belongs to another application.
    #[error("another application's token")]
    OtherApplication,
    /// The token belongs to another portal than the request says.
    #[error("another portal's token")]
    OtherPortal,
    /// The user is not an administrator of the portal.
    #[error("not an administrator")]
    NotAdmin,
    /// The proven address may not be contacted (private network, no https).
    #[error("address refused: {0}")]
    EndpointRefused(String),
    /// The portal is not installed (pages of an unknown portal).
    #[error("portal not installed")]
    UnknownPortal,
    /// Nobody could say: try again. Nothing is committed.
    #[error("unavailable: {0}")]
    Unavailable(String),
}

impl InstallRefusal {
    /// Stable code of the API; its text is the locale key with dashes.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TokensMissing => "install_tokens_missing",
            Self::HostRefused => "install_host_refused",
            Self::TokenRejected(_) => "install_token_rejected",
            Self::OtherApplication => "install_other_application",
            Self::OtherPortal => "install_other_portal",
            Self::NotAdmin => "install_not_admin",
            Self::EndpointRefused(_) => "install_address_refused",
            Self::UnknownPortal => "install_unknown_portal",
            Self::Unavailable(_) => "install_unavailable",
        }
    }

    /// HTTP status for the portal and its frame.
    pub fn http_status(&self) -> u16 {
        match self {
            Self::TokensMissing | Self::TokenRejected(_) => 401,
            Self::HostRefused
            | Self::OtherApplication
            | Self::OtherPortal
            | Self::NotAdmin
            | Self::EndpointRefused(_)
            | Self::UnknownPortal => 403,
            Self::Unavailable(_) => 503,
        }
    }
}

impl From<DbError> for InstallRefusal {
    fn from(error: DbError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<ProofError> for InstallRefusal {
    fn from(error: ProofError) -> Self {
        match error {
            ProofError::HostRefused => Self::HostRefused,
            ProofError::Rejected(why) => Self::TokenRejected(why),
            ProofError::Unavailable(why) => Self::Unavailable(why),
        }
    }
}
