//! The Gupshup dialect: its two APIs, its refusals, its callbacks (reference/whatsapp.md 4).
//!
//! A refusal of the HTTP request is a `Refusal`; what Gupshup finds out later becomes a `failed` callback.
//! Where the contract is silent about a text, the text is ours and the status follows the contract's class.

pub mod app;
pub(super) mod codes;
mod content;
pub mod desk;
mod envelope;
pub(super) mod events;
mod events_v2;
mod events_v3;
mod form;
mod inbound_v2;
mod interactive;
mod media_upload;
mod opt_in;
mod partner;
mod session;
mod subscription;
pub mod template;
mod template_list;
mod template_message;
#[cfg(test)]
pub(in crate::sim) mod tests;
mod v3;
mod v3_content;

use super::server::{Answer, Call};
use super::state::Shared;
use form::Refusal;
use serde_json::json;

/// Answers a path of `api.gupshup.io` or `partner.gupshup.io`; `None` = not one of theirs.
pub(super) async fn answer(shared: &Shared, call: &Call) -> Option<Answer> {
    let now = shared.now();
    let parts = call.parts();
    let answered = match (call.method.as_str(), parts.as_slice()) {
        // Self-serve, header `apikey`.
        ("POST", ["wa", "api", "v1", "msg"]) => session::send(&mut shared.lock(), call, now),
        ("POST", ["wa", "api", "v1", "template", "msg"]) => template_message::send(&mut shared.lock(), call, now),
        ("GET", ["wa", "app", app_id, "template"]) => template_list::self_serve(&mut shared.lock(), call, app_id),
        ("GET", ["wa", "app", app_id, "template", id]) => template_list::one(&mut shared.lock(), call, app_id, id),
        ("PUT", ["wa", "app", app_id, "msg", wamid, "read"]) => opt_in::mark_read(&mut shared.lock(), call, app_id, wamid),
        ("POST", ["sm" | "wa", "api", "v1", "app", "opt", direction @ ("in" | "out"), name]) => {
            opt_in::mark(&mut shared.lock(), call, name, direction == &"in", now)
        }
        ("GET", ["sm", "api", "v1", "template", "list", name]) => template_list::by_name(&mut shared.lock(), call, name),
        ("GET", ["sm", "api", "v1", "users", name]) => opt_in::list(&mut shared.lock(), call, name),
        // Partner portal, header `Authorization`.
        ("POST", ["partner", "account", "login"]) => partner::login(&shared.lock(), call),
        ("GET", ["partner", "app", app_id, "token"]) => partner::token(&mut shared.lock(), call, app_id, now),
        ("POST", ["partner", "app", app_id, "template", "msg"]) => template_message::send_by_partner(&mut shared.lock(), call, app_id, now),
        ("POST", ["partner", "app", app_id, "v3", "message"]) => v3::send(&mut shared.lock(), call, app_id, now),
        ("POST", ["partner", "app", app_id, "media"]) => media_upload::upload(&mut shared.lock(), call, app_id, now),
        ("GET", ["partner", "app", app_id, "templates"]) => template_list::by_partner(&mut shared.lock(), call, app_id, now),
        ("PUT", ["partner", "app", app_id, "config", "bsuid"]) => partner::bsuid(&mut shared.lock(), call, app_id, now),
        ("PUT", ["partner", "app", app_id, "msg", wamid, "read"]) => partner::mark_read(&mut shared.lock(), call, app_id, wamid, now),
        ("GET", ["partner", "app", app_id, "subscription"]) => subscription::list(&mut shared.lock(), call, app_id, now),
        ("POST", ["partner", "app", app_id, "subscription"]) => subscription::create(shared, call, app_id).await,
        ("PUT", ["partner", "app", app_id, "subscription", id]) => subscription::update(shared, call, app_id, id).await,
        ("DELETE", ["partner", "app", app_id, "subscription", id]) => subscription::delete(&mut shared.lock(), call, app_id, id, now),
        (_, ["wa" | "sm" | "partner", ..]) => Err(unknown(&parts)),
        _ => return None,
    };
    Some(answered.unwrap_or_else(|refusal| refusal.answer()))
}

/// Wrong method on a path that exists is 405, everything else 404.
fn unknown(parts: &[&str]) -> Refusal {
    let known = matches!(
        parts,
        ["wa", "api", "v1", "msg"]
            | ["wa", "api", "v1", "template", "msg"]
            | ["wa", "app", _, "template"]
            | ["sm" | "wa", "api", "v1", "app", "opt", "in" | "out", _]
            | ["sm", "api", "v1", "template", "list", _]
            | ["partner", "app", _, "v3", "message"]
            | ["partner", "app", _, "subscription" | "templates" | "token"]
            | ["partner", "account", "login"]
    );
    if known { Refusal::new(405, "Method Not Allowed") } else { Refusal::new(404, "Not Found") }
}

fn success() -> Answer {
    Answer::json(202, &json!({"status": "success"}))
}
