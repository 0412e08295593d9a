//! Commands of the control API that set things up: items, fields, files, people, standing conditions.

use super::config::User;
use super::control::{Done, parse};
use super::error::SimError;
use super::limits::Bucket;
use super::simulation::Portal;
use base64::Engine as _;
use serde::Deserialize;
use serde_json::{Map, Value, json};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ItemOrder {
    type_id: i64,
    id: i64,
    #[serde(default)]
    fields: Map<String, Value>,
    #[serde(default)]
    contacts: Vec<i64>,
    company: Option<i64>,
    #[serde(default)]
    phones: Vec<String>,
    #[serde(default)]
    emails: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct UserFieldOrder {
    type_id: i64,
    name: String,
    kind: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileOrder {
    id: i64,
    name: String,
    base64: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct UserOrder {
    id: i64,
    #[serde(default)]
    name: String,
    #[serde(default)]
    last_name: String,
    #[serde(default)]
    mobile: String,
    #[serde(default)]
    position: String,
    #[serde(default)]
    admin: bool,
}

pub(crate) fn put(portal: &Portal, path: &str, body: &[u8]) -> Done {
    match path {
        "items" => put_item(portal, parse(body)?),
        "user-fields" => {
            let order: UserFieldOrder = parse(body)?;
            portal.user_field(order.type_id, &order.name, order.kind.as_deref().unwrap_or("string"));
        }
        "files" => {
            let order: FileOrder = parse(body)?;
            let bytes =
                base64::engine::general_purpose::STANDARD.decode(&order.base64).map_err(|error| SimError::BadCommand(error.to_string()))?;
            portal.file(order.id, &order.name, bytes);
        }
        "users" => {
            let order: UserOrder = parse(body)?;
            let user = User::new(order.id, &order.name, &order.last_name).reachable(&order.mobile, &order.position);
            portal.put_user(if order.admin { user.administrator() } else { user });
        }
        _ => portal.dismiss(parse::<UserOrder>(body)?.id),
    }
    Ok(json!({}))
}

fn put_item(portal: &Portal, order: ItemOrder) {
    let mut item = portal.item(order.type_id, order.id);
    for (name, value) in order.fields {
        item = item.set(&name, value);
    }
    for contact in order.contacts {
        item = item.contact(contact);
    }
    for phone in order.phones {
        item = item.phone(&phone);
    }
    for email in order.emails {
        item = item.email(&email);
    }
    if let Some(company) = order.company {
        item.company(company);
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SwitchOrder {
    unpaid: Option<bool>,
    plan_ended: Option<bool>,
    deleted: bool,
    license: Option<String>,
    scopes: Option<Vec<String>>,
    /// `{"drain_per_second": 2, "burst": 50}`; `false` switches it off.
    bucket: Option<Value>,
    /// Milliseconds; 0 switches it off.
    operating_limit_ms: Option<i64>,
    costs_ms: Map<String, Value>,
    /// Real time of one resumed workflow.
    resume_ms: Option<u64>,
    missing_methods: Vec<String>,
}

pub(crate) fn switches(portal: &Portal, order: SwitchOrder) {
    if let Some(unpaid) = order.unpaid {
        portal.set_unpaid(unpaid);
    }
    if let Some(ended) = order.plan_ended {
        portal.set_plan_ended(ended);
    }
    if order.deleted {
        portal.delete_portal();
    }
    if let Some(license) = &order.license {
        portal.set_license(license);
    }
    if let Some(scopes) = &order.scopes {
        portal.grant(&scopes.iter().map(String::as_str).collect::<Vec<_>>());
    }
    if let Some(bucket) = &order.bucket {
        let number = |name: &str| bucket.get(name).and_then(Value::as_u64).and_then(|number| u32::try_from(number).ok());
        portal.set_bucket(
            number("drain_per_second").zip(number("burst")).map(|(drain_per_second, burst)| Bucket { drain_per_second, burst }),
        );
    }
    if let Some(limit) = order.operating_limit_ms {
        portal.set_operating_limit(Some(limit).filter(|limit| *limit > 0));
    }
    if let Some(ms) = order.resume_ms {
        portal.set_resume(std::time::Duration::from_millis(ms));
    }
    for (method, cost) in &order.costs_ms {
        portal.set_cost(method, cost.as_i64().unwrap_or(0));
    }
    order.missing_methods.iter().for_each(|method| portal.set_missing(method, true));
}
