//! Numbers: placeholders filled with digits, thousands, percentages, exponents, fractions, and what `General` shows.

use super::code::{Section, Token};
use super::decimal::Decimal;

/// Characters that a fraction may take under `General`, with its point.
const GENERAL_WIDTH: usize = 11;
/// The most decimals that are shown of a number, whatever its format says.
const MAX_DECIMALS: usize = 30;
/// The largest denominator that a fraction may have.
const MAX_DENOMINATOR: u32 = 9999;

/// A number that is not negative under a section that shows numbers.
pub(super) fn show(section: &Section, value: f64) -> String {
    let tokens = section.tokens.as_slice();
    let has = |wanted: &Token| tokens.contains(wanted);
    if has(&Token::General) || has(&Token::Text) {
        return around(tokens, &general(value));
    }
    if let Some(at) = tokens.iter().position(|token| matches!(token, Token::Exponent(_))) {
        return exponential(tokens, at, value);
    }
    if let Some(at) = tokens.iter().position(|token| *token == Token::Slash) {
        return fraction(tokens, at, value);
    }
    let percents = tokens.iter().filter(|token| **token == Token::Percent).count();
    let shift = 2 * i32::try_from(percents).unwrap_or(0) - 3 * scaling(tokens);
    plain(tokens, Decimal::new(value).shifted(shift))
}

/// What `General` shows.
pub(crate) fn general(value: f64) -> String {
    if !value.is_finite() {
        return value.to_string();
    }
    let sign = if value < 0.0 { "-" } else { "" };
    let decimal = Decimal::new(value);
    let exponent = decimal.exponent();
    let whole = value == value.trunc();
    if decimal.is_zero() {
        return "0".to_owned();
    }
    if exponent >= 21 || (exponent < -4 && !whole) {
        return format!("{sign}{}", scientific(&decimal));
    }
    if whole {
        return format!("{sign}{}", decimal.whole());
    }
    let digits = usize::try_from(exponent.max(0)).unwrap_or(0) + 1;
    let decimals = (GENERAL_WIDTH - 1).saturating_sub(digits).max(2);
    let rounded = decimal.rounded(decimals);
    let behind = rounded.fraction(decimals);
    let behind = behind.trim_end_matches('0');
    let before = rounded.whole();
    let before = if before.is_empty() { "0" } else { &before };
    if behind.is_empty() { format!("{sign}{before}") } else { format!("{sign}{before}.{behind}") }
}

fn scientific(decimal: &Decimal) -> String {
    let exponent = decimal.exponent();
    let rounded = decimal.clone().shifted(-exponent).rounded(5);
    let exponent = exponent + rounded.exponent();
    let mantissa = rounded.clone().shifted(-rounded.exponent());
    let behind = mantissa.fraction(5);
    let behind = behind.trim_end_matches('0');
    let point = if behind.is_empty() { "" } else { "." };
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{}{point}{behind}E{sign}{:02}", mantissa.whole(), exponent.abs())
}

/// The literals with what stands in place of `General` or `@`.
fn around(tokens: &[Token], shown: &str) -> String {
    let pieces = tokens.iter().map(|token| match token {
        Token::General | Token::Text => shown,
        Token::Literal(literal) => literal,
        Token::Percent => "%",
        _ => "",
    });
    pieces.collect()
}

/// How many thousands a number is divided by: commas behind the last digit before the point.
fn scaling(tokens: &[Token]) -> i32 {
    let point = tokens.iter().position(|token| *token == Token::Point).unwrap_or(tokens.len());
    let before = trailing_commas(&tokens[..point]);
    let behind = tokens.get(point..).map_or(0, trailing_commas);
    i32::try_from(before + behind).unwrap_or(0)
}

fn trailing_commas(tokens: &[Token]) -> usize {
    let Some(last) = tokens.iter().rposition(|token| matches!(token, Token::Digit(_))) else { return 0 };
    tokens[last + 1..].iter().take_while(|token| **token == Token::Comma).count()
}

/// Digits in the placeholders, literals where they stand.
fn plain(tokens: &[Token], decimal: Decimal) -> String {
    let point = tokens.iter().position(|token| *token == Token::Point);
    let (before, behind) = match point {
        Some(point) => (&tokens[..point], &tokens[point + 1..]),
        None => (tokens, &[][..]),
    };
    let decimals = behind.iter().filter(|token| matches!(token, Token::Digit(_))).count().min(MAX_DECIMALS);
    let decimal = decimal.rounded(decimals);
    let mut out = whole(before, &decimal.whole());
    if point.is_some() {
        out.push('.');
        out.push_str(&decimals_shown(behind, &decimal.fraction(decimals)));
    }
    out
}

/// The digits before the point, from the right: the first placeholder takes all that are left.
fn whole(tokens: &[Token], digits: &str) -> String {
    let first = tokens.iter().position(|token| matches!(token, Token::Digit(_)));
    let last = tokens.iter().rposition(|token| matches!(token, Token::Digit(_)));
    let (Some(first), Some(last)) = (first, last) else {
        // A format without a place for digits shows none.
        return literals(tokens);
    };
    let thousands = tokens[first..last].contains(&Token::Comma);
    let mut left = digits.bytes().rev().map(char::from);
    let mut reversed: Vec<char> = Vec::new();
    let mut placed = 0;
    let mut put = |reversed: &mut Vec<char>, digit: char| {
        if thousands && placed > 0 && placed % 3 == 0 && digit.is_ascii_digit() {
            reversed.push(',');
        }
        placed += 1;
        reversed.push(digit);
    };
    for (at, token) in tokens.iter().enumerate().rev() {
        match token {
            Token::Digit(placeholder) => {
                match left.next() {
                    Some(digit) => put(&mut reversed, digit),
                    None if *placeholder == '0' => put(&mut reversed, '0'),
                    None if *placeholder == '?' => put(&mut reversed, ' '),
                    None => {}
                }
                if at == first {
                    for digit in left.by_ref() {
                        put(&mut reversed, digit);
                    }
                }
            }
            Token::Literal(literal) => reversed.extend(literal.chars().rev()),
            Token::Percent => reversed.push('%'),
            _ => {}
        }
    }
    reversed.into_iter().rev().collect()
}

/// The digits behind the point: those that need not be shown are left out from the right.
fn decimals_shown(tokens: &[Token], digits: &str) -> String {
    let significant = digits.trim_end_matches('0').len();
    let mut digits = digits.chars();
    let mut out = String::new();
    let mut at = 0;
    for token in tokens {
        match token {
            Token::Digit(placeholder) => {
                let digit = digits.next().unwrap_or('0');
                at += 1;
                match placeholder {
                    _ if at <= significant => out.push(digit),
                    '0' => out.push('0'),
                    '?' => out.push(' '),
                    _ => {}
                }
            }
            Token::Literal(literal) => out.push_str(literal),
            Token::Percent => out.push('%'),
            _ => {}
        }
    }
    out
}

fn literals(tokens: &[Token]) -> String {
    around(tokens, "")
}

/// `0.00E+00`; with several digits before the point the exponent is a multiple of their number.
fn exponential(tokens: &[Token], at: usize, value: f64) -> String {
    let (mantissa, behind) = (&tokens[..at], &tokens[at + 1..]);
    let plus = tokens[at] == Token::Exponent(true);
    let point = mantissa.iter().position(|token| *token == Token::Point).unwrap_or(mantissa.len());
    let digits = |tokens: &[Token]| tokens.iter().filter(|token| matches!(token, Token::Digit(_))).count();
    let step = i32::try_from(digits(&mantissa[..point]).max(1)).unwrap_or(1);
    let decimals = digits(&mantissa[point..]);
    let decimal = Decimal::new(value);
    let mut exponent = decimal.exponent().div_euclid(step) * step;
    let mut shown = decimal.clone().shifted(-exponent).rounded(decimals);
    if shown.exponent() >= step {
        exponent += step;
        shown = decimal.shifted(-exponent).rounded(decimals);
    }
    let sign = match exponent {
        ..0 => "-",
        _ if plus => "+",
        _ => "",
    };
    format!("{}E{sign}{}", plain(mantissa, shown), whole(behind, &exponent.abs().to_string()))
}

/// `# ?/?`: a whole number and the nearest fraction.
fn fraction(tokens: &[Token], slash: usize, value: f64) -> String {
    let is_digit = |token: &Token| matches!(token, Token::Digit(_));
    let numerator = tokens[..slash].iter().rposition(|token| !is_digit(token)).map_or(0, |at| at + 1);
    let (front, behind) = (&tokens[..numerator], &tokens[slash + 1..]);
    let places = behind.iter().take_while(|token| is_digit(token)).count();
    let fixed: String = behind
        .iter()
        .map_while(|token| match token {
            Token::Literal(literal) => {
                literal.chars().next().filter(char::is_ascii_digit).map(|_| literal.as_str())
            }
            _ => None,
        })
        .collect();
    let has_whole = front.iter().any(is_digit);
    let (mut whole_part, mut rest) = (value.trunc(), value.fract());
    if !has_whole {
        (whole_part, rest) = (0.0, value);
    }
    let limit =
        10_u32.saturating_pow(u32::try_from(places).unwrap_or(4)).saturating_sub(1).clamp(1, MAX_DENOMINATOR);
    let denominators = match fixed.parse::<u32>() {
        Ok(fixed @ 1..=MAX_DENOMINATOR) => fixed..=fixed,
        _ => 1..=limit,
    };
    let (mut best, mut error) = ((0.0, 1), f64::INFINITY);
    for denominator in denominators {
        let over = (rest * f64::from(denominator)).round();
        let off = (over / f64::from(denominator) - rest).abs();
        if off < error - 1e-12 {
            (best, error) = ((over, denominator), off);
        }
    }
    let (mut over, under) = best;
    if has_whole && over >= f64::from(under) {
        (whole_part, over) = (whole_part + 1.0, 0.0);
    }
    let before = if has_whole { whole(front, &Decimal::new(whole_part).whole()) } else { literals(front) };
    if over == 0.0 && has_whole {
        return if before.trim().is_empty() { "0".to_owned() } else { before };
    }
    format!("{before}{over:.0}/{under}")
}
