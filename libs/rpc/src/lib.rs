//! How calls travel: channels that hide where a service runs, the guard every server stands behind,
//! rich refusals, and the conversions of the words all services share.

mod channel;
mod deadline;
pub mod evidence;
mod failure;
mod guard;
mod malformed;
mod metrics;
mod page;
mod peer;
mod remote;
mod tasks;
mod trace;
mod violations;
pub mod wire;

pub use channel::{Body, Channel, PeerTls, Routes, local, remote, remote_among, remote_with};
pub use deadline::remaining;
pub use failure::{Failure, Violation, of_trouble, problem, status};
pub use guard::Guard;
pub use page::{PageToken, PageTokenError};
pub use peer::{PeerDetails, PeerError};
pub use tasks::Tasks;
pub use tongguan_api::common::v1::ErrorReason;
pub use trace::{about, hop_span};
pub use violations::{Invalid, Violations};
