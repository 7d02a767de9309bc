//! Whether a signature was made by a key (RFC 7518 3.3 to 3.5, RFC 8037 3.1).

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, ED25519,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters,
    RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm,
};
use jwt::{Algorithm, Key, KeyKind};

/// A key that is not for the algorithm proves nothing, whatever its bytes are.
pub fn holds(key: &Key, algorithm: Algorithm, signed: &[u8], signature: &[u8]) -> bool {
    if !key.is_for(algorithm) {
        return false;
    }
    match (&key.kind, algorithm) {
        (KeyKind::Rsa { modulus, exponent }, _) => rsa(algorithm).is_some_and(|parameters| {
            RsaPublicKeyComponents { n: modulus, e: exponent }.verify(parameters, signed, signature).is_ok()
        }),
        (KeyKind::Ec(_, key) | KeyKind::Ed25519(key), _) => curve(algorithm)
            .is_some_and(|curve| UnparsedPublicKey::new(curve, key).verify(signed, signature).is_ok()),
    }
}

/// Shorter keys than 2048 bits prove nothing (RFC 7518 3.3, 3.5).
fn rsa(algorithm: Algorithm) -> Option<&'static RsaParameters> {
    Some(match algorithm {
        Algorithm::Rs256 => &RSA_PKCS1_2048_8192_SHA256,
        Algorithm::Rs384 => &RSA_PKCS1_2048_8192_SHA384,
        Algorithm::Rs512 => &RSA_PKCS1_2048_8192_SHA512,
        Algorithm::Ps256 => &RSA_PSS_2048_8192_SHA256,
        Algorithm::Ps384 => &RSA_PSS_2048_8192_SHA384,
        Algorithm::Ps512 => &RSA_PSS_2048_8192_SHA512,
        _ => return None,
    })
}

fn curve(algorithm: Algorithm) -> Option<&'static dyn VerificationAlgorithm> {
    Some(match algorithm {
        Algorithm::Es256 => &ECDSA_P256_SHA256_FIXED,
        Algorithm::Es384 => &ECDSA_P384_SHA384_FIXED,
        Algorithm::Es512 => &ECDSA_P521_SHA512_FIXED,
        Algorithm::Ed25519 => &ED25519,
        _ => return None,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use jwt::KeySet;

    use super::*;

    type Members = &'static [(&'static str, &'static str)];

    /// RFC 7515 A.2, A.3 and RFC 8037 A.4: the members of the key, what is signed, the signature.
    const PROVED: [(Algorithm, Members, &str, &str); 3] = [
        (
            Algorithm::Rs256,
            &[("kty", "RSA"), ("e", "AQAB"), ("n", RSA_MODULUS)],
            "eyJhbGciOiJSUzI1NiJ9.\
             eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ",
            RSA_SIGNATURE,
        ),
        (
            Algorithm::Es256,
            &[
                ("kty", "EC"),
                ("crv", "P-256"),
                ("x", "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"),
                ("y", "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"),
            ],
            "eyJhbGciOiJFUzI1NiJ9.\
             eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ",
            "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
        ),
        (
            Algorithm::Ed25519,
            &[("kty", "OKP"), ("crv", "Ed25519"), ("x", "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")],
            "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
            "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
        ),
    ];
    const RSA_MODULUS: &str = "\
        ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt\
        0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSX\
        ndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5\
        IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
    const RSA_SIGNATURE: &str = "\
        cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W\
        2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkS\
        jtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnv\
        Wh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
    /// A key of 1024 bits, and what it makes of "a" by RS256: as OpenSSL does it.
    const SHORT_MODULUS: &str = "\
        oRZHoAxacxjU-YDV8L0QbCR2Q09PgnUrjtRsqciJEKhF3Kv62QuVIj6BmJuYB8C-VQ2SLTWGxEoCTTuCIJs7UZLW\
        hPIyjUcCeTW-zAMYsghBms_NFhs0DhtD65L3oRLXJjxRBGJainXGhmcqxy4k10AyCMdlAStFTTY-TFlAYv8";
    const SHORT_SIGNATURE: &str = "\
        US5CIGNNNL6bKCc7Tg91Dl4rGVx_5zJ4Sb2VlhLDDU6dsrcPw9m71aFYjIBQqdxHQZyMlShq-45PlX4QUrERxUIy\
        zc8MQma5x8EChH3q467uHI-bovZ56JLxWuM8M3xPUJ8-D9Y7l8f5EhMc9Y1PXqzpG4-Q7E7cR2nLoLAThAg";

    fn key(members: &[(&str, &str)], algorithm: Algorithm) -> Key {
        let members: serde_json::Map<String, serde_json::Value> =
            members.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
        let set = serde_json::json!({ "keys": [members] }).to_string();
        KeySet::read(set.as_bytes()).unwrap().find(None, algorithm).unwrap().clone()
    }

    fn bytes(text: &str) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(text).unwrap()
    }

    #[test]
    fn req_f73_what_the_standards_show_as_signed_is_signed() {
        for (algorithm, written, signed, signature) in PROVED {
            let (key, mut signature) = (key(written, algorithm), bytes(signature));
            assert!(holds(&key, algorithm, signed.as_bytes(), &signature), "{algorithm:?}");
            assert!(!holds(&key, algorithm, &signed.as_bytes()[1..], &signature), "{algorithm:?}");
            assert!(!holds(&key, algorithm, signed.as_bytes(), &[]), "{algorithm:?}");
            for other in [Algorithm::Ps256, Algorithm::Rs384, Algorithm::Es384] {
                assert!(!holds(&key, other, signed.as_bytes(), &signature), "{algorithm:?} {other:?}");
            }
            signature[7] ^= 1;
            assert!(!holds(&key, algorithm, signed.as_bytes(), &signature), "{algorithm:?}");
        }
    }

    #[test]
    fn req_f73_a_key_that_is_too_short_proves_nothing() {
        // RFC 7518 3.3 wants 2048 bits.
        let members = [("kty", "RSA"), ("e", "AQAB"), ("n", SHORT_MODULUS)];
        let (short, signature) = (key(&members, Algorithm::Rs256), bytes(SHORT_SIGNATURE));
        let KeyKind::Rsa { modulus, exponent } = &short.kind else { panic!("{short:?}") };
        let components = RsaPublicKeyComponents { n: modulus, e: exponent };
        let believed = &aws_lc_rs::signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY;

        assert!(components.verify(believed, b"a", &signature).is_ok(), "it is a signature");
        assert!(!holds(&short, Algorithm::Rs256, b"a", &signature));
    }
}
