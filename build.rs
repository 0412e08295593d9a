//! Macros embed whole folders; cargo sees a new file in them only when told.

fn main() {
    for folder in ["activities", "locales", "migrations", "ui/dist"] {
        println!("cargo::rerun-if-changed={folder}");
    }
}
