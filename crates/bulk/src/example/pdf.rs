//! A PDF of one small page (ISO 32000-1), so that everybody in the example has a file that opens.

use std::fmt::Write;

/// A page with these lines of printable ASCII.
pub(super) fn page(lines: &[String]) -> Vec<u8> {
    let mut text = String::from("BT /F1 14 Tf 20 TL 40 150 Td\n");
    for line in lines {
        let line: String = line.chars().filter(|c| (' '..='~').contains(c)).collect();
        let line = line.replace('\\', "\\\\").replace('(', "\\(").replace(')', "\\)");
        // Writing to a String cannot fail.
        let _ = writeln!(text, "({line}) Tj T*");
    }
    text.push_str("ET");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 320 200] /Contents 4 0 R \
         /Resources << /Font << /F1 5 0 R >> >> >>"
            .to_owned(),
        format!("<< /Length {} >>\nstream\n{text}\nendstream", text.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Courier >>".to_owned(),
    ];
    let mut out = String::from("%PDF-1.4\n");
    let mut table = String::from("0000000000 65535 f \n");
    for (number, object) in (1..).zip(&objects) {
        let _ = writeln!(table, "{:010} 00000 n ", out.len());
        let _ = write!(out, "{number} 0 obj\n{object}\nendobj\n");
    }
    let (start, size) = (out.len(), objects.len() + 1);
    let _ = write!(
        out,
        "xref\n0 {size}\n{table}trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n"
    );
    out.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_points_at_the_objects() {
        let pdf = String::from_utf8(page(&["a (b) \\".to_owned()])).unwrap();
        let start: usize = pdf.lines().rev().nth(1).unwrap().parse().unwrap();
        assert!(pdf[start..].starts_with("xref\n0 6\n"));
        for (number, entry) in (1..).zip(pdf[start..].lines().skip(3).take(5)) {
            let at: usize = entry[..10].parse().unwrap();
            assert!(pdf[at..].starts_with(&format!("{number} 0 obj\n")), "{entry}");
            assert_eq!(entry.len() + 1, 20);
        }
        assert!(pdf.contains("(a \\(b\\) \\\\) Tj"));
    }
}
