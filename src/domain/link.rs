//! Links that open a WhatsApp chat, and their QR pictures (reference/whatsapp.md 3.4).
//!
//! Pure text work: nothing is fetched or stored. The prefilled text is only a draft that the client may change,
//! so it must never carry anything that has to stay unaltered.

use qrcode::render::svg;
use qrcode::{EcLevel, QrCode};
use std::fmt::Write as _;

/// `https://wa.me/<digits>?text=<urlencoded>`; without a text the query is left out.
///
/// `phone` may be written freely: everything but digits and leading zeros is dropped, as wa.me wants it.
pub fn wa_me(phone: &str, text: &str) -> String {
    let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.trim_start_matches('0');
    if text.is_empty() { format!("https://wa.me/{digits}") } else { format!("https://wa.me/{digits}?text={}", encode(text)) }
}

/// Address of the public route that draws the link's QR; `None` when the link is too long for a QR code.
///
/// `public_url` has no trailing slash. The address carries the data itself, so there is nothing to store or expire.
pub fn qr_url(public_url: &str, phone: &str, text: &str) -> Option<String> {
    qr_svg(&wa_me(phone, text))?;
    let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
    let query = if text.is_empty() { String::new() } else { format!("&t={}", encode(text)) };
    Some(format!("{public_url}/qr?d={digits}{query}"))
}

/// A QR code as an SVG document; `None` when the data does not fit into the largest code (2,953 bytes).
pub fn qr_svg(data: &str) -> Option<String> {
    // Medium correction survives a print; long links fall back to the level with the most room.
    let code =
        QrCode::with_error_correction_level(data, EcLevel::M).or_else(|_| QrCode::with_error_correction_level(data, EcLevel::L)).ok()?;
    Some(code.render::<svg::Color<'_>>().min_dimensions(320, 320).quiet_zone(true).build())
}

/// Percent-encoding of everything but RFC 3986 unreserved characters; a space is `%20`, since wa.me shows `+` as a plus.
fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 3);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_has_bare_digits_and_an_encoded_draft() {
        assert_eq!(wa_me("+7 (916) 000-00-01", ""), "https://wa.me/79160000001");
        assert_eq!(wa_me("0079160000001", "Hi & bye"), "https://wa.me/79160000001?text=Hi%20%26%20bye");
        assert_eq!(wa_me("79160000001", "Да+\n"), "https://wa.me/79160000001?text=%D0%94%D0%B0%2B%0A");
    }

    #[test]
    fn a_qr_exists_as_long_as_the_link_fits() {
        let url = qr_url("https://wa.example.org", "79160000001", "Привет").unwrap();
        assert_eq!(url, "https://wa.example.org/qr?d=79160000001&t=%D0%9F%D1%80%D0%B8%D0%B2%D0%B5%D1%82");
        assert!(qr_svg(&wa_me("79160000001", "Привет")).unwrap().contains("<svg"));
        assert_eq!(qr_url("https://wa.example.org", "79160000001", &"ы".repeat(4096)), None);
    }
}
