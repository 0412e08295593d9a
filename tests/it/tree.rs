//! The tree keeps its own promises: who imports whom, one home for HTTP and SQL, entities equal to migrations, paths that exist.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn files(under: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(under).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|have| have == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Source without comments: words in prose are no imports.
fn code(path: &Path) -> String {
    fs::read_to_string(path).unwrap().lines().map(|line| line.split("//").next().unwrap_or("")).collect::<Vec<_>>().join("\n")
}

fn relative(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().display().to_string()
}

/// First-level module of a file: `src/flow/deliver.rs` → `flow`, `src/app.rs` → `app`.
fn module_of(path: &Path) -> String {
    let inside = path.strip_prefix(root().join("src")).unwrap();
    let first = inside.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

/// Which modules each may name. `lib` and `main` only declare.
fn allowed() -> BTreeMap<&'static str, Vec<&'static str>> {
    let below_flow = vec!["domain", "catalog", "i18n", "db", "queue", "outbound", "bitrix", "provider"];
    let surface: Vec<&str> = below_flow.iter().copied().chain(["flow"]).collect();
    let top: Vec<&str> =
        surface.iter().copied().chain(["worker", "web", "config", "telemetry", "lifecycle", "app", "sim", "cli"]).collect();
    BTreeMap::from([
        ("domain", vec![]),
        ("i18n", vec!["domain"]),
        ("catalog", vec!["domain", "i18n"]),
        ("db", vec!["domain"]),
        ("queue", vec!["domain", "db"]),
        ("outbound", vec!["domain"]),
        ("bitrix", vec!["domain", "outbound"]),
        ("provider", vec!["domain"]),
        ("flow", below_flow),
        ("worker", surface.clone()),
        ("web", surface),
        ("config", vec!["domain"]),
        ("telemetry", vec!["domain", "config"]),
        ("lifecycle", vec!["domain", "queue", "flow", "worker", "web"]),
        ("app", top.clone()),
        ("cli", top),
        ("sim", vec!["domain"]),
        ("lib", vec![]),
        ("main", vec!["cli"]),
    ])
}

#[test]
fn data_flows_one_way() {
    let rules = allowed();
    let mut broken = Vec::new();
    for path in files(&root().join("src"), "rs") {
        let module = module_of(&path);
        let may = rules.get(module.as_str()).unwrap_or_else(|| panic!("src/{module} is not in the layering table of tests/it/tree.rs"));
        for (position, _) in code(&path).match_indices("crate::") {
            let text = code(&path);
            let name: String = text[position + 7..].chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            if name != module && rules.contains_key(name.as_str()) && !may.contains(&name.as_str()) {
                broken
                    .push(format!("{}: `{module}` may not use `{name}`: it may use {may:?} (DESIGN: data flows one way)", relative(&path)));
            }
        }
    }
    broken.sort();
    broken.dedup();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn each_dependency_has_one_home() {
    let homes = [
        ("sea_orm", vec!["db", "queue"]),
        ("sqlx", vec!["db", "queue"]),
        ("reqwest", vec!["outbound", "sim"]),
        ("actix_web", vec!["web", "sim", "app", "lifecycle", "cli"]),
    ];
    let mut broken = Vec::new();
    for path in files(&root().join("src"), "rs") {
        let module = module_of(&path);
        let text = code(&path);
        for (name, may) in &homes {
            if text.contains(&format!("{name}::")) && !may.contains(&module.as_str()) {
                broken.push(format!("{} names {name}; its home is {may:?}", relative(&path)));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn the_simulators_are_written_from_the_contracts_not_from_our_adapters() {
    for path in files(&root().join("src/sim"), "rs") {
        for foreign in ["crate::provider", "crate::bitrix", "crate::flow", "crate::catalog"] {
            assert!(!code(&path).contains(foreign), "{} uses {foreign}: one misreading could hide in both", relative(&path));
        }
    }
}

/// Where a provider may be named (CONTRIBUTING.md, "A new provider, step by step"): a sixth one touches these and no others.
const HOME_OF_A_PROVIDER: [&str; 11] = [
    "src/provider/FOLDER/",
    "src/provider/mod.rs",
    "src/provider/registry.rs",
    "src/config/names.rs",
    "src/sim/whatsapp/FOLDER/",
    "src/sim/whatsapp/mod.rs",
    "src/sim/whatsapp/dialect.rs",
    "locales/en/connect.ftl",
    "locales/ru/connect.ftl",
    "locales/en/provider.ftl",
    "locales/ru/provider.ftl",
];

/// Rust without its unit tests, which may take any provider as their example; whole text of anything else.
fn product(path: &Path) -> String {
    let whole = if path.extension().is_some_and(|kind| kind == "ftl") { fs::read_to_string(path).unwrap() } else { code(path) };
    whole.split("#[cfg(test)]\nmod tests {").next().unwrap_or("").to_owned()
}

#[test]
fn a_provider_is_named_in_its_own_files_alone() {
    // The demo shows the same robot through two channels; which ones is its story.
    let choosers = ["src/cli/demo/", "locales/en/demo.ftl", "locales/ru/demo.ftl"];
    let providers = [
        ("waha", ["waha", "Waha", "WAHA"]),
        ("twilio", ["twilio", "Twilio", "TWILIO"]),
        ("green_api", ["green_api", "GreenApi", "Green-API"]),
        ("heliograph", ["heliograph", "Heliograph", "HELIOGRAPH"]),
    ];
    let mut broken = Vec::new();
    for path in files(&root().join("src"), "rs")
        .into_iter()
        .chain(files(&root().join("locales"), "ftl"))
        .chain(files(&root().join("activities"), "toml"))
    {
        let name = relative(&path);
        let text = product(&path);
        for (folder, words) in &providers {
            let home = HOME_OF_A_PROVIDER.iter().any(|place| name.starts_with(&place.replace("FOLDER", folder)));
            // One dialect may borrow another's wording.
            let dialect = name.starts_with("src/sim/whatsapp/") && name.matches('/').count() > 3;
            let chosen = choosers.iter().any(|place| name.starts_with(place));
            if !home && !dialect && !chosen && words.iter().any(|word| text.contains(word)) {
                broken.push(format!("{name} names {folder}: what differs from provider to provider belongs behind `Provider`"));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    let contributing = document("CONTRIBUTING.md");
    for place in HOME_OF_A_PROVIDER {
        let named = place.replace("FOLDER", "NAME").replace("locales/en/", "locales/{ru,en}/").replace("locales/ru/", "locales/{ru,en}/");
        assert!(contributing.contains(named.as_str()), "CONTRIBUTING.md does not name {named}");
    }
}

#[test]
fn no_core_file_knows_a_provider() {
    // The database has a table of this name.
    let tables = ["src/db/canary.rs", "src/db/entity/meta.rs"];
    // A word of one vendor gives it away as well as its name does.
    let vendors_words = [
        "yellowCard",
        "notAuthorized",
        "stateInstance",
        "idInstance",
        "SCAN_QR_CODE",
        "WORKING\"",
        "phone_number_id",
        "MessageSid",
        "ContentSid",
        "containerMeta",
        "gsId",
        "\"dimmed\"",
    ];
    let mut seen = 0;
    let mut broken = Vec::new();
    for folder in ["src/flow", "src/web", "src/worker", "src/queue", "src/db", "src/domain", "src/catalog", "src/bitrix", "ui/src", "e2e"] {
        for path in sources(&root().join(folder)) {
            let name = relative(&path);
            let written = [".rs", ".ts", ".vue", ".mjs"].iter().any(|kind| name.ends_with(kind));
            if !written || path.ends_with("tests.rs") {
                continue;
            }
            seen += 1;
            let text = product(&path).to_lowercase();
            for kind in courier24::provider::registry::all().iter().map(|provider| provider.kind()) {
                // One kind is a common word: as a kind it stands in quotes.
                let quoted = ['"', '\'', '`'].iter().any(|mark| text.contains(&format!("{mark}{kind}{mark}")));
                let named = kind != "meta" && (text.contains(kind) || text.contains(&kind.replace('-', "_")));
                let table = kind == "meta" && tables.contains(&name.as_str());
                if (quoted || named) && !table {
                    broken.push(format!("{name} names {kind}: ask its `Capabilities`, or let `Provider` say it"));
                }
            }
            let word = vendors_words.iter().find(|word| text.contains(&word.to_lowercase()));
            broken.extend(word.map(|word| format!("{name} knows {word}, which one vendor says: let `Provider` say what it means")));
        }
    }
    assert!(seen > 250, "only {seen} files were looked at");
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// Every file of the project that people write, without what is built or fetched.
fn sources(under: &Path) -> Vec<PathBuf> {
    let fetched = ["target", "node_modules", "dist", ".git"];
    let mut found = Vec::new();
    for entry in fs::read_dir(under).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if fetched.contains(&name.as_str()) {
            continue;
        }
        if path.is_dir() { found.extend(sources(&path)) } else { found.push(path) }
    }
    found
}

/// What the sixth provider, which exists for the tests alone, took: its folders, and these files with so many lines that name it (`None` = any).
const THE_SIXTH: [(&str, Option<usize>); 12] = [
    ("src/provider/heliograph/", None),
    ("src/provider/mod.rs", Some(1)),
    ("src/provider/registry.rs", Some(1)),
    ("src/sim/whatsapp/heliograph/", None),
    ("src/sim/whatsapp/mod.rs", Some(1)),
    ("src/sim/whatsapp/dialect.rs", Some(1)),
    ("tests/fixtures/heliograph/", None),
    ("tests/locales/en/heliograph.ftl", None),
    ("tests/locales/ru/heliograph.ftl", None),
    ("tests/it/conformance/seat.rs", Some(2)),
    ("tests/it/tree.rs", None),
    ("CONTRIBUTING.md", None),
];

#[test]
fn a_sixth_provider_took_its_own_files_and_one_line_in_each_list() {
    let mut named: BTreeMap<&str, usize> = BTreeMap::new();
    let mut broken = Vec::new();
    for path in sources(&root()) {
        let name = relative(&path);
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let lines = text.lines().filter(|line| line.to_lowercase().contains("heliograph")).count();
        if lines == 0 && !name.contains("heliograph") {
            continue;
        }
        match THE_SIXTH.iter().find(|(place, _)| name == *place || (place.ends_with('/') && name.starts_with(place))) {
            Some((place, most)) => {
                assert!(most.is_none_or(|most| lines <= most), "{name} names the sixth provider in {lines} lines");
                *named.entry(place).or_default() += 1;
            }
            None => broken.push(name),
        }
    }
    assert!(broken.is_empty(), "these name the provider of the tests: {broken:?}");
    let unused: Vec<&str> = THE_SIXTH.iter().map(|(place, _)| *place).filter(|place| !named.contains_key(place)).collect();
    assert!(unused.is_empty(), "listed, but they do not name it: {unused:?}");
}

#[test]
fn a_released_binary_has_no_provider_of_the_tests() {
    let manifest: toml::Value = document("Cargo.toml").parse().unwrap();
    let feature = "test-provider";
    assert_eq!(manifest["features"]["default"].as_array().unwrap().iter().filter(|name| name.as_str() == Some(feature)).count(), 0);
    let switched = manifest["dev-dependencies"]["courier24"]["features"].as_array().unwrap();
    assert_eq!(switched.len(), 1, "the tests' own build switches it on: {switched:?}");
    for name in ["Dockerfile", "Makefile", ".ci/run", "README.md"] {
        assert!(!document(name).contains(feature), "{name} switches the provider of the tests on");
    }
    // Both halves and their lines stand behind the feature.
    for name in ["src/provider/mod.rs", "src/provider/registry.rs", "src/sim/whatsapp/mod.rs", "src/sim/whatsapp/dialect.rs"] {
        let text = document(name);
        let lines: Vec<&str> = text.lines().collect();
        let at = lines.iter().position(|line| line.to_lowercase().contains("heliograph")).unwrap();
        assert_eq!(lines[at - 1].trim(), format!("#[cfg(feature = \"{feature}\")]"), "{name}");
    }
    let kinds: Vec<&str> = courier24::provider::registry::all().iter().map(|provider| provider.kind()).collect();
    assert_eq!(kinds.len(), 6, "the tests have it: {kinds:?}");
}

#[test]
fn entities_equal_the_migrations() {
    let mut tables: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in files(&root().join("migrations"), "sql") {
        let sql: String =
            fs::read_to_string(&path).unwrap().lines().map(|line| line.split("--").next().unwrap_or("")).collect::<Vec<_>>().join("\n");
        for statement in sql.split(';').map(str::trim) {
            if let Some(rest) = statement.strip_prefix("CREATE TABLE ") {
                let (name, body) = rest.split_once('(').unwrap();
                let columns = tables.entry(name.trim().to_owned()).or_default();
                columns.extend(columns_of(body));
            } else if let Some(rest) = statement.strip_prefix("ALTER TABLE ") {
                let words: Vec<&str> = rest.split_whitespace().collect();
                if let [table, "ADD", "COLUMN", column, ..] = words.as_slice() {
                    tables.entry((*table).to_owned()).or_default().insert((*column).to_owned());
                }
            }
        }
    }
    for (table, columns) in tables {
        let text = code(&root().join(format!("src/db/entity/{table}.rs")));
        let fields: BTreeSet<String> =
            text.lines().filter_map(|line| line.trim().strip_prefix("pub ")?.split_once(": ").map(|(name, _)| name.to_owned())).collect();
        assert_eq!(columns, fields, "src/db/entity/{table}.rs against migrations/");
    }
}

fn columns_of(body: &str) -> Vec<String> {
    body.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("UNIQUE") && !line.starts_with("PRIMARY KEY") && !line.starts_with(')'))
        .filter_map(|line| line.split_whitespace().next().map(ToOwned::to_owned))
        .collect()
}

#[test]
fn the_dockerfile_copies_only_what_exists() {
    let text = fs::read_to_string(root().join("Dockerfile")).unwrap();
    let mut seen = 0;
    for line in text.lines().map(str::trim).filter(|line| line.starts_with("COPY ") && !line.contains("--from=")) {
        let words: Vec<&str> = line.split_whitespace().skip(1).filter(|word| !word.starts_with("--")).collect();
        for source in &words[..words.len() - 1] {
            assert!(root().join(source).exists(), "Dockerfile copies {source}, which does not exist");
            seen += 1;
        }
    }
    assert!(seen > 0, "the Dockerfile copies nothing");
}

#[test]
fn make_targets_named_in_the_readme_exist() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let makefile = fs::read_to_string(root().join("Makefile")).unwrap();
    let mut seen = 0;
    for (position, _) in readme.match_indices("make ") {
        let before = readme[..position].chars().next_back().unwrap_or(' ');
        let target: String = readme[position + 5..].chars().take_while(char::is_ascii_lowercase).collect();
        if before == '`' || before == '\n' {
            assert!(makefile.contains(&format!("\n{target}:")), "README names `make {target}`");
            seen += 1;
        }
    }
    assert!(seen >= 2);
}

#[test]
fn no_path_of_a_workplace_and_no_stub_stands_in_the_project() {
    for folder in ["src", "tests", "activities", "locales", "migrations"] {
        for extension in ["rs", "toml", "ftl", "sql"] {
            for path in files(&root().join(folder), extension) {
                let text = fs::read_to_string(&path).unwrap();
                for word in [concat!("todo", "!("), concat!("unimplemented", "!("), concat!("/work", "/"), concat!("#[ign", "ore")] {
                    assert!(!text.contains(word), "{} contains {word}", relative(&path));
                }
            }
        }
    }
}

fn document(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap()
}

/// What stands between backticks, outside of blocks.
fn quoted(text: &str) -> Vec<&str> {
    text.lines().filter(|line| !line.starts_with("```")).flat_map(|line| line.split('`').skip(1).step_by(2)).collect()
}

/// `a/{b,c}/d` → `a/b/d`, `a/c/d`.
fn spelled_out(path: &str) -> Vec<String> {
    match path.split_once('{').and_then(|(head, rest)| rest.split_once('}').map(|(choices, tail)| (head, choices, tail))) {
        Some((head, choices, tail)) => choices.split(',').map(|choice| format!("{head}{choice}{tail}")).collect(),
        None => vec![path.to_owned()],
    }
}

#[test]
fn paths_named_for_contributors_exist() {
    let text = document("CONTRIBUTING.md");
    let mut seen = 0;
    for path in quoted(&text).into_iter().filter(|words| words.contains('/') && !words.contains(' ')).flat_map(spelled_out) {
        // A part in capitals is the newcomer's own name: the folder before it has to be there.
        let known: PathBuf = path.split('/').take_while(|part| !part.chars().take(2).all(|c| c.is_ascii_uppercase())).collect();
        assert!(root().join(&known).exists(), "CONTRIBUTING.md names {path}, which does not exist");
        seen += 1;
    }
    assert!(seen > 25, "only {seen} paths were found in CONTRIBUTING.md");
}

/// Names after `COURIER24_`, without what the tests alone read.
fn settings_named_in(text: &str) -> BTreeSet<&str> {
    text.split("COURIER24_")
        .skip(1)
        .map(|rest| rest.split(|c: char| !c.is_ascii_uppercase() && c != '_').next().unwrap_or_default())
        .collect()
}

#[test]
fn both_readmes_name_the_settings_that_exist_and_no_others() {
    let known: BTreeSet<&str> = courier24::config::NAMES.iter().copied().collect();
    for name in ["README.md", "README.ru.md"] {
        let text = document(name);
        let named: BTreeSet<&str> = settings_named_in(&text).into_iter().filter(|setting| !setting.is_empty()).collect();
        assert_eq!(named, known, "settings of {name} (left) and of src/config/names.rs (right)");
    }
}

/// Verbs in the order of the command line: `Serve(serve::Args)` → `serve`.
fn verbs() -> BTreeSet<String> {
    let text = code(&root().join("src/cli/mod.rs"));
    let list = text.split("enum Verb {").nth(1).unwrap().split("\n}").next().unwrap();
    list.lines()
        .filter_map(|line| line.trim().split_once('('))
        .filter(|(name, _)| !name.starts_with('#'))
        .map(|(name, _)| name.to_lowercase())
        .collect()
}

#[test]
fn both_readmes_name_the_commands_that_exist_and_no_others() {
    for name in ["README.md", "README.ru.md"] {
        let text = document(name);
        let named: BTreeSet<String> = text
            .split("courier24 ")
            .skip(1)
            .zip(text.split("courier24 "))
            .filter(|(_, before)| before.ends_with('`') || before.ends_with("release/"))
            .map(|(after, _)| after.chars().take_while(char::is_ascii_lowercase).collect())
            .collect();
        assert_eq!(named, verbs(), "commands of {name} (left) and of src/cli/mod.rs (right)");
    }
}

#[test]
fn the_readmes_say_the_same() {
    let shape = |name: &str| {
        let text = document(name);
        let headings: Vec<usize> =
            text.lines().filter(|line| line.starts_with('#')).map(|line| line.split(' ').next().unwrap().len()).collect();
        let routes: BTreeSet<String> = quoted(&text)
            .into_iter()
            .filter(|words| words.contains("/api/") || words.contains("\u{2026}/"))
            .map(ToOwned::to_owned)
            .collect();
        let options: BTreeSet<String> = quoted(&text)
            .into_iter()
            .flat_map(str::split_whitespace)
            .filter(|word| word.starts_with("--"))
            .map(ToOwned::to_owned)
            .collect();
        (headings, routes, options)
    };
    assert_eq!(shape("README.md"), shape("README.ru.md"));
}

#[test]
fn every_crash_point_has_a_name_of_its_own() {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for path in files(&root().join("src"), "rs") {
        let text = code(&path);
        // Unit tests stand at the end of their file.
        let product = text.split("#[cfg(test)]").next().unwrap_or_default();
        if matches!(module_of(&path).as_str(), "sim" | "cli") || path.ends_with("tests.rs") {
            continue;
        }
        for call in [".commit(", ".send(", ".call(", ".call_with(", ".batch(", ".peek(", ".download("] {
            for (position, _) in product.match_indices(call) {
                let argument = product[position + call.len()..].trim_start();
                if let Some(rest) = argument.strip_prefix('"') {
                    places.entry(rest.split('"').next().unwrap().to_owned()).or_default().push(relative(&path));
                } else {
                    let unnamed = product[..position].ends_with("tx") && call == ".commit(";
                    assert!(!unnamed, "{} commits without a literal name", relative(&path));
                }
            }
        }
    }
    assert!(places.len() > 40, "only {} crash points were found", places.len());
    for (point, found) in places {
        assert!(point.contains('.'), "crash point {point} of {found:?} has no file before its dot");
        assert_eq!(found.len(), 1, "crash point {point} stands in {found:?}");
    }
}
