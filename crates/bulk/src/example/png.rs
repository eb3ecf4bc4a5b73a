//! A picture (PNG, ISO/IEC 15948) for the example's HTML: a wild goose's wedge on blue, drawn here so that it is no file to
//! be kept.

const WIDTH: usize = 160;
const HEIGHT: usize = 40;
const SKY: [u8; 3] = [0x1f, 0x4e, 0x79];
const GOOSE: [u8; 3] = [0xff, 0xff, 0xff];

pub(super) fn logo() -> Vec<u8> {
    let mut rows = Vec::with_capacity(HEIGHT * (1 + WIDTH / 8));
    for y in 0..HEIGHT {
        // No filter.
        rows.push(0);
        for eight in 0..WIDTH / 8 {
            rows.push((0..8).fold(0, |octet, bit| octet << 1 | u8::from(is_goose(eight * 8 + bit, y))));
        }
    }
    let mut header = Vec::new();
    header.extend_from_slice(&(WIDTH as u32).to_be_bytes());
    header.extend_from_slice(&(HEIGHT as u32).to_be_bytes());
    // One bit for each dot, which names a colour of the palette.
    header.extend_from_slice(&[1, 3, 0, 0, 0]);
    let palette = [SKY, GOOSE].concat();
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    for (name, content) in
        [(b"IHDR", header), (b"PLTE", palette), (b"IDAT", zlib(&rows)), (b"IEND", Vec::new())]
    {
        png.extend_from_slice(&(content.len() as u32).to_be_bytes());
        let from = png.len();
        png.extend_from_slice(name);
        png.extend_from_slice(&content);
        let crc = crc(&png[from..]);
        png.extend_from_slice(&crc.to_be_bytes());
    }
    png
}

/// Geese fly in a wedge: five strokes on either side, lower the farther back.
fn is_goose(x: usize, y: usize) -> bool {
    let from_middle = x.abs_diff(WIDTH / 2);
    let (bird, within) = (from_middle / 14, from_middle % 14);
    bird < 5 && within < 9 && y.abs_diff(8 + bird * 5 + within.abs_diff(4) / 2) < 2
}

/// The format of zlib (RFC 1950) around blocks that are stored as they are (RFC 1951 §3.2.4).
fn zlib(content: &[u8]) -> Vec<u8> {
    const BLOCK: usize = 0xffff;
    let mut out = vec![0x78, 0x01];
    let blocks = content.chunks(BLOCK).len();
    for (at, block) in (1..).zip(content.chunks(BLOCK)) {
        // At most `BLOCK` octets.
        let len = block.len() as u16;
        out.push(u8::from(at == blocks));
        out.extend_from_slice(&len.to_le_bytes());
        out.extend_from_slice(&(!len).to_le_bytes());
        out.extend_from_slice(block);
    }
    let (mut a, mut b) = (1_u32, 0_u32);
    for octet in content {
        a = (a + u32::from(*octet)) % 65_521;
        b = (b + a) % 65_521;
    }
    out.extend_from_slice(&(b << 16 | a).to_be_bytes());
    out
}

/// CRC-32 as PNG has it.
fn crc(octets: &[u8]) -> u32 {
    !octets.iter().fold(u32::MAX, |crc, octet| {
        (0..8).fold(
            crc ^ u32::from(*octet),
            |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 },
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_those_of_the_standards() {
        assert_eq!(crc(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc(b"IEND"), 0xae42_6082);
        assert_eq!(zlib(b"Wikipedia")[16..], [0x11, 0xe6, 0x03, 0x98]);
    }
}
