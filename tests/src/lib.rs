//! What only the whole suite can show: journeys, faults, boundaries, deployment files.
