//! RTF as MAPI carries it, compressed ([MS-OXRTFCP]): runs and references into a window of 4 KiB that begins with
//! the words most RTF begins with.

/// What the window holds at first.
const PRESET: &[u8] = b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \
\\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\
\\i\\u\\tab\\tx";
const WINDOW: usize = 4096;
/// Bytes of decompressed RTF that are given; a reference of two bytes makes up to seventeen.
pub(super) const MAX_RTF: usize = 32 << 20;

/// The RTF in `data`; `None` where it is no compressed RTF. What is cut off or broken ends it.
pub(super) fn decompress(data: &[u8]) -> Option<Vec<u8>> {
    let number = |at: usize| Some(u32::from_le_bytes(*data.get(at..at + 4)?.first_chunk()?));
    let raw_size = number(4)? as usize;
    let content = data.get(16..)?;
    match &data[8..12] {
        b"MELA" => Some(content[..content.len().min(raw_size)].to_vec()),
        b"LZFu" => Some(expand(content, raw_size.min(MAX_RTF))),
        _ => None,
    }
}

fn expand(content: &[u8], size: usize) -> Vec<u8> {
    let mut window = [b' '; WINDOW];
    window[..PRESET.len()].copy_from_slice(PRESET);
    let mut at = PRESET.len();
    let mut out = Vec::with_capacity(size.min(content.len().saturating_mul(4)));
    let mut put = |byte: u8, window: &mut [u8; WINDOW], at: &mut usize| {
        window[*at] = byte;
        *at = (*at + 1) % WINDOW;
        out.push(byte);
        out.len()
    };
    let mut input = content.iter().copied();
    let mut len = 0;
    'groups: while let Some(flags) = input.next() {
        for bit in 0..8 {
            if len >= size {
                break 'groups;
            }
            let Some(first) = input.next() else { break 'groups };
            if flags & (1 << bit) == 0 {
                len = put(first, &mut window, &mut at);
                continue;
            }
            let Some(second) = input.next() else { break 'groups };
            let from = usize::from(first) << 4 | usize::from(second >> 4);
            // A reference to where writing goes on is the end.
            if from == at {
                break 'groups;
            }
            for step in 0..usize::from(second & 15) + 2 {
                let byte = window[(from + step) % WINDOW];
                len = put(byte, &mut window, &mut at);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(kind: &[u8; 4], size: u32, content: &[u8]) -> Vec<u8> {
        [&0u32.to_le_bytes()[..], &size.to_le_bytes(), kind, &[0; 4], content].concat()
    }

    #[test]
    fn the_examples_of_the_specification_are_decompressed() {
        // [MS-OXRTFCP] §4.1.1.
        let simple = b"\x03\x00\x0a\x00rcpg125\x42\x32\x0a\xf3 hel\x09\x00 bw\x05\xb0ld}\x0a\x80\x0f\xa0";
        let text = decompress(&packed(b"LZFu", 0x2b, simple)).expect("it is compressed RTF");
        assert_eq!(String::from_utf8_lossy(&text), "{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n");
        assert_eq!(decompress(&packed(b"MELA", 3, b"abcdef")).as_deref(), Some(&b"abc"[..]));
        assert_eq!(decompress(&packed(b"zip!", 3, b"abc")), None);
        assert_eq!(decompress(b"short"), None);
    }

    #[test]
    fn what_is_cut_off_ends_the_text() {
        let whole = packed(b"LZFu", 1000, b"\x00abcdefgh\x01");
        for end in 16..=whole.len() {
            assert!(decompress(&whole[..end]).expect("the header is there").len() <= 8);
        }
    }
}
