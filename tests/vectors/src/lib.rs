//! The published vectors as the code makes them: `docs/spec.md` in numbers. The README beside this says how others use
//! them.

mod bodies;
mod cast;
mod channel;
mod framing;
mod keys;
mod noise;
mod signed;

use serde_json::{Value, json};

/// A file of vectors.
pub struct File {
    /// Its name in this folder.
    pub name: &'static str,
    /// What it holds.
    pub content: Value,
}

/// All files of vectors.
#[must_use]
pub fn files() -> Vec<File> {
    let file = |name, about: &str, cases: Vec<Value>| File { name, content: json!({ "about": about, "cases": cases }) };
    vec![
        file("framing.json", "Messages as reports, and INIT's bytes. Sections 2 and 3.", framing::cases()),
        file("signed.json", "Each kind of signed thing, and the files that carry some. Section 7.", signed::cases()),
        file("handshake.json", "Both handshakes, with h, ck and k after each token. Section 5.", channel::handshakes()),
        file("resume.json", "Tickets, and a session that is resumed. Section 5.1.", channel::resumptions()),
        file("records.json", "Records of both directions, past a replacement of keys. Section 6.", channel::records()),
        file("bodies.json", "A request and an answer of each operation, as plaintext. Section 8.", bodies::cases()),
        file("keys.json", "Sealed and derived keys. Sections 7.5, 8.3 and 8.6.", keys::cases()),
    ]
}

/// Bytes as text.
fn hex(bytes: impl AsRef<[u8]>) -> Value {
    Value::String(hex::encode(bytes))
}
