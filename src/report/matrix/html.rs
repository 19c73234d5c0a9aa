//! x
use crate::matrix::Matrix;
/// x
pub fn page(_matrix: &Matrix) -> String {
    String::new()
}
