//! Why a request gets no page, in words of what to do.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use maud::html;

use super::{frame, login};

/// Why a request gets no page.
#[derive(Clone, Copy, Debug)]
pub(super) enum Refusal {
    /// Another name than this machine's own asks for it.
    Host,
    /// A page of another origin sent the form.
    Origin,
    /// The form is not of the visitor's session.
    Form,
    /// The form is too large, or none of ours.
    Body,
    /// Nobody may see it.
    Nobody,
    /// The token cannot be read.
    NoToken,
    /// The issuer of people's tokens cannot be asked.
    Issuer,
    /// Who asks has not shown the token.
    Stranger,
    /// Too many ask at once.
    Busy,
}

impl Refusal {
    fn status(self) -> StatusCode {
        match self {
            Refusal::Host => StatusCode::MISDIRECTED_REQUEST,
            Refusal::Origin | Refusal::Form | Refusal::Nobody => StatusCode::FORBIDDEN,
            Refusal::Body => StatusCode::PAYLOAD_TOO_LARGE,
            Refusal::Stranger => StatusCode::SEE_OTHER,
            Refusal::NoToken | Refusal::Issuer | Refusal::Busy => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn what_to_do(self) -> &'static str {
        match self {
            Refusal::Host => {
                "Open the console as localhost or 127.0.0.1: it answers to no other name without a token."
            }
            Refusal::Origin => {
                "The form was sent from another site. Open the console and send it from there."
            }
            Refusal::Form => {
                "The form is from another session. Go back, reload the page, and send it again."
            }
            Refusal::Body => "The form is too large, or not one of the console's.",
            Refusal::Nobody => {
                "The console is closed on this address. Name a file with a token in http.tokenFile, or an issuer in http.oidc, or listen on 127.0.0.1."
            }
            Refusal::NoToken => {
                "The token cannot be read. Look at the file that http.tokenFile names."
            }
            Refusal::Issuer => {
                "The issuer of http.oidc cannot be asked now. The log says why; try again in a moment."
            }
            Refusal::Stranger => "Enter the token.",
            Refusal::Busy => "Others are at work. Try again in a moment.",
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        if let Refusal::Stranger = self {
            return Redirect::to(login::PATH).into_response();
        }
        let page = frame::bare(
            "Not shown",
            &html! { h1 { "Not shown" } p { (self.what_to_do()) } },
        );
        (self.status(), page).into_response()
    }
}
