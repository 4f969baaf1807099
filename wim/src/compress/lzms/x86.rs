//! The filter that undoes absolute addresses in x86 code.
//!
//! The encoder made operands of some instructions absolute, so that the same
//! target looks the same everywhere. Which parts of the data are code nobody
//! says: both sides guess it from targets that are used twice within a short
//! distance.

/// Instructions are looked for no nearer to the end than this.
const TAIL: usize = 16;

/// Two uses of a target as close as this mark code.
const USES_APART: i32 = 65_535;

/// How far behind the last mark instructions are still translated.
const REACH: i32 = 1023;

/// For each low half of a target, where it was used last.
pub(super) type LastUses = [i32; 1 << 16];

/// An instruction with a relative operand.
struct Instruction {
    /// Bytes in front of the operand.
    opcode_len: usize,
    reach: i32,
}

/// What the bytes at an opcode may be.
enum Found {
    Translated(Instruction),
    /// Not translated; so many bytes are passed over.
    Passed(usize),
}

/// Undoes the filter on a whole chunk.
pub(super) fn undo(chunk: &mut [u8], last_uses: &mut LastUses) {
    // The first byte is never taken for an opcode.
    let Some(end) = chunk.len().checked_sub(TAIL).filter(|&end| end > 1) else {
        return;
    };
    last_uses.fill(-USES_APART - 1);
    let mut last_mark = -REACH - 1;
    let mut at = 1;
    while let Some(next) = chunk.get(at..end).and_then(next_opcode) {
        at += next;
        let instruction = match chunk.get(at..).and_then(<[u8]>::first_chunk).map(classify) {
            Some(Found::Translated(instruction)) => instruction,
            Some(Found::Passed(bytes)) => {
                at += bytes;
                continue;
            }
            None => return,
        };
        // A chunk is no longer than 1 GiB.
        let position = at as i32;
        at += instruction.opcode_len;
        let Some(operand) = chunk.get_mut(at..).and_then(<[u8]>::first_chunk_mut) else {
            return;
        };
        let mut relative = u32::from_le_bytes(*operand);
        if position - last_mark <= instruction.reach {
            relative = relative.wrapping_sub(position as u32);
            *operand = relative.to_le_bytes();
        }
        at += 4;
        let target = relative.wrapping_add(position as u32) as u16;
        let last_byte = at as i32 - 1;
        let last_use = &mut last_uses[usize::from(target)];
        if last_byte - *last_use <= USES_APART {
            last_mark = last_byte;
        }
        *last_use = last_byte;
    }
}

/// The first byte that may begin an instruction of interest.
fn next_opcode(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|&byte| IS_OPCODE[usize::from(byte)])
}

static IS_OPCODE: [bool; 256] = {
    let mut table = [false; 256];
    let opcodes = [0x48, 0x4C, 0xE8, 0xE9, 0xF0, 0xFF];
    let mut index = 0;
    while index < opcodes.len() {
        table[opcodes[index]] = true;
        index += 1;
    }
    table
};

fn classify(bytes: &[u8; 3]) -> Found {
    let translated = |opcode_len, reach| Found::Translated(Instruction { opcode_len, reach });
    match *bytes {
        // call relative: so common a byte that only half the reach is trusted.
        [0xE8, ..] => translated(1, REACH / 2),
        // jmp relative is never translated, nor is its operand looked into.
        [0xE9, ..] => Found::Passed(5),
        // lea and mov with an operand relative to the instruction pointer. The
        // format looks at three bits of the ModR/M byte only, so other
        // addressing forms pass as well.
        [0x48 | 0x4C, 0x8D, modrm] if modrm & 7 == 5 => translated(3, REACH),
        [0x48, 0x8B, modrm] if modrm & 0xF7 == 5 => translated(3, REACH),
        // lock add
        [0xF0, 0x83, 0x05] => translated(3, REACH),
        // call indirect
        [0xFF, 0x15, _] => translated(2, REACH),
        _ => Found::Passed(1),
    }
}
