//! The public keys of an issuer (RFC 7517), and signatures by them (RFC 7518 §3.3 and §3.4).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde::Deserialize;

/// How a token is signed. Of all algorithms these two, which every issuer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(super) enum Algorithm {
    RS256,
    ES256,
}

/// A key set as it is published. What is not understood in it is not looked at.
#[derive(Deserialize)]
struct Published {
    keys: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    used_for: Option<String>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

/// Keys by their names.
#[derive(Default)]
pub(super) struct KeySet(Vec<(Option<String>, PublicKey)>);

enum PublicKey {
    Rsa(RsaPublicKeyComponents<Vec<u8>>),
    /// An uncompressed point of P-256.
    P256(Vec<u8>),
}

impl KeySet {
    /// Those keys of a published set that signatures are checked by; none when it is no key set.
    pub(super) fn read(text: &[u8]) -> Option<KeySet> {
        let published: Published = serde_json::from_slice(text).ok()?;
        let keys = published.keys.into_iter();
        let keys = keys.filter_map(|key| serde_json::from_value::<Jwk>(key).ok());
        Some(KeySet(keys.filter_map(usable).collect()))
    }

    /// Whether a key of that name, or the only key of its kind, has made the signature; none when there is no such key.
    pub(super) fn has_signed(
        &self,
        algorithm: Algorithm,
        name: Option<&str>,
        message: &[u8],
        signature: &[u8],
    ) -> Option<bool> {
        let mut fitting = self.0.iter().filter(|(known, key)| {
            key.algorithm() == algorithm && (name.is_none() || known.as_deref() == name)
        });
        match (fitting.next(), fitting.next()) {
            (Some((_, key)), None) => Some(key.has_signed(message, signature)),
            _ => None,
        }
    }
}

impl PublicKey {
    fn algorithm(&self) -> Algorithm {
        match self {
            PublicKey::Rsa(_) => Algorithm::RS256,
            PublicKey::P256(_) => Algorithm::ES256,
        }
    }

    fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            PublicKey::Rsa(key) => key.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature),
            PublicKey::P256(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature)
            }
        }
        .is_ok()
    }
}

fn usable(jwk: Jwk) -> Option<(Option<String>, PublicKey)> {
    if jwk.used_for.as_deref().is_some_and(|used| used != "sig") {
        return None;
    }
    let alg = jwk.alg.as_deref();
    let bytes = |text: Option<String>| URL_SAFE_NO_PAD.decode(text?).ok();
    let key = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
        ("RSA", _) if alg.is_none_or(|alg| alg == "RS256") => {
            PublicKey::Rsa(RsaPublicKeyComponents {
                n: bytes(jwk.n)?,
                e: bytes(jwk.e)?,
            })
        }
        ("EC", Some("P-256")) if alg.is_none_or(|alg| alg == "ES256") => {
            // SEC 1 §2.3.3: 4, x, y.
            let point = [vec![4], bytes(jwk.x)?, bytes(jwk.y)?].concat();
            PublicKey::P256(point)
        }
        _ => return None,
    };
    Some((jwk.kid, key))
}
