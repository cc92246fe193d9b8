//! What did an accredited body measure, and does it pass the standard.
