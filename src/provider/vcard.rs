//! What is read of a contact card in vCard form.

/// Numbers, as they are written in it.
pub(super) fn phones(vcard: &str) -> Vec<&str> {
    let lines = vcard.lines().filter(|line| line.contains("TEL")).filter_map(|line| line.rsplit_once(':'));
    lines.map(|(_, number)| number.trim()).collect()
}

/// What stands behind a field such as `FN`.
pub(super) fn values<'a>(vcard: &'a str, field: &str) -> Vec<&'a str> {
    let lines = vcard.lines().filter(|line| line.starts_with(field)).filter_map(|line| line.split_once(':'));
    lines.map(|(_, value)| value.trim()).collect()
}
