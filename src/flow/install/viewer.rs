//! Who looks at a page of an installed portal: one request, by the viewer's own token.

use super::{InstallRefusal, is_yes, refused};
use crate::bitrix::inbound::Sender;
use crate::bitrix::oauth::{self, Application};
use crate::bitrix::{Command, form};
use crate::db::store::portal::PortalStatus;
use crate::flow::Ctx;
use crate::flow::portal_cache::PortalFacts;
use serde_json::{Value, json};
use std::sync::Arc;

/// A user who opened one of our pages.
#[derive(Debug, Clone)]
pub struct Viewer {
    /// The portal.
    pub portal: Arc<PortalFacts>,
    /// User id.
    pub user_id: String,
    /// Whether an administrator of the portal.
    pub admin: bool,
    /// Name as the portal has it.
    pub name: String,
}

/// Proves the viewer of a page of an installed portal with one request to the stored address: our application, and who it is.
///
/// # Errors
/// [`InstallRefusal`].
pub async fn prove_viewer(ctx: &Ctx, sender: &Sender) -> Result<Viewer, InstallRefusal> {
    if ctx.rejections.too_many(&sender.member_id, ctx.clock.now()) {
        return Err(InstallRefusal::Unavailable("too many rejected tokens".to_owned()));
    }
    let proven = prove(ctx, sender).await;
    if matches!(proven, Err(InstallRefusal::TokenRejected(_) | InstallRefusal::OtherApplication)) {
        ctx.rejections.note(&sender.member_id, ctx.clock.now());
    }
    proven
}

async fn prove(ctx: &Ctx, sender: &Sender) -> Result<Viewer, InstallRefusal> {
    let portal = ctx.portals.get(&sender.member_id).await?.filter(|facts| facts.status != PortalStatus::Uninstalled);
    let portal = portal.ok_or(InstallRefusal::UnknownPortal)?;
    if sender.access_token.is_empty() {
        return Err(InstallRefusal::TokensMissing);
    }
    let ask = |key: &str, method: &str| Command { key: key.to_owned(), method: method.to_owned(), params: json!({}) };
    let commands = [ask("app", "app.info"), ask("user", "profile")];
    let address = (portal.client_endpoint.as_str(), &sender.access_token);
    let told = ctx.bitrix.batch_with("viewer.prove", &portal.member_id, address, &commands).await;
    let results = told.map_err(|error| refused(&error))?;
    let mut results = results.into_iter().map(|result| result.map_err(|error| InstallRefusal::TokenRejected(error.line())));
    let info = results.next().unwrap_or_else(|| Ok(Value::Null))?;
    let profile = results.next().unwrap_or_else(|| Ok(Value::Null))?;
    let info = oauth::read_app_info(&info).unwrap_or_default();
    let known_token = !sender.application_token.is_empty() && portal.application_token.matches(sender.application_token.expose());
    match info.application(&ctx.settings.client_id) {
        Application::Ours => {}
        // A marketplace application is named by its catalogue code; then the application token has to prove it.
        Application::Unnamed if known_token => {}
        Application::Unnamed | Application::Alien => return Err(InstallRefusal::OtherApplication),
    }
    let empty = serde_json::Map::new();
    let profile = profile.as_object().unwrap_or(&empty);
    let user_id = form::text(profile, "ID");
    if user_id.is_empty() {
        return Err(InstallRefusal::TokenRejected("the portal names no active user".to_owned()));
    }
    let name = format!("{} {}", form::text(profile, "NAME"), form::text(profile, "LAST_NAME")).trim().to_owned();
    Ok(Viewer { portal, user_id, admin: is_yes(form::field(profile, "ADMIN")), name })
}
