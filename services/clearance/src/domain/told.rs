//! What peers tell after a decision: by which stream, and which cases it touches.

/// A stream that is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Feed {
    /// What happens to vehicles in the registry.
    Vehicles,
    /// What happens to inspections and bodies.
    Inspections,
}

impl Feed {
    /// Every one of them.
    pub const ALL: [Self; 2] = [Self::Vehicles, Self::Inspections];

    /// The name it is followed under.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Vehicles => "vehicles",
            Self::Inspections => "inspections",
        }
    }
}

/// What an event touches.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Touched {
    /// Cases of this VIN.
    Vin(String),
    /// Cases for this destination.
    Destination(String),
    /// Every case of the tenant.
    All,
}
