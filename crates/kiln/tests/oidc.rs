//! The console for people whom an OpenID Connect issuer knows: a real one over HTTP, with keys that OpenSSL makes and signs by.

#![allow(clippy::unwrap_used)]

mod support;

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use support::http::{Answer, ask, form, get};
use support::{Served, kiln, text};

/// Runs OpenSSL.
fn openssl(arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let output = support::with_input(Command::new("openssl").args(arguments), input);
    assert!(output.status.success(), "{}", text(&output.stderr));
    output.stdout
}

fn encoded(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn unhexed(text: &str) -> Vec<u8> {
    let pairs = (0..text.len()).step_by(2).map(|at| &text[at..at + 2]);
    pairs
        .map(|pair| u8::from_str_radix(pair, 16).unwrap())
        .collect()
}

/// A key of the issuer.
struct SigningKey {
    file: PathBuf,
    name: &'static str,
    algorithm: &'static str,
}

impl SigningKey {
    fn new(root: &Path, name: &'static str, algorithm: &'static str) -> SigningKey {
        let file = root.join(format!("{name}.pem"));
        let how: &[&str] = match algorithm {
            "RS256" => &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
            _ => &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
        };
        let made = openssl(&[&["genpkey"], how].concat(), b"");
        std::fs::write(&file, made).unwrap();
        SigningKey {
            file,
            name,
            algorithm,
        }
    }

    fn path(&self) -> &str {
        self.file.to_str().unwrap()
    }

    /// As the issuer publishes it.
    fn public(&self) -> Value {
        let der = openssl(
            &["pkey", "-in", self.path(), "-pubout", "-outform", "DER"],
            b"",
        );
        if self.algorithm == "ES256" {
            let (x, y) = der[der.len() - 64..].split_at(32);
            return json!({ "kty": "EC", "crv": "P-256", "use": "sig", "kid": self.name, "x": encoded(x), "y": encoded(y) });
        }
        let told = text(&openssl(
            &["rsa", "-in", self.path(), "-noout", "-modulus"],
            b"",
        ));
        let modulus = unhexed(told.trim().strip_prefix("Modulus=").unwrap());
        json!({ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.name, "n": encoded(modulus), "e": "AQAB" })
    }

    fn sign(&self, message: &str) -> Vec<u8> {
        let arguments = ["dgst", "-sha256", "-sign", self.path(), "-binary"];
        let signature = openssl(&arguments, message.as_bytes());
        if self.algorithm == "RS256" {
            return signature;
        }
        // Out of DER, SEQUENCE { INTEGER r, INTEGER s }, each to 32 bytes.
        let mut rest = &signature[2..];
        let mut both = Vec::new();
        for _ in 0..2 {
            let length = usize::from(rest[1]);
            let number = &rest[2..2 + length];
            let number = &number[number.len().saturating_sub(32)..];
            both.extend(std::iter::repeat_n(0, 32 - number.len()));
            both.extend(number);
            rest = &rest[2 + length..];
        }
        both
    }

    fn token(&self, claims: &Value) -> String {
        self.headed(
            &json!({ "alg": self.algorithm, "kid": self.name, "typ": "JWT" }),
            claims,
        )
    }

    fn headed(&self, header: &Value, claims: &Value) -> String {
        let message = format!(
            "{}.{}",
            encoded(header.to_string()),
            encoded(claims.to_string())
        );
        let signature = self.sign(&message);
        format!("{message}.{}", encoded(signature))
    }
}

/// What an issuer says, and what it was asked.
#[derive(Default)]
struct Said {
    keys: Vec<Value>,
    /// The claims that the next ID token has beside the nonce of the login.
    id_token: String,
    asked: HashMap<String, usize>,
    /// The last form for a token, and how the client showed who it is.
    form: Vec<(String, String)>,
    authorization: String,
}

#[derive(Clone)]
struct Issuer {
    url: String,
    said: Arc<Mutex<Said>>,
}

impl Issuer {
    fn start() -> Issuer {
        Issuer::on(TcpListener::bind("127.0.0.1:0").unwrap())
    }

    fn on(socket: TcpListener) -> Issuer {
        let issuer = Issuer {
            url: format!("http://{}", socket.local_addr().unwrap()),
            said: Arc::default(),
        };
        let serving = issuer.clone();
        std::thread::spawn(move || {
            for stream in socket.incoming() {
                let serving = serving.clone();
                std::thread::spawn(move || serving.answer(stream.unwrap()));
            }
        });
        issuer
    }

    fn publish(&self, keys: &[&SigningKey]) {
        self.said.lock().unwrap().keys = keys.iter().map(|key| key.public()).collect();
    }

    fn asked(&self, path: &str) -> usize {
        let said = self.said.lock().unwrap();
        said.asked.get(path).copied().unwrap_or_default()
    }

    fn answer(&self, mut stream: TcpStream) {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut first = String::new();
        if reader.read_line(&mut first).unwrap_or(0) == 0 {
            return;
        }
        let path = first.split(' ').nth(1).unwrap().to_owned();
        let (mut length, mut line) = (0, String::new());
        while reader.read_line(&mut line).unwrap_or(0) > 2 {
            let (name, value) = line.split_once(':').unwrap();
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.trim().parse().unwrap(),
                "authorization" => {
                    value
                        .trim()
                        .clone_into(&mut self.said.lock().unwrap().authorization);
                }
                _ => {}
            }
            line.clear();
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let mut said = self.said.lock().unwrap();
        *said.asked.entry(path.clone()).or_default() += 1;
        let url = &self.url;
        let answer = match path.as_str() {
            "/.well-known/openid-configuration" => json!({
                "issuer": url,
                "authorization_endpoint": format!("{url}/authorize"),
                "token_endpoint": format!("{url}/token"),
                "jwks_uri": format!("{url}/keys"),
            }),
            "/keys" => json!({ "keys": said.keys }),
            "/token" => {
                said.form = serde_urlencoded::from_bytes(&body).unwrap();
                json!({ "token_type": "Bearer", "access_token": "x", "id_token": said.id_token })
            }
            _ => Value::Null,
        };
        drop(said);
        let answer = answer.to_string();
        let head = format!(
            "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
            answer.len()
        );
        let _ = stream.write_all((head + &answer).as_bytes());
    }

    /// What a good token of it says, with these changes.
    fn claims(&self, changes: Value) -> Value {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_secs();
        let mut claims = json!({
            "iss": self.url,
            "sub": "u-17",
            "preferred_username": "ida.marlow",
            "aud": ["account", "kiln"],
            "iat": now,
            "exp": now + 300,
            "groups": ["staff", "integration"],
        });
        let Value::Object(changes) = changes else {
            unreachable!()
        };
        for (name, value) in changes {
            claims[name] = value;
        }
        claims
    }

    /// A console that it lets people into, on an address that is not loopback's.
    fn console(&self, root: &Path, more: &str) -> Served {
        let http = format!(
            "  address: 0.0.0.0:0\n{more}  oidc:\n    issuer: {}\n    clientId: kiln\n    externalUrl: https://kiln.example.org/\n    claim: groups\n    value: integration\n    clientSecretFile: {}\n",
            self.url,
            root.join("secret").display()
        );
        std::fs::write(root.join("secret"), "a secret: of the client\n").unwrap();
        Served::with_http(root, "", &http)
    }
}

fn with_bearer(served: &Served, token: &str) -> Answer {
    let bearer = format!("Authorization: Bearer {token}");
    ask(&served.http, "GET /playground", &[&bearer], "")
}

/// Whom the events of disclosures name, as text.
fn disclosures(served: &Served) -> String {
    let file = served.directory.join("disclosures/AuditEvent.ndjson");
    std::fs::read_to_string(file).unwrap_or_default()
}

/// A dead letter to be shown.
fn with_a_letter(served: &Served, headers: &[&str]) {
    let sent = kiln()
        .args(["send", "--to", &served.address])
        .arg(support::fixture("qbp-q22-find-candidates.hl7"))
        .output()
        .unwrap();
    assert!(sent.status.success(), "{}", text(&sent.stderr));
    support::until("a dead letter", || {
        ask(&served.http, "GET /dead", headers, "")
            .body
            .contains("no-map")
    });
}

/// The fields of the form that asks why, as the first cause of the page of dead letters has them.
fn fields_of_cause(page: &str) -> Vec<(String, String)> {
    ["reason", "feed", "type"]
        .map(|name| {
            let at = format!("name=\"{name}\" value=\"");
            let value = page.split_once(&at).unwrap().1.split('"').next().unwrap();
            (name.to_owned(), value.replace("&amp;", "&"))
        })
        .to_vec()
}

#[test]
fn a_bearer_token_of_the_issuer_lets_in_and_the_audit_stream_names_its_subject() {
    let root = tempfile::tempdir().unwrap();
    let (rsa, ec) = (
        SigningKey::new(root.path(), "one", "RS256"),
        SigningKey::new(root.path(), "two", "ES256"),
    );
    let issuer = Issuer::start();
    issuer.publish(&[&rsa, &ec]);
    let served = issuer.console(root.path(), "");
    assert_eq!(get(&served.http, "/playground").status, 303);
    for key in [&rsa, &ec] {
        let token = key.token(&issuer.claims(json!({})));
        assert_eq!(
            with_bearer(&served, &token).status,
            200,
            "{}",
            key.algorithm
        );
    }
    // The keys are kept: one asking does.
    assert_eq!(
        (
            issuer.asked("/keys"),
            issuer.asked("/.well-known/openid-configuration")
        ),
        (1, 1)
    );

    let bearer = format!(
        "Authorization: Bearer {}",
        ec.token(&issuer.claims(json!({ "aud": "kiln", "groups": "integration" })))
    );
    with_a_letter(&served, &[&bearer]);
    let page = ask(&served.http, "GET /dead", &[&bearer], "").body;
    assert!(page.contains("ida.marlow (u-17)"), "{page}");
    let mut fields = fields_of_cause(&page);
    fields.push(("purpose".to_owned(), "a test".to_owned()));
    // Another name than that of the token counts for nothing.
    fields.push(("by".to_owned(), "somebody else".to_owned()));
    let fields = serde_urlencoded::to_string(fields).unwrap();
    let shown = ask(&served.http, "POST /dead/letters", &[&bearer], &fields);
    assert!(
        shown.status == 200 && shown.body.contains("QPD|"),
        "{}",
        shown.body
    );
    let told = disclosures(&served);
    assert!(
        told.contains("ida.marlow (u-17)") && !told.contains("somebody else"),
        "{told}"
    );
    assert_eq!(served.terminate(), Some(0));
}

#[test]
fn no_other_token_lets_in() {
    let root = tempfile::tempdir().unwrap();
    let (key, strange) = (
        SigningKey::new(root.path(), "one", "RS256"),
        SigningKey::new(root.path(), "strange", "RS256"),
    );
    let ec = SigningKey::new(root.path(), "two", "ES256");
    let issuer = Issuer::start();
    issuer.publish(&[&key, &ec]);
    let served = issuer.console(root.path(), "");
    let good = key.token(&issuer.claims(json!({})));
    assert_eq!(with_bearer(&served, &good).status, 200);
    let changed = |changes: Value| key.token(&issuer.claims(changes));
    let (message, signature) = good.rsplit_once('.').unwrap();
    let (header, claims) = message.split_once('.').unwrap();
    let public = openssl(&["pkey", "-in", key.path(), "-pubout"], b"");
    let by_secret = {
        let header = encoded(json!({ "alg": "HS256", "kid": "one" }).to_string());
        let message = format!("{header}.{claims}");
        let digits: Vec<String> = public.iter().map(|byte| format!("{byte:02x}")).collect();
        let secret = digits.concat();
        let option = format!("hexkey:{secret}");
        let mac = [
            "dgst", "-sha256", "-mac", "HMAC", "-macopt", &option, "-binary",
        ];
        format!("{message}.{}", encoded(openssl(&mac, message.as_bytes())))
    };
    let none = encoded(json!({ "alg": "none" }).to_string());
    let mut altered = URL_SAFE_NO_PAD.decode(signature).unwrap();
    altered[10] ^= 1;
    let more = encoded(issuer.claims(json!({ "sub": "root" })).to_string());
    for (what, token) in [
        ("another audience", changed(json!({ "aud": "other" }))),
        ("no audience", changed(json!({ "aud": [] }))),
        ("expired", changed(json!({ "exp": 1_700_000_000 }))),
        ("no end", changed(json!({ "exp": null }))),
        (
            "an end that is text",
            changed(json!({ "exp": "99999999999" })),
        ),
        (
            "not valid yet",
            changed(json!({ "nbf": 99_999_999_999_u64 })),
        ),
        (
            "a beginning that is text",
            changed(json!({ "nbf": "99999999999" })),
        ),
        (
            "another issuer",
            changed(json!({ "iss": "https://example.org" })),
        ),
        ("another group", changed(json!({ "groups": ["staff"] }))),
        (
            "a group that begins so",
            changed(json!({ "groups": "integration-2" })),
        ),
        ("no group", changed(json!({ "groups": null }))),
        ("an unknown key", strange.token(&issuer.claims(json!({})))),
        (
            "an unknown key by a known name",
            strange.headed(
                &json!({ "alg": "RS256", "kid": "one" }),
                &issuer.claims(json!({})),
            ),
        ),
        (
            "the key of another algorithm",
            ec.headed(
                &json!({ "alg": "RS256", "kid": "two" }),
                &issuer.claims(json!({})),
            ),
        ),
        ("no algorithm", format!("{none}.{claims}.")),
        (
            "no algorithm, and a signature",
            format!("{none}.{claims}.{signature}"),
        ),
        ("the public key as a secret", by_secret),
        (
            "an altered signature",
            format!("{message}.{}", encoded(altered)),
        ),
        ("other claims", format!("{header}.{more}.{signature}")),
        ("no signature", format!("{message}.")),
        ("two parts", message.to_owned()),
        (
            "what must be understood",
            key.headed(
                &json!({ "alg": "RS256", "kid": "one", "crit": ["b64"], "b64": false }),
                &issuer.claims(json!({})),
            ),
        ),
        ("no token", "integration".to_owned()),
    ] {
        let answer = with_bearer(&served, &token);
        assert_eq!((answer.status, answer.body.as_str()), (303, ""), "{what}");
    }
    assert_eq!(with_bearer(&served, &good).status, 200);
    // Who shows tokens of unknown keys does not have the issuer asked each time.
    for _ in 0..20 {
        with_bearer(&served, &strange.token(&issuer.claims(json!({}))));
    }
    assert!(issuer.asked("/keys") <= 3, "{}", issuer.asked("/keys"));
    // A new key is known once the issuer publishes it.
    issuer.publish(&[&strange]);
    let renewed = strange.token(&issuer.claims(json!({})));
    support::until("the new key", || {
        with_bearer(&served, &renewed).status == 200
    });
    assert_eq!(with_bearer(&served, &good).status, 303);
    assert_eq!(served.terminate(), Some(0));
}

fn cookie(answer: &Answer, name: &str) -> String {
    let all = answer.headers("set-cookie");
    let found = all.into_iter().find(|cookie| cookie.starts_with(name));
    found.unwrap_or_default().to_owned()
}

/// Begins a login; the cookie and what the issuer is asked.
fn begun(served: &Served) -> (String, HashMap<String, String>) {
    let begun = get(&served.http, "/login/oidc");
    assert_eq!(begun.status, 303, "{}", begun.body);
    let asked = begun.header("location").unwrap();
    let asked = asked.split_once("/authorize?").unwrap().1;
    let cookie = cookie(&begun, "kiln_login");
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax") && cookie.contains("Secure")
    );
    let cookie = cookie.split(';').next().unwrap();
    (
        format!("Cookie: {cookie}"),
        serde_urlencoded::from_str(asked).unwrap(),
    )
}

fn back(served: &Served, cookie: &[&str], state: &str) -> Answer {
    let query = form(&[("code", "c-1"), ("state", state)]);
    ask(
        &served.http,
        &format!("GET /login/oidc/back?{query}"),
        cookie,
        "",
    )
}

#[test]
fn a_person_logs_in_by_the_browser() {
    let root = tempfile::tempdir().unwrap();
    let key = SigningKey::new(root.path(), "one", "ES256");
    let issuer = Issuer::start();
    issuer.publish(&[&key]);
    let served = issuer.console(root.path(), "");
    let door = get(&served.http, "/login");
    assert!(door.body.contains("href=\"/login/oidc\"") && !door.body.contains("http.tokenFile"));

    let (login, asked) = begun(&served);
    assert_eq!(asked["response_type"], "code");
    assert_eq!(asked["client_id"], "kiln");
    assert_eq!(asked["scope"], "openid profile");
    assert_eq!(asked["code_challenge_method"], "S256");
    assert_eq!(
        asked["redirect_uri"],
        "https://kiln.example.org/login/oidc/back"
    );
    let id_token = |changes: Value| {
        let mut claims = issuer.claims(json!({ "nonce": asked["nonce"], "aud": "kiln" }));
        claims
            .as_object_mut()
            .unwrap()
            .extend(changes.as_object().unwrap().clone());
        issuer.said.lock().unwrap().id_token = key.token(&claims);
    };
    // What does not come of that login.
    id_token(json!({}));
    assert_eq!(back(&served, &[], &asked["state"]).status, 403);
    assert_eq!(back(&served, &[&login], "another").status, 403);
    assert_eq!(
        back(&served, &[&format!("{login}A")], &asked["state"]).status,
        403
    );
    assert_eq!(issuer.asked("/token"), 0);
    for changes in [
        json!({ "nonce": "another" }),
        json!({ "aud": "other" }),
        json!({ "azp": "other" }),
        json!({ "groups": [] }),
        json!({ "exp": 1_700_000_000 }),
    ] {
        id_token(changes.clone());
        let refused = back(&served, &[&login], &asked["state"]);
        assert_eq!(
            (refused.status, cookie(&refused, "kiln_session")),
            (403, String::new()),
            "{changes}"
        );
    }

    id_token(json!({}));
    let entered = back(&served, &[&login], &asked["state"]);
    assert_eq!(entered.status, 200, "{}", entered.body);
    {
        let said = issuer.said.lock().unwrap();
        let form: HashMap<_, _> = said.form.iter().cloned().collect();
        assert_eq!(form["grant_type"], "authorization_code");
        assert_eq!(form["code"], "c-1");
        assert_eq!(form["redirect_uri"], asked["redirect_uri"]);
        let challenge = encoded(Sha256::digest(&form["code_verifier"]));
        assert_eq!(challenge, asked["code_challenge"]);
        // RFC 6749 §2.3.1, appendix B.
        let basic = STANDARD.encode("kiln:a+secret%3A+of+the+client");
        assert_eq!(said.authorization, format!("Basic {basic}"));
    }
    let session = cookie(&entered, "kiln_session");
    assert!(
        session.contains("HttpOnly")
            && session.contains("SameSite=Strict")
            && session.contains("Secure")
    );
    let session = format!("Cookie: {}", session.split(';').next().unwrap());
    with_a_letter(&served, &[&session]);
    let page = ask(&served.http, "GET /dead", &[&session], "");
    assert!(page.body.contains("ida.marlow (u-17)"), "{}", page.body);
    let mut fields = fields_of_cause(&page.body);
    fields.push(("purpose".to_owned(), "a test".to_owned()));
    let disclose = |fields: &[(String, String)]| {
        let fields = serde_urlencoded::to_string(fields).unwrap();
        ask(&served.http, "POST /dead/letters", &[&session], &fields)
    };
    assert_eq!(disclose(&fields).status, 403, "a form of another site");
    fields.push(("form_token".to_owned(), page.form_token().to_owned()));
    assert!(disclose(&fields).body.contains("QPD|"));
    assert!(disclosures(&served).contains("ida.marlow (u-17)"));
    assert_eq!(
        ask(&served.http, "GET /dead", &[&format!("{session}A")], "").status,
        303
    );
    assert_eq!(served.terminate(), Some(0));
}

#[test]
fn the_token_of_the_site_opens_beside_an_issuer_that_cannot_be_asked() {
    let root = tempfile::tempdir().unwrap();
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    drop(socket);
    let gone = Issuer {
        url: format!("http://{address}"),
        said: Arc::default(),
    };
    let token = root.path().join("token");
    std::fs::write(&token, "the first token of the site\n").unwrap();
    let served = gone.console(root.path(), &format!("  tokenFile: {}\n", token.display()));
    let key = SigningKey::new(root.path(), "one", "RS256");
    let of_person = key.token(&gone.claims(json!({})));
    assert_eq!(with_bearer(&served, &of_person).status, 303);
    assert_eq!(get(&served.http, "/login/oidc").status, 503);
    assert_eq!(
        with_bearer(&served, "the first token of the site").status,
        200
    );
    // It comes up.
    let issuer = Issuer::on(TcpListener::bind(address).unwrap());
    issuer.publish(&[&key]);
    support::until("the issuer is asked again", || {
        with_bearer(&served, &of_person).status == 200
    });
    assert_eq!(served.terminate(), Some(0));
}
