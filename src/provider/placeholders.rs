//! Keys of a template text's `{{…}}`.

/// Keys in order of first appearance: positions (`1`, `2`) or names.
pub(super) fn of(text: &str) -> Vec<String> {
    let mut keys: Vec<String> = Vec::new();
    for piece in text.split("{{").skip(1) {
        let Some((key, _)) = piece.split_once("}}") else { continue };
        let key = key.trim();
        let named = !key.is_empty() && key.chars().all(|symbol| symbol.is_alphanumeric() || symbol == '_');
        if named && !keys.iter().any(|known| known == key) {
            keys.push(key.to_owned());
        }
    }
    keys
}
