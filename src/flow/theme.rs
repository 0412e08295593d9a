//! The theme that a user chose for our pages. It stands in the portal's settings: pages keep nothing in the browser.

use super::Ctx;
use crate::db::DbResult;
use crate::db::store::api_portal;
use serde_json::{Map, Value, json};

/// Words of a theme.
pub const THEMES: [&str; 3] = ["light", "dark", "system"];
/// Key of the portal's settings.
const KEY: &str = "themes";

/// The theme of a user.
pub fn of(settings: &Value, user_id: &str) -> &'static str {
    let chosen = settings.get(KEY).and_then(|themes| themes.get(user_id)).and_then(Value::as_str);
    THEMES.into_iter().find(|theme| chosen == Some(*theme)).unwrap_or("light")
}

/// Keeps a user's theme; `false` = there is no such portal.
///
/// # Errors
/// The database failed.
pub async fn choose(ctx: &Ctx, portal: &str, user_id: &str, theme: &str) -> DbResult<bool> {
    let tx = ctx.db.begin().await?;
    let Some(row) = api_portal::find(&*tx, portal).await? else { return Ok(false) };
    let mut settings: Map<String, Value> = serde_json::from_str(&row.settings).unwrap_or_default();
    let themes = settings.entry(KEY).or_insert_with(|| json!({}));
    if !themes.is_object() {
        *themes = json!({});
    }
    if let Some(themes) = themes.as_object_mut() {
        themes.insert(user_id.to_owned(), json!(theme));
    }
    api_portal::put_settings(&*tx, portal, &Value::Object(settings).to_string(), ctx.clock.now()).await?;
    tx.commit("theme.chosen").await?;
    ctx.portals.forget(portal).await;
    Ok(true)
}
