//! A number as the decimal digits that Excel keeps of it.

/// Significant digits.
const DIGITS: usize = 15;

/// `0.digits × 10^point`, without a sign; no digits are zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Decimal {
    digits: Vec<u8>,
    point: i32,
}

impl Decimal {
    /// The first 15 significant digits of a finite number's absolute value.
    pub(super) fn new(value: f64) -> Self {
        let text = format!("{:.*e}", DIGITS - 1, value.abs());
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let digits = mantissa.bytes().filter(u8::is_ascii_digit).map(|digit| digit - b'0').collect();
        let mut decimal = Self { digits, point: exponent.parse::<i32>().unwrap_or(0) + 1 };
        decimal.trim();
        decimal
    }

    fn trim(&mut self) {
        while self.digits.last() == Some(&0) {
            self.digits.pop();
        }
        let zeros = self.digits.iter().take_while(|digit| **digit == 0).count();
        self.digits.drain(..zeros);
        self.point = if self.digits.is_empty() { 0 } else { self.point - i32::try_from(zeros).unwrap_or(0) };
    }

    /// Times a power of ten.
    pub(super) fn shifted(mut self, places: i32) -> Self {
        if !self.digits.is_empty() {
            self.point = self.point.saturating_add(places);
        }
        self
    }

    /// Rounded to so many decimals, halves away from zero.
    pub(super) fn rounded(mut self, decimals: usize) -> Self {
        let kept = i64::from(self.point) + i64::try_from(decimals).unwrap_or(i64::MAX);
        if kept < 0 {
            self.digits.clear();
        } else if let Ok(kept) = usize::try_from(kept)
            && kept < self.digits.len()
        {
            let up = self.digits[kept] >= 5;
            self.digits.truncate(kept);
            if up {
                self.increment();
            }
        }
        self.trim();
        self
    }

    fn increment(&mut self) {
        for digit in self.digits.iter_mut().rev() {
            if *digit < 9 {
                *digit += 1;
                return;
            }
            *digit = 0;
        }
        self.digits.insert(0, 1);
        self.point += 1;
    }

    /// It is zero.
    pub(super) fn is_zero(&self) -> bool {
        self.digits.is_empty()
    }

    /// The power of ten of the first digit; 0 for zero.
    pub(super) fn exponent(&self) -> i32 {
        if self.is_zero() { 0 } else { self.point - 1 }
    }

    /// The digits before the point; none for what is below one.
    pub(super) fn whole(&self) -> String {
        (0..self.point).map(|at| self.digit(at)).collect()
    }

    /// So many digits behind the point.
    pub(super) fn fraction(&self, decimals: usize) -> String {
        (self.point..).take(decimals).map(|at| self.digit(at)).collect()
    }

    fn digit(&self, at: i32) -> char {
        let digit = usize::try_from(at).ok().and_then(|at| self.digits.get(at)).copied().unwrap_or(0);
        char::from(b'0' + digit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_rounded_by_the_digits_that_are_seen() {
        for (value, decimals, whole, fraction) in [
            (2.675, 2, "2", "68"),
            (1.005, 2, "1", "01"),
            (0.1 + 0.2, 2, "", "30"),
            (999.995, 2, "1000", "00"),
            (0.004, 2, "", "00"),
            (0.005, 2, "", "01"),
            (5e-324, 2, "", "00"),
            (123_456_789_012_345_680.0, 0, "123456789012346000", ""),
        ] {
            let decimal = Decimal::new(value).rounded(decimals);
            assert_eq!(
                (decimal.whole().as_str(), decimal.fraction(decimals).as_str()),
                (whole, fraction),
                "{value}"
            );
        }
    }

    #[test]
    fn a_shift_is_exact() {
        let decimal = Decimal::new(0.07).shifted(2).rounded(0);
        assert_eq!(decimal.whole(), "7");
    }
}
