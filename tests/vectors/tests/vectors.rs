//! The published vectors are what the code makes, in every byte. `UPDATE=1 cargo test -p keyfob-vectors` writes them:
//! only when the format changes, which the changelog then says.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use keyfob_vectors::File;
use keyfob_wire::Operation;

/// The files, made once.
fn files() -> &'static [File] {
    static FILES: OnceLock<Vec<File>> = OnceLock::new();
    FILES.get_or_init(keyfob_vectors::files)
}

fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_published_vectors_are_what_the_code_makes() {
    for file in files() {
        let made = serde_json::to_string_pretty(&file.content).unwrap() + "\n";
        let path = folder().join(file.name);
        if std::env::var_os("UPDATE").is_some_and(|value| value == "1") {
            fs::write(&path, &made).unwrap();
        }
        let published = fs::read_to_string(&path).unwrap_or_default();
        let line = made.lines().zip(published.lines()).find(|(made, published)| made != published);
        assert!(made == published, "{} differs, first in {line:?}", file.name);
    }
}

#[test]
fn no_published_file_is_left_unchecked() {
    let mut published: Vec<_> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".json"))
        .collect();
    let mut made: Vec<_> = files().iter().map(|file| file.name.to_owned()).collect();
    published.sort();
    made.sort();
    assert_eq!(published, made);
    let readme = fs::read_to_string(folder().join("README.md")).unwrap();
    for name in made {
        assert!(readme.contains(&format!("`{name}`")), "{name} isn't in the README");
    }
}

#[test]
fn each_operation_has_a_request_and_an_answer() {
    let files = files();
    let bodies = files.iter().find(|file| file.name == "bodies.json").unwrap();
    let cases = bodies.content["cases"].as_array().unwrap();
    for operation in Operation::ALL {
        let case = cases.iter().find(|case| case["name"] == operation.word());
        let case = case.unwrap_or_else(|| panic!("{} has no vector", operation.word()));
        let byte = format!("{:02x}", operation.byte());
        assert!(case["request"].as_str().unwrap().starts_with(&byte));
        assert!(case["answer"].as_str().unwrap().starts_with("0000"));
    }
}
