//! Who is who in the cluster: an authority, certificates of its own, and the files that name them.

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};
use serde_json::json;

/// The authority and a directory of what it issued: `<name>.crt`, `<name>.key` and `<name>.kubeconfig`.
pub(crate) struct Credentials {
    directory: PathBuf,
    authority: CertifiedIssuer<'static, KeyPair>,
}

impl Credentials {
    /// A new authority, `authority.crt`.
    pub(crate) fn new(directory: &Path) -> Credentials {
        fs::create_dir_all(directory).expect("a directory");
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params
            .distinguished_name
            .push(DnType::CommonName, "tests of the operator");
        let key = KeyPair::generate().expect("a key");
        let authority = CertifiedIssuer::self_signed(params, key).expect("an authority");
        let credentials = Credentials {
            directory: directory.to_owned(),
            authority,
        };
        credentials.write("authority.crt", &credentials.authority.pem());
        credentials.write(
            "authority.key",
            &credentials.authority.key().serialize_pem(),
        );
        credentials
    }

    /// A file of the directory.
    pub(crate) fn path(&self, file: &str) -> String {
        self.directory.join(file).display().to_string()
    }

    /// The certificate of a server at those names and addresses.
    pub(crate) fn server(&self, name: &str, at: &[&str]) {
        let at: Vec<String> = at.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(at).expect("names");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.issue(name, params, name);
    }

    /// The certificate of a user of a group, if any, and the file by which it reaches the API server.
    pub(crate) fn user(&self, name: &str, user: &str, group: Option<&str>, server: &str) {
        let mut params = CertificateParams::default();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        if let Some(group) = group {
            params
                .distinguished_name
                .push(DnType::OrganizationName, group);
        }
        self.issue(name, params, user);
        let config = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "test",
            "clusters": [{"name": "test", "cluster": {
                "server": server, "certificate-authority": self.path("authority.crt"),
            }}],
            "users": [{"name": name, "user": {
                "client-certificate": self.path(&format!("{name}.crt")),
                "client-key": self.path(&format!("{name}.key")),
            }}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": name}}],
        });
        self.write(&format!("{name}.kubeconfig"), &config.to_string());
    }

    /// The key that tokens of service accounts are signed with, and `<name>.pub`, by which they are known.
    pub(crate) fn key(&self, name: &str) {
        let key = KeyPair::generate().expect("a key");
        self.write(&format!("{name}.key"), &key.serialize_pem());
        self.write(&format!("{name}.pub"), &key.public_key_pem());
    }

    fn issue(&self, name: &str, mut params: CertificateParams, common: &str) {
        params.distinguished_name.push(DnType::CommonName, common);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        let key = KeyPair::generate().expect("a key");
        let certificate = params
            .signed_by(&key, &self.authority)
            .expect("a certificate");
        self.write(&format!("{name}.crt"), &certificate.pem());
        self.write(&format!("{name}.key"), &key.serialize_pem());
    }

    fn write(&self, file: &str, text: &str) {
        fs::write(self.directory.join(file), text).expect("a file of credentials");
    }
}
