//! The RPCs of the contract that this version does not serve, in one place, each with what serves instead.

use tongguan_api::common::v1::ErrorReason;
use tongguan_rpc::Failure;
use tonic::Code;

/// Method → why not, and what to use instead. Empty: the whole contract of clearance is served.
pub(crate) const UNIMPLEMENTED: &[(&str, &str)] = &[];

/// A method that stands in the contract and is not served.
#[derive(Debug, thiserror::Error)]
#[error("{method} is not served by this version: {reason}")]
pub(crate) struct NotServed {
    method: &'static str,
    reason: &'static str,
}

impl NotServed {
    /// The refusal of a method of the table.
    #[cfg_attr(
        not(test),
        expect(
            dead_code,
            reason = "the table is empty; the next method that waits uses it"
        )
    )]
    pub(crate) fn of(method: &'static str) -> Self {
        let reason = UNIMPLEMENTED
            .iter()
            .find(|(name, _)| *name == method)
            .map_or("it comes later", |(_, reason)| reason);
        Self { method, reason }
    }
}

impl Failure for NotServed {
    fn code(&self) -> Code {
        Code::Unimplemented
    }

    fn reason(&self) -> ErrorReason {
        ErrorReason::NotImplemented
    }

    fn metadata(&self) -> Vec<(&'static str, String)> {
        vec![("method", self.method.to_owned())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_that_is_not_served_says_so() {
        let refused = NotServed::of("RecordReturn");
        assert_eq!(refused.code(), Code::Unimplemented);
        assert_eq!(
            refused.to_string(),
            "RecordReturn is not served by this version: it comes later"
        );
    }
}
