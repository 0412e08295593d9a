//! The business profile that people see in WhatsApp, where the provider shows and changes it.

use super::{live_portal, portal_row};
use crate::domain::outcome::ErrorClass;
use crate::flow::channel::profile::{self, ProfileError};
use crate::provider::profile::Profile;
use crate::web::body::Incoming;
use crate::web::operator::Operator;
use crate::web::problem::{Code, Problem, ProblemDocument};
use crate::web::{State, body};
use actix_web::web::{Data, Json, Path};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

/// What people see.
#[derive(Debug, Serialize, ToSchema)]
pub struct BusinessProfile {
    about: Option<String>,
    address: Option<String>,
    description: Option<String>,
    email: Option<String>,
    websites: Option<Vec<String>>,
    /// Meta's word for the trade.
    vertical: Option<String>,
    picture_url: Option<String>,
}

/// What to change; a key that is absent stays.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProfileChange {
    /// 1 to 139 characters.
    about: Option<String>,
    /// At most 256 characters.
    address: Option<String>,
    /// At most 512 characters.
    description: Option<String>,
    /// At most 128 characters.
    email: Option<String>,
    /// At most two.
    websites: Option<Vec<String>>,
    /// `RETAIL`, `HEALTH`, ….
    vertical: Option<String>,
}

fn shown(profile: Profile) -> Json<BusinessProfile> {
    let Profile { about, address, description, email, websites, vertical, picture_url } = profile;
    Json(BusinessProfile { about, address, description, email, websites, vertical, picture_url })
}

fn refused(error: ProfileError) -> Problem {
    match error {
        ProfileError::NotFound => Problem::not_found("channel"),
        ProfileError::Unsupported => Problem::new(Code::ProfileUnsupported),
        ProfileError::Field(error) => Problem::new(Code::SettingInvalid).with("field", error.field).with("reason", error.reason),
        ProfileError::Provider(error) if error.class == ErrorClass::Transient => Problem::new(Code::ProviderUnreachable),
        ProfileError::Provider(error) => {
            Problem::new(Code::ProviderRefused).with("provider_code", error.provider_code.unwrap_or_default()).with("text", error.text)
        }
        ProfileError::Outbound(error) => {
            tracing::warn!(error = %error, "the business profile was not asked for");
            Problem::new(Code::ProviderUnreachable)
        }
        ProfileError::Db(error) => error.into(),
    }
}

/// The business profile of a channel's number.
#[utoipa::path(get, path = "/api/v1/portals/{member_id}/channels/{channel_id}/profile", tag = "channels",
    params(("member_id" = String, Path), ("channel_id" = String, Path)),
    responses((status = 200, body = BusinessProfile), (status = "4XX", body = ProblemDocument)), security(("operator" = [])))]
pub(crate) async fn get(_: Operator, state: Data<State>, path: Path<(String, String)>) -> Result<Json<BusinessProfile>, Problem> {
    let (member_id, channel_id) = path.into_inner();
    let portal = portal_row(&state, &member_id).await?.member_id;
    profile::read(&state.ctx, &portal, &channel_id).await.map(shown).map_err(refused)
}

/// Changes it at the provider.
#[utoipa::path(patch, path = "/api/v1/portals/{member_id}/channels/{channel_id}/profile", tag = "channels",
    params(("member_id" = String, Path), ("channel_id" = String, Path)), request_body = ProfileChange,
    responses((status = 200, body = BusinessProfile), (status = "4XX", body = ProblemDocument)), security(("operator" = [])))]
pub(crate) async fn change(
    _: Operator,
    state: Data<State>,
    path: Path<(String, String)>,
    payload: Incoming,
) -> Result<Json<BusinessProfile>, Problem> {
    let ProfileChange { about, address, description, email, websites, vertical } = body::json(payload).await?;
    let change = Profile { about, address, description, email, websites, vertical, picture_url: None };
    let (member_id, channel_id) = path.into_inner();
    let portal = live_portal(&state, &member_id).await?.member_id;
    profile::change(&state.ctx, &portal, &channel_id, &change).await.map(shown).map_err(refused)
}
