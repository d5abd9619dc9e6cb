//! Data types (HL7 v2.9 chapter 2A) as thin views of values: the components by their names.
//!
//! A view is made of a repetition, a component or a subcomponent, whatever holds the type, and costs nothing. What is
//! a composite within gives a view again; dates and numbers are checked when they are asked for, and keep their
//! precision; everything else is a [`Value`](crate::Value).
//!
//! ```
//! use kiln_hl7::types::{Cx, DateTime, Precision, Xpn};
//! use kiln_hl7::{Index, Message};
//!
//! let bytes = b"MSH|^~\\&|LAB\rPID|1||4711^^^NORTH&1.2.3&ISO^MR^^20240229||van Marlow&van&Marlow^Ida||1970\r";
//! let mut index = Index::new();
//! let message = Message::parse(bytes, &mut index)?;
//! let pid = message.segment("PID").unwrap();
//!
//! let id = Cx::from(pid.field(3).value());
//! assert_eq!(id.id_number().text()?, "4711");
//! assert_eq!(id.assigning_authority().universal_id().text()?, "1.2.3");
//! assert_eq!(id.effective_date()?.unwrap().day(), Some(29));
//!
//! let name = Xpn::from(pid.field(5).value());
//! assert_eq!(name.family_name().own_surname_prefix().text()?, "van");
//! assert_eq!(name.given_name().text()?, "Ida");
//!
//! let born = DateTime::from_value(pid.field(7).value())?.unwrap();
//! assert_eq!(born.precision(), Precision::Year);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod address;
mod coded;
mod date_time;
mod document;
mod error;
mod financial;
mod identifier;
mod message;
mod name;
mod number;
mod observation;
mod quantity;
mod staff;
mod timing;
mod view;

pub use address::{Ad, Dld, Pl, Sad, Xad, Xtn};
pub use coded::{Ce, Cf, Cne, Cwe};
pub use date_time::{Date, DateTime, Precision, Time};
pub use document::{Ed, Rp};
pub use error::TypeError;
pub use financial::{Aui, Ccd, Ddi, Dtn, Fc, Icd, Moc, Mop, Ocd, Osp, Uvc};
pub use identifier::{Cx, Dln, Ei, Eip, Hd, Pln};
pub use message::{Eld, Erl, Msg, Pt, Vid};
pub use name::{Cnn, Fn, Ndl, Ppn, Xcn, Xon, Xpn};
pub use number::Number;
pub use observation::{Og, Prl, Rfr};
pub use quantity::{Cp, Cq, Mo, Nr, Sn};
pub use staff::{Din, Jcc, Spd};
pub use timing::{Dr, Ri, Rpt, Tq, Ts};
