//! Messages that ask the client to press something. The ids come back with the answer (at Gupshup as its postback text).

use super::HeaderValue;
use serde::{Deserialize, Serialize};

/// A text with reply buttons.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ButtonsContent {
    /// Text (at most 60 characters) or a file.
    #[serde(default)]
    pub header: Option<HeaderValue>,
    /// At most 1024 characters.
    pub body: String,
    /// At most 60 characters.
    #[serde(default)]
    pub footer: Option<String>,
    /// One to three.
    pub buttons: Vec<Button>,
}

/// One reply button.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Button {
    /// At most 256 characters, unique.
    pub id: String,
    /// At most 20 characters, unique.
    pub title: String,
}

/// A text with a list to choose from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListContent {
    /// At most 60 characters; never a file.
    #[serde(default)]
    pub header: Option<String>,
    /// At most 4096 characters.
    pub body: String,
    /// At most 60 characters.
    #[serde(default)]
    pub footer: Option<String>,
    /// Label of the button that opens the list, at most 20 characters.
    pub button: String,
    /// One to ten, with ten rows in all.
    pub sections: Vec<Section>,
}

impl ListContent {
    /// All rows in order.
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        self.sections.iter().flat_map(|section| &section.rows)
    }
}

/// A titled part of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// At most 24 characters; present when there are several sections.
    #[serde(default)]
    pub title: Option<String>,
    /// At least one.
    pub rows: Vec<Row>,
}

/// One row of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// At most 200 characters, unique in the list.
    pub id: String,
    /// At most 24 characters, unique in the list.
    pub title: String,
    /// At most 72 characters.
    #[serde(default)]
    pub description: Option<String>,
}

/// A text with one button that opens an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkContent {
    /// At most 60 characters.
    #[serde(default)]
    pub header: Option<String>,
    /// At most 1024 characters.
    pub body: String,
    /// At most 60 characters.
    #[serde(default)]
    pub footer: Option<String>,
    /// Label of the button, at most 20 characters.
    pub title: String,
    /// http or https, with a host name.
    pub url: String,
}
