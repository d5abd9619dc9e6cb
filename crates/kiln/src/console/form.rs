//! Forms that a page of ours sent.

use axum::extract::rejection::RawFormRejection;
use axum::extract::{FromRequest, RawForm, Request};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::access::Visitor;
use super::refusal::Refusal;
use super::routes::Console;

/// Under which a form carries its token.
pub(super) const TOKEN: &str = "form_token";

/// The fields of a form that belongs to the visitor's session.
pub(super) struct Posted<T>(pub(super) T);

#[derive(Deserialize)]
struct Token {
    #[serde(default)]
    form_token: String,
}

impl<T: DeserializeOwned> FromRequest<Console> for Posted<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, console: &Console) -> Result<Posted<T>, Refusal> {
        let visitor = request.extensions().get::<Visitor>().cloned();
        let form = RawForm::from_request(request, console).await;
        let RawForm(bytes) = form.map_err(|_: RawFormRejection| Refusal::Body)?;
        let token: Token = serde_urlencoded::from_bytes(&bytes).map_err(|_| Refusal::Body)?;
        let visitor = visitor.ok_or(Refusal::Stranger)?;
        if !visitor.was_given(&token.form_token) {
            return Err(Refusal::Form);
        }
        serde_urlencoded::from_bytes(&bytes)
            .map(Posted)
            .map_err(|_| Refusal::Body)
    }
}
