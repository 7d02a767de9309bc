//! A document that proves who sent it and when, as Standard Webhooks says.

use std::io;
use std::time::{SystemTime, UNIX_EPOCH};

use model::HttpAddress;

use crate::post::{Answer, post};
use crate::signature::sign;

/// What is sent, and to whom.
pub struct Signed<'s> {
    pub to: &'s HttpAddress,
    pub secret: &'s str,
    /// The type of its content.
    pub kind: &'s str,
    /// The same for the same document, however often it is sent.
    pub id: &'s str,
    pub body: &'s [u8],
}

impl Signed<'_> {
    pub fn post(&self) -> io::Result<Answer> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs().to_string();
        let signature = sign(self.secret, self.id, &now, self.body);
        let headers = [
            ("Content-Type", self.kind),
            ("Webhook-Id", self.id),
            ("Webhook-Timestamp", &now),
            ("Webhook-Signature", &signature),
        ];
        let path = if self.to.path.is_empty() { "/" } else { "" };
        post(self.to, path, &headers, self.body)
    }
}
