//! `GET /qr?d=…&t=…`: a QR code of a `wa.me` link as SVG. The address carries number and draft; nothing is stored or looked up.

use super::problem::{Code, Problem};
use crate::domain::link;
use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::Query;
use serde::Deserialize;

/// Digits of a number: 7 to 15 (E.164).
const DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

/// What to draw.
#[derive(Debug, Deserialize)]
pub(super) struct QrQuery {
    /// Number, digits.
    #[serde(default)]
    d: String,
    /// Draft text.
    #[serde(default)]
    t: String,
}

/// The picture.
pub(super) async fn draw(query: Query<QrQuery>) -> Result<HttpResponse, Problem> {
    std::future::ready(picture(&query)).await
}

fn picture(query: &QrQuery) -> Result<HttpResponse, Problem> {
    let refused = |name: &str, allowed: &str| Problem::new(Code::QueryInvalid).with("name", name).with("allowed", allowed);
    if !DIGITS.contains(&query.d.len()) || !query.d.chars().all(|c| c.is_ascii_digit()) {
        return Err(refused("d", "7–15 digits"));
    }
    let svg = link::qr_svg(&link::wa_me(&query.d, &query.t)).ok_or_else(|| refused("t", "≤ 2,900 bytes"))?;
    let answer = HttpResponse::Ok().content_type("image/svg+xml").insert_header((header::CACHE_CONTROL, "public, max-age=86400")).body(svg);
    Ok(answer)
}
