//! A wrong file is refused with one sentence that names it and the key.

use super::*;

const GOOD: &str = r#"
available = true
operation = "chat_link"
[[property]]
id = "channel"
type = "select"
options = "channels"
[[property]]
id = "text"
type = "text"
[map]
channel = "{{properties.channel}}"
text = "{{properties.text}}"
"#;

fn load(name: &str, text: &str) -> Result<Vec<RobotSpec>, String> {
    let mut files = embedded().unwrap();
    files.retain(|file, _| file == COMMON);
    files.insert(name.to_owned(), text.to_owned());
    all(&files).map(|(specs, _)| specs)
}

#[test]
fn a_good_file_loads() {
    let specs = load("greet.toml", GOOD).unwrap();
    assert_eq!((specs[0].code.as_str(), specs[0].sends, specs[0].properties.len()), ("greet", false, 2));
}

#[test]
fn mistakes_name_the_file_and_the_key() {
    for (name, find, replace, sentence) in [
        ("a b.toml", "", "", "activities/a b.toml: the file's name is the CODE"),
        ("x.toml", "available = true", "avail = true", "activities/x.toml: avail: unknown field `avail`"),
        ("x.toml", "type = \"text\"", "type = \"txt\"", "activities/x.toml: property[1].type: unknown variant `txt`"),
        ("x.toml", "id = \"text\"", "id = \"Channel\"", "activities/x.toml: property \"Channel\": the id stands twice"),
        ("x.toml", "id = \"text\"", "id = \"isTimeout\"", "activities/x.toml: property \"isTimeout\": Bitrix24 reserves this name"),
        ("x.toml", "id = \"text\"", "id = \"1text\"", "activities/x.toml: property \"1text\": an id is a letter"),
        ("x.toml", "{{properties.text}}", "{{properties.txt}}", "activities/x.toml: [map]: there is no property \"txt\""),
        ("x.toml", "{{properties.text}}", "{{nope.text}}", "activities/x.toml: [map]: text: \"{{nope.text}}\""),
        ("x.toml", "text = \"{{properties.text}}\"", "", "activities/x.toml: [map]: missing field `text`"),
        ("x.toml", "operation = \"chat_link\"", "operation = \"fly\"", "activities/x.toml: [map]: unknown variant `fly`"),
        ("x.toml", "options = \"channels\"", "options = \"planets\"", "activities/x.toml: property \"channel\": \"options\" is a list"),
        ("x.toml", "options = \"channels\"", "", "activities/x.toml: property \"channel\": a select needs \"options\""),
        (
            "x.toml",
            "type = \"text\"",
            "type = \"int\"\nmin = 1\nmax = 5\ndefault = 9",
            "activities/x.toml: property \"text\": default \"9\" is not a valid int",
        ),
        ("x.toml", "type = \"text\"", "type = \"bool\"", "activities/x.toml: property \"text\": a bool, int or select needs \"default\""),
        ("x.toml", "type = \"text\"", "type = \"text\"\nmin = 1", "activities/x.toml: property \"text\": only an int has"),
        ("x.toml", "id = \"text\"\ntype = \"text\"", "group = \"nobody\"", "activities/x.toml: there is no group of properties \"nobody\""),
        (
            "x.toml",
            "[map]",
            "[[property]]\nid = \"idle\"\ntype = \"text\"\n[map]",
            "activities/x.toml: [map]: property \"idle\" is offered and nothing reads it",
        ),
        ("x.toml", "[map]", "[map", "activities/x.toml: line 11: invalid table header"),
    ] {
        let error = load(name, &GOOD.replace(find, replace)).err().unwrap_or_else(|| panic!("{sentence} was not said"));
        assert!(error.starts_with(sentence), "{error}\nexpected: {sentence}");
        assert!(!error.contains('\n'), "{error}");
    }
}

#[test]
fn a_word_that_is_missing_in_a_language_is_named() {
    let specs = load("greet.toml", GOOD).unwrap();
    let said = check_words(&specs[0], |lang, key, _| (lang == "ru" || key != "robot-greet-name").then(|| "x".to_owned()));
    assert_eq!(said, Err("activities/greet.toml: locales/en has no \"robot-greet-name\"".to_owned()));
}
