//! The `a=crypto` lines (RFC 4568): only whether their key has the length that its suite asks for.

/// Bytes of key and salt; none for a suite that we do not know, which two peers may well share.
fn key_length(suite: &str) -> Option<usize> {
    Some(match suite {
        "AES_CM_128_HMAC_SHA1_80" | "AES_CM_128_HMAC_SHA1_32" | "F8_128_HMAC_SHA1_80" => 30,
        "AES_192_CM_HMAC_SHA1_80" | "AES_192_CM_HMAC_SHA1_32" => 38,
        "AES_256_CM_HMAC_SHA1_80" | "AES_256_CM_HMAC_SHA1_32" => 46,
        "AEAD_AES_128_GCM" => 28,
        "AEAD_AES_256_GCM" => 44,
        _ => return None,
    })
}

/// Whether `tag suite inline:key…` could key a stream.
pub(crate) fn is_usable(value: &str) -> bool {
    let mut fields = value.split_ascii_whitespace();
    let (Some(tag), Some(suite), Some(keys)) = (fields.next(), fields.next(), fields.next()) else {
        return false;
    };
    let tag_is_number = tag.len() <= 9 && tag.bytes().all(|byte| byte.is_ascii_digit());
    tag_is_number && keys.split(';').all(|key| key_fits(suite, key))
}

fn key_fits(suite: &str, key: &str) -> bool {
    let Some(key) = key.strip_prefix("inline:") else { return false };
    let encoded = key.split('|').next().unwrap_or_default();
    match (base64_length(encoded), key_length(suite)) {
        (None, _) => false,
        (Some(length), Some(expected)) => length == expected,
        (Some(length), None) => length > 0,
    }
}

/// How many bytes a base64 text stands for. Padding may be left off, as many do.
fn base64_length(encoded: &str) -> Option<usize> {
    let digits = encoded.trim_end_matches('=');
    let all_digits = digits.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'));
    (all_digits && encoded.len() - digits.len() <= 2 && digits.len() % 4 != 1).then_some(digits.len() * 3 / 4)
}
