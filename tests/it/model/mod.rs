//! The model: steps taken by the rules alone, and what is made of a difference.

mod fetch;
mod library;
mod reconcile;
mod steps;
