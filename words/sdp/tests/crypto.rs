//! I3: the `a=crypto` lines of real phones and trunks, and what is taken of them.
#![allow(clippy::unwrap_used)]

use sdp::Session;

const K30: &str = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz";
const K28: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGw==";
const K44: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKis=";
const K46: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLQ==";

/// Lines as they are seen, by who writes them or by what the standard allows, and whether their key is taken.
const LINES: &[(&str, &str, bool)] = &[
    ("a desk phone's first", "1 AES_CM_128_HMAC_SHA1_80 inline:K30", true),
    ("its second, with the short proof", "2 AES_CM_128_HMAC_SHA1_32 inline:K30", true),
    ("AES-256", "1 AES_256_CM_HMAC_SHA1_80 inline:K46", true),
    ("AES-256 with the short proof", "3 AES_256_CM_HMAC_SHA1_32 inline:K46", true),
    ("AEAD", "1 AEAD_AES_128_GCM inline:K28", true),
    ("AEAD of 256 bits", "1 AEAD_AES_256_GCM inline:K44", true),
    ("a lifetime as a power", "1 AES_CM_128_HMAC_SHA1_80 inline:K30|2^31", true),
    ("a lifetime as a power, longer", "1 AES_CM_128_HMAC_SHA1_80 inline:K30|2^48", true),
    ("a lifetime as a number", "1 AES_CM_128_HMAC_SHA1_80 inline:K30|1048576", true),
    ("a window hint", "1 AES_CM_128_HMAC_SHA1_80 inline:K30 WSH=64", true),
    ("lifetime and window hint", "1 AES_CM_128_HMAC_SHA1_80 inline:K30|2^20 WSH=128", true),
    ("a tag of two digits", "10 AES_CM_128_HMAC_SHA1_80 inline:K30", true),
    ("the longest tag", "999999999 AES_CM_128_HMAC_SHA1_80 inline:K30", true),
    ("tag 0", "0 AES_CM_128_HMAC_SHA1_80 inline:K30", true),
    ("leading zeroes", "007 AES_CM_128_HMAC_SHA1_80 inline:K30", true),
    ("two spaces", "1  AES_CM_128_HMAC_SHA1_80  inline:K30", true),
    ("a tab", "1\tAES_CM_128_HMAC_SHA1_80\tinline:K30", true),
    ("a space at the end", "1 AES_CM_128_HMAC_SHA1_80 inline:K30 ", true),
    ("a space in front", " 1 AES_CM_128_HMAC_SHA1_80 inline:K30", true),
    ("a key identifier", "1 AES_CM_128_HMAC_SHA1_80 inline:K30|2^20|1:4", false),
    ("a key identifier without a lifetime", "1 AES_CM_128_HMAC_SHA1_80 inline:K30|1:1", false),
    ("two keys", "1 AES_CM_128_HMAC_SHA1_80 inline:K30|2^20|1:4;inline:K30|2^20|2:4", false),
    ("two keys in short", "1 AES_CM_128_HMAC_SHA1_80 inline:K30;inline:K30", false),
    ("a derivation rate", "1 AES_CM_128_HMAC_SHA1_80 inline:K30 KDR=10", false),
    ("unsealed media", "1 AES_CM_128_HMAC_SHA1_80 inline:K30 UNENCRYPTED_SRTP", false),
    ("unsealed reports", "1 AES_CM_128_HMAC_SHA1_80 inline:K30 UNENCRYPTED_SRTCP", false),
    ("no proof", "1 AES_CM_128_HMAC_SHA1_80 inline:K30 UNAUTHENTICATED_SRTP", false),
    ("repair first", "1 AES_CM_128_HMAC_SHA1_80 inline:K30 FEC_ORDER=FEC_SRTP", false),
    ("keys of the repair", "1 AES_CM_128_HMAC_SHA1_80 inline:K30 FEC_KEY=inline:K30", false),
    ("a parameter nobody knows", "1 AES_CM_128_HMAC_SHA1_80 inline:K30 -X=1", false),
    ("a parameter among others", "1 AES_CM_128_HMAC_SHA1_80 inline:K30 WSH=64 KDR=1", false),
    ("F8", "1 F8_128_HMAC_SHA1_80 inline:K30", false),
    ("SEED", "1 SEED_CTR_128_HMAC_SHA1_80 inline:K30", false),
    ("AES-192", "1 AES_192_CM_HMAC_SHA1_80 inline:K30", false),
    ("another name of AES-256", "1 AES_CM_256_HMAC_SHA1_80 inline:K46", false),
    ("a suite in small letters", "1 aes_cm_128_hmac_sha1_80 inline:K30", false),
    ("no suite of this world", "1 NULL_HMAC_SHA1_80 inline:K30", false),
    ("a key that is too short", "1 AES_CM_128_HMAC_SHA1_80 inline:K28", false),
    ("a key that is too long", "1 AES_CM_128_HMAC_SHA1_80 inline:K46", false),
    ("a key for AES-128 under AES-256", "1 AES_256_CM_HMAC_SHA1_80 inline:K30", false),
    ("no key", "1 AES_CM_128_HMAC_SHA1_80 inline:", false),
    ("no method", "1 AES_CM_128_HMAC_SHA1_80 K30", false),
    ("another method", "1 AES_CM_128_HMAC_SHA1_80 uri:K30", false),
    ("a key that is no base64", "1 AES_CM_128_HMAC_SHA1_80 inline:!!!!", false),
    ("a key cut off", "1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgew", false),
    ("no tag", "AES_CM_128_HMAC_SHA1_80 inline:K30", false),
    ("a tag in letters", "one AES_CM_128_HMAC_SHA1_80 inline:K30", false),
    ("a tag too long", "1234567890 AES_CM_128_HMAC_SHA1_80 inline:K30", false),
    ("a negative tag", "-1 AES_CM_128_HMAC_SHA1_80 inline:K30", false),
    ("nothing", "", false),
];

/// What can be used is taken; what asks for more is passed over, and the next line is read.
#[test]
fn i3_forty_real_crypto_lines() {
    let suites = ["AES_CM_128", "AES_256_CM", "AEAD_AES"];
    assert!(LINES.len() >= 40);
    for (what, line, is_taken) in LINES {
        let line = line.replace("K30", K30).replace("K28", K28).replace("K44", K44).replace("K46", K46);
        let after = format!("a=crypto:77 AES_CM_128_HMAC_SHA1_80 inline:{K30}");
        let text = format!(
            "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
             m=audio 4000 RTP/SAVP 0\r\na=crypto:{line}\r\n{after}\r\n"
        );
        let session = Session::parse(text.as_bytes()).unwrap();
        let keys = session.media[0].keys();
        let tags: Vec<u32> = keys.iter().map(|key| key.tag).collect();
        assert_eq!(keys.len(), 1 + usize::from(*is_taken), "{what}: {tags:?}");
        assert_eq!(tags.last(), Some(&77), "{what}: the line after it is read");
        if *is_taken {
            assert!(suites.iter().any(|suite| keys[0].suite.starts_with(suite)), "{what}");
        }
    }
}
