//! Writing code word lengths as differences to the block before.

use super::super::PRE_SYMBOLS;
use crate::compress::bit_writer::BitWriter;
use crate::compress::huffman::{CodeBuilder, EncodeTable};

/// A symbol of the code of lengths, and what follows it.
#[derive(Clone, Copy)]
enum Token {
    /// How much shorter one length is than before, modulo 17.
    Difference(u8),
    /// 4 to 19 zeros.
    Zeros(u32),
    /// 20 to 51 zeros.
    ManyZeros(u32),
    /// 4 or 5 equal lengths, and the difference of the first.
    Equal(u32, u8),
}

/// Writes one part of a code's lengths over those of the block before.
pub(super) fn write_lengths(
    bits: &mut BitWriter<'_>,
    builder: &mut CodeBuilder,
    before: &[u8],
    lengths: &[u8],
) {
    let mut tokens = Vec::with_capacity(lengths.len());
    let mut at = 0;
    while at < lengths.len() {
        let length = lengths[at];
        let run = lengths[at..]
            .iter()
            .take_while(|&&next| next == length)
            .count();
        let difference = (17 + before[at] - length) % 17;
        let (token, covered) = match run {
            20.. if length == 0 => (Token::ManyZeros(run.min(51) as u32), run.min(51)),
            4.. if length == 0 => (Token::Zeros(run as u32), run),
            4.. => (Token::Equal(run.min(5) as u32, difference), run.min(5)),
            _ => (Token::Difference(difference), 1),
        };
        tokens.push(token);
        at += covered;
    }

    let mut counts = [0; PRE_SYMBOLS];
    for &token in &tokens {
        match token {
            Token::Difference(difference) => counts[usize::from(difference)] += 1,
            Token::Zeros(_) => counts[17] += 1,
            Token::ManyZeros(_) => counts[18] += 1,
            Token::Equal(_, difference) => {
                counts[19] += 1;
                counts[usize::from(difference)] += 1;
            }
        }
    }
    let mut code = EncodeTable::<PRE_SYMBOLS>::default();
    code.build(builder, &counts, 15);
    for &length in &code.lengths {
        bits.put(length.into(), 4);
    }
    let put = |bits: &mut BitWriter<'_>, symbol: u8| {
        let (word, length) = code.word(symbol.into());
        bits.put(word, length);
    };
    for token in tokens {
        match token {
            Token::Difference(difference) => put(bits, difference),
            Token::Zeros(run) => {
                put(bits, 17);
                bits.put(run - 4, 4);
            }
            Token::ManyZeros(run) => {
                put(bits, 18);
                bits.put(run - 20, 5);
            }
            Token::Equal(run, difference) => {
                put(bits, 19);
                bits.put(run - 4, 1);
                put(bits, difference);
            }
        }
    }
}
