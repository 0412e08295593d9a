//! Lists of templates (reference 4.7). `pageNo` counts from 0; without `pageSize` everything comes at once.

use super::super::server::{Answer, Call};
use super::super::state::State;
use super::app::App;
use super::envelope::{self, PartnerLimit};
use super::form::Refusal;
use super::template::Template;
use crate::domain::clock::Ms;
use serde_json::json;

/// `GET /wa/app/{appId}/template`.
///
/// # Errors
/// 401, 400.
pub(super) fn self_serve(state: &mut State, call: &Call, app_id: &str) -> Result<Answer, Refusal> {
    let app = envelope::own_app(state, call, |app| app.app_id == app_id)?;
    page(app, call)
}

/// `GET /sm/api/v1/template/list/{appName}`, the older list by the app's name: filters as the others, everything at once, whatever
/// page is asked for.
///
/// # Errors
/// 401, 400.
pub(super) fn by_name(state: &mut State, call: &Call, name: &str) -> Result<Answer, Refusal> {
    let app = envelope::own_app(state, call, |app| app.name == name)?;
    let wanted = app.templates.iter().filter(|template| matches(template, call));
    let rows: Vec<_> = wanted.map(|template| template.row(&app.app_id, &app.waba_id)).collect();
    Ok(Answer::json(200, &json!({"status": "success", "templates": rows})))
}

/// `GET /wa/app/{appId}/template/{id}`.
///
/// # Errors
/// 401, 400, 404.
pub(super) fn one(state: &mut State, call: &Call, app_id: &str, id: &str) -> Result<Answer, Refusal> {
    let app = envelope::own_app(state, call, |app| app.app_id == app_id)?;
    let template = app.template(id).ok_or_else(|| Refusal::new(404, "Template not found"))?;
    Ok(Answer::json(200, &json!({"status": "success", "template": template.row(&app.app_id, &app.waba_id)})))
}

/// `GET /partner/app/{appId}/templates`.
///
/// # Errors
/// 401, 400, 429 over 10 in 20 s.
pub(super) fn by_partner(state: &mut State, call: &Call, app_id: &str, now: Ms) -> Result<Answer, Refusal> {
    let app = envelope::partner_app(state, call, app_id, PartnerLimit::Templates, now)?;
    page(&app, call)
}

fn page(app: &App, call: &Call) -> Result<Answer, Refusal> {
    let number = |name: &str| match call.query(name) {
        None | Some("") => Ok(None),
        Some(raw) => raw.parse::<usize>().map(Some).map_err(|_| Refusal::bad(format!("Invalid {name}"))),
    };
    let (page, size) = (number("pageNo")?.unwrap_or(0), number("pageSize")?);
    if size == Some(0) {
        return Err(Refusal::bad("Invalid pageSize"));
    }
    let wanted: Vec<_> = app.templates.iter().filter(|template| matches(template, call)).collect();
    let size = size.unwrap_or(wanted.len().max(1));
    let rows: Vec<_> =
        wanted.into_iter().skip(page.saturating_mul(size)).take(size).map(|template| template.row(&app.app_id, &app.waba_id)).collect();
    Ok(Answer::json(200, &json!({"status": "success", "templates": rows})))
}

fn matches(template: &Template, call: &Call) -> bool {
    let filters = [
        ("templateStatus", &template.status),
        ("templateCategory", &template.category),
        ("templateType", &template.template_type),
        ("quality", &template.quality),
        ("languageCode", &template.language_code),
    ];
    filters.iter().all(|(name, value)| {
        call.query(name).is_none_or(|wanted| wanted.is_empty() || wanted.split(',').any(|word| word == value.as_str()))
    })
}
