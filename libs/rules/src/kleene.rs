//! Three-valued truth (Kleene's strong logic): true, false, or not known yet.

/// A truth value that may be unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Kleene {
    /// False whatever the unknown facts turn out to be.
    False = 0,
    /// Depends on facts that are missing or not exact enough.
    Unknown = 1,
    /// True whatever the unknown facts turn out to be.
    True = 2,
}

impl Kleene {
    /// A value known to be `true` or `false`.
    #[inline]
    pub fn known(value: bool) -> Self {
        if value { Self::True } else { Self::False }
    }

    /// True or false where `yes` or `no` is proved, unknown where neither is.
    #[inline]
    pub fn decide(yes: bool, no: bool) -> Self {
        if yes {
            Self::True
        } else if no {
            Self::False
        } else {
            Self::Unknown
        }
    }

    /// Conjunction: false if either is false.
    #[inline]
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        self.min(other)
    }

    /// Disjunction: true if either is true.
    #[inline]
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        self.max(other)
    }

    /// Whether the value is [`Kleene::Unknown`].
    #[inline]
    pub fn is_unknown(self) -> bool {
        self == Self::Unknown
    }
}

impl std::ops::Not for Kleene {
    type Output = Self;

    #[inline]
    fn not(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
        }
    }
}
