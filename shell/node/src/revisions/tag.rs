//! What tells one state of a document from another (RFC 9110, 8.8.3).

use std::io;

use model::masked;
use serde_json::Value;

/// Nobody learns a secret from a tag: those of documents that hold one are made with chance of this process.
#[derive(Clone, Copy)]
pub struct TagKey([u8; 32]);

impl TagKey {
    pub fn new() -> io::Result<TagKey> {
        let mut key = [0; 32];
        rustix::rand::getrandom(&mut key, rustix::rand::GetRandomFlags::empty())?;
        Ok(TagKey(key))
    }

    /// The entity tag of a document, in its quotes.
    pub fn of(&self, value: &Value) -> String {
        let key: String = match masked(value) == *value {
            true => String::new(),
            false => self.0.iter().map(|byte| format!("{byte:02x}")).collect(),
        };
        let text = value.to_string();
        let mut digest = store::digest([(key.as_str(), text.as_str())], &[]);
        digest.truncate(32);
        format!("\"{digest}\"")
    }
}
