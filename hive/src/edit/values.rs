//! Values: set, changed, deleted.

use crate::base_block::MinorVersion;
use crate::big_data::SEGMENT_LEN;
use crate::error::Error;
use crate::hive::{FileTime, Hive};
use crate::key::{KeyFlags, KeyId, field_at};
use crate::name::{Name, StoredName};
use crate::offset::{CellOffset, NO_CELL};
use crate::value::{self, IN_RECORD, LATIN1_NAME, Value};

/// Most UTF-16 units in a value name.
const MAX_NAME_UNITS: usize = 16_383;

/// Largest value of a version 1.3 hive, in bytes: Windows takes a cell above
/// 1 MiB for damage.
const MAX_PLAIN_LEN: usize = 1024 * 1024 - 8;

/// Largest value in segments, in bytes: their count has 16 bits.
const MAX_SEGMENTED_LEN: usize = u16::MAX as usize * SEGMENT_LEN;

/// Where new data went: the record's size and data fields.
struct Placed {
    size: u32,
    data: u32,
}

impl Hive {
    /// Sets a value; an empty name is the default value's. Returns whether
    /// type or data changed. A value that is there keeps the case of its name
    /// and its place in the list.
    ///
    /// # Errors
    /// [`Error::Differencing`], [`Error::NoSuchKey`], [`Error::ValueName`],
    /// [`Error::ValueTooLong`], [`Error::PredefinedKey`], [`Error::Full`].
    pub fn set_value(
        &mut self,
        key: KeyId,
        name: &[u16],
        kind: u32,
        data: &[u8],
        now: FileTime,
    ) -> Result<bool, Error> {
        self.begin_edit()?;
        if name.len() > MAX_NAME_UNITS {
            return Err(Error::ValueName {
                length: name.len(),
                limit: MAX_NAME_UNITS,
            });
        }
        let limit = match self.layout.minor {
            MinorVersion::V1_3 => MAX_PLAIN_LEN,
            _ => MAX_SEGMENTED_LEN,
        };
        if data.len() > limit {
            return Err(Error::ValueTooLong {
                length: data.len(),
                limit,
            });
        }
        let node = self.key_by_id(key)?.node();
        if node.flags().contains(KeyFlags::PREDEFINED_HANDLE) {
            return Err(Error::PredefinedKey {
                at: key.0.in_file(),
            });
        }
        let stored = StoredName::from_units(name);
        let existing = value::find(self.cells(), node, key.0, stored.as_name())?;
        let needed = data.len().next_multiple_of(SEGMENT_LEN) + 2 * name.len();
        if let Some((_, at)) = existing {
            let value = Value::read(self.cells(), at)?;
            if value.kind() == kind && value.data()?.as_ref() == data {
                return Ok(false);
            }
            self.require_room(needed)?;
            self.touch();
            // First, so that new cells go to this page if they fit.
            self.stamp(key.0, now);
            let placed = self.replace_data(at, data)?;
            self.write_field(at, value::field_at::DATA_SIZE, placed.size);
            self.write_field(at, value::field_at::DATA, placed.data);
            self.write_field(at, value::field_at::KIND, kind);
        } else {
            self.require_room(needed)?;
            self.touch();
            self.stamp(key.0, now);
            self.add_value(key, stored.as_name(), kind, data)?;
        }
        self.raise_maximum(key.0, field_at::LONGEST_VALUE_DATA, data.len())?;
        Ok(true)
    }

    fn add_value(
        &mut self,
        key: KeyId,
        name: Name<'_>,
        kind: u32,
        data: &[u8],
    ) -> Result<(), Error> {
        let placed = self.place_data(data)?;
        let (flags, bytes) = match name {
            Name::Latin1(bytes) => (LATIN1_NAME, bytes),
            Name::Utf16(bytes) => (0, bytes),
        };
        // The default value's record has no flag in real hives.
        let flags = if bytes.is_empty() { 0 } else { flags };
        let mut record = Vec::with_capacity(value::FIXED_LEN + bytes.len());
        record.extend(b"vk");
        record.extend(u16::try_from(bytes.len()).unwrap_or(0).to_le_bytes());
        for field in [placed.size, placed.data, kind, u32::from(flags)] {
            record.extend(field.to_le_bytes());
        }
        record.extend(bytes);
        let value = self.allocate_record(&record)?;

        let node = self.key_by_id(key)?.node();
        let count = node.value_count();
        let room = (count as usize + 1) * 4;
        let list = match node.value_list(key.0)? {
            None => self.allocate(room)?,
            Some(list) if self.cells().get(list)?.len() >= room => list,
            // Some room for the next ones, so that a long list is not copied
            // for each.
            Some(list) => self.reallocate(list, room + (room / 32).max(4) * 4)?,
        };
        self.write(list, room - 4, &value.0.to_le_bytes());
        self.write_field(key.0, field_at::VALUE_LIST, list.0);
        self.write_field(key.0, field_at::VALUE_COUNT, count + 1);
        self.raise_maximum(key.0, field_at::LONGEST_VALUE_NAME, name.len() * 2)
    }

    /// Raises one of a key's maxima; they are never lowered.
    fn raise_maximum(&mut self, key: CellOffset, field: usize, to: usize) -> Result<(), Error> {
        let node = self.key_by_id(KeyId(key))?.node();
        let old = match field {
            field_at::LONGEST_VALUE_NAME => node.longest_value_name(),
            _ => node.longest_value_data(),
        };
        let new = u32::try_from(to).unwrap_or(u32::MAX).max(old);
        self.write_field(key, field, new);
        Ok(())
    }

    /// Puts the data of a value that is there in place of its old data.
    fn replace_data(&mut self, value: CellOffset, data: &[u8]) -> Result<Placed, Error> {
        let old = self.data_cells(value)?;
        let has_own_cell = data.len() > 4 && !self.needs_segments(data);
        if let &[at] = old.as_slice()
            && has_own_cell
            && self.cells().get(at)?.len() >= data.len()
        {
            self.write(at, 0, data);
            let size = u32::try_from(data.len()).unwrap_or(0);
            return Ok(Placed { size, data: at.0 });
        }
        for at in old {
            self.free(at);
        }
        self.place_data(data)
    }

    fn needs_segments(&self, data: &[u8]) -> bool {
        self.layout.minor > MinorVersion::V1_3 && data.len() > SEGMENT_LEN
    }

    /// Puts data where a value of this size has it.
    fn place_data(&mut self, data: &[u8]) -> Result<Placed, Error> {
        // At most 1 GiB, as checked before.
        let size = u32::try_from(data.len()).unwrap_or(0);
        if data.len() <= 4 {
            let mut field = [0; 4];
            for (byte, data) in field.iter_mut().zip(data) {
                *byte = *data;
            }
            return Ok(Placed {
                size: size | IN_RECORD,
                data: u32::from_le_bytes(field),
            });
        }
        if !self.needs_segments(data) {
            let at = self.allocate_record(data)?;
            return Ok(Placed { size, data: at.0 });
        }
        let mut list = Vec::new();
        for segment in data.chunks(SEGMENT_LEN) {
            // The last one, too, gets a whole cell: so it is in every real
            // hive, and hivex 1.3.23 loses up to four bytes of a shorter one.
            let at = self.allocate(SEGMENT_LEN)?;
            self.write(at, 0, segment);
            list.extend(at.0.to_le_bytes());
        }
        let segments = u16::try_from(list.len() / 4).unwrap_or(0);
        let list = self.allocate_record(&list)?;
        let mut record = b"db".to_vec();
        record.extend(segments.to_le_bytes());
        record.extend(list.0.to_le_bytes());
        // The spare last field of the twelve-byte record.
        record.extend([0; 4]);
        let at = self.allocate_record(&record)?;
        Ok(Placed { size, data: at.0 })
    }

    /// Deletes a value; an empty name is the default value's. Returns whether
    /// it was there.
    ///
    /// # Errors
    /// [`Error::Differencing`], [`Error::NoSuchKey`].
    pub fn delete_value(&mut self, key: KeyId, name: &[u16], now: FileTime) -> Result<bool, Error> {
        self.begin_edit()?;
        let node = self.key_by_id(key)?.node();
        let stored = StoredName::from_units(name);
        let Some((index, at)) = value::find(self.cells(), node, key.0, stored.as_name())? else {
            return Ok(false);
        };
        let count = node.value_count();
        let Some(list) = node.value_list(key.0)? else {
            return Ok(false);
        };
        let after: Vec<u8> = value::list_offsets(self.cells().get(list)?, list, count)?
            .iter()
            .skip(index + 1)
            .flatten()
            .copied()
            .collect();
        let doomed = self.data_cells(at)?;
        self.touch();
        if count == 1 {
            self.free(list);
            self.write_field(key.0, field_at::VALUE_LIST, NO_CELL);
        } else {
            self.write(list, index * 4, &after);
        }
        self.write_field(key.0, field_at::VALUE_COUNT, count - 1);
        self.free(at);
        for at in doomed {
            self.free(at);
        }
        self.stamp(key.0, now);
        Ok(true)
    }
}
