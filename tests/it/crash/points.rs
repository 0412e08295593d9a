//! Crash points as the source names them.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::LazyLock;

/// What stands before the name of a commit or wire call.
const CALLS: [&str; 9] =
    [".commit(\"", ".send(\"", ".download(\"", ".peek(\"", ".call(\"", ".call_with(\"", ".batch(\"", ".batch_with(\"", "run_batch(ctx, \""];

/// Points that no story in a town can pass, and why.
pub(super) const OUT_OF_REACH: &[(&str, &str)] = &[
    ("worker.boot", "a town works jobs off by hand in virtual time; kill.rs kills the worker of the real binary"),
    ("worker.leave", "passed at an ordered stop only, which is no crash"),
];

/// Names of all points, from source.
pub(super) static FROM_SOURCE: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let mut names = BTreeSet::new();
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut names);
    names
});

/// Whether a name is one of the application's: stories may call the portal under names of their own.
pub(super) fn is_ours(point: &str) -> bool {
    FROM_SOURCE.contains(point)
}

fn read(folder: &Path, names: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if path.is_dir() {
            if name != "sim" && name != "tests" && name != "bench" {
                read(&path, names);
            }
        } else if name.ends_with(".rs") && name != "tests.rs" {
            let text = std::fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
            names.extend(CALLS.iter().flat_map(|call| named(code, call)));
        }
    }
}

fn named(code: &str, call: &str) -> Vec<String> {
    code.split(call).skip(1).filter_map(|rest| rest.split('"').next()).filter(|name| name.contains('.')).map(str::to_owned).collect()
}

#[test]
fn every_commit_and_every_wire_call_names_its_point() {
    assert!(FROM_SOURCE.len() >= 80, "{}: {FROM_SOURCE:#?}", FROM_SOURCE.len());
    for known in ["deliver.settle", "accept.store", "token.refresh", "bitrix.event_send", "media.copy", "bitrix.find_batch", "viewer.prove"]
    {
        assert!(FROM_SOURCE.contains(known), "{known}");
    }
    for (name, _) in OUT_OF_REACH {
        assert!(FROM_SOURCE.contains(*name), "{name} is not in source any more");
    }
}
