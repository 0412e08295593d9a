//! The business profile behind a channel, read and changed at the provider; nothing of it is stored here.

use super::{Loaded, load};
use crate::db::DbError;
use crate::domain::outcome::ProviderError;
use crate::flow::{Ctx, provider_ask};
use crate::outbound::OutboundError;
use crate::provider::SettingsError;
use crate::provider::profile::Profile;

/// Why there is no profile.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// No live channel of that id in this portal.
    #[error("no such channel")]
    NotFound,
    /// Channels of this kind have none.
    #[error("no profile")]
    Unsupported,
    /// A field of the change is wrong.
    #[error(transparent)]
    Field(#[from] SettingsError),
    /// The provider refused.
    #[error("provider: {}", .0.text)]
    Provider(ProviderError),
    /// The provider was not reached.
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Reads it.
///
/// # Errors
/// [`ProfileError`].
pub async fn read(ctx: &Ctx, portal: &str, channel_id: &str) -> Result<Profile, ProfileError> {
    ask(ctx, &loaded(ctx, portal, channel_id).await?).await
}

/// Changes what is given, and reads it back.
///
/// # Errors
/// [`ProfileError`].
pub async fn change(ctx: &Ctx, portal: &str, channel_id: &str, change: &Profile) -> Result<Profile, ProfileError> {
    change.check()?;
    let channel = loaded(ctx, portal, channel_id).await?;
    let request = channel.provider.build_profile_change(&channel.config, change).ok_or(ProfileError::Unsupported)?;
    let answer = provider_ask::ask(ctx, request).await?;
    if let Some(error) = channel.provider.read_error(&answer) {
        return Err(ProfileError::Provider(error));
    }
    ask(ctx, &channel).await
}

async fn loaded(ctx: &Ctx, portal: &str, channel_id: &str) -> Result<Loaded, ProfileError> {
    load(ctx, portal, channel_id).await?.ok_or(ProfileError::NotFound)
}

async fn ask(ctx: &Ctx, channel: &Loaded) -> Result<Profile, ProfileError> {
    let request = channel.provider.build_profile(&channel.config).ok_or(ProfileError::Unsupported)?;
    let answer = provider_ask::ask(ctx, request).await?;
    channel.provider.read_profile(&answer).map_err(ProfileError::Provider)
}
