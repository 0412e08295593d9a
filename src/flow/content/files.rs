//! `send_file`: from sources to files, one message each. Kinds, sizes and types are checked by `flow/media` before the wire.

use super::{Scene, given};
use crate::domain::content::{Content, MediaContent, MediaKind};
use crate::flow::media::{self, Wish};
use crate::flow::template_choice::Fault;

/// Most files of one call.
const MOST: usize = 10;

/// What the author asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ask<'a> {
    /// `None` = told by the content.
    pub(super) kind: Option<MediaKind>,
    /// Items of `source`.
    pub(super) source: &'a [String],
    /// Values of `file`.
    pub(super) file: &'a [String],
    /// Under the first file that takes one.
    pub(super) caption: &'a str,
    /// Name of the first file.
    pub(super) file_name: &'a str,
}

/// The files as messages.
pub(super) async fn contents(scene: &Scene<'_>, ask: &Ask<'_>) -> Result<Vec<Content>, Fault> {
    let form = scene.form();
    let sources: Vec<&String> = ask.source.iter().chain(ask.file).filter(|source| !source.trim().is_empty()).collect();
    if sources.is_empty() {
        return Err(form.invalid("source", "", "hint-source-none").into());
    }
    if sources.len() > MOST {
        return Err(form.invalid("source", &sources.len().to_string(), "hint-source-many").with("limit", MOST.to_string()).into());
    }
    scene.may_leave()?;
    let wish = ask.kind.map_or(Wish::Any, Wish::Kind);
    let mut files: Vec<MediaContent> = Vec::new();
    for source in sources {
        let room = MOST.saturating_sub(files.len());
        let found = media::files(scene.ctx, &scene.desk.portal.id, scene.document, source, wish, room).await?;
        files.extend(found.into_iter().map(|media| MediaContent { media, caption: None }));
    }
    if let (Some(name), Some(first)) = (given(ask.file_name), files.first_mut()) {
        let own = first.media.file_name.take();
        first.media.file_name = Some(named(&name, own.as_deref()));
    }
    if let (Some(caption), Some(under)) = (given(ask.caption), files.iter_mut().find(|file| file.media.media_kind.takes_caption())) {
        under.caption = Some(caption);
    }
    Ok(files.into_iter().map(Content::of_media).collect())
}

/// A typed name keeps the file's own extension when it has none: the client's phone goes by it.
fn named(typed: &str, own: Option<&str>) -> String {
    let typed: String = typed.chars().filter(|symbol| !symbol.is_control() && !matches!(symbol, '/' | '\\')).collect();
    let extension = own.and_then(|own| own.rsplit_once('.')).map(|(_, extension)| extension);
    match extension {
        Some(extension) if !has_extension(&typed) => format!("{typed}.{extension}"),
        _ => typed,
    }
}

/// `Счёт 12.pdf` has one, `Счёт от 21.09` has none.
fn has_extension(name: &str) -> bool {
    let tail = name.rsplit_once('.').map(|(_, tail)| tail).unwrap_or_default();
    (1..=5).contains(&tail.len())
        && tail.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && tail.bytes().any(|byte| byte.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn a_typed_name_keeps_the_files_extension() {
        for (typed, own, expected) in [
            ("Счёт 12.pdf", Some("x.pdf"), "Счёт 12.pdf"),
            ("Счёт от 21.09", Some("x.pdf"), "Счёт от 21.09.pdf"),
            ("Счёт", Some("x.docx"), "Счёт.docx"),
            ("Счёт", None, "Счёт"),
            ("a/b\\c", Some("x.mp4"), "abc.mp4"),
        ] {
            assert_eq!(named(typed, own), expected, "{typed}");
        }
    }
}
